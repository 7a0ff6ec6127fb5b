// DER (X.690), as much as a public key needs.
import {
  EMPTY,
  Region,
  Span,
  addressOf,
  allocate,
  lengthOf,
  slice,
  span,
} from "as-proxy-wasm-sdk/assembly";

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const SEQUENCE: u8 = 0x30;

/** AlgorithmIdentifier of rsaEncryption, RFC 8017 appendix A.1: OID 1.2.840.113549.1.1.1, NULL. */
const RSA_ENCRYPTION = memory.data<u8>([
  0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
]);
const RSA_ENCRYPTION_SIZE: usize = 15;

/** AlgorithmIdentifier of an EC key, RFC 5480 §2.1.1: id-ecPublicKey and the curve, for P-256, P-384 and P-521. */
const P_256 = memory.data<u8>([
  0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48,
  0xce, 0x3d, 0x03, 0x01, 0x07,
]);
const P_384 = memory.data<u8>([
  0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
  0x00, 0x22,
]);
const P_521 = memory.data<u8>([
  0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04,
  0x00, 0x23,
]);

/** The first byte of a point that is written with both coordinates (SEC 1 §2.3.3). */
const UNCOMPRESSED: u8 = 0x04;

/** Bytes of a tag and a length field for so much content. */
function headerSize(content: usize): usize {
  return content < 128 ? 2 : content < 256 ? 3 : content < 65536 ? 4 : 5;
}

function putHeader(to: usize, tag: u8, content: usize): usize {
  store<u8>(to, tag);
  if (content < 128) {
    store<u8>(to, <u8>content, 1);
    return to + 2;
  }
  const bytes = headerSize(content) - 2;
  store<u8>(to, 0x80 | (<u8>bytes), 1);
  for (let i: usize = 0; i < bytes; i++) {
    store<u8>(to + 2 + i, <u8>(content >> ((bytes - 1 - i) * 8)));
  }
  return to + 2 + bytes;
}

/** Bytes of a positive INTEGER's content: a leading zero where the top bit is set. */
function integerSize(magnitude: Span): usize {
  return lengthOf(magnitude) + (load<u8>(addressOf(magnitude)) >= 0x80 ? 1 : 0);
}

function putInteger(to: usize, magnitude: Span): usize {
  const size = integerSize(magnitude);
  let at = putHeader(to, INTEGER, size);
  if (size > lengthOf(magnitude)) store<u8>(at++, 0);
  memory.copy(at, addressOf(magnitude), lengthOf(magnitude));
  return at + lengthOf(magnitude);
}

/**
 * SubjectPublicKeyInfo (RFC 5280 §4.1.2.7) of an RSA key. Modulus and exponent are big-endian, without leading zeros,
 * and not empty. The bytes live in `region`.
 */
export function rsaSubjectPublicKeyInfo(modulus: Span, exponent: Span, region: Region): Span {
  const modulusSize = integerSize(modulus);
  const exponentSize = integerSize(exponent);
  const key = headerSize(modulusSize) + modulusSize + headerSize(exponentSize) + exponentSize;
  const bits = headerSize(key) + key + 1;
  const info = RSA_ENCRYPTION_SIZE + headerSize(bits) + bits;
  const total = headerSize(info) + info;
  const out = region.take(total);
  let at = putHeader(out, SEQUENCE, info);
  memory.copy(at, RSA_ENCRYPTION, RSA_ENCRYPTION_SIZE);
  at = putHeader(at + RSA_ENCRYPTION_SIZE, BIT_STRING, bits);
  store<u8>(at++, 0);
  at = putHeader(at, SEQUENCE, key);
  putInteger(putInteger(at, modulus), exponent);
  return span(out, total);
}

/**
 * SubjectPublicKeyInfo of an EC key. `curve`: 0 P-256, 1 P-384, 2 P-521; the coordinates are as long as the curve says. The bytes
 * live in `region`.
 */
export function ecSubjectPublicKeyInfo(curve: i32, x: Span, y: Span, region: Region): Span {
  const identifier = curve == 0 ? P_256 : curve == 1 ? P_384 : P_521;
  const identifierSize = <usize>load<u8>(identifier, 1) + 2;
  const bits: usize = 2 + lengthOf(x) + lengthOf(y);
  const info = identifierSize + headerSize(bits) + bits;
  const total = headerSize(info) + info;
  const out = region.take(total);
  let at = putHeader(out, SEQUENCE, info);
  memory.copy(at, identifier, identifierSize);
  at = putHeader(at + identifierSize, BIT_STRING, bits);
  store<u8>(at++, 0);
  store<u8>(at++, UNCOMPRESSED);
  memory.copy(at, addressOf(x), lengthOf(x));
  memory.copy(at + lengthOf(x), addressOf(y), lengthOf(y));
  return span(out, total);
}

/** Ecdsa-Sig-Value (RFC 3279 §2.2.3) of r and s, which a JWS writes side by side (RFC 7518 §3.4). EMPTY without memory. */
export function ecdsaSignature(rs: Span): Span {
  const half = lengthOf(rs) / 2;
  const r = withoutLeadingZeros(slice(rs, 0, half));
  const s = withoutLeadingZeros(slice(rs, half, half * 2));
  const rSize = integerSize(r);
  const sSize = integerSize(s);
  const content = headerSize(rSize) + rSize + headerSize(sSize) + sSize;
  const out = allocate(headerSize(content) + content);
  if (out == 0) return EMPTY;
  const end = putInteger(putInteger(putHeader(out, SEQUENCE, content), r), s);
  return span(out, end - out);
}

/** At least one byte stays. */
function withoutLeadingZeros(number: Span): Span {
  let zeros: usize = 0;
  while (zeros + 1 < lengthOf(number) && load<u8>(addressOf(number) + zeros) == 0) zeros++;
  return slice(number, zeros, lengthOf(number));
}
