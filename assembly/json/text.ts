// The characters of a JSON string, RFC 8259 §7: scanning, unescaping, UTF-8 (RFC 3629).
import { ABSENT, Span, allocate, span } from "as-proxy-wasm-sdk/assembly";

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/** Where `readText` stopped: the address after the closing quote. */
export let textEnd: usize = 0;

/** Whether any of 8 bytes is a control character, a quote, a backslash or not ASCII. */
// @ts-ignore: decorator
@inline
function isSpecial(word: u64): bool {
  const quote = word ^ (ONES * QUOTE);
  const backslash = word ^ (ONES * BACKSLASH);
  const hit =
    (word - ONES * 0x20) | ((quote - ONES) & ~quote) | ((backslash - ONES) & ~backslash) | word;
  return (hit & HIGH) != 0;
}

/**
 * Reads the string whose first character (after the opening quote) is at `start`. Returns its bytes, unescaped,
 * and sets `textEnd`; ABSENT when it is malformed or not closed before `end`.
 */
export function readText(start: usize, end: usize): Span {
  let at = start;
  let escaped = false;
  while (true) {
    while (at + 8 <= end && !isSpecial(load<u64>(at))) at += 8;
    if (at >= end) return ABSENT;
    const c = load<u8>(at);
    if (c == QUOTE) break;
    if (c < 0x20) return ABSENT;
    if (c == BACKSLASH) {
      escaped = true;
      at += 2;
    } else if (c < 0x80) {
      at++;
    } else {
      const size = utf8Size(at, end);
      if (size == 0) return ABSENT;
      at += size;
    }
  }
  textEnd = at + 1;
  return escaped ? unescape(start, at) : span(start, at - start);
}

/** Bytes of the well-formed UTF-8 sequence at `at` (2 to 4), or 0: overlong, surrogate, beyond U+10FFFF, cut off. */
function utf8Size(at: usize, end: usize): usize {
  const a = load<u8>(at);
  if (a < 0xc2 || a > 0xf4) return 0;
  const size: usize = a < 0xe0 ? 2 : a < 0xf0 ? 3 : 4;
  if (at + size > end) return 0;
  const b = load<u8>(at, 1);
  const lowest: u8 = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80;
  const highest: u8 = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
  if (b < lowest || b > highest) return 0;
  for (let i: usize = 2; i < size; i++) {
    if ((load<u8>(at + i) & 0xc0) != 0x80) return 0;
  }
  return size;
}

function unescape(start: usize, end: usize): Span {
  // Every escape is longer than what it stands for.
  const out = allocate(end - start);
  if (out == 0) return ABSENT;
  let at = start;
  let to = out;
  while (at < end) {
    const c = load<u8>(at++);
    if (c != BACKSLASH) {
      store<u8>(to++, c);
      continue;
    }
    if (at >= end) return ABSENT;
    const kind = load<u8>(at++);
    if (kind != 0x75) {
      const plain = unescaped(kind);
      if (plain == 0) return ABSENT;
      store<u8>(to++, plain);
      continue;
    }
    let point = hex4(at, end);
    at += 4;
    if (point < 0 || (point >= 0xdc00 && point <= 0xdfff)) return ABSENT;
    if (point >= 0xd800 && point <= 0xdbff) {
      if (at + 2 > end || load<u16>(at) != 0x755c) return ABSENT;
      const low = hex4(at + 2, end);
      if (low < 0xdc00 || low > 0xdfff) return ABSENT;
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      at += 6;
    }
    to = putCodePoint(to, <u32>point);
  }
  return span(out, to - out);
}

/** What `\x` stands for, or 0 when there is no such escape. */
function unescaped(kind: u8): u8 {
  switch (kind) {
    case 0x22:
    case 0x5c:
    case 0x2f:
      return kind;
    case 0x62:
      return 0x08;
    case 0x66:
      return 0x0c;
    case 0x6e:
      return 0x0a;
    case 0x72:
      return 0x0d;
    case 0x74:
      return 0x09;
    default:
      return 0;
  }
}

/** The value of four hexadecimal digits, or -1. */
function hex4(at: usize, end: usize): i32 {
  if (at + 4 > end) return -1;
  let value: i32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const c = load<u8>(at + i);
    const lower = c | 0x20;
    let digit: i32;
    if (c >= 0x30 && c <= 0x39) digit = c - 0x30;
    else if (lower >= 0x61 && lower <= 0x66) digit = lower - 0x57;
    else return -1;
    value = (value << 4) | digit;
  }
  return value;
}

function putCodePoint(to: usize, point: u32): usize {
  if (point < 0x80) {
    store<u8>(to, <u8>point);
    return to + 1;
  }
  if (point < 0x800) {
    store<u8>(to, <u8>(0xc0 | (point >> 6)));
    store<u8>(to, <u8>(0x80 | (point & 0x3f)), 1);
    return to + 2;
  }
  if (point < 0x10000) {
    store<u8>(to, <u8>(0xe0 | (point >> 12)));
    store<u8>(to, <u8>(0x80 | ((point >> 6) & 0x3f)), 1);
    store<u8>(to, <u8>(0x80 | (point & 0x3f)), 2);
    return to + 3;
  }
  store<u8>(to, <u8>(0xf0 | (point >> 18)));
  store<u8>(to, <u8>(0x80 | ((point >> 12) & 0x3f)), 1);
  store<u8>(to, <u8>(0x80 | ((point >> 6) & 0x3f)), 2);
  store<u8>(to, <u8>(0x80 | (point & 0x3f)), 3);
  return to + 4;
}
