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

/** More than any file needs: every round mends at least one finding. */
const MAX_ROUNDS = 200;

/** Mends the files; `relint` lints them all. */
export async function fixAll(
  given: LintFile[],
  relint: (sources: Source[]) => Promise<LintResult>,
): Promise<Fixed> {
  let files = given;
  let result = await relint(sourcesOf(files));
  const before = result.problems.length;
  const refused = new Set<string>();
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const candidates = result.problems.filter(
      (problem) => problem.fix !== undefined && !refused.has(keyOf(problem)),
    );
    if (candidates.length === 0) break;
    const attempt = await better(files, result, oneEach(candidates), relint);
    const chosen = attempt ?? (await better(files, result, candidates.slice(0, 1), relint));
    if (chosen === undefined) {
      refused.add(keyOf(candidates[0]!));
      continue;
    }
    ({ files, result } = chosen);
  }
  return { files, result, mended: Math.max(before - result.problems.length, 0) };
}

/** The files with the problems' fixes; undefined where that leaves no fewer problems, or other ones. */
async function better(
  files: LintFile[],
  before: LintResult,
  problems: Problem[],
  relint: (sources: Source[]) => Promise<LintResult>,
): Promise<{ files: LintFile[]; result: LintResult } | undefined> {
  const changed = files.map((file) => {
    const edits = problems
      .filter((problem) => problem.file === file.file)
      .flatMap(({ fix }) => fix!);
    return edits.length === 0 ? file : { ...file, text: withEdits(file.text, edits) };
  });
  const result = await relint(sourcesOf(changed));
  const isReadable = result.resources.length >= before.resources.length;
  const errors = ({ problems: all }: LintResult): number =>
    all.filter(({ level }) => level === 'error').length;
  const isBetter =
    errors(result) < errors(before) ||
    (errors(result) === errors(before) && result.problems.length < before.problems.length);
  return isReadable && isBetter ? { files: changed, result } : undefined;
}

/** One fix a resource: what they mend may have moved for the next one. */
function oneEach(problems: Problem[]): Problem[] {
  const chosen = new Map<string, Problem>();
  const edits = new Map<string, Edit[]>();
  for (const problem of problems) {
    const key = `${problem.file} ${problem.resource}`;
    const made = edits.get(problem.file) ?? [];
    if (chosen.has(key) || collide(made, problem.fix!)) continue;
    chosen.set(key, problem);
    edits.set(problem.file, [...made, ...problem.fix!]);
  }
  return [...chosen.values()];
}

function sourcesOf(files: LintFile[]): Source[] {
  return files.flatMap(({ text, sourcesOf: read }) => read(text));
}

function keyOf({ file, line, column, code, path }: Problem): string {
  return `${file}:${line}:${column} ${code} ${path}`;
}
