// What became of the faults, held against those that are known to change nothing.
import type { Mutant } from './sites.ts';

/** A fault that no test can find, and why. Named by what it does, not by its line, so that it stays where lines move. */
export interface Equivalent {
  file: string;
  operator: string;
  original: string;
  mutated: string;
  why: string;
}

/** The outcome of a run. */
export interface Outcome {
  killed: Mutant[];
  equivalent: Mutant[];
  survived: Mutant[];
  notReached: Mutant[];
  /** Entries of the list that name no fault, or one that a test finds. */
  stale: Equivalent[];
}

/** Sorts the faults by what became of them. */
export function outcomeOf(
  mutants: Mutant[],
  killed: ReadonlySet<number>,
  reached: ReadonlySet<number>,
  known: Equivalent[],
): Outcome {
  const isListed = (mutant: Mutant): boolean => known.some((entry) => isSame(entry, mutant));
  const left = mutants.filter(({ id }) => !killed.has(id));
  return {
    killed: mutants.filter(({ id }) => killed.has(id)),
    equivalent: left.filter(isListed),
    survived: left.filter((mutant) => !isListed(mutant) && reached.has(mutant.id)),
    notReached: left.filter((mutant) => !isListed(mutant) && !reached.has(mutant.id)),
    stale: known.filter((entry) => !left.some((mutant) => isSame(entry, mutant))),
  };
}

function isSame(entry: Equivalent, mutant: Mutant): boolean {
  return (
    entry.file === mutant.file &&
    entry.operator === mutant.operator &&
    entry.original === mutant.original &&
    entry.mutated === mutant.mutated
  );
}

/** A fault, on a line. */
export function described({ file, line, operator, original, mutated }: Mutant): string {
  return `${file}:${line}: ${operator}: ${original} → ${mutated === '' ? '(left out)' : mutated}`;
}
