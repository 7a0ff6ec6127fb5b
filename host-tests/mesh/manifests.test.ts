// Manifests: what is refused by name, what they come to, where clients go.
import { describe, expect, it } from 'vitest';
import { checkResources } from '../../envoy/mesh/check.ts';
import { clientTls } from '../../envoy/mesh/destination-rules.ts';
import { KINDS } from '../../envoy/mesh/kinds.ts';
import { fullHost, protocolAt, servicesOf, workloadsOf } from '../../envoy/mesh/model.ts';
import { appliesTo } from '../../envoy/mesh/selection.ts';
import type { StoredResource } from '../../envoy/mesh/store.ts';
import { loadResources } from '../../istio/load.ts';

const kinds = KINDS.map(({ kind }) => kind);

function load(text: string): ReturnType<typeof loadResources>['resources'] {
  const { resources, problems } = loadResources([{ file: 'm.yaml', text }], 'foo', kinds);
  expect(problems).toEqual([]);
  return resources;
}

const stored = (text: string): StoredResource[] =>
  load(text).map(({ value }) => value as StoredResource);

const NETWORKING = 'apiVersion: networking.istio.io/v1\n';

describe('a manifest is refused', () => {
  it.each<[string, string, string]>([
    [
      'for a field that the mesh does not support',
      `${NETWORKING}kind: DestinationRule\nmetadata: { name: a }\nspec: { host: b, trafficPolicy: { loadBalancer: {} } }`,
      'm.yaml:4:35: (DestinationRule foo/a) spec.trafficPolicy.loadBalancer: unknown field, or one that the mesh does not support; it knows tls, portLevelSettings',
    ],
    [
      'for a mode that it does not support',
      `${NETWORKING}kind: DestinationRule\nmetadata: { name: a }\nspec: { host: b, trafficPolicy: { tls: { mode: MUTUAL } } }`,
      'spec.trafficPolicy.tls.mode: must be one of DISABLE, SIMPLE, ISTIO_MUTUAL, not "MUTUAL"',
    ],
    [
      'for routes of sidecars',
      `${NETWORKING}kind: VirtualService\nmetadata: { name: a }\nspec: { hosts: [b], http: [] }`,
      'spec.gateways: must name gateways, and not "mesh"',
    ],
    [
      'for a match that it does not support',
      `${NETWORKING}kind: VirtualService\nmetadata: { name: a }\nspec: { hosts: [b], gateways: [c], http: [{ match: [{ headers: {} }], route: [{ destination: { host: d } }] }] }`,
      'spec.http[0].match[0].headers: unknown field',
    ],
    [
      'for a gateway with TLS',
      `${NETWORKING}kind: Gateway\nmetadata: { name: a }\nspec: { servers: [{ port: { number: 443, protocol: HTTPS } }] }`,
      'spec.servers[0].port: must have a number, and the protocol HTTP',
    ],
    [
      'for more pods than one',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a }\nspec: { replicas: 2, template: { spec: { containers: [{ name: a, image: sleep }] } } }',
      'spec.replicas: the mesh runs one pod a Deployment',
    ],
    [
      'for a version that there is not',
      'apiVersion: networking.istio.io/v2\nkind: Gateway\nmetadata: { name: a }',
      'apiVersion: must be networking.istio.io/v1 or networking.istio.io/v1beta1 or networking.istio.io/v1alpha3',
    ],
    [
      'for its name',
      'apiVersion: v1\nkind: Namespace\nmetadata: { name: Foo }',
      'metadata.name: must be a name in small letters',
    ],
  ])('%s', (_, text, message) => {
    const lines = checkResources(load(text)).map(
      (one) =>
        `${one.file}:${one.line}:${one.column}: (${one.resource}) ${one.path}: ${one.message}`,
    );
    expect(lines.join('\n')).toContain(message);
  });

  it('for a kind that there is not', () => {
    const text = 'apiVersion: v1\nkind: ConfigMap\nmetadata: { name: a }';
    const { problems } = loadResources([{ file: 'm.yaml', text }], 'foo', kinds);
    expect(problems[0]?.message).toContain('kind "ConfigMap" is unknown');
  });
});

const POD = (name: string, more = ''): string => `
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: foo }
spec:
  template:
    metadata: { labels: { app: ${name} }${more} }
    spec: { serviceAccountName: ${name}, containers: [{ name: a, image: httpbin, ports: [{ containerPort: 80 }, { containerPort: 81 }] }] }`;

