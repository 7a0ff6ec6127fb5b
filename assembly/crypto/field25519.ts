// Arithmetic modulo 2^255 - 19, for Ed25519 (RFC 8032). A number is ten signed limbs of 26 and 25 bits in turn, as i32 at an
// address: products and their sums stay within an i64. Results of `multiply` and `square` are carried, to at most 1.01 times
// a limb's size; sums of up to three such may be multiplied again.

/** Bytes of a number. */
export const FIELD_SIZE: usize = 40;

/** to = a + b */
export function add(to: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < FIELD_SIZE; i += 4) {
    store<i32>(to + i, load<i32>(a + i) + load<i32>(b + i));
  }
}

/** to = a - b */
export function subtract(to: usize, a: usize, b: usize): void {
  for (let i: usize = 0; i < FIELD_SIZE; i += 4) {
    store<i32>(to + i, load<i32>(a + i) - load<i32>(b + i));
  }
}

/** to = a · b */
// prettier-ignore
export function multiply(to: usize, a: usize, b: usize): void {
  const f0 = <i64>load<i32>(a, 0);
  const f1 = <i64>load<i32>(a, 4);
  const f2 = <i64>load<i32>(a, 8);
  const f3 = <i64>load<i32>(a, 12);
  const f4 = <i64>load<i32>(a, 16);
  const f5 = <i64>load<i32>(a, 20);
  const f6 = <i64>load<i32>(a, 24);
  const f7 = <i64>load<i32>(a, 28);
  const f8 = <i64>load<i32>(a, 32);
  const f9 = <i64>load<i32>(a, 36);
  const g0 = <i64>load<i32>(b, 0);
  const g1 = <i64>load<i32>(b, 4);
  const g2 = <i64>load<i32>(b, 8);
  const g3 = <i64>load<i32>(b, 12);
  const g4 = <i64>load<i32>(b, 16);
  const g5 = <i64>load<i32>(b, 20);
  const g6 = <i64>load<i32>(b, 24);
  const g7 = <i64>load<i32>(b, 28);
  const g8 = <i64>load<i32>(b, 32);
  const g9 = <i64>load<i32>(b, 36);
  const f1d = f1 * 2;
  const f3d = f3 * 2;
  const f5d = f5 * 2;
  const f7d = f7 * 2;
  const f9d = f9 * 2;
  const g1n = g1 * 19;
  const g2n = g2 * 19;
  const g3n = g3 * 19;
  const g4n = g4 * 19;
  const g5n = g5 * 19;
  const g6n = g6 * 19;
  const g7n = g7 * 19;
  const g8n = g8 * 19;
  const g9n = g9 * 19;
  const h0 =
    f0 * g0 +
    f1d * g9n +
    f2 * g8n +
    f3d * g7n +
    f4 * g6n +
    f5d * g5n +
    f6 * g4n +
    f7d * g3n +
    f8 * g2n +
    f9d * g1n;
  const h1 =
    f0 * g1 +
    f1 * g0 +
    f2 * g9n +
    f3 * g8n +
    f4 * g7n +
    f5 * g6n +
    f6 * g5n +
    f7 * g4n +
    f8 * g3n +
    f9 * g2n;
  const h2 =
    f0 * g2 +
    f1d * g1 +
    f2 * g0 +
    f3d * g9n +
    f4 * g8n +
    f5d * g7n +
    f6 * g6n +
    f7d * g5n +
    f8 * g4n +
    f9d * g3n;
  const h3 =
    f0 * g3 +
    f1 * g2 +
    f2 * g1 +
    f3 * g0 +
    f4 * g9n +
    f5 * g8n +
    f6 * g7n +
    f7 * g6n +
    f8 * g5n +
    f9 * g4n;
  const h4 =
    f0 * g4 +
    f1d * g3 +
    f2 * g2 +
    f3d * g1 +
    f4 * g0 +
    f5d * g9n +
    f6 * g8n +
    f7d * g7n +
    f8 * g6n +
    f9d * g5n;
  const h5 =
    f0 * g5 +
    f1 * g4 +
    f2 * g3 +
    f3 * g2 +
    f4 * g1 +
    f5 * g0 +
    f6 * g9n +
    f7 * g8n +
    f8 * g7n +
    f9 * g6n;
  const h6 =
    f0 * g6 +
    f1d * g5 +
    f2 * g4 +
    f3d * g3 +
    f4 * g2 +
    f5d * g1 +
    f6 * g0 +
    f7d * g9n +
    f8 * g8n +
    f9d * g7n;
  const h7 =
    f0 * g7 +
    f1 * g6 +
    f2 * g5 +
    f3 * g4 +
    f4 * g3 +
    f5 * g2 +
    f6 * g1 +
    f7 * g0 +
    f8 * g9n +
    f9 * g8n;
  const h8 =
    f0 * g8 +
    f1d * g7 +
    f2 * g6 +
    f3d * g5 +
    f4 * g4 +
    f5d * g3 +
    f6 * g2 +
    f7d * g1 +
    f8 * g0 +
    f9d * g9n;
  const h9 =
    f0 * g9 +
    f1 * g8 +
    f2 * g7 +
    f3 * g6 +
    f4 * g5 +
    f5 * g4 +
    f6 * g3 +
    f7 * g2 +
    f8 * g1 +
    f9 * g0;
  putCarried(to, h0, h1, h2, h3, h4, h5, h6, h7, h8, h9);
}

