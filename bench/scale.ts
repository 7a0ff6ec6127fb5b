// `make bench-scale`: what a thousand policies cost more than one; how long they take to compile; what changing them does to
// requests under way.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { findEnvoy } from '../envoy/binary.ts';
import type { JsonObject } from '../envoy/config/types.ts';
import { PLUGIN, discoveredWasmFilter, staticWasmFilter } from '../envoy/config/wasm-filter.ts';
import { EnvironmentError, messageOf } from '../envoy/errors.ts';
import { INGRESS, proxyBootstrap } from '../envoy/proxy.ts';
import { EnvoyProcess, discoveryFolder } from '../envoy/runtime/process.ts';
import { cpuMicroseconds } from './cpu.ts';
import { answerDirectly } from './gateway.ts';
import { run } from './load.ts';
import { manyPolicies } from './scale/policies.ts';
import { estimate, median, shuffled } from './statistics.ts';

const NUMBERS = [1, 1000];
const ROUNDS = 8;
const REQUESTS = 1000;
const CONNECTIONS = 8;
const CHANGES = 10;
const MODULE = resolve('build/portcullis.wasm');

const configurationOf = (count: number): string =>
  JSON.stringify({ resources: manyPolicies(count) });

/** A path that the last policy allows: native rbac tries the policies in the order of their names. */
const pathOf = (count: number): string => `/service-${count - 1}/resource-9`;

async function nativeFilters(count: number): Promise<JsonObject[]> {
  const bytes = await readFile(`bench/scale/policies-${count}.native.json.gz`);
  return (JSON.parse(gunzipSync(bytes).toString()) as { httpFilters: JsonObject[] }).httpFilters;
}

function request(path: string): Buffer {
  return Buffer.from(`GET ${path} HTTP/1.1\r\nhost: bench\r\n\r\n`);
}

async function main(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  const address = { address: '127.0.0.1', port: 0 };
  const rows = NUMBERS.flatMap((count) => [
    { id: `native-${count}`, count },
    { id: `ours-${count}`, count },
  ]);
  const filters = new Map<string, JsonObject[]>([['none', []]]);
  for (const count of NUMBERS) {
    filters.set(`native-${count}`, await nativeFilters(count));
    const plugin = { name: `ours-${count}`, vmId: `ours-${count}`, module: MODULE };
    filters.set(`ours-${count}`, [
      staticWasmFilter({ ...plugin, configuration: configurationOf(count) }),
    ]);
  }
  const bootstrap = proxyBootstrap({
    node: { namespace: 'istio-system', labels: { istio: 'ingressgateway' } },
    listen: address,
    upstream: { address: '127.0.0.1', port: 1 },
    admin: address,
    gateway: true,
    filters: [discoveredWasmFilter(PLUGIN, discoveryFolder(folder))],
    accessLogPath: '/dev/null',
    jwksUris: new Map(),
    neighbours: [...filters].map(([name, list]) => ({ name, filters: list })),
  });
  answerDirectly(bootstrap);
  const binary = await findEnvoy();
  const plugin = { name: PLUGIN, vmId: PLUGIN, module: MODULE };
  const envoy = await EnvoyProcess.start({
    binary: binary.path,
    folder,
    bootstrap,
    concurrency: 1,
    plugins: [{ ...plugin, configuration: configurationOf(1) }],
  });
  try {
    console.log(`Envoy ${binary.version}, one worker, ${ROUNDS} rounds of ${REQUESTS} requests\n`);
    await growth(envoy, rows);
    await changing(envoy, plugin);
  } finally {
    await envoy.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function growth(envoy: EnvoyProcess, rows: { id: string; count: number }[]): Promise<void> {
  const measured = new Map<string, number[]>();
  for (let round = 0; round < ROUNDS; round++) {
    const cpu = new Map<string, number>();
    for (const { id, count } of shuffled([{ id: 'none', count: 1 }, ...rows], round)) {
      const load = {
        port: envoy.port(id),
        connections: CONNECTIONS,
        request: () => request(pathOf(count)),
        status: 200,
      };
      await run({ ...load, requests: 100 });
      const before = cpuMicroseconds(envoy.pid);
      await run({ ...load, requests: REQUESTS });
      cpu.set(id, (cpuMicroseconds(envoy.pid) - before) / REQUESTS);
    }
    for (const { id } of rows) {
      measured.set(id, [...(measured.get(id) ?? []), cpu.get(id)! - cpu.get('none')!]);
    }
  }
  console.log('CPU added to a request, µs');
  for (const [id, values] of measured) {
    const { value, low, high } = estimate(values);
    console.log(`  ${id.padEnd(12)} ${value.toFixed(1)} [${low.toFixed(1)}, ${high.toFixed(1)}]`);
  }
  for (const side of ['native', 'ours']) {
    const [one, many] = NUMBERS.map((count) => median(measured.get(`${side}-${count}`)!));
    console.log(`  ${side} grows to ${(many! / one!).toFixed(2)} times`);
  }
}

/** Changes the policies again and again while requests go through one connection; how long those take. */
async function changing(
  envoy: EnvoyProcess,
  plugin: { name: string; vmId: string; module: string },
): Promise<void> {
  const many = configurationOf(NUMBERS.at(-1)!);
  const compiled: number[] = [];
  const quiet = await latencies(envoy, () => new Promise((done) => setTimeout(done, 2000)));
  const busy = await latencies(envoy, async () => {
    for (let i = 0; i < CHANGES; i++) {
      await envoy.apply({ ...plugin, configuration: `${many}${' '.repeat(i)}` });
      compiled.push(await envoy.admin.stat('wasmcustom.portcullis_compile_microseconds'));
    }
  });
  console.log(`\n1,000 policies of 10 rules (${(many.length / 1024).toFixed(0)} KiB)`);
  const milliseconds = compiled.map((microseconds) => microseconds / 1000);
  console.log(
    `  compiled in ${median(milliseconds).toFixed(0)} ms per root (longest ${Math.max(...milliseconds).toFixed(0)})`,
  );
  const line = (name: string, all: number[]): string => {
    const sorted = [...all].sort((a, b) => a - b);
    const at = (share: number): string =>
      sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(2);
    return `  ${name.padEnd(34)} p50 ${at(0.5)}  p99 ${at(0.99)}  longest ${at(1)} ms (${all.length} requests)`;
  };
  console.log(line('latency, nothing changes', quiet));
  console.log(line(`latency, ${CHANGES} changes one by one`, busy));
}

async function latencies(envoy: EnvoyProcess, meanwhile: () => Promise<void>): Promise<number[]> {
  const all: number[] = [];
  let isOver = false;
  const during = meanwhile().finally(() => (isOver = true));
  const load = { port: envoy.port(INGRESS), connections: 1, status: 200, requests: 1 };
  while (!isOver) {
    all.push((await run({ ...load, request: () => request(pathOf(1)) })) * 1000);
  }
  await during;
  return all;
}

try {
  await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = error instanceof EnvironmentError ? 3 : 1;
}
