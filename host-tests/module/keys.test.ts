// What is a key, and what it is a key for: sets that are written in a policy, and tokens by each of their keys.
import { createPublicKey, createSecretKey } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { nodePlatform } from '../../host/node-platform.ts';
import type { Process } from '../../host/process.ts';
import {
  type SigningKey,
  ecKey,
  edKey,
  encode,
  octKey,
  rsaKey,
  signedToken,
} from '../../istio/token/signing.ts';
import {
  ISSUER,
  JWKS_URI,
  NOW,
  errorLines,
  problemsOf,
  request,
  requestAuthentication,
  start,
  status,
  statusOf,
} from './fixture.ts';

const FAILS = 'Jwt verification fails';
const MISMATCH = "Jwks doesn't have key to match kid or alg from Jwt";
const CLAIMS = { iss: ISSUER, exp: NOW + 60 };
type Member = Record<string, unknown>;

let rsa: SigningKey;
let ec: SigningKey;
let ed: SigningKey;
let other: SigningKey;
beforeAll(() => {
  [rsa, ec, ed, other] = [rsaKey('rsa'), ecKey('P-256', 'ec'), edKey('ed'), rsaKey('other')];
});

const startWith = (keys: unknown[], settings = {}): ReturnType<typeof start> =>
  start([requestAuthentication({ jwks: JSON.stringify({ keys }) })], settings);

/** The body of the refusal of a token by these keys; undefined when it passes. */
function refusal(keys: unknown[], token: string): string | undefined {
  const { plugin } = startWith(keys);
  const stream = request(plugin, { token });
  plugin.end(stream);
  return stream.reply?.body;
}

/** Why a key is left out of its set; undefined when it is used. */
function whyNot(process: Process): string | undefined {
  const line = process.logs().find((text) => text.includes('is left out: '));
  return line?.replace(/^.* is left out: /, '');
}

