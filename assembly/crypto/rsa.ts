// The RSA public operation m^e mod n (RFC 8017 §5.2.2), by Montgomery multiplication (CIOS, 32-bit limbs). Everything here is
// public, so nothing needs to run in constant time. Only PSS uses it: PKCS#1 v1.5 goes to the host.
import { MAX_RSA_BITS } from "../limits";

const LIMBS: usize = MAX_RSA_BITS / 32;
const modulus = memory.data(2048, 16);
const base = memory.data(2048, 16);
const value = memory.data(2048, 16);
const product = memory.data(2056, 16);

/** Reads `length` big-endian bytes into `limbs` little-endian limbs at `to`. */
function readLimbs(to: usize, limbs: usize, from: usize, length: usize): void {
  memory.fill(to, 0, limbs << 2);
  for (let i: usize = 0; i < length; i++) store<u8>(to + i, load<u8>(from + length - 1 - i));
}

/** Whether the number at `a` is at least the modulus. */
function reachesModulus(a: usize, limbs: usize): bool {
  for (let i = limbs; i > 0; i--) {
    const x = load<u32>(a + ((i - 1) << 2));
    const m = load<u32>(modulus + ((i - 1) << 2));
    if (x != m) return x > m;
  }
  return true;
}

function subtractModulus(a: usize, limbs: usize): void {
  let borrow: i64 = 0;
  for (let i: usize = 0; i < limbs; i++) {
    borrow += <i64>load<u32>(a + (i << 2)) - <i64>load<u32>(modulus + (i << 2));
    store<u32>(a + (i << 2), <u32>borrow);
    borrow >>= 32;
  }
}

/** value = 2 · value mod n. */
function double(limbs: usize): void {
  let carry: u32 = 0;
  for (let j: usize = 0; j < limbs << 2; j += 4) {
    const x = load<u32>(value + j);
    store<u32>(value + j, (x << 1) | carry);
    carry = x >>> 31;
  }
  if (carry != 0 || reachesModulus(value, limbs)) subtractModulus(value, limbs);
}

/** to = a · b / 2^(32·limbs) mod n; `to` may be `a` or `b`. `inverse` is -1/n mod 2^32. */
function multiply(to: usize, a: usize, b: usize, limbs: usize, inverse: u32): void {
  memory.fill(product, 0, (limbs + 2) << 2);
  const end = limbs << 2;
  for (let i: usize = 0; i < end; i += 4) {
    const x: u64 = load<u32>(b + i);
    let carry: u64 = 0;
    for (let j: usize = 0; j < end; j += 4) {
      carry += <u64>load<u32>(product + j) + <u64>load<u32>(a + j) * x;
      store<u32>(product + j, <u32>carry);
      carry >>= 32;
    }
    carry += load<u32>(product + end);
    store<u32>(product + end, <u32>carry);
    store<u32>(product + end, <u32>(carry >> 32), 4);

    // In 32 bits first: a `u64` on the left would make the product one.
    const digit: u32 = load<u32>(product) * inverse;
    const q: u64 = digit;
    carry = (<u64>load<u32>(product) + q * <u64>load<u32>(modulus)) >> 32;
    for (let j: usize = 4; j < end; j += 4) {
      carry += <u64>load<u32>(product + j) + q * <u64>load<u32>(modulus + j);
      store<u32>(product + j - 4, <u32>carry);
      carry >>= 32;
    }
    carry += load<u32>(product + end);
    store<u32>(product + end - 4, <u32>carry);
    store<u32>(product + end, load<u32>(product + end, 4) + <u32>(carry >> 32));
  }
  if (load<u32>(product + end) != 0 || reachesModulus(product, limbs)) {
    subtractModulus(product, limbs);
  }
  memory.copy(to, product, end);
}

/**
 * `out` = m^e mod n, as many bytes as n has. All numbers are big-endian; n is odd, without leading zeros, and at most
 * MAX_RSA_BITS long, m has as many bytes as n. False when m is not less than n: no signature of this key.
 */
export function rsaPublic(out: usize, m: usize, n: usize, length: usize, exponent: u32): bool {
  const limbs = (length + 3) >> 2;
  if (limbs > LIMBS || exponent == 0) return false;
  readLimbs(modulus, limbs, n, length);
  readLimbs(base, limbs, m, length);
  if (reachesModulus(base, limbs)) return false;

  // -1/n mod 2^32, by Newton's iteration.
  const low = load<u32>(modulus);
  let inverse: u32 = low;
  for (let i = 0; i < 5; i++) inverse *= 2 - low * inverse;
  inverse = 0 - inverse;

  // R = 2^(32·limbs) mod n, by doubling a power of two below n; then 2^limbs · R, and R^2 by squaring that five times.
  const end = limbs << 2;
  const bits = limbs * 32 - <usize>clz<u32>(load<u32>(modulus + end - 4));
  memory.fill(value, 0, end);
  const top = bits - 1;
  store<u32>(value + ((top >> 5) << 2), rotl<u32>(1, <u32>top));
  for (let i = limbs * 33 - bits + 1; i > 0; i--) double(limbs);
  for (let i = 0; i < 5; i++) multiply(value, value, value, limbs, inverse);

  multiply(base, base, value, limbs, inverse);
  memory.copy(value, base, end);
  for (let bit = 30 - <i32>clz<u32>(exponent); bit >= 0; bit--) {
    multiply(value, value, value, limbs, inverse);
    if (((exponent >>> bit) & 1) != 0) multiply(value, value, base, limbs, inverse);
  }
  memory.fill(base, 0, end);
  store<u32>(base, 1);
  multiply(value, value, base, limbs, inverse);
  for (let i: usize = 0; i < length; i++) store<u8>(out + length - 1 - i, load<u8>(value + i));
  return true;
}
