// A real Envoy with the module on one listener and, where a test wants it, istiod's native filters on the neighbouring one;
// behind them an httpbin, beside them a key server with TLS.
import { readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startHttpbin } from '../envoy/apps/httpbin.ts';
import { JwksServer } from '../envoy/apps/jwks-server.ts';
import { portOf, stopListening } from '../envoy/apps/listen.ts';
import { findEnvoy } from '../envoy/binary.ts';
import { Authority, type KeyPair } from '../envoy/certificates.ts';
import { CONNECTION_FACTS, connectionFactsFilter } from '../envoy/config/connection-facts.ts';
import { type JsonObject, typed } from '../envoy/config/types.ts';
import type { XfccOwner } from '../envoy/config/connection-manager.ts';
import type { ServerTls } from '../envoy/config/tls.ts';
import {
  NETWORK_PLUGIN,
  PLUGIN,
  type WasmPlugin,
  discoveredNetworkFilter,
  discoveredWasmFilter,
  networkPlugin,
} from '../envoy/config/wasm-filter.ts';
import { INGRESS, proxyBootstrap } from '../envoy/proxy.ts';
import { type Applied, EnvoyProcess, discoveryFolder } from '../envoy/runtime/process.ts';
import type { RecordedWorld } from '../host-tests/recorded/format.ts';
import { InputBudget } from '../istio/bounded-yaml.ts';
import { type Resource, loadResources } from '../istio/load.ts';
import {
  type Settings,
  authorizersOf,
  pluginConfiguration,
  wantsBodies,
  xfccOf,
} from '../istio/plugin-configuration.ts';
import { generatePrivateKey, keySet, publicJwk, readPrivateKey } from '../istio/token/keys.ts';
import { type Answer, type Ask, askAt } from './ask.ts';
import { FACTS, Recorder } from './recorder/recorder.ts';

export const SHIPPED = resolve('build/portcullis.wasm');
/** The module with a way to trap it, from tests alone. */
export const FAULTY = resolve('build/portcullis-faulty.wasm');
export const JWKS_URI = 'https://idp.example/jwks.json';
export const NATIVE = 'native';

/** A signing key of the tests, and its key set. */
export const key = readPrivateKey(generatePrivateKey());
export const jwks = keySet(publicJwk(key));

/** How a world is made. */
export interface WorldOptions {
  /** Policies, YAML. */
  policies?: string;
  settings?: Settings;
  module?: string;
  concurrency?: number;
  /** Sidecar instead of gateway; in namespace foo then, with the label app=httpbin, and with a network filter. */
  sidecar?: boolean;
  /** What the listeners of the module speak; default: HTTP. */
  protocol?: 'http' | 'tcp';
  /** TLS of all listeners. */
  tls?: ServerTls;
  /** The upstream's port, if that is not the httpbin's. */
  upstream?: number;
  /** Listeners without filters whose connection manager writes X-Forwarded-Client-Cert, by name. */
  xfccOwners?: Record<string, XfccOwner>;
  /** Native filters for the neighbouring listener. */
  native?: JsonObject[];
  /** More listeners with native filters, by name. */
  natives?: Record<string, JsonObject[]>;
  /** More listeners with a plugin each, by name: their policies. */
  more?: Record<string, string>;
  /** The key set that the key server serves, in the place of the tests' own. */
  jwks?: string;
  /** The port of the external authorizer that all providers of the settings mean. */
  authorizer?: number;
  /** The command that starts Envoy with some arguments, for who wants to start it in a way of their own. */
  command?: (binary: string, args: string[]) => { program: string; args: string[] };
  /** Changes the bootstrap before it is used. */
  change?: (bootstrap: JsonObject) => void;
}

export class World {
  readonly envoy: EnvoyProcess;
  readonly jwksServer: JwksServer;
  readonly folder: string;
  /** Only while recordings are made. */
  readonly recorder: Recorder | undefined;
  private readonly httpbin: Server;
  private readonly module: string;
  private readonly settings: Settings;
  private readonly sidecar: boolean;

  private constructor(fields: {
    envoy: EnvoyProcess;
    jwksServer: JwksServer;
    folder: string;
    recorder: Recorder | undefined;
    httpbin: Server;
    module: string;
    settings: Settings;
    sidecar: boolean;
  }) {
    this.envoy = fields.envoy;
    this.jwksServer = fields.jwksServer;
    this.folder = fields.folder;
    this.recorder = fields.recorder;
    this.httpbin = fields.httpbin;
    this.module = fields.module;
    this.settings = fields.settings;
    this.sidecar = fields.sidecar;
  }

