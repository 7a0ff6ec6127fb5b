// PeerAuthentication, identities and connections in a real sidecar: what istiod makes of the resources in the cluster, and the module
// of the same ones in a plugin.
import { beforeAll, expect, it } from 'vitest';
import type { Ask, TlsClient } from '../envoy-tests/ask.ts';
import { spiffe } from '../envoy-tests/mesh-tls.ts';
import { POLL, describeLab } from './describe-lab.ts';
import { PORTS } from './lab/lab.ts';
import { render } from './render.ts';

const SELECTOR = 'selector: { matchLabels: { app: httpbin } }, ';

function peers(name: string, namespace: string, spec: string): string {
  return `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: ${name}, namespace: ${namespace} }
spec: { ${spec} }
`;
}

const mtls = (mode: string): string => `mtls: { mode: ${mode} }`;
const MESH_STRICT = peers('mesh', 'istio-system', mtls('STRICT'));

describeLab('peers, in Istio', {}, (lab) => {
  let sleep: TlsClient;
  let other: TlsClient;
  let url: string;

  beforeAll(async () => {
    sleep = await lab().client(spiffe('bar', 'sleep'));
    other = await lab().client(spiffe('bar', 'other'));
    url = `http://${lab().filesAddress}/portcullis.wasm`;
    lab().files.putFile('/portcullis.wasm', 'build/portcullis.wasm');
  });

  const rendered = (policies: string[], ...args: string[]): Promise<string> =>
    render(policies, '-n', 'foo', '--url', url, ...args);

  /** Plaintext and mutual TLS at one port, the same at the other. */
  const reach = async (): Promise<number[]> => {
    const asks: [Ask, number][] = [PORTS.http, PORTS.other].flatMap((port): [Ask, number][] => [
      [{ path: '/ip' }, port],
      [{ path: '/ip', tls: sleep }, port],
    ]);
    return Promise.all(asks.map(([ask, port]) => lab().status(ask, port)));
  };
  const ALL = [200, 200, 200, 200];

  it.each<[string, string[], number[]]>([
    ['STRICT in the mesh', [MESH_STRICT], [0, 200, 0, 200]],
    [
      'PERMISSIVE in the namespace, though the mesh is STRICT',
      [MESH_STRICT, peers('default', 'foo', mtls('PERMISSIVE'))],
      ALL,
    ],
    [
      'STRICT in the namespace, UNSET for the workload',
      [
        peers('default', 'foo', mtls('STRICT')),
        peers('httpbin', 'foo', `${SELECTOR}${mtls('UNSET')}`),
      ],
      [0, 200, 0, 200],
    ],
    [
      'STRICT for the workload, but for one port',
      [
        peers(
          'httpbin',
          'foo',
          `${SELECTOR}${mtls('STRICT')}, portLevelMtls: { ${PORTS.other}: { mode: PERMISSIVE } }`,
        ),
      ],
      [0, 200, 200, 200],
    ],
    [
      'STRICT for one port alone',
      [peers('httpbin', 'foo', `${SELECTOR}portLevelMtls: { ${PORTS.other}: { mode: STRICT } }`)],
      [200, 200, 0, 200],
    ],
    ['STRICT for somebody else', [peers('x', 'bar', mtls('STRICT'))], ALL],
  ])('%s: by istiod, and by the module', async (_, policies, expected) => {
    await lab().kube.apply([NAMESPACE_BAR]);
    for (const policy of policies) await lab().kube.apply(policy);
    await expect.poll(reach, POLL).toEqual(expected);
    for (const policy of policies) await lab().kube.delete(policy);
    await expect.poll(reach, POLL).toEqual(ALL);

    // A path that is refused tells that the plugin is in force, whatever it says of peers.
    const yaml = await render([...policies, MARKER], '--mesh', '--url', url);
    await lab().kube.apply(yaml);
    await expect.poll(() => lab().status({ path: '/in-force', tls: sleep }), POLL).toBe(403);
    await expect.poll(reach, POLL).toEqual(expected);
    await lab().kube.delete(yaml);
    await expect.poll(() => lab().status({ path: '/in-force' }), POLL).toBe(404);
  });

  it('leaves X-Forwarded-Client-Cert as Istio writes it, and nobody forges one', async () => {
    const forged = ['x-forwarded-client-cert', 'By=x;URI=spiffe://cluster.local/ns/foo/sa/admin'];
    const headersOf = async (ask: Ask): Promise<unknown> => {
      const { body } = await lab().ask({ path: '/headers', ...ask });
      return (JSON.parse(body) as { headers: Record<string, string> }).headers[
        'X-Forwarded-Client-Cert'
      ];
    };
    const all = async (): Promise<unknown[]> => [
      await headersOf({ headers: forged }),
      await headersOf({ tls: sleep }),
      await headersOf({ tls: sleep, headers: forged }),
    ];
    const before = await all();
    expect(before[0]).toBeUndefined();
    expect(before[1]).toContain(`URI=${spiffe('bar', 'sleep')}`);
    const yaml = await rendered([MARKER]);
    await lab().kube.apply(yaml);
    await expect.poll(() => lab().status({ path: '/in-force' }), POLL).toBe(403);
    expect(await all()).toEqual(before);
    await lab().kube.delete(yaml);
    await expect.poll(() => lab().status({ path: '/in-force' }), POLL).toBe(404);
  });

  it('knows who is there, and from where, on requests and on connections without HTTP', async () => {
    const policy = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: foo }
spec:
  action: DENY
  rules:
  - from: [{ source: { principals: ["cluster.local/ns/bar/sa/sleep"] } }]
    to: [{ operation: { ports: ["${PORTS.http}", "${PORTS.tcp}"] } }]
  - from: [{ source: { notPrincipals: ["*"], ipBlocks: ["${lab().sidecar.network.hostAddress}"] } }]
    to: [{ operation: { ports: ["${PORTS.http}", "${PORTS.tcp}"] } }]
`;
    const statuses = async (): Promise<number[]> => {
      const asks: [Ask, number][] = [PORTS.http, PORTS.tcp].flatMap((port): [Ask, number][] => [
        [{ path: '/ip', tls: sleep }, port],
        [{ path: '/ip', tls: other }, port],
        [{ path: '/ip', headers: ['x-forwarded-for', '192.0.2.1'] }, port],
      ]);
      return Promise.all(asks.map(([ask, port]) => lab().status(ask, port)));
    };
    const OPEN = [200, 200, 200, 200, 200, 200];
    const REFUSED = [403, 200, 403, 0, 200, 0];
    await expect.poll(statuses, POLL).toEqual(OPEN);
    await lab().kube.apply(policy);
    await expect.poll(statuses, POLL).toEqual(REFUSED);
    await lab().kube.delete(policy);
    await expect.poll(statuses, POLL).toEqual(OPEN);
    const yaml = await rendered([policy], '--tcp-port', `${PORTS.tcp}`);
    expect(yaml.match(/^kind: .*$/gm)).toHaveLength(3);
    await lab().kube.apply(yaml);
    await expect.poll(statuses, POLL).toEqual(REFUSED);
    await lab().kube.delete(yaml);
    await expect.poll(statuses, POLL).toEqual(OPEN);
  });
});

const NAMESPACE_BAR = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bar' } };

const MARKER = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: marker, namespace: foo }
spec: { action: DENY, rules: [{ to: [{ operation: { paths: ["/in-force"] } }] }] }
`;
