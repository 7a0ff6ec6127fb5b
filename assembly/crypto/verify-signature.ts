// Envoy's foreign function `verify_signature` (BoringSSL behind it): PKCS#1 v1.5 and, with DER signatures, ECDSA.
// Argument: protobuf {1: hash name, 2: DER SubjectPublicKeyInfo, 3: signature, 4: text}; success is the bytes 08 01.
import {
  ABSENT,
  EMPTY,
  Span,
  addressOf,
  allocate,
  callForeign,
  constant,
  equals,
  lengthOf,
  slice,
  span,
} from "as-proxy-wasm-sdk/assembly";

const VERIFY_SIGNATURE = constant("verify_signature");

const SHA_256 = constant("sha256");
/** What Envoy says of a key that BoringSSL cannot read, or whose point is not on its curve. */
const BAD_KEY = constant("Failed to initialize digest verify.");
/** A status of the answer's text: tag and length. */
const TEXT_HEADER: usize = 2;

/** Protobuf tags: field number << 3 | 2, length-delimited. */
const HASH: u8 = 0x0a;
const PUBLIC_KEY: u8 = 0x12;
const SIGNATURE: u8 = 0x1a;
const TEXT: u8 = 0x22;

/** A tag and a length take at most this much. */
const FIELD_HEADER: usize = 6;

function putField(to: usize, tag: u8, value: Span): usize {
  let at = to;
  store<u8>(at++, tag);
  let length = lengthOf(value);
  while (length >= 0x80) {
    store<u8>(at++, (<u8>length) | 0x80);
    length >>= 7;
  }
  store<u8>(at++, <u8>length);
  memory.copy(at, addressOf(value), lengthOf(value));
  return at + lengthOf(value);
}

/**
 * Whether `signature` is the key's signature of `text`. `publicKey` is a DER SubjectPublicKeyInfo, `hash` one of
 * sha1, sha224, sha256, sha384, sha512. False too when the host lacks the function or refuses the call: fail closed.
 */
export function verifySignature(hash: Span, publicKey: Span, signature: Span, text: Span): bool {
  const result = call(hash, publicKey, signature, text);
  // An absent answer has another length, too.
  return lengthOf(result) == 2 && load<u16>(addressOf(result)) == 0x0108;
}

/** Whether the host can use this key; also true where it does not say. */
export function acceptsKey(publicKey: Span): bool {
  const result = call(SHA_256, publicKey, EMPTY, EMPTY);
  return !equals(slice(result, TEXT_HEADER, lengthOf(result)), BAD_KEY);
}

function call(hash: Span, publicKey: Span, signature: Span, text: Span): Span {
  const size =
    FIELD_HEADER * 4 + lengthOf(hash) + lengthOf(publicKey) + lengthOf(signature) + lengthOf(text);
  const argument = allocate(size);
  if (argument == 0) return ABSENT;
  let end = putField(argument, HASH, hash);
  end = putField(end, PUBLIC_KEY, publicKey);
  end = putField(end, SIGNATURE, signature);
  end = putField(end, TEXT, text);
  return callForeign(VERIFY_SIGNATURE, span(argument, end - argument));
}
