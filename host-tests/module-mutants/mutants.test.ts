// The tool behind `make mutants`: what it takes for a fault, how the faults stand side by side in one text, and how it reports.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type Equivalent, isSame, outcomeOf } from './report.ts';
import { withMutants } from './schemata.ts';
import { type Mutant, mutantsOf } from './sites.ts';

const LIMITS = new Set(['MAX_TOKENS']);
const faults = (text: string): string[] =>
  mutantsOf('x.ts', text, LIMITS, 1).map(
    ({ operator, original, mutated }) => `${operator}: ${original} → ${mutated}`,
  );
const inFunction = (body: string): string[] =>
  faults(`function f(a: i32, b: i32): bool {\n${body}\n}`);

describe('faults', () => {
  it.each<[string, string[]]>([
    ['return a < b;', ['comparison: a < b → a <= b', 'comparison: a < b → a >= b']],
    ['return a == b;', ['comparison: a == b → a != b']],
    [
      'return g(a) && h(b);',
      [
        'logic: g(a) && h(b) → g(a) || h(b)',
        'dropped condition: g(a) && h(b) → g(a)',
        'dropped condition: g(a) && h(b) → h(b)',
      ],
    ],
    ['return !g(a);', ['negation: !g(a) → !!g(a)']],
    ['return isGood(a);', ['answer: isGood(a) → true', 'answer: isGood(a) → false']],
    ['return true;', ['constant: true → false']],
    [
      'if (g(a)) h(b);',
      ['condition: g(a) → true', 'condition: g(a) → false', 'dropped call: h(b) → '],
    ],
    ['while (g(a)) h(b);', ['condition: g(a) → false', 'dropped call: h(b) → ']],
    ['this.a = b;', ['dropped assignment: this.a = b → ']],
    ['return g(a + 1);', ['arithmetic: a + 1 → a']],
    [
      'return g(MAX_TOKENS);',
      ['bound: MAX_TOKENS → (MAX_TOKENS + 1)', 'bound: MAX_TOKENS → (MAX_TOKENS - 1)'],
    ],
  ])('of %s', (body, expected) => {
    expect(inFunction(body)).toEqual(expected);
  });

  it.each([
    ['what the compiler reasons with', 'return a === null;'],
    ['what it must know', 'return sizeof<i32>() == 4;'],
    ['a loop that is ended from within', 'while (true) {}'],
  ])('are not put into %s', (_, body) => {
    expect(inFunction(body)).toEqual([]);
  });

  it('are not put into the value of a global', () => {
    expect(faults('const A: bool = 1 < 2;\nexport const B = MAX_TOKENS;')).toEqual([]);
  });
});

describe('a text with all of its faults', () => {
  const text =
    'function f(a: i32): bool {\n  if (g(a)) h(a); else k(a);\n  return a < 1 && !g(a);\n}\n';
  const mutants = mutantsOf('x.ts', text, LIMITS, 1);

  it('holds each behind its switch, and moves no line', () => {
    const switched = withMutants(text, mutants);
    expect(switched.split('\n')).toHaveLength(text.split('\n').length);
    for (const { id } of mutants) expect(switched).toContain(`mutantIsOn(${id})`);
  });

  it.each(mutants.map((mutant) => [mutant.operator, mutant] as const))(
    'is the text itself without a fault, and another with it: %s',
    (_, { id }) => {
      const switched = withMutants(text, mutants);
      expect(seenBy(switched, 0)).toBe(seenBy(text, 0));
      expect(seenBy(switched, id)).not.toBe(seenBy(text, 0));
    },
  );

  /** What a script says and calls, for some arguments and answers. */
  function seenBy(typed: string, on: number): string {
    const script = typed.replaceAll(/: (i32|bool)/g, '');
    const seen: unknown[] = [];
    for (const a of [0, 1, 2]) {
      for (const answer of [true, false]) {
        const call = (name: string) => (): boolean => {
          seen.push(name);
          return answer;
        };
        const world = {
          mutantIsOn: (id: number) => id === on,
          g: call('g'),
          h: call('h'),
          k: call('k'),
        };
        seen.push(runInNewContext(`${script}; f(${a})`, world));
      }
    }
    return JSON.stringify(seen);
  }
});

describe('the report', () => {
  const mutants = mutantsOf(
    'x.ts',
    'function f(a: i32): bool { return a < 1 && !g(a); }',
    LIMITS,
    1,
  );
  const entry = ({ file, operator, original, mutated }: Mutant): Equivalent => {
    return { file, operator, original, mutated, count: 1, why: 'shows nowhere' };
  };
  const ids = (list: Mutant[]): number[] => list.map(({ id }) => id);

  it('tells what was found, what is known, what survived, and what no test comes to', () => {
    const outcome = outcomeOf(mutants, new Set([1]), new Set([1, 2, 3]), [entry(mutants[1]!)]);
    expect(ids(outcome.killed)).toEqual([1]);
    expect(ids(outcome.equivalent)).toEqual([2]);
    expect(ids(outcome.survived)).toEqual([3]);
    expect(ids(outcome.notReached)).toEqual(ids(mutants).slice(3));
    expect(outcome.stale).toEqual([]);
  });

  it('names an entry of the list that a test finds, and one that there is no longer', () => {
    const gone = { ...entry(mutants[1]!), original: 'a < 2' };
    const { stale } = outcomeOf(mutants, new Set([1]), new Set([1]), [entry(mutants[0]!), gone]);
    expect(stale).toEqual([entry(mutants[0]!), gone]);
  });
});

it('an entry of the list excuses as many places as it says, and none that reads the same', () => {
  const twice =
    'function f(a: i32): bool { return a == 1; }\nfunction g(a: i32): bool { return a == 1; }';
  const mutants = mutantsOf('x.ts', twice, LIMITS, 1);
  const { file, operator, original, mutated } = mutants[0]!;
  const entry = { file, operator, original, mutated, count: 1, why: 'shows nowhere' };
  const tried = new Set([1, 2]);
  expect(outcomeOf(mutants, new Set(), tried, [entry]).survived).toHaveLength(2);
  expect(outcomeOf(mutants, new Set(), tried, [{ ...entry, count: 2 }]).survived).toEqual([]);
});

it('every entry of the lists names a fault of the module, and says why it changes nothing', () => {
  const folder = 'host-tests/module-mutants/equivalent';
  const list = readdirSync(folder).flatMap(
    (name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as Equivalent[],
  );
  expect(list.length).toBeGreaterThan(0);
  const limits = new Set(
    [...readFileSync('assembly/limits.ts', 'utf8').matchAll(/export const (\w+)/g)].map(
      ([, name]) => name!,
    ),
  );
  for (const one of list) {
    const own = mutantsOf(one.file, readFileSync(one.file, 'utf8'), limits, 1);
    // Of several places that read the same a test may find some.
    const places = own.filter((mutant) => isSame(one, mutant));
    expect(places.length, JSON.stringify(one)).toBeGreaterThanOrEqual(one.count);
    expect(one.why.length).toBeGreaterThan(10);
  }
});
