// JSON numbers, RFC 8259 §6.
import { Span, addressOf, lengthOf } from "as-proxy-wasm-sdk/assembly";

/** Digits that a u64 holds, whatever they are. */
const EXACT_DIGITS: usize = 19;
/** Below this many characters no number reaches the range of a double, unless by an exponent. */
const SAFE_LENGTH: usize = 300;

/**
 * What the language's own reader gives for numbers of more than 15 digits that are followed by 23 to 37 decimal places more: it
 * forgets all but 22 of these.
 */
const LEAST_MISREAD: f64 = 9e37;
const MOST_MISREAD: f64 = 2e41;
/** The decimal places of `parseScaled`. */
const SCALE: i32 = 40;

// @ts-ignore: decorator
@inline
function isDigit(at: usize, end: usize): bool {
  return at < end && load<u8>(at) - 0x30 <= 9;
}

/** The address after the number at `start`, or 0 when it is malformed or beyond the range of a double. */
export function numberEnd(start: usize, end: usize): usize {
  let at = start;
  let exponent = false;
  if (at < end && load<u8>(at) == 0x2d) at++;
  if (!isDigit(at, end)) return 0;
  if (load<u8>(at) == 0x30) at++;
  else while (isDigit(at, end)) at++;
  if (at < end && load<u8>(at) == 0x2e) {
    if (!isDigit(++at, end)) return 0;
    while (isDigit(at, end)) at++;
  }
  if (at < end && (load<u8>(at) | 0x20) == 0x65) {
    exponent = true;
    at++;
    if (at < end && (load<u8>(at) == 0x2b || load<u8>(at) == 0x2d)) at++;
    if (!isDigit(at, end)) return 0;
    while (isDigit(at, end)) at++;
  }
  if ((exponent || at - start > SAFE_LENGTH) && !isFinite(parse(start, at - start))) return 0;
  return at;
}

function parse(start: usize, length: usize): f64 {
  const text = String.UTF8.decodeUnsafe(start, length, false);
  const value = parseFloat(text);
  const size = Math.abs(value);
  return size >= LEAST_MISREAD && size <= MOST_MISREAD ? parseScaled(text) : value;
}

/** The same by way of a number of usual size. */
function parseScaled(text: string): f64 {
  const small = text.indexOf("e");
  const mark = small < 0 ? text.indexOf("E") : small;
  const mantissa = mark < 0 ? text : text.substring(0, mark);
  const exponent = mark < 0 ? 0 : I32.parseInt(text.substring(mark + 1));
  return parseFloat(mantissa + "e" + (exponent - SCALE).toString()) * 1e40;
}

/**
 * The value of a number's text that `numberEnd` has accepted. The nearest double for whole numbers of up to 19 digits; for others
 * to within a unit or two in the last place.
 */
export function numberOf(text: Span): f64 {
  const start = addressOf(text);
  const length = lengthOf(text);
  if (length > EXACT_DIGITS) return parse(start, length);
  let value: u64 = 0;
  for (let i: usize = 0; i < length; i++) {
    const digit = load<u8>(start + i) - 0x30;
    if (digit > 9) return parse(start, length);
    value = value * 10 + digit;
  }
  return <f64>value;
}

/** A whole number's text as u32; `u32.MAX_VALUE` when it is none or larger. */
export function wholeNumberOf(text: Span): u32 {
  const value = numberOf(text);
  return value >= 0 && value < <f64>u32.MAX_VALUE && Math.floor(value) == value
    ? <u32>value
    : u32.MAX_VALUE;
}

/** A whole decimal number's text (digits alone) as u32; `u32.MAX_VALUE` when it is anything else or larger. */
export function decimalOf(text: Span): u32 {
  const length = lengthOf(text);
  if (length == 0 || length > 9) return u32.MAX_VALUE;
  const start = addressOf(text);
  for (let i: usize = 0; i < length; i++) {
    if (load<u8>(start + i) - 0x30 > 9) return u32.MAX_VALUE;
  }
  return <u32>numberOf(text);
}
