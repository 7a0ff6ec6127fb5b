// `make bench-mesh`: how long a mesh takes to start and to heed a policy, and what memory it takes.
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../envoy/errors.ts';
import { callControl } from '../envoy/mesh/control.ts';
import type { Outcome } from '../envoy/mesh/plan.ts';
import type { MeshStatus } from '../envoy/mesh/server.ts';
import { SteadyLoad, describeStatuses } from './steady-load.ts';

const STARTS = 3;
const CHANGES = 10;
/** Requests a second while policies change. */
const RATE = 200;
const CLI = 'build/js/cli/main.js';

const home = mkdtempSync(join(tmpdir(), 'portcullis-bench-'));
const folder = join(home, 'default');
const env = { ...process.env, PORTCULLIS_MESH_HOME: home };

function mesh(...args: string[]): Promise<void> {
  return new Promise((done, failed) => {
    execFile(process.execPath, [CLI, 'mesh', ...args], { env }, (error) =>
      error === null ? done() : failed(new Error(messageOf(error))),
    );
  });
}

async function start(): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, [CLI, 'mesh', 'up', '--detach'], { env, stdio: 'ignore' });
  await new Promise((done) => child.on('exit', done));
  return (performance.now() - begin) / 1000;
}

const policy = (path: string): string =>
  JSON.stringify({
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'bench', namespace: 'foo' },
    spec: { action: 'DENY', rules: [{ to: [{ operation: { paths: [path] } }] }] },
  });

async function main(): Promise<void> {
  for (let i = 0; i < STARTS; i++) {
    if (i > 0) await mesh('down');
    console.log(`mesh up, the default mesh: ${(await start()).toFixed(1)} s`);
  }
  const status = await callControl<MeshStatus>(folder, 'status');
  const total = status.pods.reduce((sum, { pssKib }) => sum + pssKib, status.pssKib);
  console.log(`memory of the whole mesh (sum of PSS): ${(total / 1024).toFixed(0)} MiB`);

  const { address } = status.pods.find(
    ({ name, namespace }) => `${name}.${namespace}` === 'sleep.bar',
  )!;
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const ask = (path: string): Promise<number> =>
    new Promise((done) => {
      const options = {
        host: address,
        port: 15001,
        path,
        agent,
        headers: { host: 'httpbin.foo:8000' },
      };
      get(options, (answer) => {
        answer.resume().on('end', () => done(answer.statusCode!));
      }).on('error', () => done(0));
    });
  const load = new SteadyLoad(RATE, () => ask('/ip'));
  const times: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const begin = performance.now();
    const sources = [{ file: 'bench', text: policy(`/denied-${i}`) }];
    const { problems } = await callControl<Outcome>(folder, 'apply', { sources, namespace: 'foo' });
    if (problems.length > 0) throw new Error(problems.join('\n'));
    while ((await ask(`/denied-${i}`)) !== 403) await sleep(1);
    times.push(performance.now() - begin);
  }
  const seen = await load.end();
  agent.destroy();
  const longest = Math.max(...times).toFixed(0);
  const median = times.sort((a, b) => a - b)[times.length >> 1]!.toFixed(0);
  console.log(
    `apply to effect, ${CHANGES} changes under ${RATE} requests/s: median ${median} ms, longest ${longest} ms`,
  );
  console.log(`requests meanwhile: ${describeStatuses(seen)}`);
}

try {
  await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = 1;
} finally {
  await mesh('down').catch(() => undefined);
  rmSync(home, { recursive: true, force: true });
}
