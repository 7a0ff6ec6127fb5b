import { describe, expect, it } from 'vitest';
import { readMeshConfig } from '../../istio/mesh-config.ts';

describe("Istio's MeshConfig", () => {
  it('gives root namespace, trust domain and path normalization', () => {
    const text = `
rootNamespace: istio-config
trustDomain: td.example
trustDomainAliases: [old.example]
pathNormalization: { normalization: MERGE_SLASHES }
accessLogFile: /dev/stdout
`;
    expect(readMeshConfig(text, 'mesh.yaml')).toEqual({
      settings: {
        rootNamespace: 'istio-config',
        trustDomain: 'td.example',
        trustDomainAliases: ['old.example'],
      },
      pathNormalization: 'MERGE_SLASHES',
    });
  });

  it('reads DEFAULT as BASE', () => {
    expect(
      readMeshConfig('pathNormalization: { normalization: DEFAULT }', 'mesh.yaml')
        .pathNormalization,
    ).toBe('BASE');
  });

  it('takes the port of a provider in quotes', () => {
    const text = `
extensionProviders:
- name: authorizer
  envoyExtAuthzHttp: { service: authorizer.foo, port: "8000" }
- name: tracing
  zipkin: { service: zipkin.tracing, port: "9411" }
`;
    expect(readMeshConfig(text, 'mesh.yaml').settings.extensionProviders).toEqual([
      { name: 'authorizer', envoyExtAuthzHttp: { service: 'authorizer.foo', port: 8000 } },
      { name: 'tracing', zipkin: { service: 'zipkin.tracing', port: '9411' } },
    ]);
  });

  it.each([
    ['trustDomain: 1', 'trustDomain must be a string'],
    ['trustDomainAliases: a', 'trustDomainAliases must be a list of strings'],
    [
      'pathNormalization: { normalization: MERGE }',
      'pathNormalization.normalization must be one of',
    ],
    ['extensionProviders: {}', 'extensionProviders must be a list of objects'],
    ['extensionProviders: [1]', 'extensionProviders must be a list of objects'],
    ['- a', 'must be an object'],
    ['a: [', 'Flow'],
  ])('%s is refused', (text, message) => {
    expect(() => readMeshConfig(text, 'mesh.yaml')).toThrow(message);
  });
});
