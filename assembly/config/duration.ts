// Durations as Istio's YAML and Go write them: a sequence of numbers with units, `60s`, `1m30s`, `0.5s`, `250ms`.
import { Span, byteAt, lengthOf } from "as-proxy-wasm-sdk/assembly";

/** Not a duration. */
export const NO_DURATION: i64 = -1;

const NANOSECONDS_PER_HOUR: f64 = 3_600_000_000_000;
/** Ten years: longer is a slip, and its nanoseconds would not fit much further. */
const LONGEST: f64 = 87_600 * NANOSECONDS_PER_HOUR;

/** Nanoseconds of a duration that is not negative; NO_DURATION when it is malformed. `0` needs no unit. */
export function parseDuration(text: Span): i64 {
  const length = <i32>lengthOf(text);
  if (length == 1 && byteAt(text, 0) == 0x30) return 0;
  let total: f64 = 0;
  let at = 0;
  if (length == 0) return NO_DURATION;
  while (at < length) {
    let value: f64 = 0;
    let scale: f64 = 1;
    let digits = 0;
    let fraction = false;
    while (at < length) {
      const c = byteAt(text, at);
      if (c == 0x2e && !fraction) {
        fraction = true;
      } else if (c - 0x30 <= 9) {
        value = value * 10 + <f64>(c - 0x30);
        if (fraction) scale *= 10;
        digits++;
      } else {
        break;
      }
      at++;
    }
    if (digits == 0) return NO_DURATION;
    const first = byteAt(text, at);
    const second = byteAt(text, at + 1);
    let unit: f64 = 0;
    if (second == 0x73 && (first == 0x6d || first == 0x75 || first == 0x6e)) {
      unit = first == 0x6d ? 1_000_000 : first == 0x75 ? 1000 : 1;
      at += 2;
    } else if (first == 0x73) {
      unit = 1_000_000_000;
      at++;
    } else if (first == 0x6d) {
      unit = 60_000_000_000;
      at++;
    } else if (first == 0x68) {
      unit = NANOSECONDS_PER_HOUR;
      at++;
    } else {
      return NO_DURATION;
    }
    total += (value / scale) * unit;
  }
  return total <= LONGEST ? <i64>Math.round(total) : NO_DURATION;
}
