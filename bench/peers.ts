// `make bench-peers`: what a request over mutual TLS costs more for PeerAuthentication and X-Forwarded-Client-Cert, beside the
// connection manager that writes the header itself; how many host calls it needs; and what Envoy's memory does while plaintext
// clients are refused by the ten thousand.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type ConnectionOptions } from 'node:tls';
import { findEnvoy } from '../envoy/binary.ts';
import { Authority } from '../envoy/certificates.ts';
import { CONNECTION_FACTS } from '../envoy/config/connection-facts.ts';
import type { XfccOwner } from '../envoy/config/connection-manager.ts';
import { networkPlugin, staticWasmFilter } from '../envoy/config/wasm-filter.ts';
import { EnvironmentError, messageOf } from '../envoy/errors.ts';
import { type Neighbour, proxyBootstrap } from '../envoy/proxy.ts';
import { EnvoyProcess } from '../envoy/runtime/process.ts';
import { certificateText } from '../host/certificate-text.ts';
import { nodePlatform } from '../host/node-platform.ts';
import { Process } from '../host/process.ts';
import { type Settings, pluginConfiguration } from '../istio/plugin-configuration.ts';
import { loadResources } from '../istio/load.ts';
import { cpuMicroseconds } from './cpu.ts';
import { answerDirectly } from './gateway.ts';
import { run } from './load.ts';
import { estimate, shuffled } from './statistics.ts';
import { residentMib } from './resident-memory.ts';

const ROUNDS = 12;
const REQUESTS = 4000;
const CONNECTIONS = 8;
const PLAINTEXT_STEP = 10_000;
const PLAINTEXT_STEPS = 6;
const MODULE = resolve('build/portcullis.wasm');
const NO_OP = resolve('build/no-op-sdk.wasm');
const SERVER = 'spiffe://cluster.local/ns/foo/sa/httpbin';
const CLIENT = 'spiffe://cluster.local/ns/foo/sa/sleep';
const REQUEST = Buffer.from('GET /ip HTTP/1.1\r\nhost: httpbin.foo:8000\r\n\r\n');

