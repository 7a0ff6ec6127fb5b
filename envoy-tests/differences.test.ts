// Where Envoy's own filter accepts what a standard forbids, or gives away a token, the module does not: docs/differences.md. Each
// point is shown on both listeners, so that it is known when Envoy changes.
import { sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type SigningKey,
  ecKey,
  edKey,
  octKey,
  rawToken,
  rsaKey,
  signedToken,
} from '../istio/token/signing.ts';
import { signToken } from '../istio/token/mint.ts';
import { NATIVE, World, key, oracle, showDetails } from './world.ts';

const PAYLOAD = '{"iss":"testing@secure.istio.io","sub":"alice"}';
const encode = (text: string): string => Buffer.from(text).toString('base64url');

/** A token with these two sections as they are, and a signature over them. */
function signed(header: string, payload: string): string {
  const text = `${header}.${payload}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

const HEADER = encode('{"alg":"RS256"}');
const good = signed(HEADER, encode(PAYLOAD));
const last = good.at(-1)!;
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** Another last character with the same bits in use: the signature has 256 bytes, so four bits of the last are unused. */
const twin = good.slice(0, -1) + alphabet[alphabet.indexOf(last) + 1]!;

const FORMAT = 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections';

describe('stricter than Envoy', () => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ ...oracle('task'), change: showDetails });
  });
  afterAll(() => world?.stop());

  it.each<[string, string, string]>([
    ['an empty section in front', `.${good}`, FORMAT],
    ['an empty section at the end', `${good}.`, FORMAT],
    ['an empty section in between', good.replace('.', '..'), FORMAT],
    [
      'padding',
      signed('eyJhbGciOiJSUzI1NiJ9', `${encode(PAYLOAD.replace('alice', 'alic'))}==`),
      'Jwt payload is an invalid Base64url encoded',
    ],
    ['unused bits that are not zero', twin, 'Jwt signature is an invalid Base64url encoded'],
    [
      'white space within',
      signed(`${HEADER.slice(0, 4)} ${HEADER.slice(4)}`, encode(PAYLOAD)),
      'Jwt header is an invalid Base64url encoded',
    ],
    [
      'a header parameter that is critical',
      signToken(key, JSON.parse(PAYLOAD), { alg: 'RS256', crit: ['x'], x: 1 }),
      'Jwt header [crit] is not supported',
    ],
    [
      'JSON with a trailing comma',
      signed(HEADER, encode(PAYLOAD.replace('}', ',}'))),
      'Jwt payload is an invalid JSON',
    ],
    [
      'JSON with single quotes',
      signed(HEADER, encode(PAYLOAD.replaceAll('"', "'"))),
      'Jwt payload is an invalid JSON',
    ],
    [
      'JSON with an unquoted key',
      signed(HEADER, encode(PAYLOAD.replace('"sub"', 'sub'))),
      'Jwt payload is an invalid JSON',
    ],
    [
      'JSON with a raw control character',
      signed(HEADER, encode(PAYLOAD.replace('alice', 'al\tice'))),
      'Jwt payload is an invalid JSON',
    ],
  ])('a token with %s is refused', async (_, token, body) => {
    expect((await world.ask({ token, listener: NATIVE })).status, 'Envoy accepts it').toBe(200);
    expect(await world.ask({ token })).toMatchObject({ status: 401, body });
  });

  it('a token in the query is not repeated in the challenge', async () => {
    const path = '/headers?a=1&access_token=secret&b=2';
    const native = await world.ask({ path, listener: NATIVE });
    const ours = await world.ask({ path });
    expect(native.headers['www-authenticate']).toContain('access_token=secret');
    expect(ours.headers['www-authenticate']).toContain('/headers?a=1&access_token=&b=2"');
    expect(ours.status).toBe(native.status);
  });

  it('the query that the upstream gets is what the client sent, less the token', async () => {
    const seen = async (query: string, listener?: string): Promise<string | undefined> => {
      const { status, body } = await world.ask({ path: `/anything?${query}`, listener });
      if (status !== 200) return undefined;
      return (JSON.parse(body) as { url: string }).url.replace(/^.*\/anything/, '');
    };
    const query = `b=x%2Fy+z&access_token=${good}&a`;
    expect(await seen(query)).toBe('?b=x%2Fy+z&a');
    expect(await seen(query, NATIVE), 'Envoy sorts and decodes it').toBe('?a=&b=x/y+z');
    // Envoy sends a bare blank in the request line, which the upstream refuses.
    const blank = `b=%20&access_token=${good}`;
    expect(await seen(blank)).toBe('?b=%20');
    expect(await seen(blank, NATIVE)).not.toBe('?b=%20');
  });
});

describe('an algorithm is bound to its key', () => {
  const p256 = ecKey('P-256', 'p256');
  const p384 = ecKey('P-384', 'p384');
  const oct = octKey('oct');
  const ed = edKey('ed');
  const short = octKey('short', 31);
  const small = rsaKey('small', 1024);
  const odd = ecKey('P-256', 'odd');
  delete odd.jwk.crv;
  const rsa = rsaKey('rsa');
  const forEncryption = rsaKey('enc');
  forEncryption.jwk.use = 'enc';
  const forSigning = rsaKey('sign-only');
  forSigning.jwk.key_ops = ['sign'];
  const all = [p256, p384, oct, ed, short, small, odd, rsa, forEncryption, forSigning];
  const claims = { iss: 'testing@secure.istio.io' };
  const FAILS = 'Jwt verification fails';
  const NO_KEY = "Jwks doesn't have key to match kid or alg from Jwt";

  /** A token that says one algorithm and is signed by another. */
  const says = (alg: string, signedBy: string, key: SigningKey): string =>
    rawToken(
      JSON.stringify({ alg, kid: key.jwk.kid }),
      JSON.stringify(claims),
      signedBy,
      key.secret,
    );

  /** r and s, each with zeros in front. */
  const padded = (token: string): string => {
    const [header, payload, signature] = token.split('.') as [string, string, string];
    const rs = Buffer.from(signature, 'base64url');
    const zero = Buffer.alloc(1);
    const longer = Buffer.concat([zero, rs.subarray(0, 32), zero, rs.subarray(32)]);
    return `${header}.${payload}.${longer.toString('base64url')}`;
  };

  let world: World;
  beforeAll(async () => {
    const keys = JSON.stringify({ keys: all.map(({ jwk }) => jwk) });
    world = await World.start({ ...oracle('any-key', keys), change: showDetails });
  });
  afterAll(() => world?.stop());

  it.each<[string, string, string]>([
    ['RS256 by a symmetric key', says('RS256', 'HS256', oct), FAILS],
    ['ES256 by a symmetric key', says('ES256', 'HS256', oct), FAILS],
    ['RS256 by a key of P-256', says('RS256', 'ES256', p256), FAILS],
    ['EdDSA by a key of P-256', says('EdDSA', 'ES256', p256), 'Jwt verification fails'],
    ['ES384 by a key of P-256', says('ES384', 'ES384', p256), FAILS],
    ['ES256 by a key of P-384', says('ES256', 'ES256', p384), FAILS],
    ['RS256 by Ed25519', says('RS256', 'EdDSA', ed), FAILS],
    ['ES256 with zeros in front of r and s', padded(says('ES256', 'ES256', p256)), FAILS],
    ['HS256 by a key of 31 bytes', says('HS256', 'HS256', short), NO_KEY],
    ['RS256 by a key of 1024 bits', says('RS256', 'RS256', small), NO_KEY],
    ['ES256 by a key without crv', says('ES256', 'ES256', odd), NO_KEY],
    ['RS256 by a key for encryption', says('RS256', 'RS256', forEncryption), NO_KEY],
    ['RS256 by a key that may not verify', says('RS256', 'RS256', forSigning), NO_KEY],
  ])('%s is refused', async (_, token, body) => {
    expect((await world.ask({ token, listener: NATIVE })).status, 'Envoy accepts it').toBe(200);
    expect(await world.ask({ token })).toMatchObject({ status: 401, body });
  });

  it('a payload that is null is no object', async () => {
    const token = rawToken('{"alg":"RS256","kid":"rsa"}', 'null', 'RS256', rsa.secret);
    const native = await world.ask({ token, listener: NATIVE });
    expect(native).toMatchObject({ status: 401, body: 'Jwt issuer is not configured' });
    expect(await world.ask({ token })).toMatchObject({
      status: 401,
      body: 'Jwt payload is an invalid JSON',
    });
  });
});

it('an RSA token is not refused for an Ed25519 key in the same set', async () => {
  const ed = edKey();
  const rsa = rsaKey();
  const keys = JSON.stringify({ keys: [ed.jwk, rsa.jwk] });
  const world = await World.start({ ...oracle('any-key', keys), change: showDetails });
  try {
    const token = signedToken('RS256', rsa, { iss: 'testing@secure.istio.io' });
    expect(await world.ask({ token, listener: NATIVE })).toMatchObject({
      status: 401,
      body: 'Jwt ED25519 signature is wrong length',
    });
    expect(await world.status({ token })).toBe(200);
  } finally {
    await world.stop();
  }
});
