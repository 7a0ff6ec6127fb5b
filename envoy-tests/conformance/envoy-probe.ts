// The probe in a real Envoy.
import { mkdtemp, rm } from 'node:fs/promises';
import { type Server, createServer, request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen, portOf, stopListening } from '../../envoy/apps/listen.ts';
import { findEnvoy } from '../../envoy/binary.ts';
import { type WasmPlugin, discoveredWasmFilter } from '../../envoy/config/wasm-filter.ts';
import { INGRESS, proxyBootstrap } from '../../envoy/proxy.ts';
import { EnvoyProcess, discoveryFolder } from '../../envoy/runtime/process.ts';
import { showDetails } from '../world.ts';
import {
  type Exchange,
  NODE,
  PROBE,
  type ProbeHost,
  backendAnswer,
  outcomeOf,
} from './probe-host.ts';

export class EnvoyProbe implements ProbeHost {
  private envoy: EnvoyProcess | undefined;
  private read = 0;
  private mainThread: string | undefined;
  private readonly folder: string;
  private readonly backend: Server;

  private constructor(folder: string, backend: Server) {
    this.folder = folder;
    this.backend = backend;
  }

  static async start(): Promise<EnvoyProbe> {
    const backend = createServer((request, response) => {
      const answer = backendAnswer(request.url ?? '');
      if (answer !== undefined) return response.writeHead(answer.status).end(answer.body);
      if (request.url !== '/') return;
      const pairs = request.rawHeaders.flatMap((name, i) =>
        i % 2 === 0 && name.startsWith('x-p') ? [`${name}=${request.rawHeaders[i + 1]}`] : [],
      );
      response.end(pairs.join(' '));
    });
    await listen(backend, 0, '127.0.0.1');
    return new EnvoyProbe(await mkdtemp(join(tmpdir(), 'portcullis-probe-')), backend);
  }

  async configure(configuration: string): Promise<boolean> {
    const plugin: WasmPlugin = {
      name: PROBE,
      vmId: '',
      module: resolve('build/probe.wasm'),
      configuration,
    };
    if (this.envoy !== undefined) {
      const { accepted } = await this.envoy.apply(plugin);
      // The worker's old root goes a little later.
      await sleep(500);
      return accepted;
    }
    const upstream = { address: '127.0.0.1', port: portOf(this.backend) };
    const bootstrap = proxyBootstrap({
      node: NODE,
      listen: { address: '127.0.0.1', port: 0 },
      upstream,
      admin: { address: '127.0.0.1', port: 0 },
      gateway: false,
      filters: [discoveredWasmFilter(PROBE, discoveryFolder(this.folder))],
      accessLogPath: join(this.folder, 'access.log'),
      jwksUris: new Map([
        ['http://backend/', { endpoint: upstream }],
        ['http://dead/', { endpoint: { address: '127.0.0.1', port: 1 } }],
      ]),
    });
    showDetails(bootstrap);
    this.envoy = await EnvoyProcess.start({
      binary: (await findEnvoy()).path,
      folder: this.folder,
      bootstrap,
      concurrency: 1,
      plugins: [plugin],
    });
    return true;
  }

  open(commands: string, headers: string[] = []): Exchange {
    let outcome = 'pending';
    const request = httpRequest(
      {
        host: '127.0.0.1',
        port: this.envoy!.port(INGRESS),
        agent: false,
        headers: ['host', 'probe', 'x-do', commands, ...headers],
      },
      (response) => {
        let body = '';
        response.on('data', (chunk: Buffer) => (body += chunk.toString()));
        response.on('end', () => {
          const passed = (response.statusCode ?? 0) < 400;
          const details = response.headers['x-details'] ?? (passed ? 'via_upstream' : '');
          outcome = outcomeOf(response.statusCode ?? 0, String(details), body);
        });
      },
    );
    request.on('error', () => (outcome = 'gone'));
    request.end();
    return {
      get outcome() {
        return outcome;
      },
      abort: () => void request.destroy(),
    };
  }

  async settle(milliseconds = 150): Promise<void> {
    await sleep(milliseconds);
  }

  async lines(): Promise<string[]> {
    const log = await this.envoy!.log();
    const line = /^\[[^\]]*\]\[(\d+)\].* wasm log probe[^:\n]*: (.*)/gm;
    const lines = [...log.slice(this.read).matchAll(line)];
    this.read = log.length;
    // The first thread that says anything is the main one.
    this.mainThread ??= lines[0]?.[1];
    const of = (worker: boolean): string[] =>
      lines
        .filter(([, thread]) => (thread !== this.mainThread) === worker)
        .map(([, , message]) => `${worker ? 'worker' : 'main'}: ${message}`);
    return [...of(false), ...of(true)];
  }

  async stop(): Promise<void> {
    await this.envoy?.stop();
    await stopListening(this.backend);
    await rm(this.folder, { recursive: true, force: true });
  }
}
