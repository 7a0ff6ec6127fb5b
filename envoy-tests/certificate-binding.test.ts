// Tokens that are bound to the client's certificate (RFC 8705 §3), over mutual TLS: a stolen one is of no use.
import { X509Certificate, createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority, type KeyPair } from '../envoy/certificates.ts';
import { rsaKey, signedToken } from '../istio/token/signing.ts';
import { JWKS_URI, World, withTls } from './world.ts';

const ISSUER = 'testing@secure.istio.io';
const HOST = 'gateway.example';
const POLICIES = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: istio-system }
spec:
  jwtRules:
  - issuer: ${ISSUER}
    jwksUri: ${JWKS_URI}
`;

const thumbprint = ({ certificate }: KeyPair): string =>
  createHash('sha256').update(new X509Certificate(certificate).raw).digest('base64url');

describe('a token that is bound to a certificate', () => {
  const key = rsaKey();
  let world: World;
  let authority: Authority;
  let alice: KeyPair;
  let mallory: KeyPair;

  beforeAll(async () => {
    authority = await Authority.create('Portcullis tests');
    [alice, mallory] = [
      await authority.issueServer('alice'),
      await authority.issueServer('mallory'),
    ];
    world = await World.start({
      policies: POLICIES,
      settings: { issuers: [{ issuer: ISSUER, certificateBinding: 'REQUIRE' }] },
      jwks: JSON.stringify({ keys: [key.jwk] }),
      change: withTls(authority, await authority.issueServer(HOST)),
    });
  });
  afterAll(() => world?.stop());

  async function ask(token: string | undefined, client?: KeyPair): Promise<string> {
    const tls = { ca: authority.certificate, servername: HOST };
    const own = client && { cert: client.certificate, key: client.key };
    const { status, body } = await world.ask({ token, path: '/ip', tls: { ...tls, ...own } });
    return status === 200 ? '200' : `${status} ${body}`;
  }

  it('is good over connections with that certificate, and over no other, cached or not', async () => {
    const claims = { iss: ISSUER, sub: 'alice', cnf: { 'x5t#S256': thumbprint(alice) } };
    const token = signedToken('RS256', key, claims);
    const refused = '401 Jwt is bound to another client certificate';
    for (let i = 0; i < 2; i++) {
      expect(await ask(token, mallory)).toBe(refused);
      expect(await ask(token)).toBe(refused);
      expect(await ask(token, alice)).toBe('200');
    }
  });

  it('is what every token must be, where that is required', async () => {
    const unbound = signedToken('RS256', key, { iss: ISSUER, sub: 'alice' });
    expect(await ask(unbound, alice)).toMatch(/^401/);
    expect(await ask(undefined, alice)).toBe('200');
  });
});
