// JWS algorithms, RFC 7518 §3.1 and RFC 8037 §3.1: the thirteen that Envoy's jwt_authn knows.
import { Span, constant, equals } from "as-proxy-wasm-sdk/assembly";

/** An algorithm's number: its position in NAMES. */
export type Algorithm = i32;

/** Not an algorithm that is known. */
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

/** Kinds of algorithm: what is done with a signature. */
export namespace Family {
  /** RSASSA-PKCS1-v1_5, RFC 7518 §3.3. */
  export const Rs: i32 = 0;
  /** ECDSA, RFC 7518 §3.4: each with a curve of its own. */
  export const Es: i32 = 1;
  /** RSASSA-PSS, RFC 7518 §3.5. */
  export const Ps: i32 = 2;
  /** HMAC, RFC 7518 §3.2. */
  export const Hs: i32 = 3;
  /** Ed25519, RFC 8037. */
  export const Ed: i32 = 4;
}

/** The algorithm with this name, case-sensitive, or NO_ALGORITHM. */
export function algorithmOf(name: Span): Algorithm {
  for (let i = 0; i < NAMES.length; i++) {
    if (equals(NAMES[i], name)) return i;
  }
  return NO_ALGORITHM;
}

/** The kind of an algorithm. */
export function familyOf(algorithm: Algorithm): i32 {
  return algorithm / 3;
}

/** The bits of an algorithm's hash: 256, 384 or 512. */
export function hashBitsOf(algorithm: Algorithm): i32 {
  return 256 + (algorithm % 3) * 128;
}
