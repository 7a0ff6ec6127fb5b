import { createHmac, createPrivateKey, sign } from 'node:crypto';
import { isReadableToken } from '../oracles.ts';
import { JSON_WORDS } from './json.ts';
import { agree, parserTarget } from './parser.ts';

const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

/** Keys that are the same in every run, so that an input can be tried again. */
const SECRET = Buffer.alloc(32, 'portcullis');
const ED25519 = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), SECRET]),
  format: 'der',
  type: 'pkcs8',
});
const OCT_KEY = { kty: 'oct', kid: 'oct', k: SECRET.toString('base64url') };
const ED_KEY = { ...publicPart(), kid: 'ed' };
export const KEY_SET = JSON.stringify({ keys: [OCT_KEY, ED_KEY] });
export const ISSUER = 'fuzz';

function publicPart(): object {
  const { d, ...rest } = ED25519.export({ format: 'jwk' });
  return d === undefined ? {} : rest;
}

function hs256(claims: object, header: object = {}): string {
  const text = `${encode({ alg: 'HS256', kid: 'oct', ...header })}.${encode(claims)}`;
  return `${text}.${createHmac('sha256', SECRET).update(text).digest('base64url')}`;
}

function eddsa(claims: object): string {
  const text = `${encode({ alg: 'EdDSA', kid: 'ed' })}.${encode(claims)}`;
  return `${text}.${sign(null, Buffer.from(text), ED25519).toString('base64url')}`;
}

const claims = { iss: ISSUER, sub: 'alice', exp: 4_102_444_800, aud: ['a', 'b'], jti: 'x' };

/** All that is signed by the keys; nothing else may pass. */
export const TOKENS = [
  hs256(claims),
  hs256({ iss: ISSUER, sub: 'bob', nbf: 1, iat: 1.5, a: { b: [1, 'x', null] } }, { typ: 'JWT' }),
  eddsa(claims),
];

const WORDS = [
  ...[
    '"alg"',
    '"none"',
    '"HS256"',
    '"ES256"',
    '"EdDSA"',
    '"kid"',
    '"crit"',
    '"b64"',
    '"iss"',
    '"sub"',
    '"aud"',
  ],
  ...[
    '"exp"',
    '"nbf"',
    '"iat"',
    '"jti"',
    '"cnf"',
    '"exp":-1',
    '"exp":1e19',
    '"nbf":"1"',
    '.',
    '..',
    '=',
  ],
];

/** Tokens, up to their signature, against RFC 7515 and RFC 7519 by hand. */
export const token = parserTarget({
  name: 'token',
  shape: 'token',
  share: 20,
  seeds: TOKENS,
  dictionary: [...WORDS, ...JSON_WORDS],
  check({ module }, { bytes, length }, at) {
    const status = module.exports.readToken(at, length);
    agree(status === 0, isReadableToken(bytes.toString('latin1', 0, length)));
    return status * 1024 + Math.min(module.exports.jsonOffset(), 1023);
  },
});

/** Tokens and their signatures: only what was signed may pass. */
export const signature = parserTarget({
  name: 'signature',
  shape: 'token',
  share: 3,
  seeds: TOKENS,
  dictionary: WORDS,
  check(parser, { bytes, length }, at) {
    const { module } = parser;
    const keys = parser.word(KEY_SET);
    const status = module.exports.jws(spanOf(keys, KEY_SET.length), spanOf(at, length));
    agree(status === 0, TOKENS.includes(bytes.toString('latin1', 0, length)));
    return status;
  },
});

function spanOf(address: number, length: number): bigint {
  return BigInt.asIntN(64, (BigInt(length) << 32n) | BigInt(address));
}
