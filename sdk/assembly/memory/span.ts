// Bytes without an object: a view of linear memory in one u64. A span never owns what it shows.
// Host-call results live in the callback arena, so a span of one is valid until the callback ends.

/** A view of bytes: address in the low 32 bits, length in the high 32. */
export type Span = u64;

/** No value at all. Not the same as a value of no bytes, which has length 0. */
export const ABSENT: Span = u64.MAX_VALUE;

/**
 * There may be a value or not: the host could not hand it over, or there was no memory for it. Not the same as ABSENT: who takes it
 * for that has decided without knowing.
 */
export const UNREADABLE: Span = u64.MAX_VALUE - 1;

/** A value of no bytes. */
export const EMPTY: Span = 0;

/** The span of `length` bytes at `address`. */
// @ts-ignore: decorator
@inline
export function span(address: usize, length: usize): Span {
  return ((<u64>length) << 32) | (<u64>address);
}

/** Whether there is a value, be it of no bytes. */
// @ts-ignore: decorator
@inline
export function isPresent(s: Span): bool {
  return s < UNREADABLE;
}

/** Address of the first byte. Of ABSENT and UNREADABLE: meaningless, ask `isPresent` first. */
// @ts-ignore: decorator
@inline
export function addressOf(s: Span): usize {
  return <usize>(s & 0xffff_ffff);
}

/** Length in bytes; 0 for ABSENT and UNREADABLE, so that a forgotten check reads nothing. */
// @ts-ignore: decorator
@inline
export function lengthOf(s: Span): usize {
  return s >= UNREADABLE ? 0 : <usize>(s >> 32);
}

/** The byte at `index`, or 0 outside of the span. */
// @ts-ignore: decorator
@inline
export function byteAt(s: Span, index: usize): u8 {
  return index < lengthOf(s) ? load<u8>(addressOf(s) + index) : 0;
}

/** The bytes `from` (inclusive) to `to` (exclusive), both cut to the span; of no value EMPTY. */
export function slice(s: Span, from: usize, to: usize): Span {
  if (s >= UNREADABLE) return EMPTY;
  const length = lengthOf(s);
  const end = min(to, length);
  const start = min(from, end);
  return span(addressOf(s) + start, end - start);
}

/** Whether both are present and hold the same bytes. Not constant-time: never compare secrets with it. */
export function equals(a: Span, b: Span): bool {
  if (a >= UNREADABLE || b >= UNREADABLE) return false;
  // Lengths are the high halves.
  return a >> 32 == b >> 32 && sameBytes(addressOf(a), addressOf(b), <usize>(a >> 32));
}

/** Whether `length` bytes are the same at both addresses. Eight at a time, wherever they begin: `memory.compare` does not. */
export function sameBytes(a: usize, b: usize, length: usize): bool {
  let i: usize = 0;
  while (i + 8 <= length) {
    if (load<u64>(a + i) != load<u64>(b + i)) return false;
    i += 8;
  }
  while (i < length) {
    if (load<u8>(a + i) != load<u8>(b + i)) return false;
    i++;
  }
  return true;
}

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/** Position of `byte` at or after `from`, or -1. */
export function indexOf(s: Span, byte: u8, from: usize): i32 {
  const length = lengthOf(s);
  const address = addressOf(s);
  const wanted = ONES * <u64>byte;
  let i = from;
  while (i + 8 <= length) {
    // A byte that is the one becomes 0, and only from a zero byte on can a high bit come out of this.
    const word = load<u64>(address + i) ^ wanted;
    const hit = (word - ONES) & ~word & HIGH;
    if (hit != 0) return <i32>(i + <usize>(ctz<u64>(hit) >> 3));
    i += 8;
  }
  while (i < length) {
    if (load<u8>(address + i) == byte) return <i32>i;
    i++;
  }
  return -1;
}

/** Decodes UTF-8 into a managed string; invalid sequences become U+FFFD. For messages and start-up. */
export function toText(s: Span): string {
  return String.UTF8.decodeUnsafe(addressOf(s), lengthOf(s), false);
}

/**
 * Encodes `text` as UTF-8 into memory that is never freed. For constants of the module alone: what a plugin is configured with is kept
 * in a `Region`.
 */
export function constant(text: string): Span {
  const size = String.UTF8.byteLength(text, false);
  if (size == 0) return EMPTY;
  const address = heap.alloc(size);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, address, false);
  return span(address, size);
}
