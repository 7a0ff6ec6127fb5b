// Doubles as Envoy writes them: `%f` in headers, and in JSON the shorter of `%.15g` and `%.17g` that reads back. Digits are exact,
// made by long division of integers: num / den, as limbs of 32 bits.

/** Limbs of a number: 2^1074 · 10^17, the largest that comes up, takes 37. */
const LIMBS: usize = 40;
const SIZE: usize = LIMBS * 4;

/** Decimals of `%f`. */
const DECIMALS: i32 = 6;

/** Digits at most: those of the largest double, and six decimals. */
const MAX_DIGITS: i32 = 320;

/** The decimal exponent of the first of the digits that `generalText` made last. */
let lastExponent: i32 = 0;

const numerator = memory.data(160, 16);
const denominator = memory.data(160, 16);
const twice = memory.data(160, 16);
const digits = memory.data(336, 16);
const characters = memory.data(336, 16);

/** `%f`: six decimals, rounded half to even. */
export function fixedText(value: f64): string {
  const sign = isNegative(value) ? "-" : "";
  const x = abs(value);
  if (x == 0) return sign + "0.000000";
  const first = load10(x);
  const count = first + 1 + DECIMALS;
  if (count < 0) return sign + "0.000000";
  let whole = "0";
  let fraction = "";
  const point = first + 1 + (divide(count) ? 1 : 0);
  if (point > 0) whole = digitsFrom(0, point);
  for (let i = point; i < 0; i++) fraction += "0";
  fraction += digitsFrom(max(point, 0), point + DECIMALS);
  return sign + whole + "." + fraction;
}

/** The shorter of `%.15g` and `%.17g` that reads back as the same number. */
export function shortText(value: f64): string {
  const text = generalText(value, 15);
  return value == 0 || readsBack(abs(value)) ? text : generalText(value, 17);
}

/** Whether the 15 digits made last are nearer to `x` than to any other double: within half of the gap to the next. */
function readsBack(x: f64): bool {
  let decimal: u64 = 0;
  for (let i = 0; i < 15; i++) decimal = decimal * 10 + load<u8>(digits + i);
  const power = lastExponent - 14;
  const mantissa = mantissaOf(x);
  const exponent = exponentOf(x);
  // decimal · 10^power, mantissa · 2^exponent and the gap 2^exponent, made whole by the same factor.
  const a = numerator;
  const b = denominator;
  memory.fill(a, 0, SIZE);
  memory.fill(b, 0, SIZE);
  memory.fill(twice, 0, SIZE);
  store<u64>(a, decimal);
  store<u64>(b, mantissa);
  store<u32>(twice, 1);
  shift(exponent > 0 ? b : a, abs<i32>(exponent));
  if (exponent > 0) shift(twice, exponent);
  for (let i = power; i > 0; i--) times10(a);
  for (let i = power; i < 0; i++) {
    times10(b);
    times10(twice);
  }
  const isBelow = isLess(a, b);
  if (isBelow) {
    subtract(b, a);
    memory.copy(a, b, SIZE);
  } else {
    subtract(a, b);
  }
  // Below a power of two the gap is half as wide.
  shift(a, isBelow && mantissa == 0x0010_0000_0000_0000 ? 2 : 1);
  if (isLess(a, twice)) return true;
  return memory.compare(a, twice, SIZE) == 0 && (mantissa & 1) == 0;
}

/** `%.<precision>g` */
function generalText(value: f64, precision: i32): string {
  const sign = isNegative(value) ? "-" : "";
  const x = abs(value);
  if (x == 0) return sign + "0";
  let exponent = load10(x);
  if (divide(precision)) exponent++;
  lastExponent = exponent;
  let count = precision;
  while (count > 1 && load<u8>(digits + count - 1) == 0) count--;
  if (exponent < -4 || exponent >= precision) {
    let text = sign + digitsFrom(0, 1);
    if (count > 1) text += "." + digitsFrom(1, count);
    const size = abs<i32>(exponent);
    return text + (exponent < 0 ? "e-" : "e+") + (size < 10 ? "0" : "") + size.toString();
  }
  if (exponent < 0) {
    let zeros = "";
    for (let i = exponent + 1; i < 0; i++) zeros += "0";
    return sign + "0." + zeros + digitsFrom(0, count);
  }
  const whole = digitsFrom(0, exponent + 1);
  return sign + whole + (count > exponent + 1 ? "." + digitsFrom(exponent + 1, count) : "");
}

function isNegative(value: f64): bool {
  return reinterpret<u64>(value) >> 63 != 0;
}

