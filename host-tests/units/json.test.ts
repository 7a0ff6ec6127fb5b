import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();

/** What the module has read, in its canonical form; undefined when it refused. */
function read(document: string | Uint8Array): string | undefined {
  module.reset();
  return module.take(module.exports.json(...module.give(document)))?.toString();
}

/** The canonical form of a value: strings as UTF-16 in hexadecimal, numbers as JavaScript writes them. */
function canonical(value: unknown): string {
  if (typeof value === 'string') {
    return `"${[...Array(value.length).keys()]
      .map((i) => value.charCodeAt(i).toString(16).padStart(4, '0'))
      .join('')}"`;
  }
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value).map(([k, v]) => `${canonical(k)}:${canonical(v)}`);
    return `{${members.join(',')}}`;
  }
  if (typeof value === 'number') return Number.isInteger(value) ? value.toFixed(1) : String(value);
  return String(value);
}

const nested = (open: string, close: string, n: number): string => open.repeat(n) + close.repeat(n);

describe('JSON', () => {
  it('reads any document as JSON.parse does', () => {
    const value = fc
      .jsonValue({ maxDepth: 6, noUnicodeString: false })
      .filter(hasSoundText)
      .map(withShortNumbers);
    fc.assert(
      fc.property(value, fc.constantFrom(undefined, 2, '\t'), (v, indent) => {
        const document = JSON.stringify(v, null, indent);
        expect(withoutExponents(read(document)!)).toBe(
          withoutExponents(canonical(JSON.parse(document))),
        );
      }),
      { numRuns: 3000 },
    );
  });

  it('never accepts what JSON.parse refuses, for any change of a document', () => {
    const seed = '{"a":[1,-2.5e3,true,false,null,"x\\u0041\\n"],"b":{"c":"é","d":[]},"e":""}';
    fc.assert(
      fc.property(
        fc.nat(seed.length - 1),
        fc.constantFrom(...'{}[],:"\\ \t\n0eE+-.truefalsn\0\x1fé'),
        fc.constantFrom('insert', 'replace', 'delete'),
        (at, character, change) => {
          const rest = seed.slice(change === 'insert' ? at : at + 1);
          const document = seed.slice(0, at) + (change === 'delete' ? '' : character) + rest;
          let parses = true;
          try {
            JSON.parse(document);
          } catch {
            parses = false;
          }
          const accepted = read(document) !== undefined;
          if (!parses) expect(accepted, document).toBe(false);
          else if (!/"(\w*)".*"\1"\s*:/.test(document)) expect(accepted, document).toBe(true);
        },
      ),
      { numRuns: 20_000 },
    );
  });

  it.each([
    ['', 'nothing'],
    ['{"a":1,"a":2}', 'a duplicate key'],
    ['{"a":1,"\\u0061":2}', 'a duplicate key, escaped'],
    ['{"x":{"a":1,"b":2,"a":3}}', 'a duplicate key further in'],
    ['[1,]', 'a trailing comma'],
    ['{"a":1,}', 'a trailing comma in an object'],
    ["{'a':1}", 'single quotes'],
    ['{a:1}', 'an unquoted key'],
    ['{"a":1}x', 'trailing garbage'],
    ['{"a":1}{}', 'two documents'],
    ['\ufeff{}', 'a byte order mark'],
    ['{"a":01}', 'a leading zero'],
    ['{"a":1.}', 'a fraction without digits'],
    ['{"a":.5}', 'a number without whole part'],
    ['{"a":+1}', 'a plus sign'],
    ['{"a":-}', 'a lone minus'],
    ['{"a":1e}', 'an exponent without digits'],
    ['{"a":1e400}', 'a number beyond the range of a double'],
    [`{"a":${'9'.repeat(400)}}`, 'a long number beyond the range of a double'],
    ['{"a":NaN}', 'NaN'],
    ['{"a":Infinity}', 'Infinity'],
    ['{"a":tru}', 'half a word'],
    ['{"a":"\t"}', 'a raw control character'],
    ['{"a":"\\x41"}', 'an unknown escape'],
    ['{"a":"\\ud800"}', 'a lone high surrogate'],
    ['{"a":"\\udc00"}', 'a lone low surrogate'],
    ['{"a":"\\ud800\\u0041"}', 'a high surrogate before something else'],
    ['{"a":"\\u12"}', 'a short escape'],
    ['{"a":"', 'an open string'],
    ['{"a":1 /* x */}', 'a comment'],
    ['{"a" 1}', 'a missing colon'],
    ['[1 2]', 'a missing comma'],
    ['[}', 'crossed brackets'],
    [']', 'a lone bracket'],
  ])('refuses %s: %s', (document) => {
    expect(read(document)).toBeUndefined();
  });

  it.each([
    [[0x22, 0xc0, 0x80, 0x22], 'an overlong NUL'],
    [[0x22, 0xe0, 0x80, 0xaf, 0x22], 'an overlong slash'],
    [[0x22, 0xed, 0xa0, 0x80, 0x22], 'an encoded surrogate'],
    [[0x22, 0xf4, 0x90, 0x80, 0x80, 0x22], 'a code point beyond U+10FFFF'],
    [[0x22, 0xc3, 0x22], 'a sequence cut short'],
    [[0x22, 0x80, 0x22], 'a lone continuation'],
    [[0x22, 0xff, 0x22], 'a byte that UTF-8 does not have'],
    [[0x22, 0xe2, 0x82], 'an end within a sequence'],
  ])('refuses the bytes %j: %s', (bytes) => {
    expect(read(Uint8Array.from(bytes))).toBeUndefined();
  });

  it('allows 100 levels, as Envoy does, and no more', () => {
    expect(read(`{"a":${nested('[', ']', 99)}}`)).toBeDefined();
    expect(read(`{"a":${nested('[', ']', 100)}}`)).toBeUndefined();
    expect(read(nested('[', ']', 60_000))).toBeUndefined();
    expect(read('['.repeat(100_000))).toBeUndefined();
  });

  it('finds a duplicate among very many keys', () => {
    const keys = Array.from({ length: 5000 }, (_, i) => `"k${i}":${i}`);
    expect(read(`{${keys.join(',')}}`)).toBeDefined();
    expect(read(`{${keys.join(',')},"k4711":1}`)).toBeUndefined();
  });

  it.each([
    '0',
    '-0',
    '1',
    '123456789012345',
    '1234567890123456789',
    '4685989700',
    '0.5',
    '1e3',
    '-1.25e-7',
    '18446744073709551615',
  ])('gives the number %s its value', (text) => {
    module.reset();
    expect(module.exports.number(...module.give(text))).toBe(Number(text));
  });

  it.each([
    '1e40',
    '123456789012345678901234567890123456789012345',
    '12345678901234567.5e40',
    '-9007199254740993E25',
    '9007199254740993e22',
    '18446744073709551615e38',
  ])('forgets no place of the number %s', (text) => {
    module.reset();
    const value = module.exports.number(...module.give(text));
    expect(value / Number(text)).toBeCloseTo(1, 14);
  });
});

/** Lone surrogates cannot be written in UTF-8. */
function hasSoundText(value: unknown): boolean {
  return !/\\ud[89a-f]/i.test(JSON.stringify(value));
}

/** Numbers of at most 15 digits and without exponent, which both languages read to the last bit. */
function withShortNumbers(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, v: unknown) =>
    typeof v === 'number' ? Number((v % 1e9).toFixed(3)) : v,
  );
}

/** The two languages write very large and very small numbers differently; their value is compared elsewhere. */
function withoutExponents(text: string): string {
  return text.replace(/-?\d+(\.\d+)?(e[+-]?\d+)?(?=[,\]}]|$)/g, (number) => String(Number(number)));
}
