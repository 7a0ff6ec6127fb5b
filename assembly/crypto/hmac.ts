// HMAC (RFC 2104) with SHA-2, for HS256, HS384 and HS512 (RFC 7518 §3.2).
import { Span, addressOf, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { beginHash, finishHash, updateHash } from "./hash";

const pad = memory.data(128, 16);
const digest = memory.data(64, 16);

/**
 * Whether `code` is the HMAC of `text` under `key`; `bits` names the hash: 256, 384, 512. The time does not tell where the
 * codes differ.
 */
export function verifyHmac(bits: i32, key: Span, text: Span, code: Span): bool {
  const size = (<usize>bits) >> 3;
  if (lengthOf(code) != size) return false;
  const block: usize = bits == 256 ? 64 : 128;

  if (lengthOf(key) > block) {
    beginHash(bits);
    updateHash(bits, addressOf(key), lengthOf(key));
    finishHash(bits, pad);
  } else {
    memory.copy(pad, addressOf(key), lengthOf(key));
  }
  for (let i: usize = 0; i < block; i++) store<u8>(pad + i, load<u8>(pad + i) ^ 0x36);
  beginHash(bits);
  updateHash(bits, pad, block);
  updateHash(bits, addressOf(text), lengthOf(text));
  finishHash(bits, digest);

  for (let i: usize = 0; i < block; i++) store<u8>(pad + i, load<u8>(pad + i) ^ (0x36 ^ 0x5c));
  beginHash(bits);
  updateHash(bits, pad, block);
  updateHash(bits, digest, size);
  finishHash(bits, digest);
  // Nothing of the key stays, and the next one finds zeros.
  memory.fill(pad, 0, block);

  let difference: u8 = 0;
  for (let i: usize = 0; i < size; i++) {
    difference |= load<u8>(digest + i) ^ load<u8>(addressOf(code) + i);
  }
  return difference == 0;
}
