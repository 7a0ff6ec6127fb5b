// Istio on one machine, without a cluster: etcd, kube-apiserver, istiod and pilot-agent as they are released, one workload in a network
// namespace, and a stock Envoy. Needs root, ip and iptables.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs';
import { chmod, chown, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:http';
import { connect as connectTls } from 'node:tls';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from '../../envoy/apps/listen.ts';
import { findEnvoy } from '../../envoy/binary.ts';
import { Authority } from '../../envoy/certificates.ts';
import { EnvironmentError } from '../../envoy/errors.ts';
import { Supervised } from '../../envoy/runtime/supervised.ts';
import { KubeClient } from './kube.ts';
import {
  HOST_ADDRESS,
  NAMESPACE,
  POD_ADDRESS,
  PROXY_USER,
  inPod,
  makePod,
  removePod,
} from './network.ts';
import { APP_PORT, WORKLOAD } from './workload.ts';

const API_PORT = 16443;
const ETCD_PORT = 12379;
const MODULE_PORT = 18080;
const READY_LIMIT_MS = 60_000;

/** Why the lab cannot run here, or undefined. */
export function whyNot(): string | undefined {
  if (process.platform !== 'linux') return 'it needs Linux';
  if (process.getuid?.() !== 0) return 'it needs root: network namespaces, iptables';
  for (const program of ['ip', 'iptables', 'setpriv']) {
    try {
      execFileSync('which', [program], { stdio: 'ignore' });
    } catch {
      return `it needs ${program}`;
    }
  }
  return undefined;
}

/** A running lab. */
export class Lab {
  readonly kube: KubeClient;
  /** Logs of all programs; kept when a test has failed. */
  readonly folder: string;
  /** What the module server serves, by path. */
  readonly files = new Map<string, Buffer>();
  private readonly programs: Supervised[] = [];
  private readonly authority: Authority;
  private readonly binaries: string;
  private server: Server | undefined;

  private constructor(folder: string, binaries: string, authority: Authority, token: string) {
    this.folder = folder;
    this.binaries = binaries;
    this.authority = authority;
    this.kube = new KubeClient(API_PORT, token);
  }

  /** Starts it all, with the binaries of a folder. Throws EnvironmentError with the end of a log. */
  static async start(binaries: string): Promise<Lab> {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-istio-'));
    await chmod(folder, 0o755);
    const token = randomBytes(16).toString('hex');
    const lab = new Lab(folder, binaries, await Authority.create('Istio lab'), token);
    try {
      await lab.startAll(token);
      return lab;
    } catch (error) {
      await lab.stop();
      throw error;
    }
  }

  /** Where the agent fetches a file of `files`. */
  moduleUrl(name: string): string {
    return `http://${HOST_ADDRESS}:${MODULE_PORT}/${name}`;
  }

  /** The status of a plaintext request to the workload, through its sidecar; 0: the connection was reset. */
  async status(path: string, headers: Record<string, string> = {}): Promise<number> {
    return (await this.ask(path, headers)).status;
  }

  /** Status and body of the same. */
  async ask(
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: string }> {
    try {
      const url = `http://${POD_ADDRESS}:${APP_PORT}${path}`;
      const answer = await fetch(url, { headers: { ...headers, connection: 'close' } });
      return { status: answer.status, body: await answer.text() };
    } catch {
      return { status: 0, body: '' };
    }
  }

  /** The status of a request over mutual TLS, by a service account. */
  async mutualStatus(path: string, namespace: string, account: string): Promise<number> {
    const { certificate, key } = await this.authority.issueClient([
      `spiffe://cluster.local/ns/${namespace}/sa/${account}`,
    ]);
    return new Promise((done) => {
      const socket = connectTls(
        {
          host: POD_ADDRESS,
          port: APP_PORT,
          ca: this.authority.certificate,
          cert: certificate,
          key,
          // What a sidecar sends: istiod's chains tell mesh traffic by it.
          ALPNProtocols: ['istio-http/1.1'],
          checkServerIdentity: () => undefined,
        },
        () =>
          socket.write(
            `GET ${path} HTTP/1.1\r\nhost: httpbin.foo:8000\r\nconnection: close\r\n\r\n`,
          ),
      );
      let text = '';
      socket.on('data', (chunk: Buffer) => (text += chunk.toString()));
      socket.on('error', () => done(0));
      socket.on('close', () => done(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1] ?? 0)));
    });
  }

  /** A path of the proxy's admin interface. */
  admin(path: string): Promise<string> {
    return inPod('curl', '-s', '-m', '5', `http://127.0.0.1:15000${path}`);
  }

  /** What a program has logged: `istiod`, `agent` (Envoy's log and access log with it), `kube-apiserver`, `etcd`, `app`. */
  log(program: string): string {
    const path = join(this.folder, `${program}.log`);
    return existsSync(path) ? readFileSync(path, 'utf8') : '';
  }

  /** What istiod was told no about. */
  refusals(): string[] {
    return this.log('istiod')
      .split('\n')
      .filter((line) => line.includes('ACK ERROR'));
  }

  /** Ends everything and takes it away, but the logs when they are to be kept. */
  async stop({ keep = false } = {}): Promise<void> {
    await Promise.all(this.programs.map((program) => program.stop()));
    await removePod();
    this.server?.close();
    this.server?.closeAllConnections();
    if (!keep) await rm(this.folder, { recursive: true, force: true });
  }

  private async startAll(token: string): Promise<void> {
    const { folder, binaries, kube } = this;
    await makePod(join(binaries, 'pilot-agent'), folder);
    await this.startKube(token);
    await this.until('kube-apiserver', async () => (await kube.call('GET', '/readyz')) === 'ok');
    await kube.apply(await readFile(join(binaries, 'crds.yaml'), 'utf8'));
    await kube.apply(WORKLOAD);
    await this.until('kube-apiserver', async () => {
      await kube.call('GET', '/apis/extensions.istio.io/v1alpha1/wasmplugins');
      return true;
    });
    this.server = createServer((request, response) => {
      const file = this.files.get((request.url ?? '/').slice(1));
      if (file === undefined) response.writeHead(404).end();
      else response.end(file);
    });
    await listen(this.server, MODULE_PORT, HOST_ADDRESS);
    const httpbin = resolve('build/js/envoy/apps/httpbin-main.js');
    this.run('app', ['ip', 'netns', 'exec', NAMESPACE, process.execPath, httpbin], {
      PORT: `${APP_PORT}`,
    });
    await this.startIstiod();
    await this.until('istiod', async () => (await fetch('http://127.0.0.1:18081/ready')).ok);
    await this.startAgent();
    await this.until(
      'agent',
      async () => (await fetch(`http://${POD_ADDRESS}:15021/healthz/ready`)).ok,
    );
    await this.until('app', async () => (await this.status('/ip')) === 200);
  }

  private async startKube(token: string): Promise<void> {
    const { folder, binaries } = this;
    const key = join(folder, 'sa.key');
    execFileSync('openssl', ['genrsa', '-out', key, '2048'], { stdio: 'ignore' });
    const tokens = join(folder, 'tokens.csv');
    await writeFile(tokens, `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
    const etcd = `http://127.0.0.1:${ETCD_PORT}`;
    const peer = `http://127.0.0.1:${ETCD_PORT + 1}`;
    this.run('etcd', [
      join(binaries, 'etcd'),
      ...['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync', '--log-level', 'error'],
      ...['--listen-client-urls', etcd, '--advertise-client-urls', etcd],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
      ...['--initial-cluster', `default=${peer}`],
    ]);
    this.run('kube-apiserver', [
      join(binaries, 'kube-apiserver'),
      ...[`--etcd-servers=${etcd}`, '--bind-address=127.0.0.1', `--secure-port=${API_PORT}`],
      ...['--advertise-address=192.0.2.2', `--cert-dir=${join(folder, 'pki')}`],
      ...[`--token-auth-file=${tokens}`, '--authorization-mode=RBAC'],
      ...['--service-cluster-ip-range=10.96.0.0/16', '--endpoint-reconciler-type=none'],
      ...['--service-account-issuer=https://kubernetes.default.svc'],
      ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
      '--disable-admission-plugins=ServiceAccount',
    ]);
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [
        {
          name: 'lab',
          cluster: { server: `https://127.0.0.1:${API_PORT}`, 'insecure-skip-tls-verify': true },
        },
      ],
      users: [{ name: 'admin', user: { token } }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'admin' } }],
      'current-context': 'lab',
    };
    await writeFile(join(folder, 'kubeconfig'), JSON.stringify(config), { mode: 0o600 });
  }

  private async startIstiod(): Promise<void> {
    const certificates = join(this.folder, 'cacerts');
    await mkdir(certificates);
    const { certificate } = this.authority;
    for (const name of ['ca-cert.pem', 'root-cert.pem', 'cert-chain.pem']) {
      await writeFile(join(certificates, name), certificate);
    }
    await writeFile(join(certificates, 'ca-key.pem'), await this.authority.privateKey(), {
      mode: 0o600,
    });
    this.run(
      'istiod',
      [
        join(this.binaries, 'pilot-discovery'),
        'discovery',
        ...['--kubeconfig', join(this.folder, 'kubeconfig'), '--namespace', 'istio-system'],
        ...['--domain', 'cluster.local', '--clusterID', 'Kubernetes'],
        ...['--httpAddr=127.0.0.1:18081', '--httpsAddr=127.0.0.1:18017'],
        ...['--grpcAddr=:15010', '--secureGRPCAddr=:15012', '--monitoringAddr=127.0.0.1:18014'],
        '--ctrlz_port=18876',
      ],
      {
        // What istiod would configure and a stock Envoy does not have.
        PILOT_ENABLE_METADATA_EXCHANGE: 'false',
        PILOT_ENABLE_ALPN_FILTER: 'false',
        ROOT_CA_DIR: certificates,
        POD_NAMESPACE: 'istio-system',
        POD_NAME: 'istiod-0',
        TOKEN_AUDIENCES: 'istio-ca',
        PILOT_ENABLE_GATEWAY_API: 'false',
        VALIDATION_WEBHOOK_CONFIG_NAME: '',
        INJECTION_WEBHOOK_CONFIG_NAME: '',
      },
    );
  }

  private async startAgent(): Promise<void> {
    const home = join(this.folder, 'proxy');
    const secrets = join(home, 'var/run/secrets');
    for (const name of ['tokens', 'istio', 'workload-spiffe-uds']) {
      await mkdir(join(secrets, name), { recursive: true });
    }
    await mkdir(join(home, 'config'), { recursive: true });
    await mkdir('/var/lib/istio/data', { recursive: true });
    const path = '/api/v1/namespaces/foo/serviceaccounts/httpbin/token';
    const { status } = (await this.kube.call('POST', path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: {
        audiences: ['istio-ca'],
        expirationSeconds: 3600,
        boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: 'httpbin' },
      },
    })) as { status: { token: string } };
    await writeFile(join(secrets, 'tokens/istio-token'), status.token);
    await writeFile(join(secrets, 'istio/root-cert.pem'), this.authority.certificate);
    // The proxy's user must be able to read them.
    const envoy = join(home, 'envoy');
    await copyFile((await findEnvoy()).path, envoy);
    await copyFile(join(this.binaries, 'envoy_bootstrap.json'), join(home, 'bootstrap.json'));
    await copyFile(join(this.binaries, 'pilot-agent'), join(home, 'pilot-agent'));
    execFileSync('chown', ['-R', `${PROXY_USER}:${PROXY_USER}`, home, '/var/lib/istio/data']);
    await chown(this.folder, 0, 0);
    const config = {
      binaryPath: envoy,
      configPath: join(home, 'config'),
      proxyBootstrapTemplatePath: join(home, 'bootstrap.json'),
      discoveryAddress: `${HOST_ADDRESS}:15012`,
      concurrency: 2,
      terminationDrainDuration: '1s',
    };
    this.run(
      'agent',
      [
        ...['ip', 'netns', 'exec', NAMESPACE, 'setpriv', `--reuid=${PROXY_USER}`],
        ...[
          `--regid=${PROXY_USER}`,
          '--clear-groups',
          'env',
          '-C',
          home,
          join(home, 'pilot-agent'),
        ],
        ...['proxy', 'sidecar', '--domain', 'foo.svc.cluster.local'],
        '--proxyLogLevel=warning,wasm:info',
      ],
      {
        POD_NAME: 'httpbin',
        POD_NAMESPACE: 'foo',
        SERVICE_ACCOUNT: 'httpbin',
        INSTANCE_IP: POD_ADDRESS,
        HOST_IP: HOST_ADDRESS,
        TRUST_DOMAIN: 'cluster.local',
        ISTIO_META_CLUSTER_ID: 'Kubernetes',
        ISTIO_META_MESH_ID: 'cluster.local',
        ISTIO_META_NAMESPACE: 'foo',
        ISTIO_META_WORKLOAD_NAME: 'httpbin',
        ISTIO_META_NODE_NAME: 'node',
        ISTIO_META_ISTIO_VERSION: '1.31.0',
        ISTIO_META_INTERCEPTION_MODE: 'REDIRECT',
        ISTIO_METAJSON_LABELS: '{"app":"httpbin"}',
        ISTIO_META_APP_CONTAINERS: 'httpbin',
        GRPC_XDS_BOOTSTRAP: '',
        ISTIOD_SAN: 'istiod.istio-system.svc',
        PILOT_CERT_PROVIDER: 'istiod',
        PROXY_CONFIG: JSON.stringify(config),
      },
    );
  }

  private run(name: string, command: string[], env: Record<string, string> = {}): void {
    const log = openSync(join(this.folder, `${name}.log`), 'a');
    const settings = Object.entries(env).map(([key, value]) => `${key}=${value}`);
    this.programs.push(Supervised.start('env', ['-C', this.folder, ...settings, ...command], log));
    closeSync(log);
  }

  private async until(name: string, isReady: () => Promise<boolean>): Promise<void> {
    for (const end = Date.now() + READY_LIMIT_MS; Date.now() < end; await sleep(100)) {
      if (await isReady().catch(() => false)) return;
    }
    const end = this.log(name).split('\n').slice(-10).join('\n');
    throw new EnvironmentError(`${name} did not become ready:\n${end}`);
  }
}
