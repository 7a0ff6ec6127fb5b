// A real Envoy whose listeners carry no HTTP: the module's network filter on some, istiod's own network filters on others.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { type Server, type Socket, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { listen, portOf, stopListening } from '../envoy/apps/listen.ts';
import { findEnvoy } from '../envoy/binary.ts';
import { CONNECTION_FACTS } from '../envoy/config/connection-facts.ts';
import type { ServerTls } from '../envoy/config/tls.ts';
import type { JsonObject } from '../envoy/config/types.ts';
import { type WasmPlugin, discoveredNetworkFilter } from '../envoy/config/wasm-filter.ts';
import { INGRESS, proxyBootstrap } from '../envoy/proxy.ts';
import { type Applied, EnvoyProcess, discoveryFolder } from '../envoy/runtime/process.ts';
import { loadResources } from '../istio/load.ts';
import { type Settings, pluginConfiguration } from '../istio/plugin-configuration.ts';
import type { TlsClient } from './ask.ts';
import { SHIPPED } from './world.ts';

const VM = 'portcullis-network';

export interface TcpWorldOptions {
  /** Policies by the name of the listener that the module stands on; the first one may be INGRESS. */
  ours: Record<string, string>;
  /** Native network filters by the name of their listener. */
  natives?: Record<string, JsonObject[]>;
  tls?: ServerTls;
  settings?: Settings;
  /** What a connection to the upstream is met with; default: an echo. */
  upstream?: (socket: Socket) => void;
  /** Changes the bootstrap before it is used. */
  change?: (bootstrap: JsonObject) => void;
}

/** What a client saw of a connection. */
export interface Seen {
  /** What it got. */
  text: string;
  /** The connection has ended. */
  ended: boolean;
}

export class TcpWorld {
  readonly envoy: EnvoyProcess;
  private readonly folder: string;
  private readonly server: Server;
  private readonly settings: Settings;

  private constructor(envoy: EnvoyProcess, folder: string, server: Server, settings: Settings) {
    this.envoy = envoy;
    this.folder = folder;
    this.server = server;
    this.settings = settings;
  }

  static async start(options: TcpWorldOptions): Promise<TcpWorld> {
    const { ours, natives = {}, tls } = options;
    const settings: Settings = {
      connectionFacts: CONNECTION_FACTS,
      workload: { protocol: 'TCP' },
      ...options.settings,
    };
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-tcp-'));
    const server = await listen(
      createServer((socket) => {
        socket.on('error', () => undefined);
        (options.upstream ?? ((one) => one.pipe(one)))(socket);
      }),
      0,
      '127.0.0.1',
    );
    const ecds = discoveryFolder(folder);
    const address = { address: '127.0.0.1', port: 0 };
    const shape = { filters: [], protocol: 'tcp' as const, tls };
    const bootstrap = proxyBootstrap({
      node: { namespace: 'foo', labels: { app: 'httpbin' } },
      listen: address,
      admin: address,
      upstream: { address: '127.0.0.1', port: portOf(server) },
      gateway: false,
      accessLogPath: join(folder, 'access.log'),
      jwksUris: new Map(),
      ...shape,
      neighbours: [
        ...Object.keys(ours).map((name) => ({
          name,
          networkFilters: [discoveredNetworkFilter(name, ecds)],
          ...shape,
        })),
        ...Object.entries(natives).map(([name, networkFilters]) => ({
          name,
          networkFilters,
          ...shape,
        })),
      ].filter(({ name }) => name !== INGRESS),
    });
    options.change?.(bootstrap);
    const envoy = await EnvoyProcess.start({
      binary: (await findEnvoy()).path,
      folder,
      bootstrap,
      concurrency: 1,
      plugins: Object.entries(ours).map(([name, text]) => plugin(name, text, settings)),
    });
    return new TcpWorld(envoy, folder, server, settings);
  }

  /** Applies policies to the listener with this name. */
  apply(name: string, policies: string): Promise<Applied> {
    return this.envoy.apply(plugin(name, policies, this.settings));
  }

  /** Connects; `localAddress` is where from. */
  open(listener: string, tls?: TlsClient, localAddress?: string): TcpClient {
    const to = { host: '127.0.0.1', port: this.envoy.port(listener), localAddress };
    return new TcpClient(tls === undefined ? connect(to) : connectTls({ ...to, ...tls }));
  }

  /** Connects, says `hello` and waits for an echo or the end. */
  async echo(listener: string, tls?: TlsClient, localAddress?: string): Promise<string> {
    const client = this.open(listener, tls, localAddress);
    client.send('hello');
    await client.until(({ text, ended }) => ended || text === 'hello');
    const { text } = client.seen;
    client.close();
    return text;
  }

  /** The lines of the access log so far. */
  async accessLog(): Promise<Record<string, unknown>[]> {
    const text = await readFile(join(this.folder, 'access.log'), 'utf8').catch(() => '');
    return text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
  }

  async stop(): Promise<void> {
    await this.envoy.stop();
    await stopListening(this.server);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** A client of a connection, and what it has seen. */
export class TcpClient {
  readonly seen: Seen = { text: '', ended: false };
  private readonly socket: Socket;
  private changed: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    const change = (): void => this.changed();
    socket.setEncoding('utf8');
    socket.on('data', (chunk: Buffer | string) => {
      this.seen.text += String(chunk);
      change();
    });
    for (const event of ['end', 'close', 'error'] as const) {
      socket.on(event, () => {
        this.seen.ended = true;
        change();
      });
    }
  }

  send(text: string): void {
    if (!this.seen.ended) this.socket.write(text);
  }

  /** Waits for something to be seen; throws after `limit` milliseconds. */
  until(is: (seen: Seen) => boolean, limit = 10_000): Promise<void> {
    return new Promise((done, failed) => {
      const timer = setTimeout(
        () => failed(new Error(`after ${limit} ms: ${JSON.stringify(this.seen)}`)),
        limit,
      );
      this.changed = () => {
        if (!is(this.seen)) return;
        clearTimeout(timer);
        done();
      };
      this.changed();
    });
  }

  close(): void {
    this.socket.destroy();
  }
}

function plugin(name: string, policies: string, settings: Settings): WasmPlugin {
  const { resources, problems } = loadResources([{ file: 'test.yaml', text: policies }]);
  if (problems.length > 0) throw new Error(problems[0]!.message);
  const configuration = pluginConfiguration(resources, settings);
  return { name, vmId: VM, module: SHIPPED, configuration, network: true };
}
