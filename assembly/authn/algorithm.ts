// JWS algorithms, RFC 7518 §3.1 and RFC 8037: which there are, and which of them this version verifies.
import { Span, constant, equals } from "as-proxy-wasm-sdk/assembly";

/** An algorithm's number: its position in NAMES. */
export type Algorithm = i32;

/** Not an algorithm that Envoy's jwt_authn knows. */
export const NO_ALGORITHM: Algorithm = -1;

const NAMES: Span[] = [
  constant("RS256"),
  constant("RS384"),
  constant("RS512"),
  constant("ES256"),
  constant("ES384"),
  constant("ES512"),
  constant("PS256"),
  constant("PS384"),
  constant("PS512"),
  constant("HS256"),
  constant("HS384"),
  constant("HS512"),
  constant("EdDSA"),
];

const HASHES: Span[] = [constant("sha256"), constant("sha384"), constant("sha512")];

/** The algorithm with this name, case-sensitive, or NO_ALGORITHM. */
export function algorithmOf(name: Span): Algorithm {
  for (let i = 0; i < NAMES.length; i++) {
    if (equals(NAMES[i], name)) return i;
  }
  return NO_ALGORITHM;
}

/** Whether it is RSASSA-PKCS1-v1_5 (RFC 7518 §3.3). */
export function isRsaPkcs1(algorithm: Algorithm): bool {
  return algorithm >= 0 && algorithm < 3;
}

/** The hash of an RSASSA-PKCS1-v1_5 algorithm, as `verify_signature` calls it. */
export function hashOfRsa(algorithm: Algorithm): Span {
  return HASHES[isRsaPkcs1(algorithm) ? algorithm : 0];
}
