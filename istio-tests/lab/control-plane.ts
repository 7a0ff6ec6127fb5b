// etcd, kube-apiserver and istiod, as they are released, on this machine.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authority } from '../../envoy/certificates.ts';
import { generatePrivateKey } from '../../istio/token/keys.ts';
import { controlPlaneObjects } from './cluster.ts';
import { KubeClient } from './kube.ts';
import type { Programs } from './programs.ts';

const API_PORT = 16443;
const ETCD_PORT = 12379;
/** Where proxies ask istiod, over TLS. */
export const XDS_PORT = 15012;

/** Starts etcd and kube-apiserver with Istio's CRDs, and what istiod reads there. */
export async function startKube(
  programs: Programs,
  folder: string,
  binaries: string,
  meshConfig: object,
): Promise<KubeClient> {
  const key = join(folder, 'service-accounts.pem');
  const tokens = join(folder, 'tokens.csv');
  const token = randomBytes(16).toString('hex');
  await writeFile(key, generatePrivateKey(), { mode: 0o600 });
  await writeFile(tokens, `${token},admin,admin,"system:masters"\n`, { mode: 0o600 });
  await writeFile(join(folder, 'kubeconfig'), kubeconfig(token), { mode: 0o600 });
  const etcd = `http://127.0.0.1:${ETCD_PORT}`;
  const peer = `http://127.0.0.1:${ETCD_PORT + 1}`;
  programs.start('etcd', [
    join(binaries, 'etcd'),
    ...['--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync', '--log-level', 'error'],
    ...['--listen-client-urls', etcd, '--advertise-client-urls', etcd],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...['--initial-cluster', `default=${peer}`],
  ]);
  programs.start('kube-apiserver', [
    join(binaries, 'kube-apiserver'),
    ...[`--etcd-servers=${etcd}`, '--bind-address=127.0.0.1', `--secure-port=${API_PORT}`],
    ...['--advertise-address=192.0.2.2', `--cert-dir=${join(folder, 'pki')}`],
    ...[`--token-auth-file=${tokens}`, '--authorization-mode=RBAC'],
    ...['--service-cluster-ip-range=10.96.0.0/16', '--endpoint-reconciler-type=none'],
    ...['--service-account-issuer=https://kubernetes.default.svc'],
    ...[`--service-account-key-file=${key}`, `--service-account-signing-key-file=${key}`],
    '--disable-admission-plugins=ServiceAccount',
  ]);
  const kube = new KubeClient(API_PORT, token);
  await programs.until('kube-apiserver', async () => (await kube.call('GET', '/readyz')) === 'ok');
  await kube.apply(await readFile(join(binaries, 'crds.yaml'), 'utf8'));
  await kube.apply(controlPlaneObjects(meshConfig));
  await programs.until('kube-apiserver', async () => {
    await kube.call('GET', '/apis/extensions.istio.io/v1alpha1/wasmplugins');
    await kube.call('GET', '/apis/security.istio.io/v1/authorizationpolicies');
    return true;
  });
  return kube;
}

function kubeconfig(token: string): string {
  const server = `https://127.0.0.1:${API_PORT}`;
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'lab', cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'admin' } }],
    'current-context': 'lab',
  });
}

/** Starts istiod, whose authority is `authority`. */
export async function startIstiod(
  programs: Programs,
  folder: string,
  binaries: string,
  authority: Authority,
): Promise<void> {
  const certificates = join(folder, 'cacerts');
  await mkdir(certificates);
  for (const name of ['ca-cert.pem', 'root-cert.pem', 'cert-chain.pem']) {
    await writeFile(join(certificates, name), authority.certificate);
  }
  const key = await authority.privateKey();
  await writeFile(join(certificates, 'ca-key.pem'), key, { mode: 0o600 });
  programs.start(
    'istiod',
    [
      join(binaries, 'pilot-discovery'),
      'discovery',
      ...['--kubeconfig', join(folder, 'kubeconfig'), '--namespace', 'istio-system'],
      ...['--domain', 'cluster.local', '--clusterID', 'Kubernetes'],
      ...['--httpAddr=127.0.0.1:18081', '--httpsAddr=127.0.0.1:18017'],
      ...['--grpcAddr=127.0.0.1:15010', `--secureGRPCAddr=:${XDS_PORT}`],
      ...['--monitoringAddr=127.0.0.1:18014', '--ctrlz_port=18876'],
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
  await programs.until('istiod', async () => (await fetch('http://127.0.0.1:18081/ready')).ok);
}
