// The hash for tables that attackers choose the keys of.
import { beforeEach, describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

let module: TestingModule;
beforeEach(() => {
  module = new TestingModule();
});

/** The hash of a text that stands somewhere in memory, with other bytes around it. */
function hash(bytes: Uint8Array, around = 0, offset = 0): bigint {
  module.reset();
  const all = new Uint8Array(bytes.length + offset + 16).fill(around);
  all.set(bytes, offset);
  const [address] = module.give(all);
  return module.exports.hash(address + offset, bytes.length);
}

const LENGTHS = [0, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 40];
const text = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => 65 + i);

describe('a hash', () => {
  it.each(LENGTHS)('of %i bytes is the same wherever they stand', (length) => {
    const bytes = text(length);
    const seen = [0, 1, 7].flatMap((offset) =>
      [0, 0x41, 0xff].map((around) => hash(bytes, around, offset)),
    );
    expect(new Set(seen).size).toBe(1);
  });

  it.each(LENGTHS)('of %i bytes hangs on each of them, and on how many there are', (length) => {
    const bytes = text(length);
    const others = Array.from({ length: length * 8 }, (_, bit) =>
      bytes.map((byte, i) => (i === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte)),
    );
    // Zeros at the end must count, too.
    const longer = [1, 2, 8].map((more) => Uint8Array.from([...bytes, ...new Uint8Array(more)]));
    const all = [bytes, ...others, ...longer].map((one) => hash(one));
    expect(new Set(all).size).toBe(all.length);
  });

  it('is another in a VM that has begun at another time, so that nobody can say which texts share one', () => {
    const one = LENGTHS.map((length) => hash(text(length)));
    module = new TestingModule();
    module.time += 1n;
    const other = LENGTHS.map((length) => hash(text(length)));
    expect(other.filter((value, i) => value === one[i])).toEqual([]);
  });

  it('stays what it is while time goes on', () => {
    const before = hash(text(20));
    module.time += 1_000_000_000n;
    expect(hash(text(20))).toBe(before);
  });
});