describe('a key is used', () => {
  const token = (key: SigningKey): string =>
    signedToken({ RSA: 'RS256', EC: 'ES256', OKP: 'EdDSA' }[key.jwk.kty as string]!, key, CLAIMS);

  it.each<[string, Member]>([
    ['for signatures', { use: 'sig' }],
    ['for verifying', { key_ops: ['verify'] }],
    ['for verifying, too', { key_ops: ['sign', 'x', 'verify'] }],
    ['with the algorithm that it is for', { alg: 'RS256' }],
    ['with an algorithm of no name', { alg: '' }],
    ['with an algorithm that is no text', { alg: 7 }],
    ['without kid, whatever the kid of the token', { kid: undefined }],
    ['with a kid of no bytes', { kid: '' }],
    ['with a kid that is no text', { kid: 7 }],
  ])('%s', (_, members) => {
    expect(refusal([{ ...rsa.jwk, ...members }], token(rsa))).toBeUndefined();
  });

  it('for a token without kid, whatever its own', () => {
    const nameless = { ...rsa, jwk: { ...rsa.jwk, kid: undefined } };
    for (const keys of [[rsa.jwk], [other.jwk, rsa.jwk]])
      expect(refusal(keys, token(nameless))).toBeUndefined();
  });

  it('whatever stands in front of it, or behind', () => {
    for (const [i, key] of [rsa, ec, ed].entries()) {
      const keys = [rsa.jwk, ec.jwk, ed.jwk];
      expect(refusal(keys, token(key)), `key ${i}`).toBeUndefined();
    }
  });

  it('when its numbers begin with zeros', () => {
    const n = encode(
      Buffer.concat([Buffer.alloc(3), Buffer.from(rsa.jwk.n as string, 'base64url')]),
    );
    for (const alg of ['RS256', 'PS256']) {
      const key = { ...rsa.jwk, n, e: encode(Buffer.from([0, 0, 1, 0, 1])) };
      expect(refusal([key], signedToken(alg, rsa, CLAIMS))).toBeUndefined();
    }
  });

  it('with the exponent 3, and with a modulus of the longest that there may be', () => {
    // 3 · 2^(n-2) + 1: odd, and of n bits.
    const n = (bits: number): string =>
      encode(
        Buffer.from(((3n << BigInt(bits - 2)) + 1n).toString(16).padStart(bits / 4, '0'), 'hex'),
      );
    const key = { kty: 'RSA', e: 'Aw' };
    for (const bits of [2048, 16_384])
      expect(whyNot(startWith([{ ...key, n: n(bits) }, other.jwk]).process)).toBeUndefined();
  });

  it.each([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('for %s when it has %i bytes, and not with one less', (alg, bytes) => {
    const [enough, short] = [octKey('k', bytes), octKey('k', bytes - 1)];
    expect(refusal([enough.jwk], signedToken(alg, enough, CLAIMS))).toBeUndefined();
    expect(refusal([rsa.jwk, short.jwk], signedToken(alg, short, CLAIMS))).toBe(
      alg === 'HS256' ? MISMATCH : FAILS,
    );
  });
});

describe('a key is left out', () => {
  const zero = encode(Buffer.alloc(1));
  const wide = (bits: number): string =>
    encode(
      Buffer.from(
        ((1n << BigInt(bits - 1)) + 1n).toString(16).padStart(Math.ceil(bits / 8) * 2, '0'),
        'hex',
      ),
    );
  const NO_NUMBER = 'Jwks RSA [n] or [e] field is missing or has a parse error';
  const NO_EXPONENT = 'its [e] is neither 3 nor 65537';
  const NO_POINT = 'its [x] or [y] is missing, or is not 32 bytes';

  it.each<[string, () => unknown, string]>([
    ['it is a text', () => 'key', 'it is not an object'],
    ['it is a list', () => [], 'it is not an object'],
    ['its use is no text', () => ({ ...rsa.jwk, use: 1 }), 'its [use] is not sig'],
    ['its use has no bytes', () => ({ ...rsa.jwk, use: '' }), 'its [use] is not sig'],
    ['it may do nothing', () => ({ ...rsa.jwk, key_ops: [] }), 'its [key_ops] lack verify'],
    [
      'its operations are no list',
      () => ({ ...rsa.jwk, key_ops: 'verify' }),
      'its [key_ops] lack verify',
    ],
    [
      'verify stands behind its operations',
      () => ({ key_ops: ['sign'], verify: 'verify', ...rsa.jwk }),
      'its [key_ops] lack verify',
    ],
    ['its type is no text', () => ({ ...rsa.jwk, kty: 1 }), '[kty] is missing'],
    ['it has no exponent', () => ({ ...rsa.jwk, e: undefined }), NO_NUMBER],
    ['its exponent is 0', () => ({ ...rsa.jwk, e: zero }), NO_NUMBER],
    ['its exponent has no bytes', () => ({ ...rsa.jwk, e: '' }), NO_NUMBER],
    ['its modulus is 0', () => ({ ...rsa.jwk, n: zero }), NO_NUMBER],
    ['its modulus is no text', () => ({ ...rsa.jwk, n: 1 }), NO_NUMBER],
    ['its exponent is 1', () => ({ ...rsa.jwk, e: 'AQ' }), NO_EXPONENT],
    [
      'its exponent is 65537 in its last four bytes alone',
      () => ({ ...rsa.jwk, e: encode(Buffer.from([1, 0, 1, 0, 1])) }),
      NO_EXPONENT,
    ],
    [
      'its exponent is 65537 times 256',
      () => ({ ...rsa.jwk, e: encode(Buffer.from([1, 0, 1, 0])) }),
      NO_EXPONENT,
    ],
    [
      'its modulus has 2047 bits',
      () => ({ ...rsa.jwk, n: wide(2047) }),
      'its modulus has less than 2048 bits',
    ],
    [
      'its modulus has 16385 bits',
      () => ({ ...rsa.jwk, n: wide(16_385) }),
      'its modulus has more than 16384 bits',
    ],
    [
      'it names no curve',
      () => ({ ...ec.jwk, crv: undefined }),
      'its [crv] is none of P-256, P-384, P-521',
    ],
    ['its y is cut off', () => ({ ...ec.jwk, y: encode(Buffer.alloc(31, 1)) }), NO_POINT],
    ['it has no y', () => ({ ...ec.jwk, y: undefined }), NO_POINT],
    ['it has no x', () => ({ ...ec.jwk, x: undefined }), NO_POINT],
    [
      'it has no point',
      () => ({ ...ed.jwk, x: undefined }),
      'its [x] is missing, or is not 32 bytes',
    ],
    ['it has no bytes', () => ({ kty: 'oct' }), 'its [k] is missing or no base64url'],
    ['it has 31 bytes', () => octKey('x', 31).jwk, 'its [k] has less than 256 bits'],
  ])('when %s: the others are used', (_, bad, why) => {
    const { process, plugin } = startWith([bad(), other.jwk]);
    expect(whyNot(process)).toBe(why);
    expect(status(plugin, { token: signedToken('RS256', other, CLAIMS) })).toBe(200);
  });

  it('behind the hundredth, with a warning', () => {
    const keys = Array.from({ length: 101 }, () => other.jwk);
    const said = (count: number): string =>
      startWith(keys.slice(0, count)).process.logs('warn').join('\n');
    expect(said(100)).not.toContain('keys are used');
    expect(said(101)).toContain('only the first 100 keys are used');
  });
});

describe('a set without keys is refused, and why', () => {
  it.each([
    ['<html>', 'Jwks is an invalid JSON'],
    ['[]', 'Jwks is an invalid JSON'],
    ['{}', 'Jwks does not have [keys] field'],
    ['{"keys":{}}', '[keys] in Jwks is not an array'],
    ['{"keys":[]}', "Jwks doesn't have any valid public key"],
  ])('%s', (jwks, why) => {
    const { process, plugin } = start([requestAuthentication({ jwks })]);
    expect(errorLines(process).join('\n')).toContain(`jwks: jwks parse error: ${why}`);
    expect(status(plugin)).toBe(500);
  });
});

describe('a key is for nothing else', () => {
  it('than the algorithm that it names', () => {
    const keys = [{ ...rsa.jwk, alg: 'RS256' }];
    expect(refusal(keys, signedToken('RS256', rsa, CLAIMS))).toBeUndefined();
    for (const alg of ['RS384', 'RS512', 'PS256'])
      expect(refusal(keys, signedToken(alg, rsa, CLAIMS)), alg).toBe(MISMATCH);
  });

  it('than the curve that it is on', () => {
    for (const alg of ['ES384', 'ES512'])
      expect(refusal([ec.jwk], signedToken(alg, ec, CLAIMS)), alg).toBe(FAILS);
  });

  it('than signatures of its own pair, though everybody knows what it is made of', () => {
    const bytesOf = (text: unknown): Buffer => Buffer.from(text as string, 'base64url');
    for (const { jwk } of [rsa, ec, ed]) {
      const key = createPublicKey({ key: jwk as never, format: 'jwk' });
      const known = [
        key.export({ type: 'spki', format: 'der' }),
        Buffer.from(key.export({ type: 'spki', format: 'pem' })),
        ...[jwk.n, jwk.x].filter(Boolean).map(bytesOf),
      ];
      for (const secret of known.map((bytes) => createSecretKey(bytes))) {
        for (const alg of ['HS256', 'HS384', 'HS512']) {
          const token = signedToken(alg, { secret, jwk }, CLAIMS);
          expect(refusal([jwk], token), `${String(jwk.kty)} ${alg}`).toBe(FAILS);
        }
      }
    }
  });

  it('than HMAC when it is a secret, though it be the bytes of a public key', () => {
    for (const [alg, signer] of [
      ['RS256', rsa],
      ['ES256', ec],
      ['EdDSA', ed],
    ] as const) {
      const key = createPublicKey({ key: signer.jwk as never, format: 'jwk' });
      const bytes =
        alg === 'EdDSA'
          ? Buffer.from(signer.jwk.x as string, 'base64url')
          : key.export({ type: 'spki', format: 'der' });
      const secret = { kty: 'oct', kid: signer.jwk.kid, k: encode(bytes) };
      expect(refusal([secret], signedToken(alg, signer, CLAIMS)), alg).toBe(FAILS);
    }
  });

  it('than tokens with its own kid, though their signature is good', () => {
    const renamed = { ...rsa, jwk: { ...rsa.jwk, kid: 'other' } };
    expect(refusal([rsa.jwk, ec.jwk], signedToken('RS256', renamed, CLAIMS))).toBe(MISMATCH);
    expect(refusal([rsa.jwk, other.jwk], signedToken('RS256', renamed, CLAIMS))).toBe(FAILS);
  });
});

describe('a host that cannot verify signatures', () => {
  it.each<[string, () => SigningKey, number]>([
    ['RSA', () => rsa, 500],
    ['EC', () => ec, 500],
    ['OKP', () => ed, 200],
    ['oct', () => octKey(), 200],
  ])('is of use for keys of type %s alone where none is needed', (_, key, expected) => {
    const platform = { ...nodePlatform, verifySignature: () => false };
    const jwks = JSON.stringify({ keys: [key().jwk] });
    const { plugin } = start([requestAuthentication({ jwks })], {}, { platform });
    expect(status(plugin)).toBe(expected);
  });
});

describe('a rule for tokens of any issuer', () => {
  it('takes those that name one, and those that do not', () => {
    const { process, plugin } = start([
      requestAuthentication({ issuer: undefined, jwksUri: JWKS_URI }),
    ]);
    process.advance(100);
    process.httpCalls[0]!.respond({ status: 200, body: JSON.stringify({ keys: [rsa.jwk] }) });
    for (const iss of ['a', 'b', '', undefined]) {
      const token = signedToken('RS256', rsa, { ...CLAIMS, iss });
      expect(status(plugin, { token }), String(iss)).toBe(200);
      expect(status(plugin, { token: signedToken('RS256', other, { iss }) })).toBe(401);
    }
  });
});

describe('newer keys are asked for', () => {
  /** A plugin whose keys were fetched so long ago that it may ask for others; whether it has asked for the sake of this token. */
  function asks(keys: object[], token: string): boolean {
    const { process, plugin } = start([requestAuthentication({ jwksUri: JWKS_URI })]);
    process.advance(100);
    process.httpCalls[0]!.respond({ status: 200, body: JSON.stringify({ keys }) });
    process.advance(11_000);
    expect(process.httpCalls).toHaveLength(0);
    const seen = statusOf(request(plugin, { token }));
    expect(seen).toBe(process.httpCalls.length > 0 ? 'paused' : 401);
    return process.httpCalls.length > 0;
  }

  it('for a kid that is not among them', () => {
    expect(asks([rsa.jwk], signedToken('RS256', other, CLAIMS))).toBe(true);
  });

  it.each<[string, () => string]>([
    ['whose key has not signed it', () => signedToken('RS256', { ...other, jwk: rsa.jwk }, CLAIMS)],
    ['that is expired', () => signedToken('RS256', other, { ...CLAIMS, exp: 1 })],
    ['of another issuer', () => signedToken('RS256', other, { ...CLAIMS, iss: 'x' })],
    [
      'without kid, of an algorithm that no key is for',
      () => signedToken('ES256', { ...ec, jwk: { ...ec.jwk, kid: undefined } }, CLAIMS),
    ],
  ])('not for a token %s', (_, token) => {
    expect(asks([{ ...rsa.jwk, alg: 'RS256' }], token())).toBe(false);
  });
});

describe('a token whose lifetime is limited', () => {
  it('must say when it was issued, though the clock has not been set and its end is near', () => {
    const settings = { issuers: [{ issuer: ISSUER, maxLifetime: '1h' }] };
    const { plugin } = start(
      [requestAuthentication({ jwks: JSON.stringify({ keys: [rsa.jwk] }) })],
      settings,
      { now: 1_000_000 },
    );
    const seen = (claims: object): number | string =>
      status(plugin, { token: signedToken('RS256', rsa, { iss: ISSUER, exp: 1060, ...claims }) });
    expect(seen({ iat: 1000 })).toBe(200);
    expect(seen({})).toBe(401);
    expect(seen({ iat: 0 })).toBe(401);
  });
});

describe('a key set in a policy', () => {
  it.each([
    ['[', 'Jwks is an invalid JSON'],
    // What is read of it takes more memory than a callback has.
    [`{"keys":[${'0,'.repeat(1_400_000)}0]}`, 'Jwks is too large'],
  ])('that cannot be read is told by its cause: %.20s', (jwks, cause) => {
    const [problem] = problemsOf([requestAuthentication({ jwks })]);
    expect(problem).toContain(`spec.jwtRules[0].jwks: jwks parse error: ${cause}`);
  });
});