/** to = factor · a², for a factor of 1 or 2. */
// prettier-ignore
export function square(to: usize, a: usize, factor: i64 = 1): void {
  const f0 = <i64>load<i32>(a, 0);
  const f1 = <i64>load<i32>(a, 4);
  const f2 = <i64>load<i32>(a, 8);
  const f3 = <i64>load<i32>(a, 12);
  const f4 = <i64>load<i32>(a, 16);
  const f5 = <i64>load<i32>(a, 20);
  const f6 = <i64>load<i32>(a, 24);
  const f7 = <i64>load<i32>(a, 28);
  const f8 = <i64>load<i32>(a, 32);
  const f9 = <i64>load<i32>(a, 36);
  const f0d = f0 * 2;
  const f1d = f1 * 2;
  const f2d = f2 * 2;
  const f3d = f3 * 2;
  const f4d = f4 * 2;
  const f5d = f5 * 2;
  const f5n = f5 * 19;
  const f6d = f6 * 2;
  const f6n = f6 * 19;
  const f7d = f7 * 2;
  const f7m = f7 * 38;
  const f7n = f7 * 19;
  const f8d = f8 * 2;
  const f8n = f8 * 19;
  const f9d = f9 * 2;
  const f9m = f9 * 38;
  const f9n = f9 * 19;
  const h0 =
    f0 * f0 +
    f1d * f9m +
    f2d * f8n +
    f3d * f7m +
    f4d * f6n +
    f5d * f5n;
  const h1 =
    f0d * f1 +
    f2d * f9n +
    f3d * f8n +
    f4d * f7n +
    f5d * f6n;
  const h2 =
    f0d * f2 +
    f1d * f1 +
    f3d * f9m +
    f4d * f8n +
    f5d * f7m +
    f6 * f6n;
  const h3 =
    f0d * f3 +
    f1d * f2 +
    f4d * f9n +
    f5d * f8n +
    f6d * f7n;
  const h4 =
    f0d * f4 +
    f1d * f3d +
    f2 * f2 +
    f5d * f9m +
    f6d * f8n +
    f7d * f7n;
  const h5 =
    f0d * f5 +
    f1d * f4 +
    f2d * f3 +
    f6d * f9n +
    f7d * f8n;
  const h6 =
    f0d * f6 +
    f1d * f5d +
    f2d * f4 +
    f3d * f3 +
    f7d * f9m +
    f8 * f8n;
  const h7 =
    f0d * f7 +
    f1d * f6 +
    f2d * f5 +
    f3d * f4 +
    f8d * f9n;
  const h8 =
    f0d * f8 +
    f1d * f7d +
    f2d * f6 +
    f3d * f5d +
    f4 * f4 +
    f9d * f9n;
  const h9 =
    f0d * f9 +
    f1d * f8 +
    f2d * f7 +
    f3d * f6 +
    f4d * f5;
  putCarried(to, h0 * factor, h1 * factor, h2 * factor, h3 * factor, h4 * factor, h5 * factor, h6 * factor, h7 * factor, h8 * factor, h9 * factor);
}

