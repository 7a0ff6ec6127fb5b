// What kubectl's users expect of names, labels and JSONPath.
import { describe, expect, it } from 'vitest';
import { jsonpath } from '../../cli/mesh/jsonpath.ts';
import { parseSelector } from '../../cli/mesh/label-selector.ts';
import { kindNamed, resourceName } from '../../envoy/mesh/kinds.ts';

const LIST = {
  kind: 'List',
  items: [
    { metadata: { name: 'a', labels: { app: 'x' } }, ports: [1, 2] },
    { metadata: { name: 'b', labels: { 'a.b/c': 'y' } }, ports: [] },
  ],
};

describe('jsonpath', () => {
  it.each([
    ['{.items..metadata.name}', 'a b'],
    ['{.items[*].metadata.name}', 'a b'],
    ['{.items[0].metadata.name}', 'a'],
    ['{.items[-1].metadata.name}', 'b'],
    ['{.items[7].metadata.name}', ''],
    ['{$.kind}', 'List'],
    ['.kind', 'List'],
    ['{.items[0].ports}', '[1,2]'],
    ["{.items[1].metadata.labels['a.b/c']}", 'y'],
    ['{range .items[*]}{.metadata.name}{"\\n"}{end}', 'a\nb\n'],
    ['{range .nothing[*]}{.metadata.name}{end}none', 'none'],
    ['name: {.items[0].metadata.name}!', 'name: a!'],
  ])('%s', (template, text) => {
    expect(jsonpath(template, LIST)).toBe(text);
  });

  it.each(['{.items[?(@.x)]}', '{.items', '{..}'])('refuses %s', (template) => {
    expect(() => jsonpath(template, LIST)).toThrow('jsonpath: cannot read');
  });
});

describe('a label selector', () => {
  const labels = { app: 'sleep', 'istio.io/rev': 'a' };
  it.each<[string, boolean]>([
    ['', true],
    ['app=sleep', true],
    ['app==sleep', true],
    ['app=httpbin', false],
    ['app!=httpbin', true],
    ['app!=sleep', false],
    ['app', true],
    ['!app', false],
    ['!version', true],
    ['app=sleep,istio.io/rev=a', true],
    ['app=sleep,version=v1', false],
  ])('%s', (text, does) => {
    expect(parseSelector(text)(labels)).toBe(does);
  });

  it('that cannot be read is refused', () => {
    expect(() => parseSelector('app in (a)')).toThrow('cannot read');
  });
});

describe('a kind', () => {
  it.each([
    ['peerauthentication', 'PeerAuthentication'],
    ['peerauthentications.security.istio.io', 'PeerAuthentication'],
    ['pa', 'PeerAuthentication'],
    ['destinationrules.networking.istio.io', 'DestinationRule'],
    ['authorizationpolicies', 'AuthorizationPolicy'],
    ['gateways', 'Gateway'],
    ['ns', 'Namespace'],
    ['svc', 'Service'],
    ['deploy', 'Deployment'],
  ])('is known by the name %s', (name, kind) => {
    expect(kindNamed(name)?.kind).toBe(kind);
  });

  it.each(['policies.authentication.istio.io', 'gateways.gateway.networking.k8s.io', 'x'])(
    'is not %s',
    (name) => {
      expect(kindNamed(name)).toBeUndefined();
    },
  );

  it('is named as kubectl names what it has changed', () => {
    expect(resourceName('Deployment', 'a')).toBe('deployment.apps/a');
    expect(resourceName('Service', 'a')).toBe('service/a');
  });
});
