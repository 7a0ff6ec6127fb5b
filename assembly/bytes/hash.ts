// A seeded hash for tables that attackers choose the keys of. Not cryptographic: a hit is always
// confirmed by comparing the bytes, and the seed keeps collisions from being computed beforehand.
import { Span, addressOf, currentTime, lengthOf } from "as-proxy-wasm-sdk/assembly";

const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;
const FINISHER: u64 = 0xd6e8_feb8_6659_fd93;

let seed: u64 = 0;

function seeded(): u64 {
  // Not at module start: the host gives no time then.
  if (seed == 0) seed = mix(currentTime() ^ MULTIPLIER) | 1;
  return seed;
}

// @ts-ignore: decorator
@inline
function mix(value: u64): u64 {
  let x = value;
  x ^= x >> 32;
  x *= FINISHER;
  x ^= x >> 29;
  x *= FINISHER;
  return x ^ (x >> 32);
}

/** 64-bit hash of the bytes, different in every VM. */
export function hashOf(bytes: Span): u64 {
  const length = lengthOf(bytes);
  let at = addressOf(bytes);
  const end = at + length;
  let h: u64 = seeded() ^ (<u64>length * MULTIPLIER);
  while (at + 8 <= end) {
    // All of `mix`: past a multiplication alone the highest bits of a word go unchanged, whatever the seed, and the next word can undo
    // what they do.
    h = mix(h ^ load<u64>(at));
    at += 8;
  }
  let tail: u64 = 0;
  while (at < end) {
    tail = (tail << 8) | load<u8>(at);
    at++;
  }
  return mix((h ^ tail) * MULTIPLIER);
}
