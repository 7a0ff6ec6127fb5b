// All faults in one copy of the sources, each behind a switch, compiled once.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { execFile } from 'node:child_process';
import { FOLDER } from './folder.ts';
import { type Mutant, mutantsOf } from './sites.ts';

const SOURCES = join(FOLDER, 'assembly');
/** The modules that the tests load, by the entry that each is compiled from; and the target of asconfig.json. */
const ENTRIES = {
  index: { out: 'portcullis.wasm', target: 'release' },
  faulty: { out: 'portcullis-faulty.wasm', target: 'faulty' },
  testing: { out: 'testing.wasm', target: 'testing' },
};
/** Not of the module: what only tests have. */
const SPARED = ['testing.ts', 'faulty.ts', 'faults.ts', 'index.ts'];

const SWITCH = `
let active: i32 = 0;
let fuel: i64 = i64.MAX_VALUE;
export function mutantIsOn(id: i32): bool {
  store<u8>(reached + <usize>id, 1);
  // A fault that makes a loop endless ends here.
  if (--fuel < 0) unreachable();
  return id == active;
}
export function mutantSet(id: i32, steps: i64): void {
  active = id;
  fuel = steps;
}
export function mutantReached(): usize {
  return reached;
}
`;

/** The files of the module that faults are put into, by their paths. */
export function filesWithFaults(): string[] {
  const spared = new Set([...SPARED, 'limits.ts'].map((name) => join('assembly', name)));
  return filesOf('assembly').filter((file) => !spared.has(file));
}

/**
 * Finds the faults of some files of the module, compiles them, and returns those that compile. Throws when nothing does. What has no faults
 * put in runs as fast as ever.
 */
export async function compileMutants(
  files: string[],
): Promise<{ mutants: Mutant[]; dropped: number }> {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  const limits = new Set(
    [...readFileSync('assembly/limits.ts', 'utf8').matchAll(/export const (\w+)/g)].map(
      (m) => m[1]!,
    ),
  );
  const mutants: Mutant[] = [];
  for (const file of files) {
    mutants.push(...mutantsOf(file, readFileSync(file, 'utf8'), limits, mutants.length + 1));
  }
  const all = mutants.length;
  let left = mutants;
  for (let round = 0; round < 12; round++) {
    writeSources(left, all + 1);
    const compiled = Object.entries(ENTRIES).map(([entry, to]) => compile(entry, to));
    const errors = (await Promise.all(compiled)).flat();
    if (errors.length === 0) return { mutants: left, dropped: all - left.length };
    left = left.filter((mutant) => !errors.some((error) => spans(mutant, error, round)));
  }
  throw new Error('cannot be compiled');
}

interface CompileError {
  file: string;
  line: number;
  message: string;
}

/** Whether a fault may be why: what the compiler complains of can stand behind it, or in front, the farther the more was tried before. */
function spans(mutant: Mutant, { file, line }: CompileError, round: number): boolean {
  const [before, after] = [3 + round * 6, round * 3];
  return mutant.file === file && mutant.line - after <= line && line <= mutant.line + before;
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => join(folder, name))
    .sort();
}

function writeSources(mutants: Mutant[], size: number): void {
  cpSync('assembly', SOURCES, { recursive: true });
  writeFileSync(
    join(SOURCES, 'mutant.ts'),
    `const reached = memory.data(${Math.ceil((size + 1) / 8) * 8}, 8);\n${SWITCH}`,
  );
  for (const file of new Set(mutants.map((mutant) => mutant.file))) {
    const own = mutants.filter((mutant) => mutant.file === file);
    const copy = join(FOLDER, file);
    const from = relative(dirname(copy), join(SOURCES, 'mutant')).replace(/^(?!\.)/, './');
    const text = withMutants(readFileSync(file, 'utf8'), own);
    writeFileSync(copy, `import { mutantIsOn } from "${from}"; ${text}`);
  }
  for (const entry of Object.keys(ENTRIES)) {
    const text = `export { mutantSet, mutantReached } from "./mutant";\nexport * from "./${entry}";\n`;
    writeFileSync(join(SOURCES, `mutants-${entry}.ts`), text);
  }
}

/** The text of a file with all of its faults, each behind its switch. No line moves. */
export function withMutants(text: string, mutants: Mutant[]): string {
  const outer = [...mutants].sort((a, b) => a.start - b.start || b.end - a.end || a.id - b.id);
  let at = 0;
  const render = (start: number, end: number): string => {
    let out = '';
    let from = start;
    while (at < outer.length && outer[at]!.start < end) {
      const first = outer[at]!;
      const same = [];
      while (outer[at]?.start === first.start && outer[at]?.end === first.end)
        same.push(outer[at++]!);
      out += text.slice(from, first.start) + switched(same, render(first.start, first.end));
      from = first.end;
    }
    return out + text.slice(from, end);
  };
  return render(0, text.length);
}

function switched(mutants: Mutant[], original: string): string {
  if (mutants[0]!.isStatement) return `{ if (!mutantIsOn(${mutants[0]!.id})) { ${original} } }`;
  const choices = mutants.map(({ id, mutated }) => `mutantIsOn(${id}) ? (${mutated}) : `);
  return `(${choices.join('')}${original})`;
}

async function compile(
  entry: string,
  { out, target }: { out: string; target: string },
): Promise<CompileError[]> {
  const args = [join(SOURCES, `mutants-${entry}.ts`), '--target', target];
  const options = ['--outFile', join(FOLDER, out), '--optimizeLevel', '1', '--noColors'];
  const stderr = await new Promise<string | undefined>((resolve) => {
    execFile('npx', ['--no-install', 'asc', ...args, ...options], (error, _, text) =>
      resolve(error === null ? undefined : text),
    );
  });
  if (stderr === undefined) return [];
  const found = [...stderr.matchAll(/ERROR ([^\n]*)[\s\S]*? in ([^(\n]+)\((\d+),\d+\)/g)].map(
    ([, message, file, line]) => ({
      message: message!,
      file: relative(FOLDER, file!),
      line: Number(line),
    }),
  );
  if (found.length === 0) throw new Error(stderr.slice(0, 2000));
  return found;
}
