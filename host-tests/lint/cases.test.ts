// Every code, shown by a case that triggers it and by one that comes as close as can be; and what must not be found at all.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { CODES, type Code } from '../../istio/lint/codes.ts';
import { allCases, codesIn, expectedOf, findingsOf } from './cases.ts';

const cases = allCases();
const NEAR_MISS = '-near-miss';

/** The module's words for what no other code says: nothing is known to lead there. And what only `mesh` says. */
const WITHOUT_CASE: Code[] = ['PC0299', 'PC0401'];

describe('lint, of the golden cases,', () => {
  it.each(cases)('finds in $name what stands beside it', async (one) => {
    expect(await findingsOf(one)).toBe(await expectedOf(one));
  });

  it('has at least 160 of them', () => {
    expect(cases.length).toBeGreaterThanOrEqual(160);
  });

  it.each((Object.keys(CODES) as Code[]).filter((code) => !WITHOUT_CASE.includes(code)))(
    'shows %s, and what is close to it and is not meant',
    (code) => {
      const codesOf = new Map(cases.map((one) => [one.name, codesOfCase(one)]));
      const shown = [...codesOf].filter(([name, codes]) => {
        const near = codesOf.get(name + NEAR_MISS);
        return codes.has(code) && near !== undefined && !near.has(code);
      });
      expect(shown.length).toBeGreaterThan(0);
    },
  );

  it.each(cases.filter(({ name }) => /^(well-formed|task)-/.test(name)))(
    'has nothing to say of $name',
    ({ golden }) => {
      expect(readFileSync(golden, 'utf8')).toBe('');
    },
  );
});

function codesOfCase({ golden }: { golden: string }): Set<Code> {
  return codesIn(readFileSync(golden, 'utf8'));
}
