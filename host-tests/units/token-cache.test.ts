import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

let module: TestingModule;
const UNKNOWN = -1n;

function add(token: string, generation = 1n, expiry = 7n): void {
  module.reset();
  module.exports.cacheAdd(...module.give(token), generation, expiry);
}

function find(token: string, generation = 1n): bigint {
  module.reset();
  return module.exports.cacheFind(...module.give(token), generation);
}

const mask = (value: bigint): bigint => BigInt.asUintN(64, value);
const MULTIPLIER = 0x9e37_79b9_7f4a_7c15n;

function mix(value: bigint): bigint {
  let x = value ^ (value >> 32n);
  x = mask(x * 0xd6e8_feb8_6659_fd93n);
  x ^= x >> 29n;
  x = mask(x * 0xd6e8_feb8_6659_fd93n);
  return x ^ (x >> 32n);
}

/** Two texts of one hash (assembly/bytes/hash.ts), by the seed of a module whose host says this time. */
function collision(): [Uint8Array, Uint8Array] {
  const seed = mix(1_700_000_000_000_000_000n ^ MULTIPLIER) | 1n;
  const afterFirst = (word: bigint): bigint => mix(seed ^ mask(16n * MULTIPLIER) ^ word);
  // What the first halves make different, the second ones make the same again.
  const difference = afterFirst(1n) ^ afterFirst(2n);
  return [
    new Uint8Array(BigUint64Array.of(1n, 0n).buffer),
    new Uint8Array(BigUint64Array.of(2n, difference).buffer),
  ];
}

describe('the token cache', () => {
  beforeEach(() => {
    module = new TestingModule();
    module.exports.newCache(3, 1024 * 1024);
  });

  it('knows what was added, and its claims', () => {
    add('abc', 1n, 99n);
    expect(find('abc')).toBe(99n);
    expect(module.take(module.exports.cachedSubject())?.toString()).toBe('abc');
    expect(find('abd')).toBe(UNKNOWN);
    expect(find('ab')).toBe(UNKNOWN);
  });

  it('knows which keys have verified a token, and forgets it for newer ones', () => {
    add('abc', 1n);
    expect(find('abc', 2n)).toBe(UNKNOWN);
    expect(find('abc', 1n)).toBe(7n);
    add('abc', 2n);
    expect(find('abc', 1n)).toBe(UNKNOWN);
    expect(find('abc', 2n)).toBe(7n);
  });

  it('lets the least recently used go first', () => {
    for (const token of ['a', 'b', 'c']) add(token);
    expect(find('a')).toBe(7n);
    add('d');
    expect(find('b')).toBe(UNKNOWN);
    expect([find('a'), find('c'), find('d')]).toEqual([7n, 7n, 7n]);
  });

  it('keeps within its bytes', () => {
    module.exports.newCache(1000, 4096);
    for (let i = 0; i < 50; i++) add(`${i}`.padEnd(400, 'x'));
    expect(find('0'.padEnd(400, 'x'))).toBe(UNKNOWN);
    expect(find('49'.padEnd(400, 'x'))).toBe(7n);
    add('y'.repeat(5000));
    expect(find('y'.repeat(5000))).toBe(UNKNOWN);
  });

  it('keeps what just fits into its bytes, and lets go what one byte too few is left for', () => {
    /** Whether the first of so many tokens is still known when the last has come. */
    const keepsFirst = (count: number, bytes: number): boolean => {
      module.exports.newCache(1000, bytes);
      for (let i = 0; i < count; i++) add(`${i}`);
      return find('0') === 7n;
    };
    let least = 1;
    while (least < 4096 && !keepsFirst(1, least)) least++;
    // Its text is there twice: as a subject, too.
    expect(least).toBeGreaterThan(2);
    expect(keepsFirst(2, 2 * least)).toBe(true);
    expect(keepsFirst(2, 2 * least - 1)).toBe(false);
    expect(keepsFirst(9, 9 * least)).toBe(true);
    expect(keepsFirst(9, 9 * least - 1)).toBe(false);
    expect(keepsFirst(10, 9 * least)).toBe(false);
  });

  it('has room again for what was forgotten', () => {
    module.exports.newCache(1000, 4096);
    for (let i = 0; i < 100; i++) add('x'.repeat(1000), BigInt(i));
    expect(find('x'.repeat(1000), 99n)).toBe(7n);
    add('y'.repeat(1000));
    expect(find('x'.repeat(1000), 99n)).toBe(UNKNOWN);
    expect(find('y'.repeat(1000))).toBe(7n);
    for (let i = 0; i < 3; i++) add(`${i}`);
    expect([find('0'), find('1'), find('2'), find('y'.repeat(1000))]).toEqual([7n, 7n, 7n, 7n]);
  });

  it.each([
    [0, 1024],
    [10, 0],
    [0, 0],
  ])('keeps nothing when it is turned off: %i tokens, %i bytes', (tokens, bytes) => {
    module.exports.newCache(tokens, bytes);
    add('a');
    expect(find('a')).toBe(UNKNOWN);
  });

  it('takes no token for another of the same hash', () => {
    const [one, two] = collision();
    const known = (token: Uint8Array): bigint => {
      module.reset();
      return module.exports.cacheFind(...module.give(token), 1n);
    };
    const put = (token: Uint8Array, expiry: bigint): void => {
      module.reset();
      module.exports.cacheAdd(...module.give(token), 1n, expiry);
    };
    put(one, 1n);
    expect([known(one), known(two)]).toEqual([1n, UNKNOWN]);
    put(two, 2n);
    expect([known(one), known(two)]).toEqual([1n, 2n]);
    put(one, 3n);
    expect([known(one), known(two)]).toEqual([3n, 2n]);
  });

  it('leaves nothing behind when it goes', () => {
    const fill = (): void => {
      module.exports.newCache(100, 1024 * 1024);
      for (let i = 0; i < 100; i++) add(`${i}`.padEnd(4000, 'x'));
    };
    for (let i = 0; i < 3; i++) fill();
    const before = module.exports.pages();
    for (let i = 0; i < 20; i++) fill();
    expect(module.exports.pages()).toBe(before);
  });

  it('does as a model does, over any sequence', () => {
    const step = fc.tuple(fc.constantFrom('add', 'find'), fc.nat(9), fc.nat(2));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        module.exports.newCache(4, 1024 * 1024);
        const model = new Map<string, bigint>();
        for (const [what, key, generation] of steps) {
          const token = `token-${key}`;
          const wanted = BigInt(generation);
          if (what === 'find') {
            const known = model.get(token);
            if (known !== undefined) {
              model.delete(token);
              model.set(token, known);
            }
            expect(find(token, wanted)).toBe(known === wanted ? 7n : UNKNOWN);
          } else {
            model.delete(token);
            if (model.size === 4) model.delete([...model.keys()][0]!);
            model.set(token, wanted);
            add(token, wanted);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  it('does not make memory grow, however many tokens come', () => {
    module.exports.newCache(100, 64 * 1024);
    for (let i = 0; i < 5000; i++) add(`${i}`.padEnd(300 + (i % 400), 'x'));
    const before = module.exports.pages();
    for (let i = 5000; i < 100_000; i++) add(`${i}`.padEnd(300 + (i % 400), 'x'));
    expect(module.exports.pages()).toBe(before);
  });
});
