// The hashes of JWS, by the number of their bits: 256, 384, 512. One message at a time.
import { beginSha256, finishSha256, updateSha256 } from "./sha256";
import { beginSha384, beginSha512, finishSha512, updateSha512 } from "./sha512";

/** Begins a message. `bits`: 256, 384 or 512. */
export function beginHash(bits: i32): void {
  if (bits == 256) beginSha256();
  else if (bits == 384) beginSha384();
  else beginSha512();
}

/** Appends `length` bytes at `address` to the message that was begun with the same `bits`. */
export function updateHash(bits: i32, address: usize, length: usize): void {
  if (bits == 256) updateSha256(address, length);
  else updateSha512(address, length);
}

/** Ends the message: `bits / 8` bytes at `out`. */
export function finishHash(bits: i32, out: usize): void {
  if (bits == 256) finishSha256(out);
  else finishSha512(out, bits == 384 ? 48 : 64);
}
