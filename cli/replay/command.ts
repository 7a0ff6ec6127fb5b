// `portcullis mesh replay PAGE.md`: runs the commands of a task page, and compares with what the page prints.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { Command, Option } from 'commander';
import { callControl } from '../../envoy/mesh/control.ts';
import { type MeshStatus, MeshServer } from '../../envoy/mesh/server.ts';
import { ExitCode, Failure } from '../exit-codes.ts';
import { list } from '../policy-inputs.ts';
import { type RuntimeOptions, startRuntime, withRuntime } from '../mesh/runtime.ts';
import { quoted, shellFunctions } from '../mesh/shell.ts';
import { served } from '../mesh/up.ts';
import { MODULE_PATH } from '../package-files.ts';
import { readInput } from '../read-input.ts';
import { agrees } from './compare.ts';
import { knownError } from './known-errors.ts';
import { type Step, stepsOf } from './page.ts';
import { Session } from './session.ts';

/** Longer than the loop that waits out a token's clock skew. */
const STEP_LIMIT_MS = 180_000;
/** The exit code of what Ctrl-C has ended. */
const INTERRUPTED = 130;
/** How long something that never ends, tcpdump, is watched once it has begun. */
const WATCHED_MS = 3000;

/** What became of a step. */
export interface StepResult {
  line: number;
  section: string;
  command: string;
  expected: string[];
  seen: string[];
  verdict: 'agrees' | 'page is wrong' | 'differs';
  /** Why the page is wrong. */
  why?: string;
}

interface Options extends RuntimeOptions {
  serve?: string[];
  yes?: boolean;
  output: 'text' | 'json';
}

export function replayCommand(): Command {
  const command = new Command('replay')
    .summary("runs a task page's commands, and compares with what it prints")
    .description(
      'Runs the commands of the fenced blocks of a page (lines with `$ ` in front) on a mesh of its own, one after the other, and compares ' +
        'with the lines below each. Exits with 1 when anything differs that is not known to be an error of the page. The commands run in a ' +
        'shell of this machine, as you, in a folder of their own and with none of your environment but what a shell needs: read a page ' +
        'that is not yours before.',
    )
    .argument('<page>', 'a task page, Markdown')
    .option('--serve <URL=FILE>', 'a file in the place of a URL that the page fetches', list)
    .option('--yes', 'runs the commands of the page without asking')
    .addOption(
      new Option('-o, --output <format>', 'how it is written')
        .choices(['text', 'json'])
        .default('text'),
    )
    .addHelpText(
      'before',
      'Examples:\n  portcullis mesh replay --yes docs/tasks/mutual-tls-migration.md\n',
    )
    .action(replay);
  return withRuntime(command);
}

async function replay(page: string, options: Options): Promise<void> {
  const steps = stepsOf(await readInput(page));
  if (steps.length === 0)
    throw new Failure(
      ExitCode.Usage,
      `${page}: no commands; a line of a fenced block with "$ " begins one`,
    );
  if (options.yes !== true) await askWhether(page, steps.length);
  const home = await mkdtemp(join(tmpdir(), 'portcullis-replay-'));
  const folder = join(home, 'mesh');
  const results: StepResult[] = [];
  const server = await MeshServer.start({
    folder,
    runtime: await startRuntime(options, `replay-${process.pid}`, folder),
    module: MODULE_PATH,
    progress: () => undefined,
  });
  const session = new Session(home, {
    ...environmentOfPages(),
    PORTCULLIS_MESH_HOME: home,
    PORTCULLIS: `${quoted(process.execPath)} ${quoted(process.argv[1]!)}`,
  });
  const end = (): void => session.stop();
  process.once('SIGINT', end).once('SIGTERM', end);
  try {
    for (const { url, file } of (options.serve ?? []).map(served)) {
      await callControl(folder, 'serve', { url, file });
    }
    const { ingressHost } = await callControl<MeshStatus>(folder, 'status');
    await session.run(
      shellFunctions('mesh', ingressHost) + (await webFunctions(folder)),
      STEP_LIMIT_MS,
    );
    for (const [i, step] of steps.entries()) {
      const result = await whileTelling(page, step, () =>
        runStep(session, step, steps.slice(0, i)),
      );
      if (session.hasEnded) throw new Failure(INTERRUPTED, 'interrupted');
      results.push(result);
      if (options.output === 'text') process.stdout.write(resultText(page, result));
    }
  } finally {
    session.stop();
    await server.stop();
    await rm(home, { recursive: true, force: true });
  }
  if (options.output === 'json') process.stdout.write(`${JSON.stringify(results, null, 2)}\n`);
  else process.stdout.write(summary(results));
  const count = results.filter(({ verdict }) => verdict === 'differs').length;
  if (count > 0) throw new Failure(ExitCode.Findings, `${count} of ${results.length} steps differ`);
}

