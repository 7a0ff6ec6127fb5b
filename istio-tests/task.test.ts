// Istio's task "end-user authentication" inside of Istio: at the ingress gateway, as on the page, and at a sidecar. The policies are
// rendered, applied to the real API server, and delivered by the real istiod and agent; the module comes as an image, from a registry.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { JwksServer } from '../envoy/apps/jwks-server.ts';
import { WITHOUT_BOUNDS } from '../envoy/config/clusters.ts';
import {
  JWKS_URI,
  REQUEST_AUTHENTICATION,
  REQUIRE_TOKEN,
  REQUIRE_TOKEN_FOR_HEADERS,
  SLIPPED_REQUIRE_TOKEN,
} from '../envoy/demo/policies.ts';
import { type Answer, type Ask, askAt } from '../envoy-tests/ask.ts';
import { portcullis } from '../host-tests/cli/portcullis.ts';
import { generatePrivateKey, keySet, publicJwk, readPrivateKey } from '../istio/token/keys.ts';
import { mintToken } from '../istio/token/mint.ts';
import { POLL, describeLab } from './describe-lab.ts';
import type { IstioProxy } from './lab/istio-proxy.ts';
import { GATEWAY_PORT, type Lab, PORTS } from './lab/lab.ts';
import { render } from './render.ts';

const IDP = 'idp.example';
const IDP_PORT = 18443;
const key = readPrivateKey(generatePrivateKey());
const good = mintToken(key);

/** A route from the gateway to the backend, and nothing else. */
const ROUTE = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: gateway, namespace: istio-system }
spec:
  selector: { istio: ingressgateway }
  servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: backend, namespace: istio-system }
spec:
  hosts: ["*"]
  gateways: [gateway]
  http: [{ route: [{ destination: { host: backend, port: { number: 8000 } } }] }]
