// The JSON Schema of the plugin configuration, held against the module: they know the same fields, and mind the same mistakes.
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { judgeConfiguration } from '../../cli/judge-configuration.ts';

interface Schema {
  properties?: Record<string, Schema>;
  items?: Schema;
  [keyword: string]: unknown;
}

const text = readFileSync('istio/schema/plugin-configuration.schema.json', 'utf8');
const schema = JSON.parse(text) as Schema;
const validate = new Ajv2020({ strict: false }).compile(schema);
const NODE = { namespace: 'foo', labels: {} };

/** Fields whose contents belong to others: Istio's resources, MeshConfig's providers. */
const FOREIGN = ['resources', 'extensionProviders'];

/** Names that lead to each field; `[]` is any element of a list. */
function paths(at: Schema, path: string[] = []): string[][] {
  const own = Object.entries(at.properties ?? {}).flatMap(([name, field]) => [
    [...path, name],
    ...paths(field, [...path, name]),
  ]);
  return at.items === undefined ? own : [...own, ...paths(at.items, [...path, '[]'])];
}

const fields = paths(schema).filter(
  ([first], i, all) => !FOREIGN.includes(first!) || all[i]!.length === 1,
);

/** A document with `value` at a path. */
function documentWith(path: string[], value: unknown): unknown {
  return path.reduceRight((inner, name) => (name === '[]' ? [inner] : { [name]: inner }), value);
}

const errorsOf = async (document: unknown): Promise<string[]> =>
  (await judgeConfiguration(JSON.stringify(document), NODE)).errors;

describe('the schema of the plugin configuration', () => {
  it.each(fields.map((path) => [path.join('.').replaceAll('.[]', '[]')]))(
    'names %s, which the module knows, and a wrong type of it is refused by both',
    async (name) => {
      const path = name.replaceAll('[]', '.[]').split('.');
      // No field of either is a list of lists.
      const document = documentWith(path, [[[]]]);
      const errors = await errorsOf(document);
      expect(errors.length).toBeGreaterThan(0);
      expect(errors.filter((line) => line.includes('unknown field'))).toEqual([]);
      expect(validate(document)).toBe(false);
    },
  );

  it('names every field that the module knows', () => {
    const shapes = readFileSync('assembly/config/shapes.ts', 'utf8');
    const body = shapes.slice(shapes.indexOf('export const pluginConfiguration'));
    const known = [...body.matchAll(/\.(?:of|nested)\(\s*Type\.\w+,\s*"([^"]+)"/g)].flatMap(
      ([, names]) => names!.split(' '),
    );
    const named = fields.map((path) => path.at(-1)!);
    expect(known.filter((name) => !named.includes(name))).toEqual([]);
    expect(known.length).toBeGreaterThan(30);
  });

  it.each<[string, object]>([
    ['an unknown field', { rootNamespce: 'a' }],
    ['a port beyond 65535', { workload: { containerPort: 65536 } }],
    ['an unknown word', { unknownIssuers: 'ignore' }],
    ['a status that is none', { peerRejection: 200 }],
    ['a duration without unit', { clockSkew: '60' }],
    ['a cache beyond all measure', { tokenCache: { maxTokens: 100_001 } }],
  ])('refuses %s, as the module does', async (_, document) => {
    expect(validate(document)).toBe(false);
    expect((await errorsOf(document)).length).toBeGreaterThan(0);
  });

  it.each<[string, object]>([
    ['nothing', {}],
    [
      'everything',
      {
        rootNamespace: 'mesh',
        trustDomain: 'corp',
        trustDomainAliases: ['old'],
        workload: {
          namespace: 'foo',
          labels: { a: 'b' },
          containerPort: 80,
          protocol: 'TCP',
          tcpPorts: [9000, 9001],
          gateway: false,
        },
        clockSkew: '1m30s',
        connectionFacts: {
          directAddress: 'a',
          peerCertificate: 'e',
          peerUris: 'b',
          peerDns: 'c',
          localUris: 'd',
        },
        xfcc: { forward: 'APPEND_FORWARD', details: ['URI'] },
        peerRejection: 403,
        jwks: [
          { uri: 'https://a/b', cluster: 'c', refresh: '60s', timeout: '1.5s', cooldown: '5s' },
        ],
        unknownIssuers: 'IGNORE',
        listClaims: 'COMMA',
        minRsaKeyBits: 2048,
        filterStateClaims: ['sub'],
        tokenCache: { maxTokens: 0, maxBytes: 0 },
        allowOnHeadersStopIteration: true,
        debugHeaders: true,
        forwardOriginalToken: true,
        resources: [],
      },
    ],
  ])('takes %s, as the module does', async (_, document) => {
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true);
    expect(await errorsOf(document)).toEqual([]);
  });
});
