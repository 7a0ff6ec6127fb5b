// The thirteen algorithms, with tokens by jose; keys that are no good, and a host that cannot verify.
import { CompactSign, exportJWK, generateKeyPair, generateSecret } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { nodePlatform } from '../../host/node-platform.ts';
import type { Plugin } from '../../host/process.ts';
import {
  ISSUER,
  JWKS_URI,
  NOW,
  configuration,
  denyPolicy,
  request,
  requestAuthentication,
  start,
  status,
} from './fixture.ts';
import {
  ALGORITHMS,
  encode,
  keyFor,
  octKey,
  rsaKey,
  signedToken,
} from '../../istio/token/signing.ts';

/** The body of the refusal; undefined when the request has passed. */
function refusal(plugin: Plugin, token: string): string | undefined {
  const stream = request(plugin, { token });
  plugin.end(stream);
  return stream.reply?.body;
}

const startWith = (keys: object[], settings = {}): Plugin =>
  start([requestAuthentication({ jwks: JSON.stringify({ keys }) })], settings).plugin;

describe.each(ALGORITHMS)('%s', (alg) => {
  let plugin: Plugin;
  let token: string;
  const foreign = keyFor(alg, 'one');

  beforeAll(async () => {
    const isSecret = alg.startsWith('HS');
    const options = { extractable: true };
    const pair = isSecret ? undefined : await generateKeyPair(alg, options);
    const secret = isSecret ? await generateSecret(alg, { extractable: true }) : pair!.privateKey;
    const jwk = await exportJWK(isSecret ? secret : pair!.publicKey);
    plugin = startWith([{ ...jwk, kid: 'one' }]);
    token = await new CompactSign(Buffer.from(JSON.stringify({ iss: ISSUER, exp: NOW + 60 })))
      .setProtectedHeader({ alg, kid: 'one' })
      .sign(secret);
  });

  it("verifies jose's tokens, the second time from the cache", () => {
    expect(refusal(plugin, token)).toBeUndefined();
    expect(refusal(plugin, token)).toBeUndefined();
  });

  it('refuses a token with any byte of its signature changed', () => {
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const bytes = Buffer.from(signature, 'base64url');
    for (let i = 0; i < bytes.length; i++) {
      bytes[i]! ^= 1 << (i & 7);
      const body = refusal(plugin, `${header}.${payload}.${encode(bytes)}`);
      expect(body, `byte ${i}`).toBe('Jwt verification fails');
      bytes[i]! ^= 1 << (i & 7);
    }
  });

  it('refuses a signature that is shorter, longer, or of zeros', () => {
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const bytes = Buffer.from(signature, 'base64url');
    const wrong = [
      bytes.subarray(1),
      bytes.subarray(0, -1),
      Buffer.concat([bytes, Buffer.alloc(1)]),
      Buffer.concat([Buffer.alloc(1), bytes]),
      Buffer.concat([bytes, bytes]),
      Buffer.alloc(bytes.length),
      Buffer.alloc(bytes.length, 0xff),
      Buffer.alloc(1),
    ];
    for (const signature of wrong) {
      const body = refusal(plugin, `${header}.${payload}.${encode(signature)}`);
      expect(body).toMatch(/Jwt verification fails|Jwt ED25519 signature is wrong length/);
    }
  });

  it('refuses a token that says another algorithm', () => {
    for (const other of ALGORITHMS) {
      if (other === alg) continue;
      const body = refusal(plugin, signedToken(alg, foreign, { iss: ISSUER }, { alg: other }));
      expect(body, other).toMatch(/Jwt verification fails|Jwt ED25519 signature is wrong length/);
    }
  });
});

