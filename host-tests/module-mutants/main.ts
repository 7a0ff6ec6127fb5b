// `make mutants`: faults in the module, and which of them no test finds. ONLY=assembly/authz: those of that folder or file alone;
// TESTS='host-tests/module/a.test.ts …': by these tests alone; WORKERS=1: on one core.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FOLDER, KILLED, TRIED, SIZE } from './folder.ts';
import { type Equivalent, described, outcomeOf } from './report.ts';
import { compileMutants } from './schemata.ts';
import type { Mutant } from './sites.ts';

/** Faults that change nothing, in a file for each folder of the module. */
const LISTS = 'host-tests/module-mutants/equivalent';
/** The quick ones first. Those of memory and of floods take minutes for each fault, and are left out. */
const TESTS = [
  'units/text',
  'units/matchers',
  'units/identities',
  'units/addresses',
  'units/cookies',
  'units/hash',
  'units/base64url',
  'units/token-cache',
  'module/never-open',
  'module/authorization',
  'module/path-templates',
  'module/rule-index',
  'module/peers',
  'module/authentication',
  'module/configuration',
  'module/ext-authz',
  'module/shadow',
  'module/guard',
  'module/beyond-istio',
  'module/algorithms',
  'module/key-sets',
  'recorded/recorded',
].map((name) => `host-tests/${name}.test.ts`);

const only = (process.env.ONLY ?? 'assembly').replace(/\/+$/, '');
const begin = performance.now();
const { mutants: chosen, dropped } = compileMutants(only);
if (chosen.length === 0) {
  console.error(`ONLY=${only}: no folder or file of the module in which there is a fault to put`);
  process.exit(2);
}
console.log(`${chosen.length} faults in ${only}; ${dropped} more do not compile`);
writeFileSync(join(FOLDER, SIZE), String(Math.max(...chosen.map(({ id }) => id)) + 1));
for (const name of [KILLED, TRIED]) rmSync(join(FOLDER, name), { force: true });
const tests = process.env.TESTS ?? TESTS.filter((file) => existsSync(file)).join(' ');
const { status, stdout, stderr } = spawnSync(
  'npx',
  ['--no-install', 'vitest', 'run', '--config', 'host-tests/module-mutants/vitest.config.ts'],
  {
    env: { ...process.env, TESTS: tests, MUTANTS: chosen.map(({ id }) => id).join(',') },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  },
);
if (status !== 0) {
  console.error(`${stdout}\n${stderr}\nthe tests fail without any fault, or could not be run`);
  process.exit(1);
}
const idsIn = (name: string): Set<number> =>
  new Set(readFileSync(join(FOLDER, name), 'utf8').split('\n').map(Number));
const known = readdirSync(LISTS)
  .flatMap((name) => JSON.parse(readFileSync(join(LISTS, name), 'utf8')) as Equivalent[])
  .filter(({ file }) => chosen.some((mutant) => mutant.file === file));
const outcome = outcomeOf(chosen, idsIn(KILLED), idsIn(TRIED), known);
const section = (title: string, faults: Mutant[]): void => {
  if (faults.length > 0) console.log(`\n${title}\n${faults.map(described).join('\n')}`);
};
section('Not reached by any test that can be repeated:', outcome.notReached);
section('Survived:', outcome.survived);
for (const { file, original, mutated } of outcome.stale) {
  console.log(`stale entry of ${LISTS}: ${file}: ${original} → ${mutated}`);
}
const minutes = ((performance.now() - begin) / 60_000).toFixed(1);
console.log(
  `\n${chosen.length} mutants, ${outcome.killed.length} killed, ${outcome.equivalent.length} equivalent, ` +
    `${outcome.survived.length} survived, ${outcome.notReached.length} not reached (${minutes} min)`,
);
if (outcome.survived.length + outcome.notReached.length + outcome.stale.length > 0)
  process.exitCode = 1;
