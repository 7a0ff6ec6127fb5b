// JSON Web Signatures by Wycheproof's vectors: keys, headers and signatures as attackers shape them.
import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

interface Group {
  comment: string;
  key: Record<string, unknown>;
  tests: [id: number, comment: string, jws: string, result: string, flags: string[]][];
}

const groups = JSON.parse(
  readFileSync('host-tests/vectors/json_web_signature.json', 'utf8'),
) as Group[];
/** Where the vectors are of another opinion, and why they are not followed. */
const OTHERWISE = new Map<number, string>([
  ...[259, 264, 268, 272, 320, 325].map((id) => [id, 'a JWT has a payload'] as const),
  ...[346, 350].map((id) => [id, "the key's alg is PS256, the token's is PS384"] as const),
  ...[347, 351].map((id) => [id, 'ES521 is no algorithm'] as const),
  ...[367, 370].map((id) => [id, 'it is, to the byte, the token of the valid vector 357'] as const),
  ...[372, 373].map((id) => [id, 'a question mark is no base64url'] as const),
]);

const module = new TestingModule();
beforeEach(() => module.reset());

function accepts(key: object, token: string): boolean {
  const document = JSON.stringify({ keys: [key] });
  return module.exports.jws(module.span(document), module.span(token)) === 0;
}

describe.each(groups.map((group, i) => [`${i} ${group.comment}`, group] as const))(
  'a JWS, group %s',
  (_, { key, tests }) => {
    it('is judged as Wycheproof says', () => {
      for (const [id, comment, jws, result] of tests) {
        module.reset();
        const expected = (result === 'valid') !== OTHERWISE.has(id);
        expect(accepts(key, jws), `${id} ${comment} ${OTHERWISE.get(id) ?? ''}`).toBe(expected);
      }
    });
  },
);