describe('a workload', () => {
  it.each<[string, string, boolean]>([
    ['', '', false],
    ['istio-injection: enabled', '', true],
    ['istio-injection: disabled', '', false],
    ['istio.io/rev: stable', '', true],
    ['istio-injection: enabled', ", annotations: { sidecar.istio.io/inject: 'false' }", false],
    ['', ", annotations: { sidecar.istio.io/inject: 'true' }", true],
  ])('in a namespace with %j and %j has a sidecar: %s', (labels, more, injected) => {
    const namespace = `apiVersion: v1\nkind: Namespace\nmetadata: { name: foo, labels: { ${labels} } }`;
    const [, workload] = workloadsOf(stored(namespace + POD('a', more)));
    expect(workload?.injected).toBe(injected);
  });

  it('carries what its service says', () => {
    const resources = stored(
      `apiVersion: v1\nkind: Service\nmetadata: { name: a, namespace: foo }\nspec: { selector: { app: a }, ports: [{ name: http, port: 8000, targetPort: 80 }, { name: tcp-x, port: 81 }] }${POD('a')}`,
    );
    const workloads = workloadsOf(resources);
    const services = servicesOf(resources, workloads);
    expect(services[0]?.workloads).toEqual([workloads[1]]);
    expect(protocolAt(workloads[1]!, 80, services)).toBe('http');
    expect(protocolAt(workloads[1]!, 81, services)).toBe('tcp');
  });
});

describe('a host', () => {
  it.each([
    ['httpbin', 'httpbin.foo.svc.cluster.local'],
    ['httpbin.bar', 'httpbin.bar.svc.cluster.local'],
    ['httpbin.bar.svc', 'httpbin.bar.svc.cluster.local'],
    ['httpbin.bar.svc.cluster.local', 'httpbin.bar.svc.cluster.local'],
  ])('%s is %s', (host, full) => {
    expect(fullHost(host, 'foo')).toBe(full);
  });
});

describe('a DestinationRule', () => {
  const service = {
    namespace: 'foo',
    name: 'httpbin',
    host: 'httpbin.foo.svc.cluster.local',
    ports: [],
    workloads: [],
  };
  const rule = (namespace: string, host: string, policy: string): string =>
    `${NETWORKING}kind: DestinationRule\nmetadata: { name: r${Math.abs(host.length)}, namespace: ${namespace} }\nspec: { host: "${host}", trafficPolicy: ${policy} }`;
  const tls = (mode: string): string => `{ tls: { mode: ${mode} } }`;

  it.each<[string, string[], string]>([
    ['nobody says anything', [], 'AUTO'],
    ['of the service', [rule('foo', 'httpbin', tls('DISABLE'))], 'DISABLE'],
    ['of another service', [rule('foo', 'other', tls('DISABLE'))], 'AUTO'],
    ['of another namespace', [rule('legacy', 'httpbin.foo', tls('DISABLE'))], 'AUTO'],
    [
      "the client's before the service's",
      [rule('foo', 'httpbin', tls('DISABLE')), rule('bar', 'httpbin.foo', tls('ISTIO_MUTUAL'))],
      'ISTIO_MUTUAL',
    ],
    ['of the whole mesh', [rule('istio-system', '*.local', tls('ISTIO_MUTUAL'))], 'ISTIO_MUTUAL'],
    [
      'the exact before the wildcard',
      [
        rule('foo', '*.foo.svc.cluster.local', tls('DISABLE')),
        rule('foo', 'httpbin', tls('SIMPLE')),
      ],
      'SIMPLE',
    ],
    [
      'by port',
      [
        rule(
          'foo',
          'httpbin',
          '{ tls: { mode: DISABLE }, portLevelSettings: [{ port: { number: 8000 }, tls: { mode: ISTIO_MUTUAL } }] }',
        ),
      ],
      'ISTIO_MUTUAL',
    ],
  ])('%s', (_, rules, mode) => {
    expect(clientTls(rules.flatMap(stored), 'bar', service, 8000)).toBe(mode);
  });
});

describe('a policy concerns', () => {
  const workload = workloadsOf(stored(POD('a').replace('\n---\n', '')))[1]!;
  it.each<[string, string, boolean]>([
    ['its namespace', '{ name: p, namespace: foo }', true],
    ['no other', '{ name: p, namespace: bar }', false],
    ['everybody, from the root namespace', '{ name: p, namespace: istio-system }', true],
  ])('%s', (_, metadata, does) => {
    const text = `apiVersion: security.istio.io/v1\nkind: AuthorizationPolicy\nmetadata: ${metadata}`;
    expect(appliesTo(stored(text)[0]!, workload)).toBe(does);
  });
});