// @ts-ignore: decorator
@inline
// prettier-ignore
function putCarried(to: usize, c0: i64, c1: i64, c2: i64, c3: i64, c4: i64, c5: i64, c6: i64, c7: i64, c8: i64, c9: i64): void {
  let h0 = c0;
  let h1 = c1;
  let h2 = c2;
  let h3 = c3;
  let h4 = c4;
  let h5 = c5;
  let h6 = c6;
  let h7 = c7;
  let h8 = c8;
  let h9 = c9;
  let carry: i64;
  carry = (h0 + (1 << 25)) >> 26;
  h1 += carry;
  h0 -= carry << 26;
  carry = (h4 + (1 << 25)) >> 26;
  h5 += carry;
  h4 -= carry << 26;
  carry = (h1 + (1 << 24)) >> 25;
  h2 += carry;
  h1 -= carry << 25;
  carry = (h5 + (1 << 24)) >> 25;
  h6 += carry;
  h5 -= carry << 25;
  carry = (h2 + (1 << 25)) >> 26;
  h3 += carry;
  h2 -= carry << 26;
  carry = (h6 + (1 << 25)) >> 26;
  h7 += carry;
  h6 -= carry << 26;
  carry = (h3 + (1 << 24)) >> 25;
  h4 += carry;
  h3 -= carry << 25;
  carry = (h7 + (1 << 24)) >> 25;
  h8 += carry;
  h7 -= carry << 25;
  carry = (h4 + (1 << 25)) >> 26;
  h5 += carry;
  h4 -= carry << 26;
  carry = (h8 + (1 << 25)) >> 26;
  h9 += carry;
  h8 -= carry << 26;
  carry = (h9 + (1 << 24)) >> 25;
  h0 += carry * 19;
  h9 -= carry << 25;
  carry = (h0 + (1 << 25)) >> 26;
  h1 += carry;
  h0 -= carry << 26;
  store<i32>(to, <i32>h0, 0);
  store<i32>(to, <i32>h1, 4);
  store<i32>(to, <i32>h2, 8);
  store<i32>(to, <i32>h3, 12);
  store<i32>(to, <i32>h4, 16);
  store<i32>(to, <i32>h5, 20);
  store<i32>(to, <i32>h6, 24);
  store<i32>(to, <i32>h7, 28);
  store<i32>(to, <i32>h8, 32);
  store<i32>(to, <i32>h9, 36);
}

/** to = the 255 low bits of 32 little-endian bytes. False when they are not below the modulus. */
export function fromBytes(to: usize, bytes: usize): bool {
  let at: i32 = 0;
  for (let i = 0; i < 10; i++) {
    const size = 26 - (i & 1);
    store<i32>(to + ((<usize>i) << 2), <i32>bitsAt(bytes, at, size));
    at += size;
  }
  // Below 2^255 - 19: not all of the high bits set, or the lowest byte small enough.
  const top = load<u64>(bytes, 24) & 0x7fff_ffff_ffff_ffff;
  return (
    top != 0x7fff_ffff_ffff_ffff ||
    load<u64>(bytes, 16) != u64.MAX_VALUE ||
    load<u64>(bytes, 8) != u64.MAX_VALUE ||
    load<u64>(bytes) < 0xffff_ffff_ffff_ffed
  );
}

/** `size` bits (at most 26) from bit `at` of 32 bytes; beyond bit 255 there are none. */
function bitsAt(bytes: usize, at: i32, size: i32): u32 {
  const byte = min(at >> 3, 24);
  const word = load<u64>(bytes + byte) >> (at - (byte << 3));
  const left = min(size, 255 - at);
  return <u32>(word & ((1 << (<u64>left)) - 1));
}

