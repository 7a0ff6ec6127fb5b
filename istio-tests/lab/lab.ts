// Istio on one machine, without a cluster: etcd, kube-apiserver, istiod and pilot-agent as they are released, pods that are network
// namespaces, and stock Envoys. Needs root.
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Authority } from '../../envoy/certificates.ts';
import { EnvironmentError, messageOf } from '../../envoy/errors.ts';
import { type Answer, type Ask, type TlsClient, askAt } from '../../envoy-tests/ask.ts';
import { meshClient } from '../../envoy-tests/mesh-tls.ts';
import { type Workload, serviceObjects, workloadObjects } from './cluster.ts';
import { startIstiod, startKube } from './control-plane.ts';
import { FileServer } from './file-server.ts';
import { ACCESS_LOG, IstioProxy, type ProxyOptions } from './istio-proxy.ts';
import type { KubeClient } from './kube.ts';
import { PodNetwork } from './pod-network.ts';
import { Programs } from './programs.ts';

/** Container ports of the workload httpbin.foo: two of HTTP, and one that istiod takes for plain TCP, HTTP all the same. */
export const PORTS = { http: 18000, other: 18001, tcp: 18002 };
/** Where the gateway listens; behind it, an httpbin on this machine. */
export const GATEWAY_PORT = 18080;
const BACKEND_PORT = 18090;
const FILES_PORT = 18091;

const HTTPBIN: Omit<Workload, 'address'> = {
  name: 'httpbin',
  namespace: 'foo',
  labels: { app: 'httpbin' },
  ports: [
    { name: 'http', port: 8000, target: PORTS.http },
    { name: 'http-other', port: 8001, target: PORTS.other },
    { name: 'tcp', port: 8002, target: PORTS.tcp },
  ],
};
const GATEWAY: Omit<Workload, 'address'> = {
  name: 'istio-ingressgateway',
  namespace: 'istio-system',
  labels: { istio: 'ingressgateway' },
  ports: [{ name: 'http2', port: 80, target: GATEWAY_PORT }],
};

/** A pod whose proxy has not started. */
type Pod = Pick<ProxyOptions, 'kind' | 'workload' | 'network'>;

const HTTPBIN_MAIN = resolve('build/js/envoy/apps/httpbin-main.js');
/** The access log of all proxies. Requests that are to be found there say who they are. */
const ACCESS_LOG_FORMAT = '%REQ(X-ASK)% %REQ(:PATH)% %RESPONSE_CODE% %RESPONSE_CODE_DETAILS%\n';

/** What is to be there. */
export interface LabOptions {
  /** An ingress gateway beside the workload. */
  gateway?: boolean;
  /** Worker threads of each Envoy. */
  concurrency?: number;
  /** How long Envoys keep what is replaced, in seconds. */
  drainSeconds?: number;
  /** More of Istio's MeshConfig. */
  meshConfig?: object;
  /** Host names that proxies find on this machine. */
  hosts?: string[];
}

/** Why the lab cannot run here, or undefined. */
export function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root, for network namespaces and iptables';
  for (const program of ['ip', 'iptables', 'setpriv']) {
    try {
      execFileSync('which', [program], { stdio: 'ignore' });
    } catch {
      return `it needs the program ${program}`;
    }
  }
  return undefined;
}

export class Lab {
  /** Logs of all programs. */
  readonly folder: string;
  /** istiod's. */
  readonly authority: Authority;
  private readonly programs: Programs;
  private readonly networks: PodNetwork[] = [];
  private fileServer: FileServer | undefined;
  private parts:
    | { kube: KubeClient; files: FileServer; sidecar: IstioProxy; gateway: IstioProxy | undefined }
    | undefined;

  private constructor(folder: string, authority: Authority) {
    this.folder = folder;
    this.authority = authority;
    this.programs = new Programs(folder);
  }

