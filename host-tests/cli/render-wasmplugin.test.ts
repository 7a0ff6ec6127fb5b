// `render wasmplugin` as it is installed: what Istio gets for the mesh, a namespace, a workload, a gateway.
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { schemaFindings } from '../../istio/schema/validate.ts';
import { type Outcome, portcullis } from './portcullis.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-wasmplugin-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OCI = 'oci://registry.example/portcullis:0.1.0';

function policy(kind: string, name: string, namespace: string, spec: string): string {
  return `apiVersion: security.istio.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
`;
}
const deny = (name: string, namespace: string, selector = ''): string =>
  policy(
    'AuthorizationPolicy',
    name,
    namespace,
    `{ ${selector} action: DENY, rules: [{ to: [{ operation: { paths: ["/x"] } }] }] }`,
  );
const jwt = (uri: string): string =>
  policy(
    'RequestAuthentication',
    'jwt',
    'foo',
    `{ jwtRules: [{ issuer: "https://idp.example", jwksUri: "${uri}" }] }`,
  );
const source = (field: string): string =>
  policy(
    'AuthorizationPolicy',
    'source',
    'foo',
    `{ action: DENY, rules: [{ from: [{ source: { ${field} } }] }] }`,
  );

interface Rendered {
  kind: string;
  metadata: { name: string; namespace: string };
  spec: Record<string, unknown> & {
    pluginConfig?: { resources: { metadata: { name: string } }[] };
  };
}

function render(policies: string[], ...args: string[]): Promise<Outcome> {
  return portcullis(['render', 'wasmplugin', '-f', '-', ...args], policies.join('---\n'));
}

async function objects(policies: string[], ...args: string[]): Promise<Rendered[]> {
  const { code, stdout, stderr } = await render(policies, '--url', OCI, ...args);
  expect(stderr.replace(/^note: .*\n/gm, '')).toBe('');
  expect(code).toBe(0);
  const all = parseAllDocuments(stdout).map((document) => document.toJS() as Rendered);
  // As the API server would judge them.
  for (const one of all) {
    expect(schemaFindings(one.kind, one as unknown as Record<string, unknown>)).toEqual([]);
  }
  return all;
}

const names = (rendered: Rendered | undefined): string[] =>
  rendered?.spec.pluginConfig?.resources.map(({ metadata }) => metadata.name) ?? [];

const POLICIES = [
  deny('root', 'istio-system'),
  deny('all', 'foo'),
  deny('httpbin', 'foo', 'selector: { matchLabels: { app: httpbin } },'),
  deny('version', 'foo', 'selector: { matchLabels: { version: v1 } },'),
  deny('sleep', 'foo', 'selector: { matchLabels: { app: sleep } },'),
  deny('elsewhere', 'bar'),
];