/** The 32 little-endian bytes of the number's least representative at `to`. */
export function toBytes(to: usize, a: usize): void {
  const h = reduced;
  memory.copy(h, a, FIELD_SIZE);
  // How often the modulus goes into it: the carry that adding 19 would make out of the last limb.
  let q = (19 * load<i32>(h, 36) + (1 << 24)) >> 25;
  for (let i: usize = 0; i < 10; i++) {
    q = (load<i32>(h + (i << 2)) + q) >> (26 - ((<i32>i) & 1));
  }
  store<i32>(h, load<i32>(h) + 19 * q);
  for (let i: usize = 0; i < 10; i++) {
    const size = 26 - ((<i32>i) & 1);
    const limb = load<i32>(h + (i << 2));
    const carry = limb >> size;
    store<i32>(h + (i << 2), limb - (carry << size));
    // The last carry is bit 255: left out.
    if (i < 9) store<i32>(h + (i << 2), load<i32>(h + (i << 2), 4) + carry, 4);
  }
  memory.fill(to, 0, 32);
  let at: i32 = 0;
  for (let i: usize = 0; i < 10; i++) {
    const byte = at >> 3;
    const bits = (<u64>load<u32>(h + (i << 2))) << (at & 7);
    for (let j = 0; j < 5 && byte + j < 32; j++) {
      store<u8>(to + byte + j, load<u8>(to + byte + j) | (<u8>(bits >> (j * 8))));
    }
    at += 26 - ((<i32>i) & 1);
  }
}

const reduced = memory.data(40, 16);
const bytes = memory.data(32, 16);

/** Whether the number is 0 modulo 2^255 - 19. */
export function isZero(a: usize): bool {
  toBytes(bytes, a);
  return (
    (load<u64>(bytes) | load<u64>(bytes, 8) | load<u64>(bytes, 16) | load<u64>(bytes, 24)) == 0
  );
}

/** Whether the least representative is odd: the sign of RFC 8032 §5.1.2. */
export function isNegative(a: usize): bool {
  toBytes(bytes, a);
  return (load<u8>(bytes) & 1) != 0;
}

const t0 = memory.data(40, 16);
const t1 = memory.data(40, 16);
const t2 = memory.data(40, 16);
const t3 = memory.data(40, 16);

function squareTimes(to: usize, a: usize, times: i32): void {
  square(to, a);
  for (let i = 1; i < times; i++) square(to, to);
}

/** t1 = a^(2^250 - 1), t0 = a^11 */
function powerOf250(a: usize): void {
  square(t0, a);
  squareTimes(t1, t0, 2);
  multiply(t1, a, t1);
  multiply(t0, t0, t1);
  square(t2, t0);
  multiply(t1, t1, t2);
  squareTimes(t2, t1, 5);
  multiply(t1, t2, t1);
  squareTimes(t2, t1, 10);
  multiply(t2, t2, t1);
  memory.copy(t3, t2, FIELD_SIZE);
  squareTimes(t2, t2, 20);
  multiply(t2, t2, t3);
  squareTimes(t2, t2, 10);
  multiply(t1, t2, t1);
  squareTimes(t2, t1, 50);
  multiply(t2, t2, t1);
  memory.copy(t3, t2, FIELD_SIZE);
  squareTimes(t2, t2, 100);
  multiply(t2, t2, t3);
  squareTimes(t2, t2, 50);
  multiply(t1, t2, t1);
}

/** to = 1 / a, and 0 for 0. */
export function invert(to: usize, a: usize): void {
  powerOf250(a);
  squareTimes(t1, t1, 5);
  multiply(to, t1, t0);
}

/** to = a^((p - 5) / 8), for square roots (RFC 8032 §5.1.3). */
export function powerForRoot(to: usize, a: usize): void {
  powerOf250(a);
  squareTimes(t1, t1, 2);
  multiply(to, t1, a);
}
