// Signing keys and their public halves, in the format of Istio's sample key set.
import {
  type KeyObject,
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
} from 'node:crypto';

/** An RSA key as a JWK: RFC 7517, with the members that Istio's own sample has. */
export interface RsaJwk {
  e: string;
  kid: string;
  kty: 'RSA';
  n: string;
}

/** A key that cannot be used, and why. */
export class KeyError extends Error {
  override name = 'KeyError';
}

/** Reads an RSA private key, PEM (PKCS#1 or PKCS#8). Throws KeyError; the message holds nothing of the key. */
export function readPrivateKey(pem: string): KeyObject {
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    throw new KeyError('not a private key in PEM format');
  }
  if (key.asymmetricKeyType !== 'rsa') {
    throw new KeyError(`the key is of type ${key.asymmetricKeyType}, not RSA`);
  }
  return key;
}

/** Makes an RSA key of 2048 bits; returns PKCS#8 PEM. */
export function generatePrivateKey(): string {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** The public JWK of a private key; `kid` is its thumbprint (RFC 7638, SHA-256). */
export function publicJwk(key: KeyObject): RsaJwk {
  const { e, n } = createPublicKey(key).export({ format: 'jwk' }) as { e: string; n: string };
  const canonical = JSON.stringify({ e, kty: 'RSA', n });
  const kid = createHash('sha256').update(canonical).digest('base64url');
  return { e, kid, kty: 'RSA', n };
}

/** A key set with these keys, as a document. */
export function keySet(...keys: RsaJwk[]): string {
  return `${JSON.stringify({ keys }, null, 2)}\n`;
}
