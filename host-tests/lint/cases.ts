// The golden cases: a file, or a folder of files, and beside it the findings as `portcullis lint` prints them.
import { existsSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { lintOptionsOf } from '../../cli/lint.ts';
import { lintFiles } from '../../cli/lint-files.ts';
import type { Code } from '../../istio/lint/codes.ts';
import { lint } from '../../istio/lint/lint.ts';
import { type Problem, formatProblem } from '../../istio/problem.ts';

export const CASES = 'host-tests/lint/cases';

/** Beside the policies of a case in a folder: not linted, but what `--mesh-config` is given. */
const MESH_CONFIG = 'mesh-config.yaml';

/** A case, by the name that says what it shows. */
export interface Case {
  name: string;
  files: string[];
  meshConfig?: string;
  /** Where its findings stand. */
  golden: string;
}

/** Every case, by name. */
export function allCases(): Case[] {
  return readdirSync(CASES)
    .filter((entry) => !entry.endsWith('.txt'))
    .map((entry): Case => {
      const path = join(CASES, entry);
      const name = entry.replace(/\.\w+$/, '');
      const golden = join(CASES, `${name}.txt`);
      if (!statSync(path).isDirectory()) return { name, files: [path], golden };
      const meshConfig = join(path, MESH_CONFIG);
      const files = readdirSync(path)
        .filter((file) => file !== MESH_CONFIG)
        .map((file) => join(path, file));
      return { name, files, golden, ...(existsSync(meshConfig) ? { meshConfig } : {}) };
    });
}

/** What lint says of a case: a line for every finding, files by their base names. */
export async function findingsOf({ files, meshConfig }: Case): Promise<string> {
  const read = await lintFiles(files, false);
  const options = await lintOptionsOf({
    namespace: 'default',
    ...(meshConfig === undefined ? {} : { meshConfig }),
  });
  const { problems } = await lint(
    read.flatMap(({ text, sourcesOf }) => sourcesOf(text)),
    options,
  );
  return problems.map((problem) => `${formatProblem(withBaseName(problem))}\n`).join('');
}

/** Messages name other places, too. */
function withBaseName({ file, message, ...problem }: Problem): Problem {
  return {
    ...problem,
    file: basename(file),
    message: message.replaceAll(join(dirname(file), '/'), ''),
  };
}

/** What is expected of a case; with `UPDATE=1`, what is found becomes what is expected. */
export async function expectedOf(one: Case): Promise<string> {
  if (process.env.UPDATE === '1') writeFileSync(one.golden, await findingsOf(one));
  return readFileSync(one.golden, 'utf8');
}

/** The codes of golden lines. */
export function codesIn(golden: string): Set<Code> {
  return new Set(
    golden
      .split('\n')
      .flatMap((line) => (/^\S+:\d+:\d+: \w+ \[(PC\d{4})\]/.exec(line)?.[1] as Code) ?? []),
  );
}
