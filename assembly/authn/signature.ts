// JWS signature verification (RFC 7515 §5.2): RS* and ES* by the host, PS*, HS* and EdDSA here, since no host function does them.
import { Span, constant, equals, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { ecdsaSignature } from "../crypto/der";
import { ED25519_SIGNATURE, verifyEd25519 } from "../crypto/ed25519";
import { verifyHmac } from "../crypto/hmac";
import { verifyPss } from "../crypto/pss";
import { verifySignature } from "../crypto/verify-signature";
import { JwtStatus } from "../status";
import { Family, NO_ALGORITHM, familyOf, hashBitsOf } from "./algorithm";
import { ECDSA_SIGNATURE_SIZES, Jwk } from "./jwk";
import { Jwt } from "./jwt";

const HASHES: StaticArray<Span> = [constant("sha256"), constant("sha384"), constant("sha512")];

/**
 * Whether one of the keys has signed the token. Keys are chosen as Envoy chooses them: a key whose `kid` or `alg` is another
 * than the token's is none of them; where one of the two has no `kid`, it does not matter.
 */
export function signatureStatus(jwt: Jwt, keys: Jwk[]): i32 {
  let matched = false;
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i];
    if (lengthOf(jwt.kid) > 0 && lengthOf(key.kid) > 0 && !equals(jwt.kid, key.kid)) continue;
    if (key.algorithm != NO_ALGORITHM && key.algorithm != jwt.algorithm) continue;
    matched = true;
    if (!key.fits(jwt.algorithm)) continue;
    if (familyOf(jwt.algorithm) == Family.Ed && lengthOf(jwt.signature) != ED25519_SIGNATURE) {
      return JwtStatus.Ed25519SignatureWrongLength;
    }
    if (verifies(jwt, key)) return JwtStatus.Ok;
  }
  return matched ? JwtStatus.VerificationFail : JwtStatus.JwksKidAlgMismatch;
}

/** Whether a key that fits the token's algorithm has signed it. */
function verifies(jwt: Jwt, key: Jwk): bool {
  const signature = jwt.signature;
  const bits = hashBitsOf(jwt.algorithm);
  const hash = unchecked(HASHES[(bits - 256) >> 7]);
  switch (familyOf(jwt.algorithm)) {
    case Family.Rs:
      return verifySignature(hash, key.material, signature, jwt.signed);
    case Family.Es: {
      if (lengthOf(signature) != unchecked(ECDSA_SIGNATURE_SIZES[key.curve])) return false;
      return verifySignature(hash, key.material, ecdsaSignature(signature), jwt.signed);
    }
    case Family.Ps:
      return verifyPss(bits, key.modulus, key.exponent, signature, jwt.signed);
    case Family.Hs:
      return verifyHmac(bits, key.material, jwt.signed, signature);
    default:
      return verifyEd25519(key.material, signature, jwt.signed);
  }
}
