// Bounds on YAML: at each, and one beyond.
import { describe, expect, it } from 'vitest';
import {
  InputBoundError,
  InputBudget,
  MAX_DEPTH,
  MAX_DOCUMENTS,
  MAX_FILE_BYTES,
  MAX_KEYS,
  MAX_LEXEMES,
  parseBounded,
  parseOne,
  repeatedKeys,
} from '../../istio/bounded-yaml.ts';
import { type Source, loadResources } from '../../istio/load.ts';

const keys = (count: number): string =>
  Array.from({ length: count }, (_, i) => `k${i}: 1\n`).join('');
const inBraces = (count: number): string =>
  Array.from({ length: count }, (_, i) => `k${i}: 1`).join(',');
const flow = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const block = (depth: number): string =>
  Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:\n`).join('');

function boundOf(text: string): string | undefined {
  try {
    parseBounded(text, 'a.yaml');
    return undefined;
  } catch (error) {
    if (error instanceof InputBoundError) return error.message;
    throw error;
  }
}

describe('a text within the bounds is read, and one beyond is refused by its place', () => {
  it.each([
    ['fields of an object', keys(MAX_KEYS), keys(MAX_KEYS + 1), 'a.yaml:1: an object with more'],
    [
      'fields of an object, with comments and lines between and behind them',
      `${keys(MAX_KEYS).replaceAll('\n', '\n# a\n\n')}# b\n`,
      `${keys(MAX_KEYS)}\n# b\n? a\n`,
      'a.yaml:1: an object with more',
    ],
    [
      'fields of an object in braces',
      `{${inBraces(MAX_KEYS)},\n}`,
      `\n{${inBraces(MAX_KEYS + 1)}}`,
      'a.yaml:2: an object with more',
    ],
    [
      'fields of an object in another',
      `x:\n- y: {${inBraces(MAX_KEYS)}}`,
      `x:\n- y: {${inBraces(MAX_KEYS + 1)}}`,
      'a.yaml:2: an object with more',
    ],
    [
      'documents',
      'a\n---\n'.repeat(MAX_DOCUMENTS - 1) + 'a\n',
      'a\n---\n'.repeat(MAX_DOCUMENTS) + 'a\n',
      `a.yaml:${MAX_DOCUMENTS * 2}: more than ${MAX_DOCUMENTS} documents in all`,
    ],
    [
      'bytes',
      `# ${'x'.repeat(MAX_FILE_BYTES - 2)}`,
      `# ${'x'.repeat(MAX_FILE_BYTES - 1)}`,
      'a.yaml: more than 4 MiB',
    ],
    [
      'bytes that are more than characters',
      `# ${'é'.repeat(MAX_FILE_BYTES / 2 - 1)}`,
      `# ${'é'.repeat(MAX_FILE_BYTES / 2)}`,
      'a.yaml: more than 4 MiB',
    ],
  ])('%s', (_what, within, beyond, message) => {
    expect(boundOf(within)).toBeUndefined();
    expect(boundOf(beyond)).toContain(message);
  });

  it.each([
    ['brackets', flow],
    ['indentation', block],
    ['dashes', (depth: number) => `${'- '.repeat(depth)}a`],
    ['braces without an end', (depth: number) => '{a: '.repeat(depth)],
    ['brackets without an end', (depth: number) => '['.repeat(depth)],
  ])('levels of %s', (_what, nested) => {
    expect(boundOf(nested(MAX_DEPTH / 2 - 2))).toBeUndefined();
    expect(boundOf(nested(MAX_DEPTH + 1))).toMatch(/^a\.yaml:\d+: nested deeper than 100 levels$/);
    expect(boundOf(nested(2000))).toMatch(/nested deeper/);
  });

  it('words and marks', () => {
    expect(boundOf(`[${'a,  '.repeat(MAX_LEXEMES / 2 - 2)}\n a]`)).toBeUndefined();
    expect(boundOf(`[${'a,'.repeat(MAX_LEXEMES / 2 - 1)}\n a]`)).toBe(
      'a.yaml:2: more than 350000 words and marks in all; give fewer at a time',
    );
  });

  it('what one text uses of documents and words is not there for the next', () => {
    const half = { file: 'a.yaml', text: '---\n'.repeat(MAX_DOCUMENTS / 2) };
    const words = { file: 'b.yaml', text: `[${'a,'.repeat(MAX_LEXEMES / 4)}]` };
    const load =
      (...sources: Source[]) =>
      () =>
        loadResources(sources);
    expect(load(half, half)).not.toThrow();
    expect(load(half, half, { file: 'c.yaml', text: 'a' })).toThrow(
      'c.yaml:1: more than 10000 documents in all',
    );
    expect(load(words)).not.toThrow();
    expect(load(words, { ...words, file: 'c.yaml' })).toThrow('c.yaml:1: more than 350000 words');
  });

  it('who writes the text himself may allow more words', () => {
    const words = { file: 'a.yaml', text: `[${'a,'.repeat(MAX_LEXEMES)}]` };
    const budget = new InputBudget(3 * MAX_LEXEMES);
    expect(() => loadResources([words], 'foo', [], budget)).not.toThrow();
  });

  it('a list has no bound of its own, be it as long as it may', () => {
    expect(boundOf(`[${'a,'.repeat(MAX_KEYS + 2)}]`)).toBeUndefined();
    expect(boundOf('- a\n'.repeat(MAX_KEYS + 2))).toBeUndefined();
  });
});

describe('keys that come twice', () => {
  const repeated = (text: string): number[] => repeatedKeys(parseBounded(text, 'a').documents[0]!);

  it.each([
    ['a: 1\nb: 2\na: 3\n', [10]],
    ['{ a: 1, a: 2, a: 3 }', [8, 14]],
    ['x:\n- a: 1\n  a: 2\n', [12]],
    ['a: { b: 1 }\nc: { b: 1 }\n', []],
    ['1: a\n"1": b\n', []],
    ['? [a]\n: 1\n? [a]\n: 2\n', []],
  ])('%j', (text, offsets) => {
    expect(repeated(text)).toEqual(offsets);
  });
});

describe('one document', () => {
  it.each([
    ['a: 1', { a: 1 }],
    ['{"a": [1, null]}', { a: [1, null] }],
    ['', null],
    ['# nothing', null],
  ])('%j is read', (text, value) => {
    expect(parseOne(text, 'a')).toEqual(value);
  });

  it.each([
    ['a: 1\n---\nb: 2', 'more than one document'],
    ['a: 1\na: 2\n', 'Map keys must be unique (line 2)'],
    ['x: 1\na: [', '(line 2)'],
  ])('%j is refused', (text, message) => {
    expect(() => parseOne(text, 'a')).toThrow(message);
  });
});
