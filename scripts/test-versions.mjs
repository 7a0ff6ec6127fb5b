// `make test-versions`: the tests in real Envoys, on one Envoy of each minor version. VERSIONS='1.36 1.37': those alone; ONLY=path:
// one folder or file. What a version is known to do otherwise stands in envoy-tests/versions.json, and is counted by itself: `tests` fail,
// and one that passes all the same is a failure, so that the list stays true; `sometimes`: tests that draw their requests, and may fail;
// `setUps`: files in which the set-up of a suite fails; `files`: where anything may. A name that ends with * stands for all that begin so.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const versions = (process.env.VERSIONS ?? '1.36 1.37 1.38 1.39 1.40').split(' ').filter(Boolean);
const only = (process.env.ONLY ?? 'envoy-tests').split(' ');
const known = JSON.parse(readFileSync('envoy-tests/versions.json', 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'portcullis-versions-'));
const rows = [];
for (const version of versions) {
  const out = join(folder, `${version}.json`);
  const begin = performance.now();
  const { stderr, status } = spawnSync(
    'npx',
    ['--no-install', 'vitest', 'run', ...only, '--reporter=json', `--outputFile=${out}`],
    { env: { ...process.env, ENVOY_VERSION: version }, encoding: 'utf8' },
  );
  const seconds = ((performance.now() - begin) / 1000).toFixed(0);
  let result;
  try {
    result = JSON.parse(readFileSync(out, 'utf8'));
  } catch {
    console.error(`Envoy ${version}: vitest ended with ${status} and no result\n${stderr}`);
    process.exitCode = 1;
    continue;
  }
  const tests = result.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => ({ ...test, file: name.replace(`${process.cwd()}/`, '') })),
  );
  const ofVersion = known.filter(({ versions: of }) => of.includes(version));
  const of = (key) => ofVersion.flatMap((entry) => entry[key] ?? []);
  const files = new Set(of('files'));
  const setUps = new Set([...files, ...of('setUps')]);
  const titleOf = ({ file, fullName }) => `${file}: ${fullName}`;
  const isListed = (key, test) =>
    of(key).some((name) =>
      name.endsWith('*') ? titleOf(test).startsWith(name.slice(0, -1)) : titleOf(test) === name,
    );
  const broken = tests.filter((test) => test.status === 'failed');
  const differ = broken.filter(
    (test) => isListed('tests', test) || isListed('sometimes', test) || files.has(test.file),
  );
  const stale = tests.filter((test) => test.status === 'passed' && isListed('tests', test));
  const failed = [...broken.filter((test) => !differ.includes(test)), ...stale];
  // A suite whose set-up fails has no result of its tests.
  const suites = result.testResults
    .map((file) => ({ ...file, name: file.name.replace(`${process.cwd()}/`, '') }))
    .filter(({ name, status: became }) => became === 'failed' && !setUps.has(name))
    .filter(({ name }) => !broken.some(({ file }) => file === name));
  const count = (status) => tests.filter((test) => test.status === status).length;
  const skipped = tests.length - count('passed') - broken.length;
  const passed = count('passed') - stale.length;
  rows.push({
    version,
    passed,
    failed: failed.length + suites.length,
    differ: differ.length,
    skipped,
    seconds,
  });
  for (const test of failed) {
    const why = stale.includes(test) ? ' (passes, though versions.json lists it)' : '';
    console.log(`Envoy ${version}: ${titleOf(test)}${why}`);
  }
  for (const { name, message } of suites)
    console.log(`Envoy ${version}: ${name}: ${message.split('\n')[0]}`);
}
rmSync(folder, { recursive: true });

console.log('\nEnvoy  passed  failed  differ  skipped  seconds');
for (const { version, passed, failed, differ, skipped, seconds } of rows) {
  const cells = [passed, failed, differ, skipped, seconds].map((cell, i) =>
    String(cell).padStart([6, 6, 6, 7, 7][i]),
  );
  console.log(`${version}   ${cells.join('  ')}`);
}
const sum = (key) => rows.reduce((total, row) => total + row[key], 0);
if (sum('failed') > 0) process.exitCode = 1;
console.log(`${sum('passed')} passed, ${sum('failed')} failed`);