function digitsFrom(start: i32, end: i32): string {
  for (let i = start; i < end; i++) store<u8>(characters + i, 0x30 + load<u8>(digits + i));
  return String.UTF8.decodeUnsafe(characters + start, max(end - start, 0));
}

/** A positive double is mantissaOf · 2^exponentOf. */
function mantissaOf(x: f64): u64 {
  const bits = reinterpret<u64>(x);
  return (bits & 0x000f_ffff_ffff_ffff) | (bits >> 52 == 0 ? 0 : 0x0010_0000_0000_0000);
}

function exponentOf(x: f64): i32 {
  const biased = <i32>(reinterpret<u64>(x) >> 52);
  return (biased == 0 ? 1 : biased) - 1075;
}

/** Sets the fraction so that it is x / 10^k with 1 <= fraction < 10, and returns k. */
function load10(x: f64): i32 {
  const mantissa = mantissaOf(x);
  const exponent = exponentOf(x);
  memory.fill(numerator, 0, SIZE);
  memory.fill(denominator, 0, SIZE);
  store<u64>(numerator, mantissa);
  store<u32>(denominator, 1);
  shift(exponent > 0 ? numerator : denominator, abs<i32>(exponent));
  // An estimate from the bits, mended by looking.
  let k = <i32>floor(<f64>(63 - <i32>clz<u64>(mantissa) + exponent) * 0.30102999566398114);
  for (let i = 0; i < k; i++) times10(denominator);
  for (let i = k; i < 0; i++) times10(numerator);
  while (!isLess(numerator, denominator)) {
    times10(denominator);
    k++;
  }
  // Now fraction < 1: one step back.
  times10(numerator);
  return k - 1;
}

/** Writes `count` digits of the fraction, rounded half to even; true when rounding made it one digit longer: 9.99 → 10.0. */
function divide(count: i32): bool {
  const last = min(count, MAX_DIGITS);
  for (let i = 0; i < last; i++) {
    let digit: u8 = 0;
    while (!isLess(numerator, denominator)) {
      subtract(numerator, denominator);
      digit++;
    }
    store<u8>(digits + i, digit);
    times10(numerator);
  }
  // The rest was multiplied by ten: half of it is five times the denominator.
  memory.copy(twice, denominator, SIZE);
  shift(twice, 2);
  add(twice, denominator);
  const isHalf = memory.compare(numerator, twice, SIZE) == 0;
  const odd = last > 0 && (load<u8>(digits + last - 1) & 1) != 0;
  if (isLess(numerator, twice) || (isHalf && !odd)) return false;
  let i = last - 1;
  for (; i >= 0; i--) {
    const digit = load<u8>(digits + i) + 1;
    store<u8>(digits + i, digit == 10 ? 0 : digit);
    if (digit != 10) return false;
  }
  memory.copy(digits + 1, digits, last);
  store<u8>(digits, 1);
  return true;
}

function shift(number: usize, bits: i32): void {
  const limbs = (<usize>(bits >> 5)) << 2;
  const rest = bits & 31;
  for (let i = SIZE; i > 0; i -= 4) {
    const at = i - 4;
    const high: u64 = at >= limbs ? load<u32>(number + at - limbs) : 0;
    const low: u64 = at >= limbs + 4 ? load<u32>(number + at - limbs - 4) : 0;
    store<u32>(number + at, <u32>((((high << 32) | low) << rest) >> 32));
  }
}

function times10(number: usize): void {
  let carry: u64 = 0;
  for (let i: usize = 0; i < SIZE; i += 4) {
    carry += <u64>load<u32>(number + i) * 10;
    store<u32>(number + i, <u32>carry);
    carry >>= 32;
  }
}

function isLess(a: usize, b: usize): bool {
  for (let i = SIZE; i > 0; i -= 4) {
    const x = load<u32>(a + i - 4);
    const y = load<u32>(b + i - 4);
    if (x != y) return x < y;
  }
  return false;
}

function subtract(a: usize, b: usize): void {
  let borrow: i64 = 0;
  for (let i: usize = 0; i < SIZE; i += 4) {
    borrow += <i64>load<u32>(a + i) - <i64>load<u32>(b + i);
    store<u32>(a + i, <u32>borrow);
    borrow >>= 32;
  }
}

function add(a: usize, b: usize): void {
  let carry: u64 = 0;
  for (let i: usize = 0; i < SIZE; i += 4) {
    carry += <u64>load<u32>(a + i) + <u64>load<u32>(b + i);
    store<u32>(a + i, <u32>carry);
    carry >>= 32;
  }
}
