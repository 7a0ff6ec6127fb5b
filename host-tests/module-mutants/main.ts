// `make mutants`: faults in the module, and which of them no test finds. ONLY=assembly/authz: those of that folder or file alone;
// TESTS='host-tests/module/a.test.ts …': by these tests alone; WORKERS=1: on one core; QUICK=1: without the tests that take long. Faults that
// are known to change nothing are not tried, but with EQUIVALENT=1, which tells whether they still do not.
import { spawnSync } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER, KILLED, SIZE, SLOW, TRIED, UNREPEATABLE } from './folder.ts';
import { PARTS, type Part } from './parts.ts';
import { type Equivalent, type Outcome, described, outcomeOf } from './report.ts';
import { compileMutants, filesWithFaults } from './schemata.ts';
import type { Mutant } from './sites.ts';

/** Faults that change nothing, in a file for each folder of the module. */
const LISTS = 'host-tests/module-mutants/equivalent';
const known = readdirSync(LISTS).flatMap(
  (name) => JSON.parse(readFileSync(join(LISTS, name), 'utf8')) as Equivalent[],
);

const only = (process.env.ONLY ?? 'assembly').replace(/\/+$/, '').replace(/\.ts$/, '');
const tests = process.env.TESTS?.split(' ').filter(Boolean);
const parts: Part[] = tests === undefined ? PARTS : [{ of: [only], tests }];
const begin = performance.now();
const total = { mutants: 0, killed: 0, equivalent: 0, survived: 0, notReached: 0, stale: 0 };
for (const part of parts) {
  const files = filesWithFaults().filter((file) => isIn(file, [only]) && isIn(file, part.of));
  if (files.length > 0) await measure(files, part.tests);
}
if (total.mutants === 0) {
  console.error(
    `ONLY=${only}: no folder or file of the module in which there is a fault to put, or none for which parts.ts names tests: give TESTS`,
  );
  process.exit(2);
}
const minutes = ((performance.now() - begin) / 60_000).toFixed(1);
console.log(
  `\n${total.mutants} mutants, ${total.killed} killed, ${total.equivalent} equivalent, ` +
    `${total.survived} survived, ${total.notReached} not reached (${minutes} min)`,
);
if (total.survived + total.notReached + total.stale > 0) process.exitCode = 1;

function isIn(file: string, places: string[]): boolean {
  return places.some((place) => file === `${place}.ts` || file.startsWith(`${place}/`));
}

/** Runs the faults of some files, prints what became of them, and adds it to the total. */
async function measure(files: string[], by: string[]): Promise<void> {
  const { mutants, dropped } = await compileMutants(files);
  console.log(`\n${mutants.length} faults in ${files.join(' ')}; ${dropped} more do not compile`);
  if (mutants.length === 0) return;
  writeFileSync(join(FOLDER, SIZE), String(Math.max(...mutants.map(({ id }) => id)) + 1));
  for (const name of [KILLED, TRIED, SLOW, UNREPEATABLE]) writeFileSync(join(FOLDER, name), '');
  const own = known.filter(({ file }) => files.includes(file));
  const { equivalent } = outcomeOf(mutants, new Set(), new Set(), own);
  const spared = new Set(process.env.EQUIVALENT === '1' ? [] : equivalent);
  const ids = mutants.filter((mutant) => !spared.has(mutant)).map(({ id }) => id);
  run('quick', by, ids);
  const slow = readFileSync(join(FOLDER, SLOW), 'utf8');
  const slowFiles = by.filter((file) => slow.includes(`${file} `));
  const found = idsIn(KILLED);
  const left = ids.filter((id) => !found.has(id));
  if (process.env.QUICK !== '1' && slowFiles.length > 0 && left.length > 0) {
    run('slow', slowFiles, left);
  }
  for (const test of readFileSync(join(FOLDER, UNREPEATABLE), 'utf8').split('\n').filter(Boolean)) {
    console.log(`cannot be run twice, and tells nothing: ${test}`);
  }
  report(outcomeOf(mutants, idsIn(KILLED), idsIn(TRIED), own));
}

/** Runs tests with faults, or ends with 1 when they fail without any. */
function run(pass: 'quick' | 'slow', files: string[], ids: number[]): void {
  const { status, stdout, stderr } = spawnSync(
    'npx',
    ['--no-install', 'vitest', 'run', '--config', 'host-tests/module-mutants/vitest.config.ts'],
    {
      env: { ...process.env, PASS: pass, TESTS: files.join(' '), MUTANTS: ids.join(',') },
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    },
  );
  if (status === 0) return;
  console.error(`${stdout}\n${stderr}\nthe tests fail without any fault, or could not be run`);
  process.exit(1);
}

function idsIn(name: string): Set<number> {
  return new Set(readFileSync(join(FOLDER, name), 'utf8').split('\n').map(Number));
}

function report(outcome: Outcome): void {
  const section = (title: string, faults: Mutant[]): void => {
    if (faults.length > 0) console.log(`${title}\n${faults.map(described).join('\n')}`);
  };
  section('Not reached by any test that can be repeated:', outcome.notReached);
  section('Survived:', outcome.survived);
  for (const { file, original, mutated } of outcome.stale) {
    console.log(`stale entry of ${LISTS}: ${file}: ${original} → ${mutated}`);
  }
  const { killed, equivalent, survived, notReached, stale } = outcome;
  total.mutants += killed.length + equivalent.length + survived.length + notReached.length;
  total.killed += killed.length;
  total.equivalent += equivalent.length;
  total.survived += survived.length;
  total.notReached += notReached.length;
  total.stale += stale.length;
}
