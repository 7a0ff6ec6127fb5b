// A mesh as a process: how it ends, and what it leaves.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { findEnvoy } from '../envoy/binary.ts';
import { fileOf, listeningSockets, listeningSocketsOf, processes, unixSockets } from './proc.ts';

describe('a mesh in the foreground', () => {
  const own = mkdtempSync(join(tmpdir(), 'portcullis-mesh-'));
  const ownEnv = { ...process.env, PORTCULLIS_MESH_HOME: own };
  afterAll(() => rmSync(own, { recursive: true, force: true }));

  async function up(): Promise<ChildProcess> {
    const child = spawn(process.execPath, ['build/js/cli/main.js', 'mesh', 'up', '--bare'], {
      env: ownEnv,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let text = '';
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    await expect.poll(() => text, { timeout: 30_000 }).toContain('is up after');
    return child;
  }

  /** Envoys whose files are in the folder of this mesh. */
  const envoys = (): string[] => processes().filter((pid) => fileOf(pid, 'cmdline').includes(own));

  function run(args: string[], input = ''): Promise<number> {
    return new Promise((done) => {
      const child = execFile(
        process.execPath,
        ['build/js/cli/main.js', 'mesh', ...args],
        { env: ownEnv },
        (error) => done(Number(error?.code ?? 0)),
      );
      child.stdin!.end(input);
    });
  }

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'is gone after %s, and leaves nothing',
    async (signal) => {
      const child = await up();
      expect(envoys().length).toBeGreaterThan(0);
      const ended = once(child, 'exit');
      child.kill(signal);
      await ended;
      expect(envoys()).toEqual([]);
      expect(readdirSync(own)).toEqual([]);
    },
  );

  it('ends when its folder is removed, since nobody could end it any more', async () => {
    const child = await up();
    const ended = once(child, 'exit');
    rmSync(join(own, 'default'), { recursive: true });
    await ended;
    expect(envoys()).toEqual([]);
    expect(await run(['down'])).toBe(0);
    expect(readdirSync(own)).toEqual([]);
  });

  it('outlives what is no command', async () => {
    const child = await up();
    const send = (path: string, body: string): Promise<string> =>
      new Promise((done, failed) => {
        const socketPath = join(own, 'default', 'control.sock');
        const sent = request({ socketPath, path, method: 'POST' }, (response) => {
          let text = '';
          response.on('data', (chunk: Buffer) => (text += chunk.toString()));
          response.on('end', () => done(`${response.statusCode} ${text}`));
        });
        sent.on('error', failed);
        sent.end(body);
      });
    expect(await send('/apply', '{ "sources": [')).toMatch(/^500 \{"error":".*JSON/);
    expect(await send('/apply', '')).toMatch(/^500 /);
    expect(await send('/apply', '{ "sources": 1, "namespace": {} }')).toMatch(/^500 /);
    expect(await send('/nothing', 'null')).toMatch(/^500 .*does not know the command nothing/);
    expect(await send('/exec', '{}')).toMatch(/^500 /);
    expect(await run(['status'])).toBe(0);
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  });

  it('is gone after kill -9, and its resources are there again with the next one', async () => {
    const child = await up();
    expect(await run(['apply', '-f', 'samples/strict.yaml'])).toBe(0);
    child.kill('SIGKILL');
    await expect.poll(envoys, { timeout: 10_000 }).toEqual([]);
    expect(await run(['status'])).toBe(3);
    const again = await up();
    expect(await run(['get', 'pa', 'default', '-n', 'istio-system'])).toBe(0);
    const ended = once(again, 'exit');
    expect(await run(['down'])).toBe(0);
    await ended;
    expect(envoys()).toEqual([]);
  });
});

describe('nothing is left', () => {
  const CLI = 'build/js/cli/main.js';

  it.each([
    [
      'of a mesh, when it is down',
      [
        [CLI, 'mesh', 'up', '--detach'],
        [CLI, 'mesh', 'matrix'],
        [CLI, 'mesh', 'exec', 'sleep.foo', '--', 'curl', '-s', 'http://httpbin.bar:8000/ip'],
      ],
      [[CLI, 'mesh', 'down']],
    ],
    [
      'of a mesh that could not start',
      [],
      [[CLI, 'mesh', 'up', '--detach', '-f', 'samples/mistakes/misspelled.yaml']],
    ],
    ['of the demo', [], [['build/js/envoy/demo/main.js']]],
  ])('%s', { timeout: 180_000 }, async (_name, before, last) => {
    const home = mkdtempSync(join(tmpdir(), 'portcullis-left-'));
    const temporary = join(home, 'tmp');
    mkdirSync(temporary);
    const mark = `PORTCULLIS_TEST_MARK=${randomUUID()}`;
    const { path } = await findEnvoy();
    const env = {
      ...process.env,
      ENVOY_BIN: path,
      TMPDIR: temporary,
      PORTCULLIS_MESH_HOME: join(temporary, 'meshes'),
      PORTCULLIS_TEST_MARK: mark.split('=')[1],
    };
    const run = (args: string[]): Promise<void> =>
      new Promise((done) => {
        // What is left running is no child that could be waited for: its output goes nowhere.
        spawn(process.execPath, args, { env, stdio: 'ignore' }).on('exit', () => done());
      });
    const marked = (): string[] =>
      processes().filter((pid) => fileOf(pid, 'environ').split('\0').includes(mark));
    try {
      for (const args of before) await run(args);
      const sockets = marked().flatMap(listeningSocketsOf);
      if (before.length > 0) {
        expect(marked().length).toBeGreaterThan(5);
        expect(sockets.length).toBeGreaterThan(5);
        expect(unixSockets(home).length).toBeGreaterThan(0);
      }
      const shared = marked().filter((pid) => fileOf(pid, 'maps').includes('/dev/shm/'));
      expect(shared).toEqual([]);
      for (const args of last) await run(args);
      expect(marked().map((pid) => fileOf(pid, 'cmdline'))).toEqual([]);
      expect(sockets.filter((socket) => listeningSockets().includes(socket))).toEqual([]);
      expect(unixSockets(home)).toEqual([]);
      expect(readdirSync(temporary, { recursive: true })).toEqual(
        readdirSync(temporary).includes('meshes') ? ['meshes'] : [],
      );
    } finally {
      for (const pid of marked()) process.kill(Number(pid), 'SIGKILL');
      rmSync(home, { recursive: true, force: true });
    }
  });
});
