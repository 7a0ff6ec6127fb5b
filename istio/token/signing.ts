// Keys of every type, and tokens of every algorithm, made by node:crypto: also those that no library would make.
import {
  type KeyObject,
  constants,
  createHmac,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  sign,
} from 'node:crypto';

/** A key that signs, and the JWK that verifies. */
export interface SigningKey {
  secret: KeyObject;
  jwk: Record<string, unknown>;
}

export function rsaKey(kid?: string, modulusLength = 2048): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength });
  return { secret: privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } };
}

/** `namedCurve`: P-256, P-384 or P-521. */
export function ecKey(namedCurve: string, kid?: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve });
  return { secret: privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } };
}

export function edKey(kid?: string): SigningKey {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { secret: privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid } };
}

export function octKey(kid?: string, bytes = 64): SigningKey {
  const secret = createSecretKey(randomBytes(bytes));
  return { secret, jwk: { ...secret.export({ format: 'jwk' }), kid } };
}

/** base64url of a text's UTF-8. */
export const encode = (text: string | Buffer): string => Buffer.from(text).toString('base64url');

/** The thirteen algorithms. */
export const ALGORITHMS = [
  ...['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'],
  ...['PS256', 'PS384', 'PS512', 'HS256', 'HS384', 'HS512', 'EdDSA'],
];

/** A key for an algorithm. */
export function keyFor(algorithm: string, kid?: string): SigningKey {
  if (algorithm.startsWith('RS') || algorithm.startsWith('PS')) return rsaKey(kid);
  if (algorithm.startsWith('HS')) return octKey(kid);
  if (algorithm === 'EdDSA') return edKey(kid);
  return ecKey({ ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm]!, kid);
}

/** The signature of a text by an algorithm, whatever the key says it is for. */
export function signatureOf(algorithm: string, text: string, secret: KeyObject): Buffer {
  const data = Buffer.from(text);
  const hash = `sha${algorithm.slice(2)}`;
  if (algorithm === 'EdDSA') return sign(null, data, secret);
  switch (algorithm.slice(0, 2)) {
    case 'HS':
      return createHmac(hash, secret).update(data).digest();
    case 'ES':
      return sign(hash, data, { key: secret, dsaEncoding: 'ieee-p1363' });
    case 'PS':
      return sign(hash, data, {
        key: secret,
        padding: constants.RSA_PKCS1_PSS_PADDING,
        saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
      });
    default:
      return sign(hash, data, secret);
  }
}

/** A token of a header and a payload, both as text, so that they can be malformed. */
export function rawToken(
  header: string | Buffer,
  payload: string | Buffer,
  algorithm: string,
  secret: KeyObject,
): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${signatureOf(algorithm, text, secret).toString('base64url')}`;
}

/** A token of an algorithm, with these claims and these further header parameters. */
export function signedToken(
  algorithm: string,
  key: SigningKey,
  claims: object,
  header: object = {},
): string {
  const { kid } = key.jwk;
  const full = JSON.stringify({ alg: algorithm, kid, ...header });
  return rawToken(full, JSON.stringify(claims), algorithm, key.secret);
}