describe('render wasmplugin', () => {
  it('for a namespace: its policies and those of the root namespace, on what comes in', async () => {
    const [plugin, ...more] = await objects(POLICIES, '-n', 'foo');
    expect(more).toEqual([]);
    expect(plugin).toMatchObject({
      apiVersion: 'extensions.istio.io/v1alpha1',
      kind: 'WasmPlugin',
      metadata: { name: 'portcullis', namespace: 'foo' },
      spec: { url: OCI, phase: 'AUTHN', failStrategy: 'FAIL_CLOSE', match: [{ mode: 'SERVER' }] },
    });
    expect(plugin!.spec.selector).toBeUndefined();
    expect(names(plugin)).toEqual(['root', 'all', 'httpbin', 'version', 'sleep']);
  });

  it('for a workload: without what selects another', async () => {
    const [plugin] = await objects(POLICIES, '--workload', 'foo/app=httpbin');
    expect(plugin!.spec.selector).toEqual({ matchLabels: { app: 'httpbin' } });
    expect(names(plugin)).toEqual(['root', 'all', 'httpbin', 'version']);
  });

  it('for the mesh: everything, in the root namespace that the MeshConfig names', async () => {
    const mesh = join(folder, 'mesh.yaml');
    writeFileSync(mesh, 'rootNamespace: istio-config\ntrustDomain: td\n');
    const [plugin] = await objects(POLICIES, '--mesh', '--mesh-config', mesh);
    expect(plugin!.metadata.namespace).toBe('istio-config');
    expect(plugin!.spec.pluginConfig).toMatchObject({
      rootNamespace: 'istio-config',
      trustDomain: 'td',
    });
    expect(names(plugin)).toHaveLength(6);
  });

  it('for a gateway: on its listeners, which Istio calls CLIENT', async () => {
    const workload = ['--workload', 'istio-system/istio=ingressgateway', '--gateway'];
    const [plugin] = await objects(POLICIES, ...workload);
    expect(plugin!.spec.match).toEqual([{ mode: 'CLIENT' }]);
    expect(names(plugin)).toEqual(['root']);
  });

  it('beside istiod’s filters: tokens stay for them', async () => {
    const [beside] = await objects(POLICIES, '-n', 'foo', '--beside-istiod');
    expect(beside!.spec.pluginConfig).toMatchObject({ forwardOriginalToken: true });
    const [alone] = await objects(POLICIES, '-n', 'foo');
    expect(alone!.spec.pluginConfig).not.toHaveProperty('forwardOriginalToken');
  });

  it('leaves the resources as they are, and is the same every time', async () => {
    const written = [...POLICIES, jwt('https://idp.example/keys')];
    const [first, second] = await Promise.all([
      objects(written, '-n', 'foo'),
      objects(written, '-n', 'foo'),
    ]);
    expect(first).toEqual(second);
    expect(first.at(-1)!.spec.pluginConfig!.resources.at(-1)).toEqual({
      apiVersion: 'security.istio.io/v1',
      kind: 'RequestAuthentication',
      metadata: { name: 'jwt', namespace: 'foo' },
      spec: { jwtRules: [{ issuer: 'https://idp.example', jwksUri: 'https://idp.example/keys' }] },
    });
  });

  it('as JSON is a List, which kubectl takes', async () => {
    const { stdout } = await render(POLICIES, '-n', 'foo', '--url', OCI, '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      apiVersion: 'v1',
      kind: 'List',
      items: [{ kind: 'WasmPlugin' }],
    });
  });

  it('says in SHADOW that nothing is to be enforced', async () => {
    const [plugin] = await objects(
      POLICIES,
      '-n',
      'foo',
      '--shadow',
      '--fail-strategy',
      'FAIL_OPEN',
    );
    expect(plugin!.spec).toMatchObject({
      failStrategy: 'FAIL_OPEN',
      pluginConfig: { enforcement: 'SHADOW' },
    });
  });

  it('takes name, phase, priority and pull secret', async () => {
    const args = ['--name', 'pc', '--phase', 'AUTHZ', '--priority', '-5', '--pull-secret', 'reg'];
    const [plugin] = await objects(POLICIES, '-n', 'foo', ...args);
    expect(plugin).toMatchObject({
      metadata: { name: 'pc' },
      spec: { phase: 'AUTHZ', priority: -5, imagePullSecret: 'reg' },
    });
  });
});

describe('the digest', () => {
  it('of an image is the one that package prints', async () => {
    const out = join(folder, 'image.tar');
    const { stdout } = await portcullis(['package', '--out', out, '-o', 'json']);
    const { image } = JSON.parse(stdout) as { image: string };
    const [plugin] = await objects(POLICIES, '-n', 'foo');
    expect(`sha256:${String(plugin!.spec.sha256)}`).toBe(image);
  });

  it('of a file is the module’s', async () => {
    const [plugin] = await objects(POLICIES, '-n', 'foo', '--url', 'https://files.example/m.wasm');
    const module = readFileSync('build/portcullis.wasm');
    expect(plugin!.spec.sha256).toBe(createHash('sha256').update(module).digest('hex'));
  });

  it('of a file in the proxy is nobody’s', async () => {
    const [plugin] = await objects(POLICIES, '-n', 'foo', '--url', 'file:///var/lib/m.wasm');
    expect(plugin!.spec.sha256).toBeUndefined();
  });

  it('that the URL names counts', async () => {
    const digest = 'ab'.repeat(32);
    const [plugin] = await objects(
      POLICIES,
      '-n',
      'foo',
      '--url',
      `oci://r.example/p@sha256:${digest}`,
    );
    expect(plugin!.spec.sha256).toBe(digest);
  });
});

