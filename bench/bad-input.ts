// `make bench-bad-input`: what commands do with input that is endless, huge, deep, binary or not there, and with large good
// input: exit code, seconds, peak memory. Ends with 1 where a command does not refuse what it cannot read, ends without a word, takes
// more than five seconds or more than 500 MB. ONLY=text: inputs with it.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generatePrivateKey } from '../istio/token/keys.ts';
import { type BadInput, badInputs } from './bad-input/inputs.ts';

const CLI = resolve('build/js/cli/main.js');
const MOST_MB = 500;
const MOST_SECONDS = 5;
/** A command that has not ended by then never will. */
const LIMIT_SECONDS = 30;
/** Has a process write its peak memory, in KiB, to its fourth file descriptor. */
const TELL_MEMORY =
  'data:text/javascript,import{writeSync}from"node:fs";process.on("exit",()=>writeSync(3,String(process.resourceUsage().maxRSS)))';

const home = mkdtempSync(join(tmpdir(), 'portcullis-bad-input-'));
const env = { ...process.env, PORTCULLIS_MESH_HOME: join(home, 'meshes'), NO_COLOR: '1' };

interface Command {
  name: string;
  /** Its arguments, with the input's path. */
  args: (path: string) => string[];
}

const COMMANDS: Command[] = [
  { name: 'lint', args: (path) => ['lint', path] },
  {
    name: 'explain',
    args: (path) => ['explain', '-f', path, '--workload', 'foo', '--path', '/'],
  },
  { name: 'test', args: (path) => ['test', path] },
  {
    name: 'render',
    args: (path) =>
      `render envoy -f ${path} --workload foo --listen 127.0.0.1:1 --upstream 127.0.0.1:2`.split(
        ' ',
      ),
  },
  { name: 'token decode', args: (path) => ['token', 'decode', path] },
  { name: 'token mint', args: (path) => ['token', 'mint', path] },
  { name: 'mesh apply', args: (path) => ['mesh', 'apply', '-f', path] },
];

interface Ended {
  /** Of the command; undefined where it did not end. */
  code: number | undefined;
  seconds: number;
  megabytes: number;
  stderr: string;
  stdout: string;
}

/** Runs a command by a shell that gives it its input, and takes its output. */
function run(
  args: string[],
  { source = 'true', sink = '' }: Partial<BadInput> = {},
): Promise<Ended> {
  const begin = performance.now();
  // The command's own exit code, not that of what takes its output.
  const script = `set -o pipefail; ${source} | { "$@"; echo $? >&4; } ${sink}`;
  const words = [process.execPath, '--import', TELL_MEMORY, CLI, ...args];
  const child = spawn('bash', ['-c', script, 'bash', ...words], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe', 'pipe'],
  });
  const seen = ['', '', '', '', ''];
  for (const at of [1, 2, 3, 4]) {
    const stream = child.stdio[at] as NodeJS.ReadableStream;
    stream.on('data', (data: Buffer) => (seen[at] += data.toString('latin1').slice(0, 10_000)));
  }
  const killer = setTimeout(() => process.kill(-child.pid!, 'SIGKILL'), LIMIT_SECONDS * 1000);
  return new Promise((done) =>
    child.on('close', () => {
      clearTimeout(killer);
      done({
        code: seen[4] === '' ? undefined : Number(seen[4]),
        seconds: (performance.now() - begin) / 1000,
        megabytes: (Number(seen[3]) * 1024) / 1e6,
        stdout: seen[1]!,
        stderr: seen[2]!,
      });
    }),
  );
}

/** What is wrong with how a command ended, or ''. */
function faultOf({ isGood, sink }: BadInput, ended: Ended): string {
  const { code, seconds, megabytes, stderr, stdout } = ended;
  if (code === undefined) return 'never ends';
  if (megabytes > MOST_MB) return 'memory';
  if (/\n\s+at |Maximum call stack|heap/.test(stderr)) return 'a stack trace';
  if (seconds > MOST_SECONDS) return 'slow';
  if (isGood) return [0, 1, 2].includes(code) ? '' : 'exit code';
  if (stderr === '' && stdout === '') return 'not a word';
  // A full disk is none to a command that has nothing to print; and some say what is wrong, and go on.
  if (sink !== undefined) return code === 0 && stderr === '' ? 'exit code' : '';
  return code === 1 || code === 2 || /warning/.test(stderr + stdout) ? '' : 'exit code';
}

async function mesh(...args: string[]): Promise<void> {
  const { code, stderr } = await run(['mesh', ...args]);
  if (code !== 0) throw new Error(`mesh ${args.join(' ')}: ${stderr}`);
}

const wanted = process.env.ONLY ?? '';
let faults = 0;
try {
  const inputs = badInputs(home).filter(({ what }) => what.includes(wanted));
  writeFileSync(join(home, 'key.pem'), generatePrivateKey());
  await mesh('up', '--bare', '--detach');
  await mesh('create', 'namespace', 'foo');
  const widest = Math.max(...inputs.map(({ what }) => what.length));
  console.log(
    `${''.padEnd(widest)}  ${COMMANDS.map(({ name }) => name.padEnd(18)).join('')}\n` +
      `${''.padEnd(widest)}  ${COMMANDS.map(() => 'code    s   MB    ').join('')}`.trimEnd(),
  );
  const most = { bad: 0, good: 0, megabytes: 0 };
  for (const input of inputs) {
    const cells: string[] = [];
    const wrong: string[] = [];
    for (const { name, args } of COMMANDS) {
      let ended = await run(args(input.path), input);
      // Once more where it was slow: a neighbour of this machine is nothing that a command can help.
      if (ended.seconds > MOST_SECONDS) ended = await run(args(input.path), input);
      const kind = input.isGood === true ? 'good' : 'bad';
      most[kind] = Math.max(most[kind], ended.seconds);
      most.megabytes = Math.max(most.megabytes, ended.megabytes);
      const { code, seconds, megabytes } = ended;
      cells.push(
        `${String(code ?? '-').padStart(4)} ${seconds.toFixed(1).padStart(4)} ${megabytes.toFixed(0).padStart(4)}`.padEnd(
          18,
        ),
      );
      const fault = faultOf(input, ended);
      if (fault !== '') wrong.push(`  ${name}: ${fault}: ${ended.stderr.slice(0, 300)}`);
    }
    console.log(`${input.what.padEnd(widest)}  ${cells.join('').trimEnd()}`);
    for (const line of wrong) console.log(line);
    faults += wrong.length;
  }
  console.log(
    `\n${inputs.length} inputs, ${COMMANDS.length} commands: ${faults} wrong; ` +
      `longest for bad input ${most.bad.toFixed(1)} s, for large good input ${most.good.toFixed(1)} s, ` +
      `most memory ${most.megabytes.toFixed(0)} MB`,
  );
} finally {
  await mesh('down').catch(() => undefined);
  rmSync(home, { recursive: true, force: true });
}
if (faults > 0) process.exitCode = 1;
