// A JSON Web Key Set, RFC 7517: the keys that can verify a signature, prepared for `verify_signature`.
import {
  ABSENT,
  Span,
  addressOf,
  byteAt,
  constant,
  equals,
  keep,
  lengthOf,
  release,
  slice,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { decodeBase64Url } from "../bytes/base64url";
import { rsaSubjectPublicKeyInfo } from "../crypto/der";
import { parseJson } from "../json/parser";
import { Kind, NO_NODE, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { MAX_JWKS_KEYS, MAX_RSA_BITS, MIN_RSA_BITS } from "../limits";
import { Algorithm, NO_ALGORITHM, algorithmOf, isRsaPkcs1 } from "./algorithm";

const KEYS = constant("keys");
const KTY = constant("kty");
const KID = constant("kid");
const ALG = constant("alg");
const USE = constant("use");
const KEY_OPS = constant("key_ops");
const RSA = constant("RSA");
const SIG = constant("sig");
const VERIFY = constant("verify");
const N = constant("n");
const E = constant("e");

/** One public key. Its bytes live on the heap, until the key set is freed. */
export class Jwk {
  constructor(
    /** `kid`; of no bytes when the key has none. */
    readonly kid: Span,
    /** `alg`, or NO_ALGORITHM when the key may be used for any that fits its type. */
    readonly algorithm: Algorithm,
    /** DER SubjectPublicKeyInfo. */
    readonly publicKey: Span,
  ) {}
}

/** A parsed key set. */
export class Jwks {
  readonly keys: Jwk[] = [];
  /** Keys that were left out, and why; never any of their material. */
  readonly warnings: string[] = [];
  /** Why there is no usable key: empty when there is one. */
  error: string = "";

  /** Frees the keys' bytes; the set must not be used any more. */
  free(): void {
    for (let i = 0; i < this.keys.length; i++) {
      release(this.keys[i].kid);
      release(this.keys[i].publicKey);
    }
  }
}

/** Parses a key set. Never null: look at `error`. Broken keys are left out, as Envoy does, as long as one is good. */
export function parseJwks(document: Span): Jwks {
  const set = new Jwks();
  const root = parseJson(document);
  if (kindOf(root) != Kind.Object) {
    set.error = "Jwks is an invalid JSON";
    return set;
  }
  const keys = member(root, KEYS);
  if (keys == NO_NODE) {
    set.error = "Jwks does not have [keys] field";
    return set;
  }
  if (kindOf(keys) != Kind.Array) {
    set.error = "[keys] in Jwks is not an array";
    return set;
  }
  let key = firstOf(keys);
  const count = countOf(keys);
  for (let i = 0; i < count; i++) {
    if (i >= MAX_JWKS_KEYS) {
      set.warnings.push("only the first " + MAX_JWKS_KEYS.toString() + " keys are used");
      break;
    }
    const problem = addKey(set, key);
    if (problem.length > 0) {
      const kid = textOf(member(key, KID));
      const name = lengthOf(kid) > 0 ? ' (kid "' + toText(slice(kid, 0, 64)) + '")' : "";
      set.warnings.push("key " + i.toString() + name + " is left out: " + problem);
    }
    key = after(key);
  }
  if (set.keys.length == 0) set.error = "Jwks doesn't have any valid public key";
  return set;
}

/** Adds a key to the set; returns why not, or nothing. */
function addKey(set: Jwks, key: Node): string {
  if (kindOf(key) != Kind.Object) return "it is not an object";
  const use = member(key, USE);
  if (use != NO_NODE && !equals(textOf(use), SIG)) return "its [use] is not sig";
  const operations = member(key, KEY_OPS);
  if (operations != NO_NODE && !hasText(operations, VERIFY)) return "its [key_ops] lack verify";
  const kty = member(key, KTY);
  if (kindOf(kty) != Kind.String) return "[kty] is missing";
  if (!equals(textOf(kty), RSA)) return "[kty] is not supported yet";
  const alg = member(key, ALG);
  const algorithm = kindOf(alg) == Kind.String ? algorithmOf(textOf(alg)) : NO_ALGORITHM;
  if (alg != NO_NODE && !isRsaPkcs1(algorithm)) return "its [alg] is not supported yet";
  return addRsaKey(set, key, algorithm);
}

function addRsaKey(set: Jwks, key: Node, algorithm: Algorithm): string {
  const modulus = magnitude(member(key, N));
  const exponent = magnitude(member(key, E));
  if (modulus == ABSENT || exponent == ABSENT) {
    return "Jwks RSA [n] or [e] field is missing or has a parse error";
  }
  const isThree = lengthOf(exponent) == 1 && byteAt(exponent, 0) == 3;
  const isF4 =
    lengthOf(exponent) == 3 &&
    byteAt(exponent, 0) == 1 &&
    byteAt(exponent, 1) == 0 &&
    byteAt(exponent, 2) == 1;
  if (!isThree && !isF4) return "its [e] is neither 3 nor 65537";
  const bits = <i32>lengthOf(modulus) * 8 - <i32>clz<u32>(byteAt(modulus, 0)) + 24;
  if (bits < MIN_RSA_BITS) return "its modulus has less than 2048 bits";
  if (bits > MAX_RSA_BITS) return "its modulus has more than 16384 bits";
  if ((load<u8>(addressOf(modulus) + lengthOf(modulus) - 1) & 1) == 0) return "its modulus is even";
  const kid = member(key, KID);
  set.keys.push(new Jwk(keep(textOf(kid)), algorithm, rsaSubjectPublicKeyInfo(modulus, exponent)));
  return "";
}

/** A Base64urlUInt (RFC 7518 §2) without leading zeros, or ABSENT. */
function magnitude(node: Node): Span {
  if (kindOf(node) != Kind.String) return ABSENT;
  const bytes = decodeBase64Url(textOf(node));
  if (bytes == ABSENT) return ABSENT;
  let zeros: usize = 0;
  while (zeros < lengthOf(bytes) && byteAt(bytes, zeros) == 0) zeros++;
  return zeros == lengthOf(bytes) ? ABSENT : slice(bytes, zeros, lengthOf(bytes));
}

function hasText(list: Node, text: Span): bool {
  if (kindOf(list) != Kind.Array) return false;
  let element = firstOf(list);
  for (let i = countOf(list); i > 0; i--) {
    if (equals(textOf(element), text)) return true;
    element = after(element);
  }
  return false;
}
