import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();
const UNKNOWN = -1n;

function add(token: string, generation = 1n, expiry = 7n): void {
  module.reset();
  module.exports.cacheAdd(...module.give(token), generation, expiry);
}

function find(token: string, generation = 1n): bigint {
  module.reset();
  return module.exports.cacheFind(...module.give(token), generation);
}

describe('the token cache', () => {
  beforeEach(() => module.exports.newCache(3, 1024 * 1024));

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

  it('keeps nothing when it is turned off', () => {
    module.exports.newCache(0, 1024);
    add('a');
    expect(find('a')).toBe(UNKNOWN);
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
