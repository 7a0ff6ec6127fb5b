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
  const inForce = async (path: string): Promise<void> => {
    while ((await lab.status({ path })) !== 403) await sleep(2);
  };
  // The first one is another thing: the module is fetched and compiled.
  const begin = performance.now();
  await lab.kube.apply(objects('/first'));
  await inForce('/first');
  const first = performance.now() - begin;
  const load = new SteadyLoad(RATE, () => lab.status({ path: '/ip', agent }));
  const times: number[] = [];
  for (let i = 0; i < CHANGES; i++) {
    const begin = performance.now();
    await lab.kube.apply(objects(`/denied-${i}`));
    await inForce(`/denied-${i}`);
    times.push(performance.now() - begin);
  }
  const seen = await load.end();
  agent.destroy();
  await lab.kube.delete(objects('/last'));
  while ((await lab.status({ path: `/denied-${CHANGES - 1}` })) === 403) await sleep(10);
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