describe('a key', () => {
  const warnings = (keys: object[], settings = {}): string[] => {
    const { process } = start(
      [requestAuthentication({ jwks: JSON.stringify({ keys }) })],
      settings,
    );
    // Once for every root: main thread, worker, and Envoy's trial of the configuration.
    const lines = process.logs().filter((line) => line.includes('left out'));
    return [...new Set(lines.map((line) => line.replace(/^.*: key/, 'key')))];
  };
  const good = rsaKey('good').jwk;
  const ec = keyFor('ES256').jwk;
  const ed = keyFor('EdDSA').jwk;

  it.each<[string, object, string]>([
    ['of no type', { ...good, kty: undefined }, '[kty] is missing'],
    ['of an unknown type', { ...good, kty: 'XYZ' }, 'its [kty] is not supported'],
    ['for encryption', { ...good, use: 'enc' }, 'its [use] is not sig'],
    ['that may not verify', { ...good, key_ops: ['sign'] }, 'its [key_ops] lack verify'],
    ['whose alg is of another type', { ...good, alg: 'ES256' }, 'its [alg] does not fit the key'],
    ['whose alg is unknown', { ...good, alg: 'RSA-OAEP' }, 'its [alg] is not supported'],
    [
      'without modulus',
      { ...good, n: undefined },
      'Jwks RSA [n] or [e] field is missing or has a parse error',
    ],
    [
      'with an even modulus',
      { ...good, n: encode(Buffer.alloc(256, 0xfe)) },
      'its modulus is even',
    ],
    ['with another exponent', { ...good, e: 'Aw0' }, 'its [e] is neither 3 nor 65537'],
    ['of 1024 bits', rsaKey('x', 1024).jwk, 'its modulus has less than 2048 bits'],
    ['of another curve', { ...ec, crv: 'secp256k1' }, 'its [crv] is none of P-256, P-384, P-521'],
    [
      'with a coordinate cut off',
      { ...ec, x: encode(Buffer.alloc(31, 1)) },
      'its [x] or [y] is missing, or is not 32 bytes',
    ],
    [
      'beside its curve',
      { ...ec, x: encode(Buffer.alloc(32, 1)) },
      'its point is not on the curve',
    ],
    [
      'of a curve that its alg is not for',
      { ...ec, alg: 'ES384' },
      'its [alg] does not fit the key',
    ],
    ['of 31 bytes', octKey('x', 31).jwk, 'its [k] has less than 256 bits'],
    [
      'of 32 bytes for HS512',
      { ...octKey('x', 32).jwk, alg: 'HS512' },
      'its [alg] does not fit the key',
    ],
    ['that is no base64url', { kty: 'oct', k: '?' }, 'its [k] is missing or no base64url'],
    ['for key agreement', { ...ed, crv: 'X25519' }, 'its [crv] is not Ed25519'],
    [
      'of 33 bytes',
      { ...ed, x: encode(Buffer.alloc(33, 1)) },
      'its [x] is missing, or is not 32 bytes',
    ],
    [
      'that is no point',
      { ...ed, x: encode(Buffer.alloc(32, 0xff)) },
      'its point is not on the curve',
    ],
  ])('%s is left out, named, and the others are used', (_, bad, why) => {
    const { kid } = bad as { kid?: string };
    const name = kid === undefined ? '' : ` (kid "${kid}")`;
    expect(warnings([bad, good])).toEqual([`key 0${name} is left out: ${why}`]);
  });

  it('may be shorter where the configuration says so', () => {
    const old = rsaKey('old', 1024);
    const plugin = startWith([old.jwk], { minRsaKeyBits: 1024 });
    for (const alg of ['RS256', 'PS256']) {
      expect(refusal(plugin, signedToken(alg, old, { iss: ISSUER }))).toBeUndefined();
    }
  });

  it('never appears in a log, private ones included', () => {
    const secret = octKey('secret');
    const pair = rsaKey('pair');
    const jwk = pair.secret.export({ format: 'jwk' });
    const { process } = start([
      requestAuthentication({
        jwks: JSON.stringify({ keys: [secret.jwk, jwk, { ...jwk, e: 'AA' }] }),
      }),
    ]);
    const said = process.logs().join('\n');
    for (const material of [secret.jwk.k, jwk.d, jwk.p, jwk.n]) {
      expect(said).not.toContain(String(material).slice(0, 16));
    }
  });
});

describe('a host whose verify_signature', () => {
  const FAILED = "the host's verify_signature is missing or wrong";
  const broken = (verifySignature: () => boolean | undefined): object => ({
    platform: { ...nodePlatform, verifySignature },
  });

  it.each<[string, () => boolean | undefined]>([
    ['knows no key', () => undefined],
    ['always says yes', () => true],
    ['always says no', () => false],
  ])('%s is not trusted with a token', (_, verify) => {
    for (const rule of [
      { jwks: JSON.stringify({ keys: [rsaKey().jwk] }) },
      { jwksUri: JWKS_URI },
    ]) {
      const { process, plugin } = start([requestAuthentication(rule)], {}, broken(verify));
      expect(process.logs().join('\n')).toContain(FAILED);
      expect(status(plugin)).toBe(500);
    }
  });

  it('is not asked for where something else is wrong, which is said alone', () => {
    const rule = { jwks: JSON.stringify({ keys: [rsaKey().jwk] }) };
    const wrong = denyPolicy([{ to: [{ operation: { ports: ['x'] } }] }]);
    const { process } = start(
      [requestAuthentication(rule), wrong],
      {},
      broken(() => undefined),
    );
    expect(process.logs('error').join('\n')).toContain('.ports[0]: ');
    expect(process.logs().join('\n')).not.toContain(FAILED);
  });

  it('is missing does not matter where nothing needs it', () => {
    const secret = octKey();
    const resource = requestAuthentication({ jwks: JSON.stringify({ keys: [secret.jwk] }) });
    const { plugin } = start(
      [resource],
      {},
      broken(() => undefined),
    );
    expect(refusal(plugin, signedToken('HS256', secret, { iss: ISSUER }))).toBeUndefined();
    expect(configuration([resource])).toContain('jwtRules');
  });
});