`;

/** Where the task is done. */
interface Place {
  title: string;
  namespace: string;
  label: string;
  options: string[];
  proxyOf: (lab: Lab) => IstioProxy;
  port: number;
}

const PLACES: Place[] = [
  {
    title: 'at the ingress gateway',
    namespace: 'istio-system',
    label: 'istio: ingressgateway',
    options: ['--gateway'],
    proxyOf: (lab) => lab.gateway,
    port: GATEWAY_PORT,
  },
  {
    title: 'at a sidecar',
    namespace: 'foo',
    label: 'app: httpbin',
    options: [],
    proxyOf: (lab) => lab.sidecar,
    port: PORTS.http,
  },
];

describeLab('the task, in Istio', { gateway: true, hosts: [IDP] }, (lab) => {
  const folder = mkdtempSync(join(tmpdir(), 'portcullis-image-'));
  let idp: JwksServer;
  let url: string;
  let digest: string;

  beforeAll(async () => {
    idp = await JwksServer.start(
      await lab().authority.issueServer(IDP),
      { kind: 'serve', document: keySet(publicJwk(key)) },
      IDP_PORT,
      '0.0.0.0',
    );
    const layout = join(folder, 'image');
    const { stdout } = await portcullis(['package', '--out', layout, '-o', 'json']);
    digest = (JSON.parse(stdout) as { image: string }).image.replace('sha256:', '');
    await lab().files.putImage('portcullis', '0.1.0', layout);
    url = `oci://${lab().filesAddress}/portcullis:0.1.0`;
    await lab().kube.apply(ROUTE);
  });
  afterAll(async () => {
    await idp?.stop();
    rmSync(folder, { recursive: true });
  });

  describe.each(PLACES)('$title', ({ namespace, label, options, proxyOf, port }) => {
    const ask = (request: Ask): Promise<Answer> =>
      askAt(proxyOf(lab()).network.address, port, request);
    const status = async (path: string, token?: string): Promise<number> =>
      (await ask({ path, token })).status;
    const args = (): string[] => [
      ...['--workload', `${namespace}/${label.replace(': ', '=')}`, ...options, '--url', url],
      ...['--jwks-ca', proxyOf(lab()).rootCertificateFile],
    ];
    const adapted = (policies: string[]): string[] =>
      policies.map((policy) =>
        policy
          .replace('namespace: istio-system', `namespace: ${namespace}`)
          .replace('istio: ingressgateway', label)
          .replace(JWKS_URI, `https://${IDP}:${IDP_PORT}/jwks.json`),
      );
    const rendered = (...policies: string[]): Promise<string> =>
      render(adapted(policies), ...args());

    it('passes everything where there is no policy', async () => {
      await expect.poll(() => status('/headers').catch(() => 0), POLL).toBe(200);
      expect(await status('/headers', 'deadbeef')).toBe(200);
    });

    it('verifies the tokens that there are, by an issuer’s key set behind TLS', async () => {
      const yaml = await rendered(REQUEST_AUTHENTICATION);
      expect(yaml).toContain(digest);
      await lab().kube.apply(yaml);
      await expect.poll(() => status('/headers', 'deadbeef'), POLL).toBe(401);
      await expect.poll(() => status('/headers', good), POLL).toBe(200);
      expect(await status('/headers')).toBe(200);
      expect(await status('/headers', mintToken(key, { expire: -55 }))).toBe(200);
      expect(await status('/headers', mintToken(key, { expire: -65 }))).toBe(401);
      const { status: code, body, headers } = await ask({ token: mintToken(key, { expire: -65 }) });
      expect([code, body]).toEqual([401, 'Jwt is expired']);
      expect(headers['www-authenticate']).toMatch(/^Bearer realm=".*", error="invalid_token"$/);
      expect(idp.requests).toBeGreaterThan(0);
    });

    it('requires one', async () => {
      await lab().kube.apply(await rendered(REQUEST_AUTHENTICATION, REQUIRE_TOKEN));
      await expect.poll(() => status('/headers'), POLL).toBe(403);
      expect(await status('/headers', 'deadbeef')).toBe(401);
      expect(await status('/headers', good)).toBe(200);
    });

    it('refuses to render what the page prints, mis-indented', async () => {
      const policies = adapted([REQUEST_AUTHENTICATION, SLIPPED_REQUIRE_TOKEN]).join('---\n');
      const command = ['render', 'wasmplugin', '-f', '-', ...args()];
      const { code, stdout, stderr } = await portcullis(command, policies);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toContain('did you mean to indent it under "source"?');
      expect(await status('/ip')).toBe(403);
    });

    it('requires one for a path alone', async () => {
      await lab().kube.apply(await rendered(REQUEST_AUTHENTICATION, REQUIRE_TOKEN_FOR_HEADERS));
      await expect.poll(() => status('/ip'), POLL).toBe(200);
      expect(await status('/headers')).toBe(403);
      expect(await status('/headers', good)).toBe(200);
      expect(await status('/ip', 'deadbeef')).toBe(401);
    });

    it('goes to clusters without bounds, as ours are', async () => {
      const dump = await proxyOf(lab()).admin('config_dump?resource=dynamic_active_clusters');
      const { configs } = JSON.parse(dump) as {
        configs: { cluster: { name: string; circuit_breakers?: object } }[];
      };
      const bounds = configs
        .map(({ cluster }) => cluster)
        .filter(({ name }) => /^(in|out)bound\|/.test(name))
        .map(({ circuit_breakers }) => circuit_breakers);
      expect(bounds.length).toBeGreaterThan(0);
      for (const bound of bounds) expect(bound).toEqual(WITHOUT_BOUNDS);
    });

    it('says in the access log why', async () => {
      const headers = ['x-ask', 'why'];
      await ask({ path: '/headers', headers });
      await ask({ path: '/headers', headers, token: 'deadbeef' });
      await ask({ path: '/headers', headers, token: good });
      await expect
        .poll(() => proxyOf(lab()).accessLog('why'), POLL)
        .toEqual([
          `/headers 403 rbac_access_denied_matched_policy[ns[${namespace}]-policy[frontend-ingress]-rule[0]]`,
          '/headers 401 jwt_authn_access_denied{Jwt_is_not_in_the_form_of_Header.Payload.Signature_with_two_dots_and_3_sections}',
          '/headers 200 via_upstream',
        ]);
    });

    it('passes everything again when it is deleted', async () => {
      await lab().kube.delete(await rendered(REQUEST_AUTHENTICATION, REQUIRE_TOKEN_FOR_HEADERS));
      await expect.poll(() => status('/headers'), POLL).toBe(200);
      expect(await status('/headers', 'deadbeef')).toBe(200);
    });
  });
});
