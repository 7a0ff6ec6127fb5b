// HMAC against node:crypto and Wycheproof's vectors.
import { createHmac, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

let module: TestingModule;
beforeEach(() => {
  module = new TestingModule();
});

function judge(bits: number, key: Uint8Array, text: Uint8Array, code: Uint8Array): number {
  const [keySpan, textSpan, codeSpan] = [key, text, code].map((bytes) => module.span(bytes));
  return module.exports.hmac(bits, keySpan!, textSpan!, codeSpan!);
}

describe('HMAC', () => {
  it.each([256, 384, 512])('with SHA-%i, keys of every length around the block', (bits) => {
    for (let size = 1; size < 160; size++) {
      module.reset();
      const key = randomBytes(size);
      const text = randomBytes(size * 3);
      const code = createHmac(`sha${bits}`, key).update(text).digest();
      expect(judge(bits, key, text, code), `${size} bytes`).toBe(1);
      code[size % code.length]! ^= 1 << (size & 7);
      expect(judge(bits, key, text, code), `${size} bytes`).toBe(0);
    }
  });

  it('knows nothing of the longer keys before, of whatever hash', () => {
    const text = Buffer.from('x');
    for (const [bits, size] of [
      [512, 128],
      [384, 100],
      [256, 64],
      [512, 32],
      [256, 200],
      [384, 32],
    ] as const) {
      const key = Buffer.alloc(size, 0xa5);
      const code = createHmac(`sha${bits}`, key).update(text).digest();
      expect(judge(bits, key, text, code), `SHA-${bits}, ${size} bytes`).toBe(1);
    }
  });

  it('of another length is none', () => {
    const key = randomBytes(32);
    const text = Buffer.from('x');
    const code = createHmac('sha256', key).update(text).digest();
    for (const wrong of [code.subarray(0, 31), Buffer.concat([code, code]), Buffer.alloc(0)]) {
      expect(judge(256, key, text, wrong)).toBe(0);
    }
  });

  it("is judged as by Wycheproof's vectors", () => {
    type Vector = [number, number, string, string, string, string, string];
    const hex = (text: string): Buffer => Buffer.from(text, 'hex');
    const vectors = JSON.parse(readFileSync('host-tests/vectors/hmac.json', 'utf8')) as Vector[];
    for (const [bits, id, comment, key, text, tag, result] of vectors) {
      module.reset();
      const seen = judge(bits, hex(key), hex(text), hex(tag));
      expect(seen === 1, `SHA-${bits} ${id} ${comment}`).toBe(result === 'valid');
    }
  });
});