describe('a jwksUri', () => {
  it('outside of the mesh gets a cluster of its own, which no application uses', async () => {
    const [entry, rule, plugin, ...more] = await objects(
      [jwt('https://idp.example/keys')],
      '-n',
      'foo',
    );
    const host = 'idp.example.jwks.portcullis.invalid';
    expect(more).toEqual([]);
    expect(entry).toMatchObject({
      kind: 'ServiceEntry',
      metadata: { name: 'portcullis-jwks-idp-example-443', namespace: 'foo' },
      spec: {
        hosts: [host],
        addresses: [expect.stringMatching(/^240\.241\.\d+\.\d+$/)],
        location: 'MESH_EXTERNAL',
        ports: [{ number: 443, name: 'tls', protocol: 'TLS' }],
        resolution: 'DNS',
        endpoints: [{ address: 'idp.example' }],
        exportTo: ['.'],
      },
    });
    expect(rule!.spec).toMatchObject({
      host,
      trafficPolicy: {
        tls: { mode: 'SIMPLE', sni: 'idp.example', subjectAltNames: ['idp.example'] },
      },
    });
    expect(plugin!.spec.pluginConfig).toMatchObject({
      jwks: [{ uri: 'https://idp.example/keys', cluster: `outbound|443||${host}` }],
    });
  });

  it.each<[string, string, string[]]>([
    ['https://keys.auth.svc.cluster.local/k', 'outbound|443||keys.auth.svc.cluster.local', []],
    ['http://keys.auth.svc:8000/k', 'outbound|8000||keys.auth.svc.cluster.local', []],
    [
      'http://keys.auth:8000/k',
      'outbound|8000||keys.auth.svc.cluster.local',
      ['--service', 'keys.auth'],
    ],
  ])('that is a Service, %s, needs none', async (uri, cluster, args) => {
    const [plugin, ...more] = await objects([jwt(uri)], '-n', 'foo', ...args);
    expect(more).toEqual([]);
    expect(plugin!.spec.pluginConfig).toMatchObject({ jwks: [{ uri, cluster }] });
  });

  it('over http goes without TLS, to an address as well', async () => {
    const [entry, plugin, ...more] = await objects([jwt('http://192.0.2.7:8000/k')], '-n', 'foo');
    expect(more).toEqual([]);
    expect(entry!.spec).toMatchObject({
      resolution: 'STATIC',
      ports: [{ number: 8000, protocol: 'TCP' }],
      endpoints: [{ address: '192.0.2.7' }],
    });
    expect(plugin!.kind).toBe('WasmPlugin');
  });

  it('of the mesh is seen by all, and its authorities may be given', async () => {
    const [entry, rule] = await objects(
      [jwt('https://idp.example/keys')],
      '--mesh',
      '--jwks-ca',
      '/etc/ca.pem',
    );
    expect([entry!.spec.exportTo, rule!.spec.exportTo]).toEqual([['*'], ['*']]);
    expect(rule!.spec).toMatchObject({ trafficPolicy: { tls: { caCertificates: '/etc/ca.pem' } } });
  });

  it('in the place of which a key set is given needs nothing', async () => {
    const keys = join(folder, 'jwks.json');
    writeFileSync(
      keys,
      `{"keys":[{"kty":"oct","alg":"HS256","k":"${Buffer.alloc(32, 1).toString('base64url')}"}]}`,
    );
    const uri = 'https://idp.example/keys';
    const all = await objects([jwt(uri)], '-n', 'foo', '--jwks', `${uri}=${keys}`);
    expect(all.map(({ kind }) => kind)).toEqual(['WasmPlugin']);
  });

  it.each([
    ['https://idp/keys', 'did you mean a Service? Write NAME.NAMESPACE.svc.cluster.local'],
    ['https://192.0.2.7/keys', 'cannot hold a certificate against an IP address'],
  ])('%s is refused', async (uri, message) => {
    const { code, stdout, stderr } = await render([jwt(uri)], '-n', 'foo', '--url', OCI);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('network filters', () => {
  it.each(['ipBlocks: ["10.0.0.0/8"]', 'notIpBlocks: ["10.0.0.0/8"]'])(
    'come for %s, which ask for the direct address',
    async (field) => {
      const [network, http, ...more] = await objects([source(field)], '-n', 'foo');
      expect(more).toEqual([]);
      expect(network).toMatchObject({
        metadata: { name: 'portcullis-network' },
        spec: { type: 'NETWORK', pluginConfig: { workload: { protocol: 'HTTP' }, resources: [] } },
      });
      expect(http!.spec.pluginConfig).toMatchObject({
        connectionFacts: { directAddress: 'wasm.portcullis.direct_address' },
      });
    },
  );

  it('come for the ports without HTTP that are named', async () => {
    const args = ['--tcp-port', '9000', '--tcp-port', '9001'];
    const [tcp, http] = await objects([source('namespaces: ["bar"]')], '-n', 'foo', ...args);
    expect(tcp).toMatchObject({
      metadata: { name: 'portcullis-tcp' },
      spec: {
        type: 'NETWORK',
        // Not by istiod's ports, which are those of Services: what it does not find, it lets through.
        match: [{ mode: 'SERVER' }],
        pluginConfig: { workload: { protocol: 'TCP', tcpPorts: [9000, 9001] } },
      },
    });
    expect(names(tcp)).toEqual(names(http));
  });

  it('do not come where nothing asks for them', async () => {
    const all = await objects([source('remoteIpBlocks: ["10.0.0.0/8"]')], '-n', 'foo');
    expect(all.map(({ metadata }) => metadata.name)).toEqual(['portcullis']);
  });
});

describe('what is refused', () => {
  it.each<[string, string[], string]>([
    ['nobody that it is for', [], 'say whom it is for: --mesh, --namespace or --workload'],
    ['two at once', ['--mesh', '-n', 'foo'], '--mesh and --namespace: only one of them'],
    ['a workload without labels', ['--workload', 'foo'], 'write -n foo'],
    ['the root namespace as a namespace', ['-n', 'istio-system'], 'write --mesh, or --workload'],
    ['a gateway without labels', ['-n', 'foo', '--gateway'], '--gateway: needs --workload'],
    [
      'FAIL_OPEN that enforces',
      ['-n', 'foo', '--fail-strategy', 'FAIL_OPEN'],
      'only with --shadow',
    ],
    ['a name in capitals', ['-n', 'foo', '--name', 'Portcullis'], 'RFC 1123'],
    ['a priority in words', ['-n', 'foo', '--priority', 'first'], 'expected a whole number'],
    ['a port in words', ['-n', 'foo', '--tcp-port', 'http'], '--tcp-port http: expected a number'],
    ['a digest too short', ['-n', 'foo', '--sha256', 'abc'], 'expected 64 hexadecimal digits'],
    ['a Service that nobody asks', ['-n', 'foo', '--service', 'a.b'], 'no policy has a jwksUri'],
    ['a namespace without policies', ['-n', 'empty'], 'none of these policies can concern'],
  ])('%s', async (_, args, message) => {
    const { code, stdout, stderr } = await render([deny('all', 'foo')], '--url', OCI, ...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it.each([
    ['ftp://x/y.wasm', 'expected oci://, https://, http:// or file://'],
    ['registry.example/portcullis', 'expected oci://'],
  ])('the URL %s', async (url, message) => {
    const { code, stderr } = await render([deny('all', 'foo')], '-n', 'foo', '--url', url);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('a digest beside another in the URL', async () => {
    const url = `oci://r.example/p@sha256:${'ab'.repeat(32)}`;
    const args = ['-n', 'foo', '--url', url, '--sha256', 'cd'.repeat(32)];
    expect((await render([deny('all', 'foo')], ...args)).stderr).toContain('names another digest');
  });

  it('a policy that the module refuses, with its place', async () => {
    const wrong = policy('AuthorizationPolicy', 'p', 'foo', '{ action: DENY, rulez: [{}] }');
    const { code, stdout, stderr } = await render([wrong], '-n', 'foo', '--url', OCI);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^-:4:\d+: Error \[PC\d+\] \(AuthorizationPolicy foo\/p\)/);
    expect(stderr).toContain('did you mean "rules"?');
  });

  it('an authorizer that wants bodies, which a WasmPlugin cannot hold', async () => {
    const mesh = join(folder, 'bodies.yaml');
    writeFileSync(
      mesh,
      'extensionProviders: [{ name: opa, envoyExtAuthzHttp: { service: opa.foo.svc.cluster.local, port: 80, includeRequestBodyInCheck: { maxRequestBytes: 10 } } }]',
    );
    const custom = policy(
      'AuthorizationPolicy',
      'c',
      'foo',
      '{ action: CUSTOM, provider: { name: opa }, rules: [{}] }',
    );
    const { code, stderr } = await render(
      [custom],
      '-n',
      'foo',
      '--url',
      OCI,
      '--mesh-config',
      mesh,
    );
    expect(code).toBe(1);
    expect(stderr).toContain('allowOnHeadersStopIteration');
  });

  it('more than the API server takes', async () => {
    const many = Array.from({ length: 1500 }, (_, i) =>
      policy(
        'AuthorizationPolicy',
        `p${i}`,
        'foo',
        `{ action: DENY, rules: [{ to: [{ operation: { paths: ["/${'x'.repeat(1000)}${i}"] } }] }] }`,
      ),
    );
    const { code, stdout, stderr } = await render(many, '-n', 'foo', '--url', OCI);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('render it by namespace, or by workload');
  });
});

describe('--guard', () => {
  it('puts a filter behind the module that lets nothing pass which the module has not marked', async () => {
    const rendered = await objects([deny('a', 'foo')], '--workload', 'foo/app=httpbin', '--guard');
    expect(rendered.map(({ kind }) => kind)).toEqual(['WasmPlugin', 'EnvoyFilter']);
    const [plugin, filter] = rendered;
    expect(plugin!.spec.pluginConfig).toMatchObject({ guard: true });
    expect(filter).toMatchObject({
      metadata: { name: 'portcullis-guard', namespace: 'foo' },
      spec: {
        workloadSelector: { labels: { app: 'httpbin' } },
        configPatches: [{ match: { context: 'SIDECAR_INBOUND' } }],
      },
    });
    expect(JSON.stringify(filter)).toContain('"wasm.portcullis.passed"');
  });

  it('is for gateways, too', async () => {
    const where = ['--workload', 'istio-system/istio=ingressgateway', '--gateway'];
    const rendered = await objects([deny('a', 'istio-system')], ...where, '--guard');
    expect(rendered.at(-1)).toMatchObject({
      kind: 'EnvoyFilter',
      spec: { configPatches: [{ match: { context: 'GATEWAY' } }] },
    });
  });

  it('is not for what is only tried', async () => {
    const { code, stderr } = await render(
      [deny('a', 'foo')],
      ...['--url', OCI, '-n', 'foo', '--guard', '--shadow'],
    );
    expect(code).toBe(2);
    expect(stderr).toContain('--guard');
  });
});
