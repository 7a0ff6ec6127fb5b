// Types the lines of a page into a shell, in a copy of what a clone has after `make build`.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { Session } from '../../../cli/replay/session.ts';
import { EXCEPTIONS, type Exception } from './exceptions.ts';
import { type Block, type Command, type Page, pageOf } from './page.ts';
import { isAsPrinted } from './printed.ts';

/** No line takes that long; who waits for ever is ended. */
const LIMIT_MS = 120_000;

/** The page whose lines come before those of every other in docs/. */
const FIRST = 'docs/README.md';

/** Every page of which lines are typed. */
export const PAGES = ['README.md', 'sdk/README.md', ...pagesIn('docs'), ...pagesIn('docs/tasks')];

function pagesIn(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.endsWith('.md'));
  return names.toSorted().map((name) => `${folder}/${name}`);
}

export function readPage(path: string): Page {
  return pageOf(readFileSync(path, 'utf8'));
}

/** What is said of a command in the list of those that are not run as they are printed. */
export function exceptionOf(page: string, { text }: Command): Exception | undefined {
  return EXCEPTIONS.find((one) => one.page === page && text.startsWith(one.begin));
}

/** What is typed for a command; undefined where it is not run. */
function typed(page: string, command: Command): string | undefined {
  const exception = exceptionOf(page, command);
  return exception === undefined ? command.text : exception.instead;
}

/** The commands of a page, as they stand together. */
export function blocksOf(path: string): Block[] {
  return readPage(path).steps.filter((step) => step.kind === 'commands');
}

/** The commands of a page that are run, as they are typed. */
export function commandsRun(path: string): string[] {
  return blocksOf(path).flatMap(({ commands }) =>
    commands.flatMap((one) => typed(path, one) ?? []),
  );
}

/** Whether a page starts Envoys: envoy-tests run it then. */
export function startsEnvoys(path: string): boolean {
  return commandsRun(path).some((text) => /\bportcullis mesh\b|\bENVOY_BIN\b/.test(text));
}

/** What has come otherwise than the page has it. */
export interface Difference {
  line: number;
  commands: string[];
  printed: string[];
  seen: string[];
  /** Exit codes; of a command that had to be ended, none. */
  codes: (number | undefined)[];
}

/** Runs a page; `env` is what its shell knows besides what every shell has. */
export async function runPage(
  path: string,
  env: Record<string, string> = {},
): Promise<Difference[]> {
  const home = mkdtempSync(join(tmpdir(), 'portcullis-page-'));
  const clone = cloneIn(home);
  const session = new Session(clone, { ...environment(home), ...env });
  try {
    // What a shell does by itself where somebody types.
    await session.run('shopt -s expand_aliases', LIMIT_MS);
    const pages = path.startsWith('docs/') && path !== FIRST ? [FIRST, path] : [path];
    const differences: Difference[] = [];
    for (const page of pages) {
      for (const step of readPage(page).steps) {
        if (step.kind === 'commands') differences.push(...(await runBlock(session, page, step)));
        else writeFileSync(join(await folderOf(session), step.name), step.text);
      }
    }
    return differences;
  } finally {
    if (startsEnvoys(path)) await session.run(`cd ${clone}; npx portcullis mesh down`, LIMIT_MS);
    session.stop();
    rmSync(home, { recursive: true, force: true });
  }
}

async function runBlock(session: Session, page: string, block: Block): Promise<Difference[]> {
  const commands = block.commands.flatMap((one) => typed(page, one) ?? []);
  if (commands.length === 0) return [];
  const seen: string[] = [];
  const codes: (number | undefined)[] = [];
  for (const command of commands) {
    const { lines, code } = await session.run(command, LIMIT_MS);
    seen.push(...lines);
    codes.push(code);
  }
  // What fails as the page prints it does as it should.
  const isFine =
    block.printed.length > 0
      ? isAsPrinted(block.printed, seen) && !codes.includes(undefined)
      : codes.every((code) => code === 0);
  const { line } = block.commands[0]!;
  return isFine ? [] : [{ line, commands, printed: block.printed, seen, codes }];
}

async function folderOf(session: Session): Promise<string> {
  return (await session.run('pwd', LIMIT_MS)).lines[0]!;
}

/** What lines of pages name, and what npx needs to find the command. */
function cloneIn(home: string): string {
  const clone = join(home, 'clone');
  mkdirSync(clone);
  for (const name of ['package.json', 'docs', 'samples']) {
    cpSync(name, join(clone, name), { recursive: true });
  }
  for (const name of ['build', 'node_modules']) symlinkSync(resolve(name), join(clone, name));
  return clone;
}

/** Nothing of the user's own, and nothing from a registry. */
function environment(home: string): Record<string, string> {
  return {
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ''}`,
    HOME: home,
    // A socket's path has a bound that the usual place of meshes may exceed in here.
    PORTCULLIS_MESH_HOME: join(home, 'mesh'),
    LANG: 'C.UTF-8',
    npm_config_offline: 'true',
    npm_config_update_notifier: 'false',
  };
}
