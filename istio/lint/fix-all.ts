// `lint --fix`: makes every change that is clear, looks again, and keeps a change only where the text is better for it.
import type { Source } from '../load.ts';
import type { Problem } from '../problem.ts';
import { collide, type Edit, withEdits } from './edits.ts';
import type { LintResult } from './lint.ts';

/** A file, and how its text becomes sources. */
export interface LintFile {
  file: string;
  text: string;
  sourcesOf: (text: string) => Source[];
}

/** What has become of the files. */
export interface Fixed {
  /** In the order given, with their new texts. */
  files: LintFile[];
  /** How many findings were mended. */
  mended: number;
  /** What is left. */
  result: LintResult;
}

type Relint = (sources: Source[]) => Promise<LintResult>;
type Step = Pick<Fixed, 'files' | 'result'>;

/** More than any file needs: every round mends at least one finding, or finds one that cannot be. */
const MAX_ROUNDS = 200;
/** How many mistakes may hide behind one another: a list within a list that was none, with a word in the wrong case. */
const MAX_STEPS = 8;

/** Mends the files; `relint` lints them all. */
export async function fixAll(given: LintFile[], relint: Relint): Promise<Fixed> {
  let step: Step = { files: given, result: await relint(sourcesOf(given)) };
  const before = step.result.problems.length;
  const refused = new Set<string>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const open = fixable(step.result).filter((problem) => !refused.has(keyOf(problem)));
    if (open.length === 0) break;
    const next = await better(step, oneEach(worst(open)), refused, relint);
    if (next === undefined) continue;
    step = next;
    // What could not be mended beside one mistake may be clear without it.
    refused.clear();
  }
  return { ...step, mended: Math.max(before - step.result.problems.length, 0) };
}

/** The files with the problems' fixes, or with those of some of them; undefined where all are refused. */
async function better(
  from: Step,
  problems: Problem[],
  refused: Set<string>,
  relint: Relint,
): Promise<Step | undefined> {
  const attempt = await mendedBy(from, problems, relint);
  if (attempt !== undefined) return attempt;
  if (problems.length === 1) {
    refused.add(keyOf(problems[0]!));
    return undefined;
  }
  const half = Math.ceil(problems.length / 2);
  return (
    (await better(from, problems.slice(0, half), refused, relint)) ??
    (await better(from, problems.slice(half), refused, relint))
  );
}

/**
 * The files with the problems' fixes, and with those of what these bring to light; undefined where a fix does not make its
 * problem go away, or brings others that cannot be mended.
 */
async function mendedBy(
  from: Step,
  problems: Problem[],
  relint: Relint,
): Promise<Step | undefined> {
  const known = new Set(from.result.problems.map(keyOf));
  const places = new Set(problems.map(resourceOf));
  const areErrors = problems[0]!.level === 'error';
  let owed = problems.length;
  let step = await applied(from, problems, relint);
  for (let i = 0; i < MAX_STEPS; i++) {
    if (step.result.resources.length < from.result.resources.length) return undefined;
    const gained = errorsOf(from.result) - errorsOf(step.result);
    if (areErrors && gained >= owed) return step;
    if (!areErrors) {
      const isLess = from.result.problems.length - step.result.problems.length >= owed;
      return gained >= 0 && isLess ? step : undefined;
    }
    const next = oneEach(
      fixable(step.result).filter(
        (problem) => problem.level === 'error' && places.has(resourceOf(problem)),
      ),
    );
    if (next.length === 0) return undefined;
    owed += next.filter((problem) => known.has(keyOf(problem))).length;
    step = await applied(step, next, relint);
  }
  return undefined;
}

async function applied({ files }: Step, problems: Problem[], relint: Relint): Promise<Step> {
  const changed = files.map((file) => {
    const edits = problems
      .filter((problem) => problem.file === file.file)
      .flatMap(({ fix }) => fix!);
    return edits.length === 0 ? file : { ...file, text: withEdits(file.text, edits) };
  });
  return { files: changed, result: await relint(sourcesOf(changed)) };
}

/** One fix a resource: what they mend may have moved for the next one. */
function oneEach(problems: Problem[]): Problem[] {
  const chosen = new Map<string, Problem>();
  const edits = new Map<string, Edit[]>();
  for (const problem of problems) {
    const key = resourceOf(problem);
    const made = edits.get(problem.file) ?? [];
    if (chosen.has(key) || collide(made, problem.fix!)) continue;
    chosen.set(key, problem);
    edits.set(problem.file, [...made, ...problem.fix!]);
  }
  return [...chosen.values()];
}

function fixable({ problems }: LintResult): Problem[] {
  return problems.filter(({ fix }) => fix !== undefined);
}

/** The errors, or, where there are none, the others: of those that an error hides, nothing can be told by counting. */
function worst(problems: Problem[]): Problem[] {
  const errors = problems.filter(({ level }) => level === 'error');
  return errors.length > 0 ? errors : problems;
}

function errorsOf({ problems }: LintResult): number {
  return problems.filter(({ level }) => level === 'error').length;
}

function sourcesOf(files: LintFile[]): Source[] {
  return files.flatMap(({ text, sourcesOf: read }) => read(text));
}

function resourceOf({ file, resource }: Problem): string {
  return `${file} ${resource}`;
}

function keyOf({ file, line, column, code, path }: Problem): string {
  return `${file}:${line}:${column} ${code} ${path}`;
}
