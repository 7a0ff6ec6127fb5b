// `make soak`: ten million requests of many kinds to a real Envoy on two workers, each status held against what is right, while the
// policies change, well and badly; its memory and its VMs at every tenth. COUNT and MINUTES bound it.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findEnvoy } from '../envoy/binary.ts';
import { PLUGIN, type WasmPlugin, discoveredWasmFilter } from '../envoy/config/wasm-filter.ts';
import { EnvironmentError, messageOf } from '../envoy/errors.ts';
import { INGRESS, proxyBootstrap } from '../envoy/proxy.ts';
import { EnvoyProcess, discoveryFolder } from '../envoy/runtime/process.ts';
import { answerDirectly } from './gateway.ts';
import { residentMib } from './resident-memory.ts';
import { type Tally, drive } from './soak/connection.ts';
import { KEYS, kinds } from './soak/kinds.ts';
import { resourcesOf } from './soak/policies.ts';

const COUNT = Number(process.env.COUNT ?? 10_000_000);
const MINUTES = Number(process.env.MINUTES ?? 15);
const CONNECTIONS = 64;
const TENTHS = 10;
/** Between two configurations; every so manieth is wrong. */
const CHANGE_MS = 2000;
const WRONG_EVERY = 5;
/** What allocators of a process move about, from the second tenth on. */
const GROWTH_MIB = 48;
const VMS = 'wasm.envoy.wasm.runtime.v8.active';

function plugin(configuration: string): WasmPlugin {
  return { name: PLUGIN, vmId: PLUGIN, module: resolve('build/portcullis.wasm'), configuration };
}

async function start(): Promise<{ envoy: EnvoyProcess; version: string; folder: string }> {
  const binary = await findEnvoy();
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-soak-'));
  const address = { address: '127.0.0.1', port: 0 };
  const bootstrap = proxyBootstrap({
    node: { namespace: 'istio-system', labels: { istio: 'ingressgateway' } },
    listen: address,
    upstream: { address: '127.0.0.1', port: 1 },
    admin: address,
    gateway: true,
    guarded: true,
    filters: [discoveredWasmFilter(PLUGIN, discoveryFolder(folder))],
    accessLogPath: '/dev/null',
    jwksUris: new Map(),
  });
  answerDirectly(bootstrap);
  const envoy = await EnvoyProcess.start({
    binary: binary.path,
    folder,
    bootstrap,
    concurrency: 2,
    plugins: [plugin(configurationOf('first'))],
  });
  return { envoy, version: binary.version, folder };
}

function configurationOf(salt: string): string {
  return JSON.stringify({ guard: true, resources: resourcesOf(KEYS, salt) });
}

/** Changes the policies until `isOver`; how often, and how often a good one was refused or a wrong one taken. */
async function change(envoy: EnvoyProcess, isOver: () => boolean): Promise<[number, number]> {
  let [changes, unexpected] = [0, 0];
  for (; !isOver(); await sleep(CHANGE_MS)) {
    changes++;
    const isWrong = changes % WRONG_EVERY === 0;
    const text = configurationOf(`salt-${changes}`);
    const { accepted } = await envoy.apply(
      plugin(isWrong ? text.replace('"DENY"', '"DENIED"') : text),
    );
    if (accepted === isWrong) unexpected++;
  }
  return [changes, unexpected];
}

async function main(): Promise<void> {
  const all = kinds();
  const { envoy, version, folder } = await start();
  const tally: Tally = { answered: 0, wrong: new Map(), lost: 0 };
  const deadline = performance.now() + MINUTES * 60_000;
  const sizes: number[] = [];
  try {
    console.log(`Envoy ${version}, two workers, ${all.length} kinds, policies change every 2 s`);
    const port = envoy.port(INGRESS);
    let sent = 0;
    let isOver = false;
    const changing = change(envoy, () => isOver);
    for (let tenth = 1; tenth <= TENTHS && performance.now() < deadline; tenth++) {
      const until = Math.ceil((COUNT * tenth) / TENTHS);
      const begin = performance.now();
      const before = tally.answered;
      const next = (): (typeof all)[number] | undefined =>
        sent < until && performance.now() < deadline ? all[sent++ % all.length] : undefined;
      await Promise.all(Array.from({ length: CONNECTIONS }, () => drive(port, next, tally)));
      sizes.push(residentMib(envoy.pid));
      const rate = ((tally.answered - before) / (performance.now() - begin)) * 1000;
      console.log(
        `${String(tally.answered).padStart(9)}  ${sizes.at(-1)!.toFixed(1)} MiB  ${await envoy.admin.stat(VMS)} VMs  ${rate.toFixed(0)}/s`,
      );
    }
    isOver = true;
    const [changes, unexpected] = await changing;
    console.log(`${changes} configurations, ${unexpected} of them not received as they should be`);
    for (const [what, count] of tally.wrong) console.log(`wrong: ${what}, ${count} times`);
    const wrong = [...tally.wrong.values()].reduce((sum, count) => sum + count, 0);
    const growth = sizes.at(-1)! - (sizes[1] ?? sizes[0]!);
    console.log(
      `${tally.answered} requests of ${all.length} kinds, ${wrong} wrong, ${tally.lost} lost; ` +
        `RSS ${(sizes[1] ?? sizes[0]!).toFixed(1)} → ${sizes.at(-1)!.toFixed(1)} MiB; ${await envoy.admin.stat(VMS)} VMs`,
    );
    if (wrong + tally.lost + unexpected > 0 || growth > GROWTH_MIB) process.exitCode = 1;
  } finally {
    await envoy.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = error instanceof EnvironmentError ? 3 : 1;
}