const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: foo }
spec: { mtls: { mode: STRICT } }
`;

const SETTINGS: Settings = {
  connectionFacts: CONNECTION_FACTS,
  xfcc: { forward: 'SANITIZE_SET', details: ['Subject', 'URI', 'DNS'] },
  workload: { protocol: 'HTTP' },
};

function configuration(): string {
  const { resources } = loadResources([{ file: 'strict.yaml', text: STRICT }]);
  return pluginConfiguration(resources, SETTINGS);
}

/** The listeners that are compared. */
const ROWS: [id: string, name: string, xfcc: XfccOwner][] = [
  ['none', 'no filter, header left alone', 'ALWAYS_FORWARD_ONLY'],
  ['native', 'native SANITIZE_SET', 'SANITIZE_SET'],
  ['no-op', 'no-op Wasm filter', 'ALWAYS_FORWARD_ONLY'],
  ['ours', 'portcullis: SANITIZE_SET and STRICT', 'MODULE'],
];

function neighbour([id, , xfcc]: (typeof ROWS)[number], tls: Neighbour['tls']): Neighbour {
  const listener = { name: id, tls, xfcc, filters: [] };
  if (id === 'no-op') {
    const plugin = { name: id, vmId: id, module: NO_OP, configuration: '{}' };
    return { ...listener, filters: [staticWasmFilter(plugin)] };
  }
  if (id !== 'ours') return listener;
  const plugin = { name: 'portcullis', vmId: id, module: MODULE, configuration: configuration() };
  return {
    ...listener,
    filters: [staticWasmFilter(plugin)],
    networkFilters: [staticWasmFilter(networkPlugin(plugin))],
  };
}

async function main(): Promise<void> {
  await printHostCalls();
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  const authority = await Authority.create('Portcullis bench');
  const server = await authority.issueClient([SERVER]);
  const client = await authority.issueClient([CLIENT]);
  const inline = (text: string): { inline_string: string } => ({ inline_string: text });
  const tls = {
    certificate: inline(server.certificate),
    key: inline(server.key),
    ca: inline(authority.certificate),
  };
  const address = { address: '127.0.0.1', port: 0 };
  const bootstrap = proxyBootstrap({
    node: { namespace: 'foo', labels: { app: 'httpbin' } },
    listen: address,
    upstream: { address: '127.0.0.1', port: 1 },
    admin: address,
    gateway: false,
    filters: [],
    accessLogPath: '/dev/null',
    jwksUris: new Map(),
    neighbours: ROWS.map((row) => neighbour(row, tls)),
  });
  answerDirectly(bootstrap);
  const binary = await findEnvoy();
  const envoy = await EnvoyProcess.start({
    binary: binary.path,
    folder,
    bootstrap,
    concurrency: 1,
  });
  const secure: ConnectionOptions = {
    ca: authority.certificate,
    cert: client.certificate,
    key: client.key,
    checkServerIdentity: () => undefined,
  };
  try {
    console.log(`\nEnvoy ${binary.version}, one worker`);
    await compare(envoy, secure);
    await refuse(envoy, secure);
  } finally {
    await envoy.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** The host calls of a request on a connection that is known, in the Node host: it runs the same bytes. */
async function printHostCalls(): Promise<void> {
  const process = new Process({
    platform: nodePlatform,
    node: { namespace: 'foo', labels: { app: 'httpbin' } },
  });
  const plugin = process.load(new WebAssembly.Module(await readFile(MODULE)), {
    name: 'portcullis',
    rootId: 'portcullis',
    configuration: configuration(),
  });
  const connection = {
    id: 1,
    destinationPort: 8000,
    peerCertificate: { uri: CLIENT, digest: 'ab' },
    localCertificate: { uri: SERVER },
    filterState: Object.fromEntries(
      Object.entries(CONNECTION_FACTS).map(([name, key]) => [
        key,
        {
          directAddress: '127.0.0.1',
          peerCertificate: certificateText([CLIENT], []),
          localUris: SERVER,
        }[name]!,
      ]),
    ),
  };
  console.log('Host calls of a request over mutual TLS');
  for (const which of ['first', 'later']) {
    const stream = plugin.request(
      [
        [':authority', 'httpbin.foo:8000'],
        [':path', '/ip'],
        [':method', 'GET'],
      ],
      { connection },
    );
    plugin.end(stream!);
    const names = stream!.hostCalls.map((name) => name.replace(/^proxy_/, ''));
    console.log(`  ${which} on its connection: ${names.length}: ${names.join(', ')}`);
  }
  console.log(
    '  of the later ones, get_property (the number of the connection) and replace_header_map_value are for PeerAuthentication and XFCC',
  );
}

async function compare(envoy: EnvoyProcess, tls: ConnectionOptions): Promise<void> {
  const rounds: Map<string, number>[] = [];
  const load = { connections: CONNECTIONS, request: () => REQUEST, status: 200, tls };
  for (let round = 0; round < ROUNDS; round++) {
    const cpu = new Map<string, number>();
    for (const [id] of shuffled(ROWS, round)) {
      const port = envoy.port(id);
      await run({ ...load, port, requests: 300 });
      const before = cpuMicroseconds(envoy.pid);
      await run({ ...load, port, requests: REQUESTS });
      cpu.set(id, (cpuMicroseconds(envoy.pid) - before) / REQUESTS);
    }
    rounds.push(cpu);
  }
  const print = (name: string, of: (round: Map<string, number>) => number): void => {
    const { value, low, high } = estimate(rounds.map(of));
    console.log(`  ${name.padEnd(44)} ${value.toFixed(2)} [${low.toFixed(2)}, ${high.toFixed(2)}]`);
  };
  console.log(
    `\nCPU of a kept-alive request over mutual TLS, µs (${ROUNDS} rounds of ${REQUESTS})`,
  );
  for (const [id, name] of ROWS) print(name, (round) => round.get(id)!);
  console.log('\nPaired differences, µs');
  const differ = (name: string, a: string, b: string): void =>
    print(name, (round) => round.get(a)! - round.get(b)!);
  differ('portcullis - native SANITIZE_SET', 'ours', 'native');
  differ('portcullis - no-op Wasm filter', 'ours', 'no-op');
  differ('native SANITIZE_SET - no filter', 'native', 'none');
}

async function refuse(envoy: EnvoyProcess, tls: ConnectionOptions): Promise<void> {
  const port = envoy.port('ours');
  console.log('\nPlaintext connections refused under STRICT while requests over mutual TLS run');
  console.log(`          0  ${residentMib(envoy.pid).toFixed(1)} MiB`);
  for (let step = 1; step <= PLAINTEXT_STEPS; step++) {
    let isOver = false;
    let requests = 0;
    const traffic = (async () => {
      // Throws when any of them fails.
      for (; !isOver; requests += 200) {
        await run({
          port,
          connections: 2,
          request: () => REQUEST,
          status: 200,
          tls,
          requests: 200,
        });
      }
    })();
    let bytes = 0;
    let left = PLAINTEXT_STEP;
    const client = async (): Promise<void> => {
      while (left-- > 0) bytes += await plaintext(port);
    };
    await Promise.all(Array.from({ length: 32 }, client));
    isOver = true;
    await traffic;
    console.log(
      `  ${String(step * PLAINTEXT_STEP).padStart(9)}  ${residentMib(envoy.pid).toFixed(1)} MiB, ${bytes} bytes answered, ${requests} requests over mutual TLS, none failed`,
    );
  }
}

/** Connects, asks, and waits for the end: how many bytes came back. */
function plaintext(port: number): Promise<number> {
  return new Promise((done) => {
    let bytes = 0;
    const socket = connect(port, '127.0.0.1', () => socket.write(REQUEST));
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    socket.on('error', () => undefined);
    socket.on('close', () => done(bytes));
  });
}

try {
  await main();
} catch (error) {
  console.error(messageOf(error));
  process.exitCode = error instanceof EnvironmentError ? 3 : 1;
}
