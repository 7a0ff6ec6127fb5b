// What holds for every command: examples first, suggestions, exit codes, colours where they are seen.
import { spawnSync } from 'node:child_process';
import { type Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { hasColours } from '../../cli/colour.ts';
import { program } from '../../cli/program.ts';
import { portcullis } from './portcullis.ts';

/** Commands that do something, with the words that lead to them. */
function leaves(command: Command, path: string[] = []): string[][] {
  const below = command.createHelp().visibleCommands(command);
  const own = below.filter((child) => child.name() !== 'help');
  if (own.length === 0) return [path];
  return own.flatMap((child) => leaves(child, [...path, child.name()]));
}

const all = leaves(await program());

describe('every command', () => {
  it.each(all.map((path) => [path.join(' ')]))(
    '%s: its help begins with examples',
    async (path) => {
      const { code, stdout } = await portcullis([...path.split(' '), '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(/^Examples:\n {2}(\S+=\S+ )?\S/);
      expect(stdout).toContain(`Usage: portcullis ${path}`);
    },
  );

  it.each(all.map((path) => [path.join(' ')]))(
    '%s: an unknown option ends with 2',
    async (path) => {
      const { code, stdout, stderr } = await portcullis([...path.split(' '), '--hepl']);
      expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
      // What is missing altogether is told first.
      expect(stderr).toMatch(/unknown option '--hepl'|required option|missing required argument/);
    },
  );

  it.each([
    [['lnt'], 'lint'],
    [['analyse'], 'analyze'],
    [['render', 'confg'], 'config'],
    [['token', 'decod'], 'decode'],
    [['mesh', 'aply'], 'apply'],
    [['lint', '--fial-on', 'warning', 'x'], '--fail-on'],
    [['mesh', 'up', '--runtme', 'docker'], '--runtime'],
    [['token', 'mint', 'key.pem', '--exp', '3'], '--expire'],
    [['mesh', 'up', '--de'], '--detach'],
  ])('%s gets a suggestion', async (args, meant) => {
    const { code, stderr } = await portcullis(args);
    expect(code).toBe(2);
    expect(stderr).toContain(`Did you mean ${meant}?`);
  });

  it.each(['lint', 'render envoy', 'mesh apply'])('help %s is its help', async (name) => {
    const { code, stdout } = await portcullis(['help', ...name.split(' ')]);
    expect(code).toBe(0);
    expect(stdout).toContain(`Usage: portcullis ${name}`);
  });

  it('help of what is no command gets a suggestion', async () => {
    const { code, stderr } = await portcullis(['help', 'token', 'vrify']);
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean verify?');
  });

  it.each([
    ['lint no-such.yaml'],
    ['explain -f no-such.yaml --workload foo --path /'],
    ['render config -f no-such.yaml'],
    ['render envoy -f no-such.yaml --workload foo --listen 127.0.0.1:1 --upstream 127.0.0.1:2'],
    ['token mint no-such.pem'],
    ['token decode no-such.txt'],
    ['test no-such.test.yaml'],
    ['lint --mesh-config no-such.yaml samples'],
    ['mesh replay no-such.md'],
  ])('%s: what cannot be read is named, and ends with 2', async (line) => {
    const { code, stdout, stderr } = await portcullis(line.split(' '));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/no-such\.(test\.yaml|yaml|pem|txt|md)/);
    expect(stderr).not.toContain('    at ');
  });

  it('lint of a file that is no UTF-8 says so', async () => {
    const { code, stderr } = await portcullis(['lint', 'build/portcullis.wasm']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'build/portcullis.wasm: is not UTF-8\n' });
  });
});

describe('colours', () => {
  const terminal = { isTTY: true };
  const pipe = {};
  it.each<[string, object, Record<string, string>, string[], boolean]>([
    ['on a terminal', terminal, {}, [], true],
    ['not off a terminal', pipe, {}, [], false],
    ['not on a dumb terminal', terminal, { TERM: 'dumb' }, [], false],
    ['not with NO_COLOR', terminal, { NO_COLOR: '1' }, [], false],
    ['with an empty NO_COLOR', terminal, { NO_COLOR: '' }, [], true],
    ['off a terminal with FORCE_COLOR', pipe, { FORCE_COLOR: '1' }, [], true],
    ['not with FORCE_COLOR=0', terminal, { FORCE_COLOR: '0' }, [], false],
    ['off a terminal with --color', pipe, { NO_COLOR: '1' }, ['--color'], true],
    ['not with --no-color', terminal, { FORCE_COLOR: '1' }, ['--no-color'], false],
    ['not off a terminal in CI', pipe, { CI: 'true' }, [], false],
  ])('are there %s', (_, stream, env, argv, expected) => {
    expect(hasColours(stream, env, argv)).toBe(expected);
  });

  const POLICY =
    'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: a }\nspek: {}\n';
  it('mark the level of a finding in the table alone', async () => {
    const lint = (...args: string[]): ReturnType<typeof portcullis> =>
      portcullis(['lint', '-', '--color', ...args], POLICY, {});
    expect((await lint()).stdout).toContain('\u001b[31m');
    for (const format of ['json', 'yaml', 'github']) {
      expect((await lint('-o', format)).stdout).not.toContain('\u001b');
    }
  });
});

it('no room for the memory of WebAssembly is a lack of this machine, and said', () => {
  const args = ['explain', '-f', 'samples/strict.yaml', '--workload', 'foo/app=a', '--path', '/'];
  const words = [process.execPath, 'build/js/cli/main.js', ...args].join(' ');
  const { status, stderr } = spawnSync('bash', ['-c', `ulimit -v 12000000; exec ${words}`], {
    encoding: 'utf8',
  });
  expect(stderr).toContain('Cannot allocate Wasm memory');
  expect(stderr).toContain('ulimit -v');
  expect(status).toBe(3);
});
