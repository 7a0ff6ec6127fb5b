import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();

function decode(text: string | Uint8Array): Buffer | undefined {
  module.reset();
  return module.take(module.exports.base64url(...module.give(text)));
}

describe('base64url', () => {
  it('decodes what Node encodes, for any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 700 }), (bytes) => {
        const text = Buffer.from(bytes).toString('base64url');
        expect(decode(text)).toEqual(Buffer.from(bytes));
      }),
      { numRuns: 2000 },
    );
  });

  it('accepts exactly one text for any bytes', () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
    for (const length of [2, 3]) {
      for (const last of alphabet) {
        const text = 'A'.repeat(length - 1) + last;
        const decoded = Buffer.from(text, 'base64url');
        const isCanonical = decoded.toString('base64url') === text;
        expect(decode(text) !== undefined, text).toBe(isCanonical);
      }
    }
  });

  it.each([
    'A',
    'AAAAA',
    'AA==',
    'AAA=',
    'AA=',
    'A A',
    'AA\n',
    'AA+/',
    'A/A',
    'é',
    'AA\0',
    'AAA\x80',
  ])('refuses %j: padding, white space, another alphabet or an impossible length', (text) => {
    expect(decode(text)).toBeUndefined();
  });

  it('refuses every foreign byte anywhere', () => {
    const good = Buffer.from('abcdefghijk').toString('base64url');
    for (let i = 0; i < good.length; i++) {
      for (let foreign = 0; foreign < 256; foreign++) {
        if (/[\w-]/.test(String.fromCharCode(foreign))) continue;
        const text = Buffer.from(good);
        text[i] = foreign;
        expect(decode(text), `${foreign} at ${i}`).toBeUndefined();
      }
    }
  });
});
