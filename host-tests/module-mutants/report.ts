// What became of the faults, held against those that are known to change nothing.
import type { Mutant } from './sites.ts';

/** A fault that no test can find, and why. Named by what it does, not by its line, so that it stays where lines move. */
export interface Equivalent {
  file: string;
  operator: string;
  original: string;
  mutated: string;
  /** How many places of the file it is about: one more that reads the same is another fault. */
  count: number;
  why: string;
}

/** The outcome of a run. */
export interface Outcome {
  killed: Mutant[];
  equivalent: Mutant[];
  survived: Mutant[];
  notReached: Mutant[];
  /** Entries of the list that name no fault, one that a test finds, or more places than they say. */
  stale: Equivalent[];
}

/** Sorts the faults by what became of them. `tried`: those that a test has run with. */
export function outcomeOf(
  mutants: Mutant[],
  killed: ReadonlySet<number>,
  tried: ReadonlySet<number>,
  known: Equivalent[],
): Outcome {
  const left = mutants.filter(({ id }) => !killed.has(id));
  const holds = (entry: Equivalent): boolean =>
    left.filter((mutant) => isSame(entry, mutant)).length === entry.count;
  const listed = known.filter(holds);
  const isListed = (mutant: Mutant): boolean => listed.some((entry) => isSame(entry, mutant));
  return {
    killed: mutants.filter(({ id }) => killed.has(id)),
    equivalent: left.filter(isListed),
    survived: left.filter((mutant) => !isListed(mutant) && tried.has(mutant.id)),
    notReached: left.filter((mutant) => !isListed(mutant) && !tried.has(mutant.id)),
    stale: known.filter((entry) => !listed.includes(entry)),
  };
}

/** Whether an entry is about a fault. */
export function isSame(entry: Equivalent, mutant: Mutant): boolean {
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
