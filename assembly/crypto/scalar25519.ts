// Scalars of Ed25519: numbers modulo the group's order L = 2^252 + 27742317777372353535851937790883648493, little-endian.

/** L - 2^252, in 32-bit limbs. */
const TAIL = memory.data<u32>([0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de]);
const TAIL_LIMBS: usize = 4;
const LIMBS: usize = 8;

const value = memory.data(40, 16);

/** Whether 32 bytes are below L (RFC 8032 §5.1.7: otherwise signatures could be altered). */
export function isCanonicalScalar(bytes: usize): bool {
  const top = load<u64>(bytes, 24);
  if (top != 0x1000_0000_0000_0000) return top < 0x1000_0000_0000_0000;
  for (let i = LIMBS - 2; i > 0; i--) {
    const limb = load<u32>(bytes + ((i - 1) << 2));
    const least: u32 = i - 1 < TAIL_LIMBS ? load<u32>(TAIL + ((i - 1) << 2)) : 0;
    if (limb != least) return limb < least;
  }
  return false;
}

/** Reduces 64 bytes modulo L: 32 bytes at the same address, the rest cleared. */
export function reduceScalar(bytes: usize): void {
  memory.fill(value, 0, 40);
  for (let i: usize = 64; i > 0; i -= 2) {
    // value = value · 2^16 + the next 16 bits, which is below 2^269.
    memory.copy(value + 2, value, 32);
    store<u16>(value, load<u16>(bytes + i - 2));
    const q = ((<u64>load<u32>(value, 32)) << 4) | (load<u32>(value, 28) >>> 28);
    store<u32>(value, load<u32>(value, 28) & 0x0fff_ffff, 28);
    store<u32>(value, 0, 32);
    let borrow: i64 = 0;
    for (let j: usize = 0; j < LIMBS; j++) {
      const tail: u64 = j < TAIL_LIMBS ? load<u32>(TAIL + (j << 2)) : 0;
      borrow += <i64>load<u32>(value + (j << 2)) - <i64>(q * tail);
      store<u32>(value + (j << 2), <u32>borrow);
      borrow >>= 32;
    }
    if (borrow < 0) addOrder();
  }
  if (!isCanonicalScalar(value)) subtractOrder();
  memory.copy(bytes, value, 32);
  memory.fill(bytes + 32, 0, 32);
}

function addOrder(): void {
  let carry: u64 = 0;
  for (let j: usize = 0; j < LIMBS; j++) {
    carry += <u64>load<u32>(value + (j << 2)) + orderLimb(j);
    store<u32>(value + (j << 2), <u32>carry);
    carry >>= 32;
  }
}

function subtractOrder(): void {
  let borrow: i64 = 0;
  for (let j: usize = 0; j < LIMBS; j++) {
    borrow += <i64>load<u32>(value + (j << 2)) - <i64>orderLimb(j);
    store<u32>(value + (j << 2), <u32>borrow);
    borrow >>= 32;
  }
}

function orderLimb(j: usize): u64 {
  if (j < TAIL_LIMBS) return load<u32>(TAIL + (j << 2));
  return j == LIMBS - 1 ? 0x1000_0000 : 0;
}

/**
 * The scalar as 257 signed digits at `to`, i8, the least first: each is 0, or odd and below 2^(width - 1) in size, and of
 * `width` neighbours at most one is not 0 (non-adjacent form).
 */
export function signedDigits(to: usize, scalar: usize, width: i32): void {
  memory.fill(to, 0, 257);
  let carry: i32 = 0;
  let at: i32 = 0;
  while (at < 257) {
    const bit = <i32>bitAt(scalar, at) + carry;
    if ((bit & 1) == 0) {
      carry = bit >> 1;
      at++;
      continue;
    }
    let digit = carry;
    for (let i = 0; i < width; i++) digit += (<i32>bitAt(scalar, at + i)) << i;
    carry = 0;
    if (digit >= 1 << (width - 1)) {
      digit -= 1 << width;
      carry = 1;
    }
    store<i8>(to + at, <i8>digit);
    at += width;
  }
}

function bitAt(scalar: usize, at: i32): u32 {
  return at < 256 ? (load<u8>(scalar + (at >> 3)) >> (at & 7)) & 1 : 0;
}
