// `make bench-istio`: how long it takes from a policy that is applied to the real API server until the module enforces it in a sidecar,
// and what becomes of the requests meanwhile. Beside it the same policy in the cluster, enforced by istiod's own filters.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../envoy/errors.ts';
import { binariesFolder } from '../istio-tests/lab/binaries.ts';
import type { KubeObject } from '../istio-tests/lab/kube.ts';
import { Lab, whyNot } from '../istio-tests/lab/lab.ts';
import { pluginObjects } from '../istio-tests/lab/plugin.ts';
import { median } from './statistics.ts';
import { SteadyLoad, describeStatuses } from './steady-load.ts';

const CHANGES = 20;
/** Requests a second while policies change. */
const RATE = 200;
/** A policy that takes longer never comes: the load is not to go on for it. */
const LIMIT_MS = 30_000;

const policy = (path: string): KubeObject => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'bench', namespace: 'foo' },
  spec: { action: 'DENY', rules: [{ to: [{ operation: { paths: [path] } }] }] },
});

async function measure(
  lab: Lab,
  name: string,
  objects: (path: string) => KubeObject[],
): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const until = async (isDone: (status: number) => boolean, path: string): Promise<void> => {
    for (const end = performance.now() + LIMIT_MS; !isDone(await lab.status({ path }));) {
      if (performance.now() > end) throw new Error(`${name}: ${path} is as before after 30 s`);
      await sleep(2);
    }
  };
  const inForce = (path: string): Promise<void> => until((status) => status === 403, path);
  // The first one is another thing: the module is fetched and compiled.
  const begin = performance.now();
  await lab.kube.apply(objects('/first'));
  await inForce('/first');
  const first = performance.now() - begin;
  const load = new SteadyLoad(RATE, () => lab.status({ path: '/ip', agent }));
  const times: number[] = [];
  let seen: Map<number, number>;
  try {
    for (let i = 0; i < CHANGES; i++) {
      const begin = performance.now();
      await lab.kube.apply(objects(`/denied-${i}`));
      await inForce(`/denied-${i}`);
      times.push(performance.now() - begin);
    }
  } finally {
    seen = await load.end();
    agent.destroy();
  }
  await lab.kube.delete(objects('/last'));
  await until((status) => status !== 403, `/denied-${CHANGES - 1}`);
  console.log(
    `${name}: the first in force after ${first.toFixed(0)} ms; ${CHANGES} changes under ${RATE} requests/s: ` +
      `median ${median(times).toFixed(0)} ms, longest ${Math.max(...times).toFixed(0)} ms; ` +
      `requests meanwhile: ${describeStatuses(seen)}`,
  );
}

async function main(): Promise<void> {
  const reason = whyNot();
  if (reason !== undefined) throw new Error(reason);
  const begin = performance.now();
  const lab = await Lab.start(await binariesFolder());
  try {
    console.log(`the lab is ready after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
    lab.files.putFile('/portcullis.wasm', 'build/portcullis.wasm');
    const url = `http://${lab.filesAddress}/portcullis.wasm`;
    await measure(lab, 'WasmPlugin', (path) => pluginObjects([policy(path)], url, {}));
    await measure(lab, 'AuthorizationPolicy, by istiod itself', (path) => [policy(path)]);
  } finally {
    await lab.stop();
  }
}

await main().catch((error: unknown) => {
  console.error(messageOf(error));
  process.exitCode = 1;
});