  /** Starts it all, with the binaries of a folder. Throws EnvironmentError with the end of a log; the logs stay then. */
  static async start(binaries: string, options: LabOptions = {}): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-istio-'));
    await chmod(folder, 0o755);
    const lab = new Lab(folder, await Authority.create('Istio lab'));
    try {
      await lab.startAll(binaries, options);
      return lab;
    } catch (error) {
      await lab.stop({ keep: true });
      throw new EnvironmentError(`${messageOf(error)}\nlogs of the lab: ${folder}`);
    }
  }

  get kube(): KubeClient {
    return this.started.kube;
  }

  get files(): FileServer {
    return this.started.files;
  }

  /** The proxy of the workload httpbin.foo, which has the label app=httpbin. */
  get sidecar(): IstioProxy {
    return this.started.sidecar;
  }

  /** The ingress gateway, istio=ingressgateway in istio-system. */
  get gateway(): IstioProxy {
    const { gateway } = this.started;
    if (gateway === undefined) throw new Error('the lab was started without a gateway');
    return gateway;
  }

  /** Where proxies reach the file server. */
  get filesAddress(): string {
    return `${this.sidecar.network.hostAddress}:${FILES_PORT}`;
  }

  /** A request to the workload through its sidecar, unless `tls` is there in plaintext. Rejects where the connection is reset. */
  ask(ask: Ask = {}, port = PORTS.http): Promise<Answer> {
    return askAt(this.sidecar.network.address, port, ask);
  }

  /** The status of the same; 0: the connection was reset. */
  async status(ask: Ask = {}, port = PORTS.http): Promise<number> {
    return this.ask(ask, port).then(
      ({ status }) => status,
      () => 0,
    );
  }

  /** A client of the mesh with an identity. */
  async client(uri: string): Promise<TlsClient> {
    return meshClient(this.authority, await this.authority.issueClient([uri]));
  }

  /** What a proxy has told istiod no about. */
  rejections(): string[] {
    return this.programs
      .log('istiod')
      .split('\n')
      .filter((line) => line.includes('ACK ERROR'));
  }

  /** Ends everything and takes it away, but the logs when they are to be kept. */
  async stop({ keep = false } = {}): Promise<void> {
    await this.programs.stopAll();
    for (const network of this.networks) await network.remove();
    await this.fileServer?.stop();
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }

  private get started(): NonNullable<Lab['parts']> {
    if (this.parts === undefined) throw new Error('the lab has not started');
    return this.parts;
  }

  private async startAll(binaries: string, options: LabOptions): Promise<void> {
    const { folder, programs, authority } = this;
    const kube = await startKube(programs, folder, binaries, {
      accessLogFile: `./${ACCESS_LOG}`,
      accessLogFormat: ACCESS_LOG_FORMAT,
      ...options.meshConfig,
    });
    this.fileServer = await FileServer.start(FILES_PORT);
    const pods = [await this.makePod('sidecar', HTTPBIN, binaries)];
    if (options.gateway === true) pods.push(await this.makePod('router', GATEWAY, binaries));
    for (const { workload } of pods) await kube.apply(workloadObjects(workload));
    await this.startApps(kube, pods[0]!, pods.at(-1)!);
    await startIstiod(programs, folder, binaries, authority);
    const proxies: IstioProxy[] = [];
    for (const pod of pods) {
      proxies.push(
        await IstioProxy.start(programs, folder, binaries, kube, {
          ...pod,
          concurrency: options.concurrency ?? 2,
          drainSeconds: options.drainSeconds ?? 5,
          hosts: options.hosts ?? [],
          rootCertificate: authority.certificate,
        }),
      );
    }
    this.parts = { kube, files: this.fileServer, sidecar: proxies[0]!, gateway: proxies[1] };
    for (const port of Object.values(PORTS)) {
      await programs.until(`app-${port}`, async () => {
        return (await this.status({ path: '/ip' }, port)) === 200;
      });
    }
  }

  private async makePod(
    kind: Pod['kind'],
    workload: Omit<Workload, 'address'>,
    binaries: string,
  ): Promise<Pod> {
    const network = new PodNetwork(workload.name, this.networks.length);
    this.networks.push(network);
    await network.make();
    if (kind === 'sidecar') await network.redirect(join(binaries, 'pilot-agent'), this.folder);
    return { kind, workload: { ...workload, address: network.address }, network };
  }

  /** The workload's app, in its pod; and what proxies reach on this machine: the file server, and what is behind the gateway. */
  private async startApps(kube: KubeClient, pod: Pod, last: Pod): Promise<void> {
    for (const port of Object.values(PORTS)) {
      const command = pod.network.command(process.execPath, HTTPBIN_MAIN);
      this.programs.start(`app-${port}`, command, { PORT: `${port}` });
    }
    this.programs.start('backend', [process.execPath, HTTPBIN_MAIN], { PORT: `${BACKEND_PORT}` });
    const files = { name: 'http', port: 80, target: FILES_PORT };
    const backend = { name: 'http', port: 8000, target: BACKEND_PORT };
    await kube.apply([
      ...serviceObjects('files', 'istio-system', pod.network.hostAddress, files),
      ...serviceObjects('backend', 'istio-system', last.network.hostAddress, backend),
    ]);
  }
}
