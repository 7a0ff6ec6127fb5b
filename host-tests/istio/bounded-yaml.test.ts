// Bounds on YAML: at each, and one beyond.
import { describe, expect, it } from 'vitest';
import {
  InputBoundError,
  MAX_DEPTH,
  MAX_DOCUMENTS,
  MAX_FILE_BYTES,
  MAX_KEYS,
  MAX_LEXEMES,
  parseBounded,
  parseOne,
  repeatedKeys,
} from '../../istio/bounded-yaml.ts';

const keys = (count: number): string =>
  Array.from({ length: count }, (_, i) => `k${i}: 1\n`).join('');
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
      'documents',
      'a\n---\n'.repeat(MAX_DOCUMENTS - 1) + 'a\n',
      'a\n---\n'.repeat(MAX_DOCUMENTS) + 'a\n',
      `more than ${MAX_DOCUMENTS} documents`,
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
    expect(boundOf(`[${'a,'.repeat(MAX_LEXEMES / 2)}]`)).toMatch(
      /more than 1200000 words and marks/,
    );
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
