// Numbers and JSON as text: against JavaScript where it writes the same, and against what Envoy was seen to write where not.
import { randomBytes } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();
beforeEach(() => module.reset());

const short = (value: number): string =>
  module.take(module.exports.doubleText(value, 0))!.toString();
const fixed = (value: number): string =>
  module.take(module.exports.doubleText(value, 1))!.toString();

function randomDouble(): number {
  for (;;) {
    const value = randomBytes(8).readDoubleBE();
    if (Number.isFinite(value)) return value;
  }
}

describe('a double in a header (%f)', () => {
  it.each([
    [1.5, '1.500000'],
    [-3, '-3.000000'],
    [0.1, '0.100000'],
    [1e-7, '0.000000'],
    [5e-7, '0.000000'],
    [6e-7, '0.000001'],
    [-1e-9, '-0.000000'],
    [9.9999996, '10.000000'],
    [0.9999999, '1.000000'],
    [1.0000005, '1.000001'],
    [0.05, '0.050000'],
    [13616581591943.5078125, '13616581591943.507812'],
    [123456789.123456789, '123456789.123457'],
    [2 ** 64, '18446744073709551616.000000'],
    [1e21, '1000000000000000000000.000000'],
    [5e-324, '0.000000'],
  ])('%s', (value, text) => {
    expect(fixed(value)).toBe(text);
  });

  it('with many digits behind the point is as JavaScript writes it', () => {
    for (let i = 0; i < 3000; i++) {
      module.reset();
      // JavaScript rounds exact halves up, C to even; in this range they do not come up at random.
      const value = (Math.random() - 0.5) * 10 ** (Math.random() * 10 - 4);
      expect(fixed(value), `${value}`).toBe(value.toFixed(6));
    }
  });

  it('of the largest has all its digits', () => {
    expect(fixed(Number.MAX_VALUE)).toBe(`${BigInt(Number.MAX_VALUE)}.000000`);
    expect(fixed(1e300)).toBe(`${BigInt(1e300)}.000000`);
  });
});

describe('a double in JSON', () => {
  it.each([
    [1, '1'],
    [2.5, '2.5'],
    [-0, '-0'],
    [100, '100'],
    [1234567.5, '1234567.5'],
    [1e20, '1e+20'],
    [1e16, '1e+16'],
    [123456789012345680000, '1.2345678901234568e+20'],
    [0.1, '0.1'],
    [1e-7, '1e-07'],
    [0.0001, '0.0001'],
    [1.5e300, '1.5e+300'],
  ])('%s', (value, text) => {
    expect(short(value)).toBe(text);
  });

  it('reads back as the same number', () => {
    for (let i = 0; i < 3000; i++) {
      module.reset();
      const value = randomDouble();
      expect(Number(short(value)), `${value}`).toBe(value);
    }
  });
});

describe('JSON written again', () => {
  const rewritten = (text: string): string =>
    module.take(module.exports.rewritten(...module.give(text)))!.toString();

  it.each([
    [' [ 1 , 2.5 , true , null , "<>&/" ] ', '[1,2.5,true,null,"\\u003c\\u003e&/"]'],
    ['{"b":{"y":"ü"},"a":[]}', '{"b":{"y":"ü"},"a":[]}'],
    [
      '"\\u2028\\u007f\\n\\b\\f\\r\\t\\u0000\\"\\\\"',
      '"\\u2028\\u007f\\n\\b\\f\\r\\t\\u0000\\"\\\\"',
    ],
    ['"\\ud83d\\ude00 é"', '"😀 é"'],
    ['"\\ufeff\\u00ad\\u200b"', '"\\ufeff\\u00ad\\u200b"'],
    ['"\\udb40\\udc01x"', '"\\udb40\\udc01x"'],
  ])('%s', (text, expected) => {
    expect(rewritten(text)).toBe(expected);
  });

  it('is the same document, with no character that protobuf hides', () => {
    const characters = [
      'a',
      '"',
      '\\',
      '\u0001',
      '\n',
      '<',
      'é',
      '\u00ad',
      '\u2028',
      '😀',
      '\u{e0001}',
    ];
    for (let i = 0; i < 2000; i++) {
      module.reset();
      const length = Math.floor(Math.random() * 12);
      const word = (): string =>
        Array.from(
          { length },
          () => characters[Math.floor(Math.random() * characters.length)],
        ).join('');
      const value = { [word()]: [word(), i, null, { b: word() }], last: word() };
      const seen = rewritten(JSON.stringify(value));
      expect(JSON.parse(seen)).toEqual(value);
      expect(seen).not.toMatch(/[\u0000-\u001f<>\u007f-\u009f\u00ad\u2028\u{e0001}]/u);
    }
  });

  it.each([
    ['escapes', '\u0001'.repeat(10_000)],
    ['short strings', Array<string>(12_000).fill('é<')],
    ['numbers', Array<number>(9_000).fill(1.5e300)],
  ])('takes no more memory than a callback has, of nothing but %s', (_, value) => {
    // The arena has its large block from then on.
    module.reset();
    rewritten(JSON.stringify('x'.repeat(100_000)));
    const before = module.exports.pages();
    module.reset();
    expect(JSON.parse(rewritten(JSON.stringify(value)))).toEqual(value);
    // Half of what a callback may take beside the arena: 4 MiB (sdk/assembly/memory/heap.ts).
    expect((module.exports.pages() - before) * 65536).toBeLessThan(2 * 1024 * 1024);
  });

  it('as base64 is as Node writes it', () => {
    for (let length = 0; length < 40; length++) {
      const bytes = randomBytes(length);
      const seen = module.take(module.exports.base64(...module.give(bytes)))!;
      expect(seen.toString()).toBe(bytes.toString('base64'));
    }
  });
});