  static async start(options: WorldOptions = {}): Promise<World> {
    const { module = SHIPPED, policies = '', more = {}, sidecar = false } = options;
    const settings = {
      connectionFacts: CONNECTION_FACTS,
      xfcc: xfccOf(!sidecar),
      guard: options.settings?.enforcement !== 'SHADOW',
      ...options.settings,
    };
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-test-'));
    const authority = await Authority.create('Portcullis tests');
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, authority.certificate);
    const jwksServer = await JwksServer.start(await authority.issueServer('idp.example'), {
      kind: 'serve',
      document: options.jwks ?? jwks,
    });
    const httpbin = await startHttpbin();
    const recorder = Recorder.start(() => recordedWorlds(options));
    recorder?.listenAt(httpbin);
    const ecds = discoveryFolder(folder);
    const bootstrap = proxyBootstrap({
      node: sidecar
        ? { namespace: 'foo', labels: { app: 'httpbin' } }
        : { namespace: 'istio-system', labels: { istio: 'ingressgateway' } },
      listen: { address: '127.0.0.1', port: 0 },
      upstream: { address: '127.0.0.1', port: options.upstream ?? portOf(httpbin) },
      admin: { address: '127.0.0.1', port: 0 },
      gateway: !sidecar,
      guarded: settings.guard,
      filters: [discoveredWasmFilter(PLUGIN, ecds)],
      networkFilters: sidecar ? [discoveredNetworkFilter(NETWORK_PLUGIN, ecds)] : [],
      protocol: options.protocol,
      tls: options.tls,
      xfcc: 'MODULE',
      accessLogPath: join(folder, 'access.log'),
      jwksUris: new Map([
        [JWKS_URI, { endpoint: { address: '127.0.0.1', port: jwksServer.port }, caFile }],
      ]),
      authorizers: authorizersOf(settings).map((authorizer) => ({
        ...authorizer,
        endpoint: { address: '127.0.0.1', port: options.authorizer ?? 1 },
      })),
      neighbours: [
        ...(options.native ? [{ name: NATIVE, filters: options.native, tls: options.tls }] : []),
        ...(recorder ? [{ name: FACTS, filters: [] }] : []),
        ...Object.entries(options.natives ?? {}).map(([name, filters]) => ({ name, filters })),
        ...Object.entries(options.xfccOwners ?? {}).map(([name, xfcc]) => ({
          name,
          filters: [],
          tls: options.tls,
          xfcc,
        })),
        ...Object.keys(more).map((name) => ({
          name,
          filters: [discoveredWasmFilter(name, ecds)],
          xfcc: 'MODULE' as const,
        })),
      ],
    });
    options.change?.(bootstrap);
    recorder?.prepare(bootstrap);
    const { path } = await findEnvoy();
    const { command } = options;
    const envoy = await EnvoyProcess.start({
      binary: command === undefined ? path : (args) => command(path, args),
      folder,
      bootstrap,
      concurrency: options.concurrency ?? 1,
      plugins: [
        ...pluginsOf(module, policies, settings, sidecar),
        ...Object.entries(more).map(([name, text]) => plugin(name, module, text, settings)),
      ],
    });
    return new World({ envoy, jwksServer, folder, recorder, httpbin, module, settings, sidecar });
  }

  /** Applies policies to the module's listener. */
  apply(policies: string): Promise<Applied> {
    return this.envoy.apply(...this.pluginsFor(policies));
  }

  /** What `apply` hands over, for who applies the same more than once: large policies take their time to be read. */
  pluginsFor(policies: string): WasmPlugin[] {
    return pluginsOf(this.module, policies, this.settings, this.sidecar);
  }

  /** Sends a request. */
  ask(ask: Ask & { listener?: string } = {}): Promise<Answer> {
    return askAt('127.0.0.1', this.envoy.port(ask.listener ?? INGRESS), ask);
  }

  /** The status of a request. */
  async status(ask: Ask & { listener?: string } = {}): Promise<number> {
    return (await this.ask(ask)).status;
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
    await stopListening(this.httpbin);
    await this.jwksServer.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Policies with istiod's native filters for them, and the same key set in both. */
export function oracle(
  name: string,
  keys = jwks,
): { policies: string; native: JsonObject[]; jwks: string } {
  const read = (file: string): string => readFileSync(`envoy-tests/oracle/${file}`, 'utf8');
  const { httpFilters } = JSON.parse(read(`${name}.native.json`), (field, value: unknown) =>
    field === 'inline_string' ? keys : value,
  ) as { httpFilters: JsonObject[] };
  return { policies: read(`${name}.yaml`), native: httpFilters, jwks: keys };
}

/** Makes local replies tell their response code details in the header `x-details`. */
export function showDetails(bootstrap: JsonObject): void {
  const { listeners } = bootstrap.static_resources as unknown as {
    listeners: { filter_chains: { filters: { typed_config: JsonObject }[] }[] }[];
  };
  for (const { filter_chains } of listeners) {
    filter_chains[0]!.filters.at(-1)!.typed_config.local_reply_config = {
      mappers: [
        {
          filter: {
            status_code_filter: {
              comparison: { op: 'GE', value: { default_value: 400, runtime_key: 'none' } },
            },
          },
          headers_to_add: [
            {
              header: { key: 'x-details', value: '%RESPONSE_CODE_DETAILS%' },
              append_action: 'OVERWRITE_IF_EXISTS_OR_ADD',
            },
          ],
        },
      ],
    };
  }
}

/** Puts a filter in front of all others that writes dynamic metadata of `envoy.filters.http.test`. */
export function writeMetadata(bootstrap: JsonObject, value: object): void {
  const { listeners } = bootstrap.static_resources as unknown as {
    listeners: {
      filter_chains: { filters: { typed_config: { http_filters: JsonObject[] } }[] }[];
    }[];
  };
  for (const { filter_chains } of listeners) {
    filter_chains[0]!.filters.at(-1)!.typed_config.http_filters.unshift({
      name: 'write-metadata',
      typed_config: typed('envoy.extensions.filters.http.set_metadata.v3.Config', {
        metadata: [{ metadata_namespace: 'envoy.filters.http.test', value: value as JsonObject }],
      }),
    });
  }
}

/** TLS on all listeners: a client may present a certificate, and it must be of the authority then. */
export function withTls(authority: Authority, server: KeyPair): (bootstrap: JsonObject) => void {
  const inline = (text: string): JsonObject => ({ inline_string: text });
  return (bootstrap) => {
    const { listeners } = bootstrap.static_resources as unknown as {
      listeners: { filter_chains: JsonObject[] }[];
    };
    for (const { filter_chains } of listeners) {
      (filter_chains[0]!.filters as JsonObject[])[0] = connectionFactsFilter(true);
      filter_chains[0]!.transport_socket = {
        name: 'envoy.transport_sockets.tls',
        typed_config: typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
          common_tls_context: {
            tls_certificates: [
              { certificate_chain: inline(server.certificate), private_key: inline(server.key) },
            ],
            validation_context: { trusted_ca: inline(authority.certificate) },
          },
        }),
      };
    }
  };
}

