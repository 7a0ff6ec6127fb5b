// Text that is put together piece by piece: whole, or not at all.
import { beforeEach, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();
beforeEach(() => module.reset());

const UNREADABLE = 0xffff_ffff_ffff_fffen;

function pieces(piece: string | Uint8Array, times: number, isUnreadable = false): bigint {
  const written = module.exports.pieces(module.span(piece), times, isUnreadable ? 1 : 0);
  return BigInt.asUintN(64, written);
}

it.each([
  ['', 3],
  ['a', 1],
  ['abc', 85],
  // The first room that there is, by one byte more and less.
  ['x'.repeat(255), 1],
  ['x'.repeat(256), 1],
  ['x'.repeat(257), 1],
  ['x'.repeat(100), 1000],
])('%s, %i times', (piece, times) => {
  expect(module.take(pieces(piece, times))!.toString()).toBe(piece.repeat(times));
});

it('nothing, where a piece could not be had', () => {
  expect(pieces('abc', 1, true)).toBe(UNREADABLE);
  expect(pieces('abc', 3, true)).toBe(UNREADABLE);
});

it('nothing, where memory ends', () => {
  const piece = Buffer.alloc(1024 * 1024, 'x');
  expect(module.take(pieces(piece, 2))!.length).toBe(2 * piece.length);
  module.reset();
  expect(pieces(piece, 40)).toBe(UNREADABLE);
});
