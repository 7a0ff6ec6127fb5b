// RSASSA-PSS verification (RFC 8017 §8.1.2 and §9.1.2) with MGF1, for PS256, PS384 and PS512: the salt is as long as the
// digest (RFC 7518 §3.5), which Envoy leaves open.
import { Span, addressOf, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { beginHash, finishHash, updateHash } from "./hash";
import { rsaPublic } from "./rsa";

const TRAILER: u8 = 0xbc;

const encoded = memory.data(2048, 16);
const mask = memory.data(64, 16);
const digest = memory.data(64, 16);
const zeros = memory.data(8, 8);

/**
 * Whether `signature` is the key's signature of `text`. `modulus` is big-endian, without leading zeros; `bits` names the hash:
 * 256, 384, 512.
 */
export function verifyPss(
  bits: i32,
  modulus: Span,
  exponent: u32,
  signature: Span,
  text: Span,
): bool {
  const length = lengthOf(modulus);
  const hashSize = (<usize>bits) >> 3;
  if (lengthOf(signature) != length) return false;
  if (!rsaPublic(encoded, addressOf(signature), addressOf(modulus), length, exponent)) return false;

  // emBits is one less than the bits of the modulus: if that fills its top byte by one bit alone, the encoding is a byte shorter.
  const unused = (<i32>(clz<u32>(load<u8>(addressOf(modulus))) - 24 + 1)) & 7;
  let at = encoded;
  let size = length;
  if (unused == 0) {
    if (load<u8>(at) != 0) return false;
    at++;
    size--;
  }
  if (size < hashSize * 2 + 2 || load<u8>(at + size - 1) != TRAILER) return false;
  if ((<u32>load<u8>(at)) >> (8 - unused) != 0) return false;

  const maskedSize = size - hashSize - 1;
  const claimed = at + maskedSize;
  unmask(bits, at, maskedSize, claimed, hashSize);
  store<u8>(at, load<u8>(at) & (<u8>((<u32>0xff) >> unused)));

  const saltAt = maskedSize - hashSize;
  for (let i: usize = 0; i < saltAt - 1; i++) {
    if (load<u8>(at + i) != 0) return false;
  }
  if (load<u8>(at + saltAt - 1) != 1) return false;

  beginHash(bits);
  updateHash(bits, addressOf(text), lengthOf(text));
  finishHash(bits, digest);
  beginHash(bits);
  updateHash(bits, zeros, 8);
  updateHash(bits, digest, hashSize);
  updateHash(bits, at + saltAt, hashSize);
  finishHash(bits, digest);
  return memory.compare(digest, claimed, hashSize) == 0;
}

/** XORs `size` bytes at `to` with MGF1 of the seed (RFC 8017 appendix B.2.1). */
function unmask(bits: i32, to: usize, size: usize, seed: usize, hashSize: usize): void {
  let counter: u32 = 0;
  for (let done: usize = 0; done < size; done += hashSize) {
    store<u32>(mask, bswap<u32>(counter));
    beginHash(bits);
    updateHash(bits, seed, hashSize);
    updateHash(bits, mask, 4);
    finishHash(bits, mask);
    const part = min(hashSize, size - done);
    for (let i: usize = 0; i < part; i++) {
      store<u8>(to + done + i, load<u8>(to + done + i) ^ load<u8>(mask + i));
    }
    counter++;
  }
}
