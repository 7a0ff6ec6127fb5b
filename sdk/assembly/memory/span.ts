// Bytes without an object: a view of linear memory in one u64. A span never owns what it shows.
// Host-call results live in the callback arena, so a span of one is valid until the callback ends.

/** A view of bytes: address in the low 32 bits, length in the high 32. */
export type Span = u64;

/** No value at all. Not the same as a value of no bytes, which has length 0. */
export const ABSENT: Span = u64.MAX_VALUE;

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
  return s != ABSENT;
}

/** Address of the first byte. Of ABSENT: meaningless, ask `isPresent` first. */
// @ts-ignore: decorator
@inline
export function addressOf(s: Span): usize {
  return <usize>(s & 0xffff_ffff);
}

/** Length in bytes; 0 for ABSENT, so that a forgotten check reads nothing. */
// @ts-ignore: decorator
@inline
export function lengthOf(s: Span): usize {
  return s == ABSENT ? 0 : <usize>(s >> 32);
}

/** The byte at `index`, or 0 outside of the span. */
// @ts-ignore: decorator
@inline
export function byteAt(s: Span, index: usize): u8 {
  return index < lengthOf(s) ? load<u8>(addressOf(s) + index) : 0;
}

/** The bytes `from` (inclusive) to `to` (exclusive), both cut to the span. */
export function slice(s: Span, from: usize, to: usize): Span {
  const length = lengthOf(s);
  const end = min(to, length);
  const start = min(from, end);
  return span(addressOf(s) + start, end - start);
}

/** Whether both are present and hold the same bytes. Not constant-time: never compare secrets with it. */
export function equals(a: Span, b: Span): bool {
  if (a == ABSENT || b == ABSENT) return false;
  const length = lengthOf(a);
  return length == lengthOf(b) && memory.compare(addressOf(a), addressOf(b), length) == 0;
}

/** Position of `byte` at or after `from`, or -1. */
export function indexOf(s: Span, byte: u8, from: usize): i32 {
  const length = lengthOf(s);
  const address = addressOf(s);
  for (let i = from; i < length; i++) {
    if (load<u8>(address + i) == byte) return <i32>i;
  }
  return -1;
}

/** Decodes UTF-8 into a managed string; invalid sequences become U+FFFD. For messages and start-up. */
export function toText(s: Span): string {
  return String.UTF8.decodeUnsafe(addressOf(s), lengthOf(s), false);
}

/** Encodes `text` as UTF-8 into memory that is never freed. For constants and start-up only. */
export function constant(text: string): Span {
  const size = String.UTF8.byteLength(text, false);
  if (size == 0) return EMPTY;
  const address = heap.alloc(size);
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, address, false);
  return span(address, size);
}
