// base64 with padding, RFC 4648 §4.
import { Span, UNREADABLE, addressOf, allocate, lengthOf, span } from "as-proxy-wasm-sdk/assembly";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Encodes bytes into the callback's memory; UNREADABLE when they are, and when that has ended. */
export function encodeBase64(bytes: Span): Span {
  if (bytes == UNREADABLE) return UNREADABLE;
  const length = lengthOf(bytes);
  const size = ((length + 2) / 3) * 4;
  const out = allocate(size);
  if (out == 0) return UNREADABLE;
  let to = out;
  for (let i: usize = 0; i < length; i += 3) {
    const at = addressOf(bytes) + i;
    const left = length - i;
    const b: u32 = left > 1 ? load<u8>(at, 1) : 0;
    const c: u32 = left > 2 ? load<u8>(at, 2) : 0;
    const bits = ((<u32>load<u8>(at)) << 16) | (b << 8) | c;
    store<u8>(to, character(bits >> 18));
    store<u8>(to, character(bits >> 12), 1);
    store<u8>(to, left > 1 ? character(bits >> 6) : 0x3d, 2);
    store<u8>(to, left > 2 ? character(bits) : 0x3d, 3);
    to += 4;
  }
  return span(out, size);
}

function character(bits: u32): u8 {
  return <u8>ALPHABET.charCodeAt(bits & 63);
}
