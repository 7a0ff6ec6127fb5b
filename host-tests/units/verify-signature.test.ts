// What the module takes for a yes of the host's `verify_signature`, and what it asks.
import { beforeEach, describe, expect, it } from 'vitest';
import { rsaKey, signedToken } from '../../istio/token/signing.ts';
import { TestingModule } from './testing-module.ts';

let module: TestingModule;
beforeEach(() => {
  module = new TestingModule();
});

const VERIFIED = 0;
const key = rsaKey('one');
const small = rsaKey('small', 1024);

function judge({ jwk }: typeof key, token: string): number {
  const document = JSON.stringify({ keys: [jwk] });
  return module.exports.jws(module.span(document), module.span(token));
}

describe("the host's answer", () => {
  it.each<[string, number[], boolean]>([
    ['yes', [8, 1], true],
    ['no', [8, 0], false],
    ['nothing', [], false],
    ['one byte', [8], false],
    ['yes, and something else', [8, 1, 0x12, 0], false],
    ['two of something else', [0x10, 1], false],
    ['another number', [8, 2], false],
  ])('%s is heard as it is meant', (_, answer, isVerified) => {
    module.answer = Uint8Array.from(answer);
    expect(judge(key, signedToken('RS256', key, {})) === VERIFIED).toBe(isVerified);
  });
});

describe('a signature', () => {
  it('is verified whatever the length of the text', () => {
    for (let length = 0; length < 120; length++) {
      module.reset();
      const token = signedToken('RS256', key, { pad: 'x'.repeat(length) });
      expect(judge(key, token), `${length} more`).toBe(VERIFIED);
    }
  });

  it('may have 128 bytes, which is where lengths begin to take two', () => {
    expect(judge(small, signedToken('RS256', small, {}))).toBe(VERIFIED);
    expect(judge(small, signedToken('RS256', { ...key, jwk: small.jwk }, {}))).not.toBe(VERIFIED);
  });
});
