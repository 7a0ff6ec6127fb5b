// Messages as the host writes them (dynamic metadata): an entry is found by its key, and what is no message has none.
import { beforeEach, describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();
beforeEach(() => module.reset());

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(Math.floor(value / 128))];
}
const tag = (field: number, type: number): number[] => varint(field * 8 + type);
const bytes = (field: number, content: string | number[]): number[] => {
  const data = typeof content === 'string' ? [...Buffer.from(content)] : content;
  return [...tag(field, BYTES), ...varint(data.length), ...data];
};
const entry = (field: number, key: string, value: string): number[] =>
  bytes(field, [...bytes(1, key), ...bytes(2, value)]);

/** The value of the entry `key` of field 1. */
function found(message: number[], key = 'k', field = 1): string | undefined {
  const [whole, name] = [module.span(Uint8Array.from(message)), module.span(key)];
  return module.take(module.exports.entry(whole, field, name))?.toString();
}

describe('the entry of a map', () => {
  it.each<[string, number[], string | undefined]>([
    ['that is there', entry(1, 'k', 'v'), 'v'],
    ['that is not there', entry(1, 'other', 'v'), undefined],
    ['of a message without any', [], undefined],
    ['among others', [...entry(1, 'a', '1'), ...entry(1, 'k', '2'), ...entry(1, 'b', '3')], '2'],
    ['that comes twice: the last', [...entry(1, 'k', '1'), ...entry(1, 'k', '2')], '2'],
    ['of another field', entry(2, 'k', 'v'), undefined],
    ['of a field with the low bits of it', entry(129, 'k', 'v'), undefined],
    ['with its value first', bytes(1, [...bytes(2, 'v'), ...bytes(1, 'k')]), 'v'],
    ['without a value', bytes(1, bytes(1, 'k')), ''],
    ['with a value that is a number', bytes(1, [...bytes(1, 'k'), ...tag(2, VARINT), 5]), ''],
    ['with a key that is a number', bytes(1, [...tag(1, VARINT), 5, ...bytes(2, 'v')]), undefined],
    ['of 128 bytes', entry(1, 'k', 'v'.repeat(121)), 'v'.repeat(121)],
    ['of 20,000 bytes', entry(1, 'k', 'v'.repeat(20_000)), 'v'.repeat(20_000)],
  ])('%s', (_, message, value) => {
    expect(found(message)).toBe(value);
  });

  it('of a field with a number beyond 15', () => {
    expect(found(entry(2000, 'k', 'v'), 'k', 2000)).toBe('v');
  });

  it('with a key of no text is none where the field is a number', () => {
    expect(found([...tag(1, VARINT), 5], '')).toBeUndefined();
    expect(found(entry(1, '', 'v'), '')).toBe('v');
  });

  it.each<[string, number[]]>([
    ['a number', [...tag(3, VARINT), 5]],
    ['a number of ten bytes', [...tag(3, VARINT), ...Array<number>(9).fill(0xff), 1]],
    ['eight bytes', [...tag(3, FIXED64), 1, 2, 3, 4, 5, 6, 7, 8]],
    ['four bytes', [...tag(3, FIXED32), 1, 2, 3, 4]],
    ['a text', bytes(3, 'text')],
    ['no text', bytes(3, '')],
  ])('is found behind %s, and within', (_, field) => {
    expect(found([...field, ...entry(1, 'k', 'v'), ...field])).toBe('v');
    expect(
      found(bytes(1, [...field, ...bytes(1, 'k'), ...field, ...bytes(2, 'v'), ...field])),
    ).toBe('v');
  });

  it.each<[string, number[]]>([
    ['a text that is longer than what is left', [...tag(1, BYTES), 100]],
    ['a group', tag(3, 3)],
    ['a type that there is not', tag(3, 7)],
    ['a number without an end', [...tag(3, VARINT), ...Array<number>(10).fill(0x80), 0]],
  ])('is not looked for behind %s', (_, field) => {
    expect(found([...field, ...entry(1, 'k', 'v')])).toBeUndefined();
    expect(found([...entry(1, 'k', 'v'), ...field, ...entry(1, 'k', 'w')])).toBe('v');
  });

  it('is found before what is cut', () => {
    const whole = entry(1, 'k', 'v');
    for (const rest of [[0x80], tag(3, FIXED64), [...tag(3, FIXED32), 1], [0x0a], [0x0a, 0x80]])
      expect(found([...whole, ...rest])).toBe('v');
    for (let length = 0; length < whole.length; length++)
      expect(found(whole.slice(0, length))).toBeUndefined();
  });
});
