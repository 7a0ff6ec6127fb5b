// One Envoy with a listener for each scenario, on one worker; it answers itself, so that nothing else takes CPU.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findEnvoy } from '../envoy/binary.ts';
import type { JsonObject } from '../envoy/config/types.ts';
import { proxyBootstrap } from '../envoy/proxy.ts';
import { EnvoyProcess } from '../envoy/runtime/process.ts';
import type { Scenario } from './scenarios.ts';

/** A running Envoy for the benchmark. */
export interface BenchGateway {
  envoy: EnvoyProcess;
  version: string;
  stop(): Promise<void>;
}

/** Starts it. */
export async function startGateway(scenarios: Scenario[]): Promise<BenchGateway> {
  const binary = await findEnvoy();
  const folder = await mkdtemp(join(tmpdir(), 'portcullis-bench-'));
  const address = { address: '127.0.0.1', port: 0 };
  const bootstrap = proxyBootstrap({
    node: { namespace: 'istio-system', labels: { istio: 'ingressgateway' } },
    listen: address,
    upstream: { address: '127.0.0.1', port: 1 },
    admin: address,
    gateway: true,
    filters: [],
    accessLogPath: '/dev/null',
    jwksUris: new Map(),
    neighbours: scenarios.map(({ id, filters }) => ({ name: id, filters })),
  });
  answerDirectly(bootstrap);
  const envoy = await EnvoyProcess.start({
    binary: binary.path,
    folder,
    bootstrap,
    concurrency: 1,
  });
  const stop = async (): Promise<void> => {
    await envoy.stop();
    await rm(folder, { recursive: true, force: true });
  };
  return { envoy, version: binary.version, stop };
}

/** Lets Envoy answer by itself. */
export function answerDirectly(bootstrap: JsonObject): void {
  const { listeners } = bootstrap.static_resources as unknown as {
    listeners: { filter_chains: { filters: { typed_config: JsonObject }[] }[] }[];
  };
  for (const { filters } of listeners.flatMap(({ filter_chains }) => filter_chains)) {
    const manager = filters.at(-1)!.typed_config;
    const { virtual_hosts } = manager.route_config as unknown as {
      virtual_hosts: { routes: JsonObject[] }[];
    };
    virtual_hosts[0]!.routes = [
      { match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok\n' } } },
    ];
  }
}
