import { createPublicKey, verify } from 'node:crypto';
import type { Platform } from './platform.ts';

/** Node's crypto in the place of Envoy's BoringSSL. */
export const nodePlatform: Platform = {
  verifySignature(hash, publicKey, signature, text) {
    try {
      const key = createPublicKey({ key: Buffer.from(publicKey), format: 'der', type: 'spki' });
      if (key.asymmetricKeyType !== 'rsa' && key.asymmetricKeyType !== 'ec') return undefined;
      return verify(hash, text, key, signature);
    } catch {
      return undefined;
    }
  },
};