/** All of the environment that a page's commands see: nobody's credentials are in it. */
const ENVIRONMENT = /^(PATH|HOME|USER|LOGNAME|SHELL|TERM|TZ|TMPDIR|LANG|LC_\w+|NO_COLOR)$/;

function environmentOfPages(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => ENVIRONMENT.test(name)));
}

/** A page's commands are somebody else's. Throws Failure unless whoever sits there says yes. */
async function askWhether(page: string, commands: number): Promise<void> {
  const what = `${commands} commands of ${page} run in a shell of this machine, as you`;
  if (!process.stdin.isTTY) {
    throw new Failure(ExitCode.Usage, `${what}: read it, and say --yes`);
  }
  const asked = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await asked.question(`${what}. Go on? [y/N] `);
  asked.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new Failure(ExitCode.Usage, 'nothing was run');
}

/** After how long, and then how often, it is told on a terminal that a step still runs. */
const TOLD_MS = 5000;

async function whileTelling<T>(page: string, step: Step, task: () => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return task();
  let seconds = 0;
  const timer = setInterval(() => {
    seconds += TOLD_MS / 1000;
    process.stderr.write(`        ${page}:${step.line}: for ${seconds} s now\n`);
  }, TOLD_MS);
  try {
    return await task();
  } finally {
    clearInterval(timer);
  }
}

async function runStep(session: Session, step: Step, earlier: Step[]): Promise<StepResult> {
  const isEndless = /\btcpdump\b/.test(step.command);
  const watched = isEndless ? WATCHED_MS : undefined;
  const { lines, code } = await session.run(step.command, STEP_LIMIT_MS, watched);
  const seen = lines.filter((line) => line.trim() !== '');
  const result = { ...step, seen };
  if (isAsPrinted(step, seen, code)) return { ...result, verdict: 'agrees' };
  const known = await knownError(step, seen, earlier);
  if (known === undefined) return { ...result, verdict: 'differs' };
  if (known.instead !== undefined) {
    const again = await session.run(known.instead, STEP_LIMIT_MS);
    const isMended =
      known.mustAgree === true ? agrees(step.expected, again.lines) : again.code === 0;
    if (!isMended) return { ...result, seen: again.lines, verdict: 'differs' };
  }
  return { ...result, verdict: 'page is wrong', why: known.why };
}

/** Pages leave out what these say when they work. */
const TALKATIVE = /\b(kubectl (apply|create|delete)|istioctl|wget)\b/;

/** Whether a command has printed what its page prints: of one that a page shows without any output, nothing, or no error. */
function isAsPrinted({ command, expected }: Step, seen: string[], code?: number): boolean {
  if (expected.length > 0) return agrees(expected, seen);
  // What fails there leaves nothing to be seen but an empty variable.
  if (/^\w+=\$\(/.test(command) && code !== 0) return false;
  if (!TALKATIVE.test(command)) return seen.length === 0;
  return code === 0 && !seen.some((line) => /^(Error|error:)|: Error /.test(line));
}

/** curl and wget of the page's own shell, for the hosts that the mesh serves. */
async function webFunctions(folder: string): Promise<string> {
  const { endpoint, hosts, ca } = await callControl<{
    endpoint: { address: string; port: number };
    hosts: string[];
    ca: string;
  }>(folder, 'web');
  if (hosts.length === 0) return '';
  const to = hosts.map(
    (host) => `--connect-to ${quoted(`${host}:443:${endpoint.address}:${endpoint.port}`)}`,
  );
  return `curl() { command curl --cacert ${quoted(ca)} ${to.join(' ')} "$@"; }
wget() { local url; for url; do case "$url" in http*) curl -fsSO "$url";; esac; done; }
`;
}

function resultText(
  page: string,
  { line, command, expected, seen, verdict, why }: StepResult,
): string {
  const first = command.split('\n')[0]!;
  const short = first.length > 100 ? `${first.slice(0, 97)}…` : first;
  const mark = { agrees: 'ok', 'page is wrong': 'page', differs: 'DIFFERS' }[verdict].padEnd(8);
  const head = `${mark}${page}:${line}: ${short}\n`;
  if (verdict === 'agrees') return head;
  const block = (title: string, lines: string[]): string =>
    lines.length === 0
      ? `          ${title}: nothing\n`
      : `          ${title}:\n${lines.map((one) => `            ${one}\n`).join('')}`;
  return `${head}${why === undefined ? '' : `          ${why}\n`}${block('the page prints', expected)}${block('seen', seen)}`;
}

function summary(results: StepResult[]): string {
  const count = (verdict: StepResult['verdict']): number =>
    results.filter((result) => result.verdict === verdict).length;
  return `\n${results.length} steps: ${count('agrees')} agree, ${count('page is wrong')} where the page is known to be wrong, ${count('differs')} differ\n`;
}
