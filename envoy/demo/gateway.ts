// The demo's world: an ingress gateway (a real Envoy), an httpbin behind it, and a key server with TLS.
import type { Server } from 'node:http';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EnvoyBinary, findEnvoy } from '../binary.ts';
import { JwksServer } from '../apps/jwks-server.ts';
import { portOf, stopListening } from '../apps/listen.ts';
import { startHttpbin } from '../apps/httpbin.ts';
import { Authority } from '../certificates.ts';
import { PLUGIN, type WasmPlugin, discoveredWasmFilter } from '../config/wasm-filter.ts';
import { INGRESS, proxyBootstrap } from '../proxy.ts';
import { EnvoyProcess, discoveryFolder } from '../runtime/process.ts';
import { type Resource, loadResources } from '../../istio/load.ts';
import { locateErrors } from '../../istio/module-errors.ts';
import { CONNECTION_FACTS } from '../config/connection-facts.ts';
import { pluginConfiguration, xfccOf } from '../../istio/plugin-configuration.ts';
import { formatProblem } from '../../istio/problem.ts';
import { generatePrivateKey, keySet, publicJwk, readPrivateKey } from '../../istio/token/keys.ts';
import { type TokenOptions, mintToken } from '../../istio/token/mint.ts';
import { JWKS_URI } from './policies.ts';

/** A gateway that runs. */
export class DemoGateway {
  readonly binary: EnvoyBinary;
  /** Folder with everything that it has written; removed by `stop`. */
  readonly folder: string;
  private readonly envoy: EnvoyProcess;
  private readonly httpbin: Server;
  private readonly jwks: JwksServer;
  private readonly key: string;
  private readonly module: string;

  private constructor(fields: {
    binary: EnvoyBinary;
    folder: string;
    envoy: EnvoyProcess;
    httpbin: Server;
    jwks: JwksServer;
    key: string;
    module: string;
  }) {
    this.binary = fields.binary;
    this.folder = fields.folder;
    this.envoy = fields.envoy;
    this.httpbin = fields.httpbin;
    this.jwks = fields.jwks;
    this.key = fields.key;
    this.module = fields.module;
  }

  /** Starts everything. `module` is the path of portcullis.wasm; `port` 0 takes a free one. */
  static async start(module: string, port = 0): Promise<DemoGateway> {
    const binary = await findEnvoy();
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-demo-'));
    const key = generatePrivateKey();
    const authority = await Authority.create('Portcullis demo');
    const caFile = join(folder, 'ca.pem');
    await writeFile(caFile, authority.certificate);
    await writeFile(join(folder, 'key.pem'), key, { mode: 0o600 });
    const jwks = await JwksServer.start(await authority.issueServer(new URL(JWKS_URI).hostname), {
      kind: 'serve',
      document: keySet(publicJwk(readPrivateKey(key))),
    });
    const httpbin = await startHttpbin();
    try {
      const envoy = await EnvoyProcess.start({
        binary: binary.path,
        folder,
        plugins: [plugin(module, [])],
        bootstrap: proxyBootstrap({
          node: { namespace: 'istio-system', labels: { istio: 'ingressgateway' } },
          listen: { address: '127.0.0.1', port },
          upstream: { address: '127.0.0.1', port: portOf(httpbin) },
          admin: { address: '127.0.0.1', port: 0 },
          gateway: true,
          guarded: true,
          filters: [discoveredWasmFilter(PLUGIN, discoveryFolder(folder))],
          xfcc: 'MODULE',
          accessLogPath: join(folder, 'access.log'),
          jwksUris: new Map([
            [JWKS_URI, { endpoint: { address: '127.0.0.1', port: jwks.port }, caFile }],
          ]),
        }),
      });
      return new DemoGateway({ binary, folder, envoy, httpbin, jwks, key, module });
    } catch (error) {
      await end(httpbin, jwks, folder);
      throw error;
    }
  }

  /** Where the gateway listens: `127.0.0.1:PORT`. */
  get address(): string {
    return `127.0.0.1:${this.envoy.port(INGRESS)}`;
  }

  /** Envoy's admin interface. */
  get adminUrl(): string {
    return this.envoy.admin.url;
  }

  /** Puts policies into force; what is wrong with them, or nothing. Wrong ones change nothing. */
  async apply(...policies: string[]): Promise<string[]> {
    const sources = policies.map((text, i) => ({ file: `policy-${i + 1}.yaml`, text }));
    const { resources, problems } = loadResources(sources);
    if (problems.length > 0) return problems.map(formatProblem);
    const applied = await this.envoy.apply(plugin(this.module, resources));
    return applied.accepted ? [] : locateErrors(applied.errors, resources).map(formatProblem);
  }

  /** A token of the demo's issuer. */
  mint(options?: TokenOptions): string {
    return mintToken(readPrivateKey(this.key), options);
  }

  /** The status of a GET through the gateway. */
  async status(path: string, token?: string): Promise<number> {
    const headers = new Headers(token === undefined ? {} : { authorization: `Bearer ${token}` });
    const response = await fetch(`http://${this.address}${path}`, { headers });
    await response.arrayBuffer();
    return response.status;
  }

  /** Ends everything and removes the folder. */
  async stop(): Promise<void> {
    await this.envoy.stop();
    await end(this.httpbin, this.jwks, this.folder);
  }
}

function plugin(module: string, resources: Resource[]): WasmPlugin {
  const configuration = pluginConfiguration(resources, {
    connectionFacts: CONNECTION_FACTS,
    xfcc: xfccOf(true),
    guard: true,
  });
  return { name: PLUGIN, vmId: PLUGIN, module, configuration };
}

async function end(httpbin: Server, jwks: JwksServer, folder: string): Promise<void> {
  await stopListening(httpbin);
  await jwks.stop();
  await rm(folder, { recursive: true, force: true });
}
