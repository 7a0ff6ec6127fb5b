import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { watch } from 'node:fs';
import { Command, Option } from 'commander';
import { ExitCode, Failure } from './exit-codes.ts';
import { junitReport } from './junit.ts';
import {
  type Case,
  type Result,
  type Suite,
  readSuite,
  runCase,
  runCaseInEnvoy,
} from './test-suite.ts';

interface Options {
  run?: string;
  watch?: boolean;
  envoy?: boolean;
  output: 'text' | 'json' | 'junit';
}

const EXAMPLES = `Examples:
  portcullis test policies/
  portcullis test gateway.test.yaml -r 'admin'
  portcullis test policies/ -o junit > report.xml
`;
/** What a suite's file is called when it is looked for in a folder. */
const SUITE = /\.test\.ya?ml$/;

/** `portcullis test`: unit tests of policies, and which rules no test has matched. */
export function testCommand(): Command {
  return new Command('test')
    .summary('unit tests of policies')
    .description(
      'Runs suites of requests with expectations (docs/policy-tests.md) on the module itself, without Envoy. Of a folder, every file ' +
        'whose name ends in .test.yaml.',
    )
    .argument('[path...]', 'suites, or folders with suites; default: here')
    .option('-r, --run <regex>', 'only cases whose name matches')
    .option('-w, --watch', 'again whenever a file changes')
    .option('--envoy', 'judges with a real Envoy as well: the answers must be the same')
    .addOption(
      new Option('-o, --output <format>', 'how it is written')
        .choices(['text', 'json', 'junit'])
        .default('text'),
    )
    .addHelpText('before', EXAMPLES)
    .action(async (paths: string[], options: Options) => {
      const places = paths.length === 0 ? ['.'] : paths;
      if (options.watch === true) return watching(places, options);
      const failed = await runAll(places, options);
      if (failed > 0) throw new Failure(ExitCode.Findings, `${failed} failed`);
    });
}

async function runAll(paths: string[], options: Options): Promise<number> {
  const wanted = patternOf(options.run);
  const files = (await Promise.all(paths.map(suitesAt))).flat();
  if (files.length === 0) {
    throw new Failure(ExitCode.Usage, `no suite (*.test.yaml) in ${paths.join(', ')}`);
  }
  const results: Result[] = [];
  const unmatched: string[] = [];
  for (const file of files) {
    const suite = await readSuite(file);
    for (const warning of suite.judge.warnings) process.stderr.write(`${file}: ${warning}\n`);
    const chosen = suite.cases.filter(({ name }) => wanted.test(name));
    const own =
      options.envoy === true
        ? await inEnvoy(suite, chosen)
        : chosen.map((one) => runCase(suite, one));
    results.push(...own);
    const matched = new Set(
      own.flatMap(({ decision }) =>
        decision.steps
          .filter((step) => step.matched)
          .map(({ action, rule }) => `${action} ${rule}`),
      ),
    );
    // Of a part of the cases nothing can be said about all of the rules.
    if (options.run === undefined) {
      unmatched.push(
        ...suite.rules.filter((rule) => !matched.has(rule)).map((rule) => `${file}: ${rule}`),
      );
    }
  }
  if (results.length === 0) throw new Failure(ExitCode.Usage, `no case matches ${options.run}`);
  print(results, unmatched, options.output);
  return results.filter(({ failures }) => failures.length > 0).length;
}

/** Every case at a real Envoy as well; those that cannot be put to one are named. */
async function inEnvoy(suite: Suite, cases: Case[]): Promise<Result[]> {
  const envoy = await suite.judge.inEnvoy();
  const results: Result[] = [];
  try {
    for (const one of cases) {
      const result = await runCaseInEnvoy(suite, one, envoy);
      if (typeof result !== 'string') {
        results.push(result);
        continue;
      }
      process.stderr.write(`${suite.file}: ${one.name}: not put to Envoy: ${result}\n`);
      results.push(runCase(suite, one));
    }
  } finally {
    await envoy.stop();
  }
  return results;
}

function print(results: Result[], unmatched: string[], output: Options['output']): void {
  if (output === 'junit') return void process.stdout.write(junitReport(results));
  const failed = results.filter(({ failures }) => failures.length > 0);
  if (output === 'json') {
    process.stdout.write(`${JSON.stringify({ results, unmatchedRules: unmatched }, null, 2)}\n`);
    return;
  }
  for (const { file, name, failures } of failed) {
    process.stdout.write(
      `FAIL ${file}: ${name}\n${failures.map((line) => `  ${line}\n`).join('')}`,
    );
  }
  if (unmatched.length > 0) {
    process.stdout.write(
      `rules that no case matched:\n${unmatched.map((rule) => `  ${rule}\n`).join('')}`,
    );
  }
  process.stdout.write(`${results.length - failed.length} passed, ${failed.length} failed\n`);
}

/** Runs again with every change, until it is interrupted. */
async function watching(paths: string[], options: Options): Promise<void> {
  const once = async (): Promise<void> => {
    await runAll(paths, options).catch((error: Error) => {
      const lines = error instanceof Failure ? error.lines : [error.message];
      for (const line of lines) process.stderr.write(`${line}\n`);
    });
  };
  await once();
  let due: NodeJS.Timeout | undefined;
  for (const path of paths) {
    watch(path, { recursive: true }, () => {
      clearTimeout(due);
      due = setTimeout(() => void once(), 100);
    });
  }
  await new Promise(() => undefined);
}

async function suitesAt(path: string): Promise<string[]> {
  const entry = await stat(path).catch(() => {
    throw new Failure(ExitCode.Usage, `${path}: cannot be read`);
  });
  if (!entry.isDirectory()) return [path];
  const names = await readdir(path, { recursive: true });
  return names
    .filter((name) => SUITE.test(name) && !name.includes('node_modules'))
    .sort()
    .map((name) => join(path, name));
}

function patternOf(text: string | undefined): RegExp {
  try {
    return new RegExp(text ?? '');
  } catch {
    throw new Failure(ExitCode.Usage, `--run ${text}: not a regular expression`);
  }
}
