// Ed25519 verification, RFC 8032 §5.1.7, for EdDSA (RFC 8037). Strict: the scalar below the group's order, point encodings
// canonical. The equation is checked without the cofactor, as BoringSSL does. Nothing here is secret.
import { Span, addressOf, lengthOf } from "as-proxy-wasm-sdk/assembly";
import {
  FIELD_SIZE,
  add,
  fromBytes,
  invert,
  isNegative,
  isZero,
  multiply,
  powerForRoot,
  square,
  subtract,
  toBytes,
} from "./field25519";
import { reduceScalar, isCanonicalScalar, signedDigits } from "./scalar25519";
import { beginSha512, finishSha512, updateSha512 } from "./sha512";

/** Bytes of a public key, and of a signature. */
export const ED25519_KEY: usize = 32;
export const ED25519_SIGNATURE: usize = 64;

// prettier-ignore
const D = memory.data<i32>([56195235, 13857412, 51736253, 6949390, 114729, 24766616, 60832955, 30306712, 48412415, 21499315]);
// prettier-ignore
const D2 = memory.data<i32>([45281625, 27714825, 36363642, 13898781, 229458, 15978800, 54557047, 27058993, 29715967, 9444199]);
// prettier-ignore
const ROOT_OF_MINUS_1 = memory.data<i32>([34513072, 25610706, 9377949, 3500415, 12389472, 33281959, 41962654, 31548777, 326685, 11406482]);
const ZERO = memory.data<i32>([0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
const ONE = memory.data<i32>([1, 0, 0, 0, 0, 0, 0, 0, 0, 0]);

/** The base point B in extended coordinates (RFC 8032 §5.1.4): X, Y, Z, T with x = X/Z, y = Y/Z, xy = T/Z. */
// prettier-ignore
const BASE = memory.data<i32>([
  52811034, 25909283, 16144682, 17082669, 27570973, 30858332, 40966398, 8378388, 20764389, 8758491,
  40265304, 26843545, 13421772, 20132659, 26843545, 6710886, 53687091, 13421772, 40265318, 26843545,
  1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  28827043, 27438313, 39759291, 244362, 8635006, 11264893, 19351346, 13413597, 16611511, 27139452,
]);

const X: usize = 0;
const Y: usize = FIELD_SIZE;
const Z: usize = FIELD_SIZE * 2;
const T: usize = FIELD_SIZE * 3;
const POINT: usize = FIELD_SIZE * 4;

/** Odd multiples, prepared for addition (Y+X, Y-X, Z, 2dT): 1, 3, … 127 of B, and 1, 3, … 15 of -A. */
const BASE_WIDTH: i32 = 8;
const KEY_WIDTH: i32 = 5;
const baseTable = memory.data(10240, 16);
const keyTable = memory.data(1280, 16);
let isBaseReady: bool = false;

const point = memory.data(160, 16);
const twice = memory.data(160, 16);
const sum = memory.data(160, 16);
const a = memory.data(40, 16);
const b = memory.data(40, 16);
const c = memory.data(40, 16);
const e = memory.data(40, 16);
const f = memory.data(40, 16);
const g = memory.data(40, 16);
const h = memory.data(40, 16);
const hash = memory.data(64, 16);
const encoded = memory.data(32, 16);
const keyDigits = memory.data(257, 16);
const baseDigits = memory.data(257, 16);

/** Whether `signature` (64 bytes) is the key's (32 bytes) signature of `text`. */
export function verifyEd25519(key: Span, signature: Span, text: Span): bool {
  if (lengthOf(key) != ED25519_KEY || lengthOf(signature) != ED25519_SIGNATURE) return false;
  const r = addressOf(signature);
  const s = r + 32;
  if (!isCanonicalScalar(s) || !decode(point, addressOf(key))) return false;
  negate(point);

  beginSha512();
  updateSha512(r, 32);
  updateSha512(addressOf(key), ED25519_KEY);
  updateSha512(addressOf(text), lengthOf(text));
  finishSha512(hash, 64);
  reduceScalar(hash);

  // R = s·B - k·A
  multiplyBoth(hash, s);
  encode(encoded, point);
  return memory.compare(encoded, r, 32) == 0;
}

/** Whether 32 bytes are the encoding of a point on the curve, canonical (RFC 8032 §5.1.3). */
export function isEd25519Key(key: Span): bool {
  return lengthOf(key) == ED25519_KEY && decode(point, addressOf(key));
}

function decode(to: usize, bytes: usize): bool {
  if (!fromBytes(to + Y, bytes)) return false;
  memory.copy(to + Z, ONE, FIELD_SIZE);
  // x² = u/v with u = y² - 1, v = d y² + 1; a root is u v³ (u v⁷)^((p-5)/8), or that times the root of -1.
  const u = a;
  const v = b;
  square(u, to + Y);
  multiply(v, u, D);
  subtract(u, u, ONE);
  add(v, v, ONE);
  square(c, v);
  multiply(c, c, v);
  square(e, c);
  multiply(e, e, v);
  multiply(e, e, u);
  powerForRoot(e, e);
  multiply(e, e, c);
  multiply(to + X, e, u);

  square(e, to + X);
  multiply(e, e, v);
  subtract(f, e, u);
  if (!isZero(f)) {
    add(f, e, u);
    if (!isZero(f)) return false;
    multiply(to + X, to + X, ROOT_OF_MINUS_1);
  }
  const negative = (load<u8>(bytes, 31) & 0x80) != 0;
  if (isZero(to + X)) {
    if (negative) return false;
  } else if (isNegative(to + X) != negative) {
    subtract(to + X, ZERO, to + X);
  }
  multiply(to + T, to + X, to + Y);
  return true;
}

function encode(to: usize, from: usize): void {
  invert(a, from + Z);
  multiply(b, from + X, a);
  multiply(c, from + Y, a);
  toBytes(to, c);
  if (isNegative(b)) store<u8>(to, load<u8>(to, 31) | 0x80, 31);
}

function negate(at: usize): void {
  subtract(at + X, ZERO, at + X);
  subtract(at + T, ZERO, at + T);
}

/** to = 2 · from */
function double(to: usize, from: usize): void {
  square(a, from + X);
  square(b, from + Y);
  square(c, from + Z, 2);
  add(h, a, b);
  add(e, from + X, from + Y);
  square(e, e);
  subtract(e, h, e);
  subtract(g, a, b);
  add(f, c, g);
  putProducts(to);
}

/** to = from ± prepared; the prepared point is (Y+X, Y-X, Z, 2dT). */
function addPrepared(to: usize, from: usize, prepared: usize, minus: bool): void {
  subtract(a, from + Y, from + X);
  add(b, from + Y, from + X);
  multiply(a, a, prepared + (minus ? X : Y));
  multiply(b, b, prepared + (minus ? Y : X));
  multiply(c, from + T, prepared + T);
  multiply(h, from + Z, prepared + Z);
  add(h, h, h);
  if (minus) {
    add(f, h, c);
    subtract(g, h, c);
  } else {
    subtract(f, h, c);
    add(g, h, c);
  }
  subtract(e, b, a);
  add(h, b, a);
  putProducts(to);
}

function putProducts(to: usize): void {
  multiply(to + X, e, f);
  multiply(to + Y, g, h);
  multiply(to + T, e, h);
  multiply(to + Z, f, g);
}

function prepare(to: usize, from: usize): void {
  add(to + X, from + Y, from + X);
  subtract(to + Y, from + Y, from + X);
  memory.copy(to + Z, from + Z, FIELD_SIZE);
  multiply(to + T, from + T, D2);
}

/** The first `count` odd multiples of a point, prepared. */
function fillTable(table: usize, from: usize, count: i32): void {
  prepare(table, from);
  double(twice, from);
  memory.copy(sum, from, POINT);
  for (let i = 1; i < count; i++) {
    // Adding 2P needs it prepared, too: at the place that the result will take.
    prepare(table + <usize>i * POINT, twice);
    addPrepared(sum, sum, table + <usize>i * POINT, false);
    prepare(table + <usize>i * POINT, sum);
  }
}

/** point = keyScalar · point + baseScalar · B */
function multiplyBoth(keyScalar: usize, baseScalar: usize): void {
  if (!isBaseReady) {
    fillTable(baseTable, BASE, 1 << (BASE_WIDTH - 2));
    isBaseReady = true;
  }
  fillTable(keyTable, point, 1 << (KEY_WIDTH - 2));
  signedDigits(keyDigits, keyScalar, KEY_WIDTH);
  signedDigits(baseDigits, baseScalar, BASE_WIDTH);
  memory.copy(point + X, ZERO, FIELD_SIZE);
  memory.copy(point + Y, ONE, FIELD_SIZE);
  memory.copy(point + Z, ONE, FIELD_SIZE);
  memory.copy(point + T, ZERO, FIELD_SIZE);
  let i = 256;
  while (i >= 0 && load<i8>(keyDigits + i) == 0 && load<i8>(baseDigits + i) == 0) i--;
  for (; i >= 0; i--) {
    double(point, point);
    addDigit(keyTable, load<i8>(keyDigits + i));
    addDigit(baseTable, load<i8>(baseDigits + i));
  }
}

function addDigit(table: usize, digit: i32): void {
  if (digit == 0) return;
  const index = <usize>(abs<i32>(digit) >> 1);
  addPrepared(point, point, table + index * POINT, digit < 0);
}
