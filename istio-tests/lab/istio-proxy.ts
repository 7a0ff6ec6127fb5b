// What runs in the container istio-proxy of a pod: pilot-agent, and the Envoy that it starts.
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findEnvoy } from '../../envoy/binary.ts';
import type { Workload } from './cluster.ts';
import { XDS_PORT } from './control-plane.ts';
import type { KubeClient } from './kube.ts';
import { PROXY_USER, type PodNetwork } from './pod-network.ts';
import type { Programs } from './programs.ts';

const STATUS_PORT = 15021;

/** The access log, in the proxy's folder: a file of its own, since two who write to one tear each other's lines. */
export const ACCESS_LOG = 'access.log';

/** Gives way to the agent. What it mounts, only its own process and Envoy see; `$1`: its folder. */
const IN_CONTAINER = `
mount -t tmpfs lab /var/lib && mkdir -p /var/lib/istio/data && chown ${PROXY_USER}:${PROXY_USER} /var/lib/istio/data &&
mount --bind "$1/hosts" /etc/hosts &&
exec setpriv --reuid=${PROXY_USER} --regid=${PROXY_USER} --clear-groups env -C "$@"`;

/** How a proxy is run. */
export interface ProxyOptions {
  kind: 'sidecar' | 'router';
  workload: Workload;
  network: PodNetwork;
  /** Envoy's worker threads. */
  concurrency: number;
  /** How long Envoy keeps what a change of a listener has replaced, in seconds; Istio's own default is 45. */
  drainSeconds: number;
  /** Host names that resolve to this machine. */
  hosts: string[];
  /** The mesh's root certificate, PEM. */
  rootCertificate: string;
}

export class IstioProxy {
  readonly network: PodNetwork;
  private readonly options: ProxyOptions;
  private readonly programs: Programs;
  private readonly home: string;

  private constructor(programs: Programs, home: string, options: ProxyOptions) {
    this.programs = programs;
    this.home = home;
    this.options = options;
    this.network = options.network;
  }

  /** Starts it in a folder of its own, with an account's token as kubelet would mount it; waits until it is ready. */
  static async start(
    programs: Programs,
    folder: string,
    binaries: string,
    kube: KubeClient,
    options: ProxyOptions,
  ): Promise<IstioProxy> {
    const { workload, network } = options;
    const home = join(folder, workload.name);
    const secrets = join(home, 'var/run/secrets');
    for (const name of ['tokens', 'istio', 'workload-spiffe-uds']) {
      await mkdir(join(secrets, name), { recursive: true });
    }
    await mkdir(join(home, 'config'));
    const account = `/api/v1/namespaces/${workload.namespace}/serviceaccounts/${workload.name}`;
    const { status } = (await kube.call('POST', `${account}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: ['istio-ca'],
        expirationSeconds: 3600,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: workload.name },
      },
    })) as { status: { token: string } };
    await writeFile(join(secrets, 'tokens/istio-token'), status.token);
    await writeFile(join(secrets, 'istio/root-cert.pem'), options.rootCertificate);
    const hosts = options.hosts.map((host) => `${network.hostAddress} ${host}\n`);
    await writeFile(join(home, 'hosts'), ['127.0.0.1 localhost\n', ...hosts].join(''));
    // The proxy's user must be able to read them, wherever the originals are.
    await copyFile((await findEnvoy()).path, join(home, 'envoy'));
    await copyFile(join(binaries, 'envoy_bootstrap.json'), join(home, 'bootstrap.json'));
    await copyFile(join(binaries, 'pilot-agent'), join(home, 'pilot-agent'));
    execFileSync('chown', ['-R', `${PROXY_USER}:${PROXY_USER}`, home]);
    const proxy = new IstioProxy(programs, home, options);
    await proxy.run();
    return proxy;
  }

  /** The mesh's root certificate, where the proxy finds it. */
  get rootCertificateFile(): string {
    return join(this.home, 'var/run/secrets/istio/root-cert.pem');
  }

  /** Everything that the agent and Envoy have written, but the access log. */
  get log(): string {
    return this.programs.log(this.options.workload.name);
  }

  /** The access log so far. */
  get allAccessLog(): string {
    const path = join(this.home, ACCESS_LOG);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** Lines of the access log, of the requests whose header `x-ask` is `id`: path, status, response code details. */
  accessLog(id: string): string[] {
    return this.allAccessLog
      .split('\n')
      .filter((line) => line.startsWith(`${id} `))
      .map((line) => line.slice(id.length + 1));
  }

  /** A path of Envoy's admin interface, as `kubectl exec … -- pilot-agent request GET` has it. */
  admin(path: string): Promise<string> {
    return this.network.run(join(this.home, 'pilot-agent'), 'request', 'GET', path);
  }

  /** What kubelet's readiness probe sees. */
  async isReady(): Promise<boolean> {
    const url = `http://${this.network.address}:${STATUS_PORT}/healthz/ready`;
    return fetch(url).then(
      ({ ok }) => ok,
      () => false,
    );
  }

  /** Ends agent and Envoy and starts them anew, as kubelet would; nothing of what they had fetched is left. */
  async restart(): Promise<void> {
    await this.programs.stop(this.options.workload.name);
    await this.run();
  }

  private async run(): Promise<void> {
    const { workload, network, kind } = this.options;
    const agent = ['./pilot-agent', 'proxy', kind];
    const domain = ['--domain', `${workload.namespace}.svc.cluster.local`];
    const inContainer = ['sh', '-c', IN_CONTAINER, 'container', this.home];
    this.programs.start(
      workload.name,
      network.command(...inContainer, ...agent, ...domain, '--proxyLogLevel=warning,wasm:info'),
      this.environment(),
    );
    await this.programs.until(workload.name, () => this.isReady());
  }

  private environment(): Record<string, string> {
    const { workload, network, kind, concurrency, drainSeconds } = this.options;
    const config = {
      binaryPath: join(this.home, 'envoy'),
      configPath: join(this.home, 'config'),
      proxyBootstrapTemplatePath: join(this.home, 'bootstrap.json'),
      discoveryAddress: `${network.hostAddress}:${XDS_PORT}`,
      concurrency,
      drainDuration: `${drainSeconds}s`,
      terminationDrainDuration: '1s',
    };
    return {
      POD_NAME: workload.name,
      POD_NAMESPACE: workload.namespace,
      SERVICE_ACCOUNT: workload.name,
      INSTANCE_IP: network.address,
      HOST_IP: network.hostAddress,
      TRUST_DOMAIN: 'cluster.local',
      ISTIO_META_CLUSTER_ID: 'Kubernetes',
      ISTIO_META_MESH_ID: 'cluster.local',
      ISTIO_META_NAMESPACE: workload.namespace,
      ISTIO_META_WORKLOAD_NAME: workload.name,
      ISTIO_META_NODE_NAME: 'node',
      ISTIO_META_ISTIO_VERSION: '1.31.0',
      ...(kind === 'sidecar' ? { ISTIO_META_INTERCEPTION_MODE: 'REDIRECT' } : {}),
      ISTIO_METAJSON_LABELS: JSON.stringify(workload.labels),
      ISTIO_META_APP_CONTAINERS: workload.name,
      GRPC_XDS_BOOTSTRAP: '',
      ISTIOD_SAN: 'istiod.istio-system.svc',
      PILOT_CERT_PROVIDER: 'istiod',
      PROXY_CONFIG: JSON.stringify(config),
    };
  }
}
