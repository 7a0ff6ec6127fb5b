// One JSON Web Key (RFC 7517, RFC 7518 §6, RFC 8037 §2), prepared for verification. A private key's public half is used, and
// its private members are not looked at.
import {
  ABSENT,
  EMPTY,
  Region,
  Span,
  addressOf,
  byteAt,
  constant,
  equals,
  lengthOf,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { decodeBase64Url } from "../bytes/base64url";
import { ecSubjectPublicKeyInfo, rsaSubjectPublicKeyInfo } from "../crypto/der";
import { ED25519_KEY, isEd25519Key } from "../crypto/ed25519";
import { acceptsKey } from "../crypto/verify-signature";
import { Kind, NO_NODE, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { MAX_RSA_BITS, MIN_HMAC_KEY_BYTES } from "../limits";
import { Algorithm, Family, NO_ALGORITHM, algorithmOf, familyOf, hashBitsOf } from "./algorithm";

const KTY = constant("kty");
const KID = constant("kid");
const ALG = constant("alg");
const USE = constant("use");
const KEY_OPS = constant("key_ops");
const SIG = constant("sig");
const VERIFY = constant("verify");
const RSA = constant("RSA");
const N = constant("n");
const E = constant("e");
const EC = constant("EC");
const CRV = constant("crv");
const X = constant("x");
const Y = constant("y");
const OCT = constant("oct");
const K = constant("k");
const OKP = constant("OKP");
const ED25519 = constant("Ed25519");

/** RFC 7518 §6.2.1.1, in the order of the algorithms that use them. */
const CURVES: Span[] = [constant("P-256"), constant("P-384"), constant("P-521")];
const COORDINATE_SIZES: usize[] = [32, 48, 66];

/** Bytes of an ECDSA signature, r and s, for each curve (RFC 7518 §3.4). */
export const ECDSA_SIGNATURE_SIZES: StaticArray<usize> = [64, 96, 132];

/** Key types. */
export namespace KeyType {
  export const Rsa: i32 = 0;
  export const Ec: i32 = 1;
  export const Oct: i32 = 2;
  export const Okp: i32 = 3;
}

/** A key. Its bytes live in the region that it was read into. */
export class Jwk {
  /** `kid`; of no bytes when the key has none. */
  kid: Span = EMPTY;
  type: i32 = KeyType.Rsa;
  /** `alg`, or NO_ALGORITHM when the key may be used for any that fits it. */
  algorithm: Algorithm = NO_ALGORITHM;
  /** What verifies: a DER SubjectPublicKeyInfo (RSA, EC), or the key's own bytes (oct, OKP). */
  material: Span = EMPTY;
  /** RSA alone: big-endian, without leading zeros. */
  modulus: Span = EMPTY;
  exponent: u32 = 0;
  /** EC alone: position in CURVES. */
  curve: i32 = 0;

  /** Whether a signature of this algorithm can be this key's: `alg` is bound to the type and the curve (RFC 8725 §3.1). */
  fits(algorithm: Algorithm): bool {
    const family = familyOf(algorithm);
    switch (this.type) {
      case KeyType.Rsa:
        return family == Family.Rs || family == Family.Ps;
      case KeyType.Ec:
        return family == Family.Es && algorithm % 3 == this.curve;
      case KeyType.Oct:
        // RFC 7518 §3.2: at least as long as the hash.
        return family == Family.Hs && <i32>lengthOf(this.material) * 8 >= hashBitsOf(algorithm);
      default:
        return family == Family.Ed;
    }
  }
}

/** Why the last `readJwk` gave no key: a sentence's end, never any of the key's material. */
export let problem: string = "";

function refused(why: string): Jwk | null {
  problem = why;
  return null;
}

/** Reads a key; null when it cannot be used to verify a JWS, and then `problem` says why. Its bytes go into `region`. */
export function readJwk(node: Node, minRsaBits: i32, region: Region): Jwk | null {
  if (kindOf(node) != Kind.Object) return refused("it is not an object");
  const use = member(node, USE);
  if (use != NO_NODE && !equals(textOf(use), SIG)) return refused("its [use] is not sig");
  const operations = member(node, KEY_OPS);
  if (operations != NO_NODE && !hasText(operations, VERIFY)) {
    return refused("its [key_ops] lack verify");
  }
  const kty = member(node, KTY);
  if (kindOf(kty) != Kind.String) return refused("[kty] is missing");
  const alg = member(node, ALG);
  const named = kindOf(alg) == Kind.String && lengthOf(textOf(alg)) > 0;
  const key = new Jwk();
  if (named) {
    key.algorithm = algorithmOf(textOf(alg));
    if (key.algorithm == NO_ALGORITHM) return refused("its [alg] is not supported");
  }
  const type = textOf(kty);
  let read: Jwk | null;
  if (equals(type, RSA)) read = readRsa(key, node, minRsaBits, region);
  else if (equals(type, EC)) read = readEc(key, node, region);
  else if (equals(type, OCT)) read = readOct(key, node, region);
  else if (equals(type, OKP)) read = readOkp(key, node, region);
  else return refused("its [kty] is not supported");
  if (read === null) return null;
  if (named && !key.fits(key.algorithm)) return refused("its [alg] does not fit the key");
  const kid = member(node, KID);
  // What is no text is none: such a key is tried with tokens of any `kid`.
  if (kindOf(kid) == Kind.String) key.kid = region.keep(textOf(kid));
  return key;
}

function readRsa(key: Jwk, node: Node, minBits: i32, region: Region): Jwk | null {
  const modulus = magnitude(member(node, N));
  const exponent = magnitude(member(node, E));
  if (modulus == ABSENT || exponent == ABSENT) {
    return refused("Jwks RSA [n] or [e] field is missing or has a parse error");
  }
  for (let i: usize = 0; i < lengthOf(exponent); i++) {
    key.exponent = (key.exponent << 8) | byteAt(exponent, i);
  }
  if (lengthOf(exponent) > 3 || (key.exponent != 3 && key.exponent != 65537)) {
    return refused("its [e] is neither 3 nor 65537");
  }
  const bits = <i32>lengthOf(modulus) * 8 - <i32>clz<u32>(byteAt(modulus, 0)) + 24;
  if (bits < minBits) return refused("its modulus has less than " + minBits.toString() + " bits");
  if (bits > MAX_RSA_BITS) {
    return refused("its modulus has more than " + MAX_RSA_BITS.toString() + " bits");
  }
  if ((byteAt(modulus, lengthOf(modulus) - 1) & 1) == 0) return refused("its modulus is even");
  key.type = KeyType.Rsa;
  key.material = rsaSubjectPublicKeyInfo(modulus, exponent, region);
  key.modulus = region.keep(modulus);
  return key;
}

function readEc(key: Jwk, node: Node, region: Region): Jwk | null {
  const crv = textOf(member(node, CRV));
  key.curve = -1;
  for (let i = 0; i < CURVES.length; i++) {
    if (equals(CURVES[i], crv)) key.curve = i;
  }
  if (key.curve < 0) return refused("its [crv] is none of P-256, P-384, P-521");
  const size = COORDINATE_SIZES[key.curve];
  const x = bytesOf(member(node, X));
  const y = bytesOf(member(node, Y));
  if (lengthOf(x) != size || lengthOf(y) != size) {
    return refused("its [x] or [y] is missing, or is not " + size.toString() + " bytes");
  }
  key.type = KeyType.Ec;
  key.material = ecSubjectPublicKeyInfo(key.curve, x, y, region);
  if (!acceptsKey(key.material)) return refused("its point is not on the curve");
  return key;
}

function readOct(key: Jwk, node: Node, region: Region): Jwk | null {
  const bytes = bytesOf(member(node, K));
  if (bytes == ABSENT) return refused("its [k] is missing or no base64url");
  if (lengthOf(bytes) < MIN_HMAC_KEY_BYTES) return refused("its [k] has less than 256 bits");
  key.type = KeyType.Oct;
  key.material = region.keep(bytes);
  return key;
}

function readOkp(key: Jwk, node: Node, region: Region): Jwk | null {
  if (!equals(textOf(member(node, CRV)), ED25519)) return refused("its [crv] is not Ed25519");
  const bytes = bytesOf(member(node, X));
  if (lengthOf(bytes) != ED25519_KEY) {
    return refused("its [x] is missing, or is not 32 bytes");
  }
  if (!isEd25519Key(bytes)) return refused("its point is not on the curve");
  key.type = KeyType.Okp;
  key.material = region.keep(bytes);
  return key;
}

function bytesOf(node: Node): Span {
  return kindOf(node) == Kind.String ? decodeBase64Url(textOf(node)) : ABSENT;
}

/** A Base64urlUInt (RFC 7518 §2) without leading zeros, or ABSENT. */
function magnitude(node: Node): Span {
  const bytes = bytesOf(node);
  if (bytes == ABSENT) return ABSENT;
  let zeros: usize = 0;
  while (zeros < lengthOf(bytes) && load<u8>(addressOf(bytes) + zeros) == 0) zeros++;
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