/** The plugins of the module's own listener. */
function pluginsOf(
  module: string,
  policies: string,
  settings: Settings,
  sidecar: boolean,
): WasmPlugin[] {
  const http = plugin(PLUGIN, module, policies, settings);
  return sidecar ? [http, networkPlugin(http)] : [http];
}

/** What is written down of a world: each listener of the module with its policies. */
function recordedWorlds(options: WorldOptions): Record<string, RecordedWorld> {
  const { policies = '', settings = {}, jwks: keys = jwks, more = {} } = options;
  const listeners = Object.entries({ [INGRESS]: policies, ...more });
  return Object.fromEntries(
    listeners.map(([name, text]) => {
      const resources = resourcesOf(text).map(({ value }) => value);
      return [name, { resources, settings, keys }];
    }),
  );
}

function resourcesOf(policies: string): Resource[] {
  // As many as the module takes: a command reads fewer.
  const budget = new InputBudget(Number.POSITIVE_INFINITY);
  const sources = [{ file: 'test.yaml', text: policies }];
  const { resources, problems } = loadResources(sources, undefined, undefined, budget);
  if (problems.length > 0) throw new Error(problems[0]!.message);
  return resources;
}

function plugin(name: string, module: string, policies: string, settings: Settings): WasmPlugin {
  const configuration = pluginConfiguration(resourcesOf(policies), settings);
  return { name, vmId: PLUGIN, module, configuration, holdsHeadersAlone: wantsBodies(settings) };
}
