// RSASSA-PSS by keys of the sizes that are in use, fresh ones each time, against node:crypto.
import { constants, generateKeyPairSync, randomBytes, sign } from 'node:crypto';
import { beforeEach, describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();
beforeEach(() => module.reset());

const { exports } = module;
const span = (bytes: Uint8Array | string): bigint => module.span(bytes);

describe('RSASSA-PSS', () => {
  // 1025 and 1031: a modulus whose top byte has one bit, and seven.
  it.each([1024, 1025, 1031, 2048, 2056, 3072, 4096])('with a key of %i bits', (modulusLength) => {
    for (const publicExponent of [3, 65537]) {
      const pair = generateKeyPairSync('rsa', { modulusLength, publicExponent });
      const jwk = pair.publicKey.export({ format: 'jwk' });
      const modulus = Buffer.from(jwk.n!, 'base64url');
      for (const bits of [256, 384, 512]) {
        module.reset();
        const text = randomBytes(bits);
        const make = (saltLength: number): Buffer =>
          sign(`sha${bits}`, text, {
            key: pair.privateKey,
            padding: constants.RSA_PKCS1_PSS_PADDING,
            saltLength,
          });
        // The smallest key has no room for the largest hash twice.
        if (modulusLength < bits * 2 + 16) continue;
        const judge = (signature: Uint8Array): number =>
          exports.pss(bits, span(modulus), publicExponent, span(signature), span(text));
        const good = make(bits / 8);
        expect(judge(good)).toBe(1);
        expect(judge(make(bits / 8 - 1)), 'a salt that is too short').toBe(0);
        for (const at of [0, 1, good.length >> 1, good.length - 1]) {
          const bad = Buffer.from(good);
          bad[at]! ^= 1;
          expect(judge(bad), `bit of byte ${at}`).toBe(0);
        }
        expect(judge(Buffer.concat([Buffer.alloc(1), good])), 'longer').toBe(0);
      }
    }
  });

  it('is not forged by 0, 1, or a number beyond the modulus', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const modulus = Buffer.from(publicKey.export({ format: 'jwk' }).n!, 'base64url');
    const one = Buffer.alloc(256);
    one[255] = 1;
    for (const signature of [Buffer.alloc(256), one, modulus, Buffer.alloc(256, 255)]) {
      expect(exports.pss(256, span(modulus), 65537, span(signature), span('x'))).toBe(0);
    }
  });
});
