// ECDSA signatures as a JWS has them, by Wycheproof's vectors.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();

interface EcdsaGroup {
  algorithm: string;
  /** The point, uncompressed: 04, x, y. */
  key: string;
  tests: [id: number, comment: string, text: string, signature: string, result: string][];
}

describe('an ECDSA signature of r and s side by side', () => {
  const vectors = JSON.parse(
    readFileSync('host-tests/vectors/ecdsa_p1363.json', 'utf8'),
  ) as EcdsaGroup[];

  it('is judged as Wycheproof says', () => {
    for (const { algorithm, key, tests } of vectors) {
      const point = Buffer.from(key, 'hex').subarray(1);
      const half = point.length / 2;
      const crv = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521' }[algorithm];
      const jwk = {
        kty: 'EC',
        crv,
        x: point.subarray(0, half).toString('base64url'),
        y: point.subarray(half).toString('base64url'),
      };
      for (const [id, comment, text, signature, result] of tests) {
        module.reset();
        const seen = module.exports.ecdsa(
          module.span(JSON.stringify({ keys: [jwk] })),
          module.span(Buffer.from(signature, 'hex')),
          module.span(Buffer.from(text, 'hex')),
        );
        expect(seen === 1, `${algorithm} ${id} ${comment}`).toBe(result === 'valid');
      }
    }
  });
});
