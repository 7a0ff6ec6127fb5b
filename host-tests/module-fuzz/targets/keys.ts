import { createPublicKey } from 'node:crypto';
import { ecKey, rsaKey } from '../../../istio/token/signing.ts';
import { Difference } from '../target.ts';
import { strictJson } from '../oracles.ts';
import { JSON_WORDS } from './json.ts';
import { agree, parserTarget } from './parser.ts';
import { KEY_SET } from './token.ts';

const WORDS = [
  '"kty"',
  '"RSA"',
  '"EC"',
  '"oct"',
  '"OKP"',
  '"crv"',
  '"P-256"',
  '"P-521"',
  '"Ed25519"',
  '"use":"enc"',
];
const MEMBERS = [
  '"n"',
  '"e":"AQAB"',
  '"e":"Aw"',
  '"x":"AA"',
  '"y":"AA"',
  '"k":"AA"',
  '"alg":"none"',
  '"key_ops":[]',
  '"keys"',
];

/** What a key of the document would verify with, in the module's form; undefined where Node cannot use it either. */
function materialOf(jwk: Record<string, unknown>): string | undefined {
  try {
    if (jwk.kty === 'oct') return Buffer.from(String(jwk.k), 'base64url').toString('hex');
    if (jwk.kty === 'OKP') return Buffer.from(String(jwk.x), 'base64url').toString('hex');
    const { kty, n, e, crv, x, y } = jwk;
    const key = createPublicKey({ key: { kty, n, e, crv, x, y } as never, format: 'jwk' });
    return key.export({ format: 'der', type: 'spki' }).toString('hex');
  } catch {
    return undefined;
  }
}

/** Documents of keys, as a key server answers them: what is used must be a key of the document. */
export const keys = parserTarget({
  name: 'keys',
  shape: 'document',
  share: 1,
  seeds: [
    KEY_SET,
    JSON.stringify({ keys: [rsaKey('rsa').jwk] }),
    JSON.stringify({ keys: [{ ...ecKey('P-256', 'ec').jwk, alg: 'ES256', use: 'sig' }] }),
    JSON.stringify({ keys: [{ kty: 'x' }, ecKey('P-521', 'ec').jwk, rsaKey('rsa').jwk] }),
  ],
  dictionary: [...WORDS, ...MEMBERS, ...JSON_WORDS],
  check({ module }, { bytes, length }, at) {
    const material = module.take(module.exports.firstKey(at, length))!.toString('hex');
    const document = strictJson(bytes.subarray(0, length))?.value as { keys?: unknown } | undefined;
    const text = Buffer.from(material, 'hex').toString('latin1');
    // Words, and not a key: why there is none.
    if (/^(?:Jwks |\[keys\])[^|]*\|/.test(text)) return 10_000 + text.length;
    const list = document?.keys;
    if (!Array.isArray(list))
      throw new Difference('the module has found a key where there is none');
    const all = list.filter((key) => key !== null && typeof key === 'object');
    const known = all.map((key) => materialOf(key as Record<string, unknown>));
    agree(known.includes(material), true);
    return 1000 + known.indexOf(material);
  },
});
