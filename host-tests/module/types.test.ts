// The type of each field: what is something else is told, with what it is, and null is as if it were not there.
import { describe, expect, it } from 'vitest';
import { problemsOf, saidOf } from './fixture.ts';

/** One value of every type, and its name in a message. */
const VALUES: [unknown, string][] = [
  [true, 'a boolean'],
  [false, 'a boolean'],
  [1, 'a number'],
  ['a', 'a string'],
  [[], 'a list'],
  [{}, 'an object'],
];

const resource = (kind: string, name: string, spec: unknown, metadata: object = {}): object => ({
  apiVersion: 'security.istio.io/v1',
  kind,
  metadata: { name, namespace: 'foo', ...metadata },
  spec,
});

/** What is said of a setting with each of the values, in the words of its type alone. */
const saidOfSetting = (at: (value: unknown) => object): string[] =>
  VALUES.flatMap(([value]) =>
    problemsOf([], at(value)).filter((line) => / must be .*, not an? (?!.*\d)/.test(line)),
  );
const allBut = (good: string[], text: string): string[] =>
  VALUES.filter(([, name]) => !good.includes(name)).map(([, name]) => `${text}, not ${name}`);

describe('a field of the settings', () => {
  it.each<[string, (value: unknown) => object, string[], string]>([
    ['text', (clockSkew) => ({ clockSkew }), ['a string'], 'clockSkew: must be a string'],
    [
      'number',
      (minRsaKeyBits) => ({ minRsaKeyBits }),
      ['a number'],
      'minRsaKeyBits: must be a number',
    ],
    ['boolean', (guard) => ({ guard }), ['a boolean'], 'guard: must be true or false'],
    [
      'list of texts',
      (filterStateClaims) => ({ filterStateClaims }),
      ['a list'],
      'filterStateClaims: must be a list of strings',
    ],
    ['object', (tokenCache) => ({ tokenCache }), ['an object'], 'tokenCache: must be an object'],
    ['list of objects', (jwks) => ({ jwks }), ['a list'], 'jwks: must be a list'],
    [
      'map of texts',
      (labels) => ({ workload: { labels } }),
      ['an object'],
      'workload.labels: must be a map of strings',
    ],
    [
      'element of a list of texts',
      (value) => ({ filterStateClaims: ['a', value] }),
      ['a string'],
      'filterStateClaims[1]: must be a string',
    ],
    [
      'element of a list of objects',
      (value) => ({ jwks: [{ uri: 'https://a/' }, value] }),
      ['an object'],
      'jwks[1]: must be an object',
    ],
    [
      'value in a map of texts',
      (value) => ({ workload: { labels: { a: 'b', c: value } } }),
      ['a string'],
      'workload.labels.c: must be a string',
    ],
  ])('is a %s', (_, at, good, text) => {
    expect(saidOfSetting(at)).toEqual(allBut(good, text));
  });

  it('is not null within a list or a map', () => {
    const settings = {
      filterStateClaims: [null, 'a', null],
      jwks: [null],
      workload: { labels: { a: null, b: 'c', d: 1 }, gateway: 1 },
      guard: 1,
    };
    expect(problemsOf([], settings)).toEqual([
      'filterStateClaims[0]: must be a string, not null',
      'filterStateClaims[2]: must be a string, not null',
      'jwks[0]: must be an object, not null',
      'workload.labels.a: must be a string, not null',
      'workload.labels.d: must be a string, not a number',
      'workload.gateway: must be true or false, not a number',
      'guard: must be true or false, not a number',
    ]);
  });
});

describe('a field of a resource', () => {
  it('is a map of objects, each of them told by its key', () => {
    const selector = { matchLabels: { a: 'b' } };
    const maps = [
      ...VALUES.slice(0, 5).map(([value]) => value),
      { 80: [], 81: {}, 82: null, 83: { a: 1 } },
    ];
    const said = saidOf(
      maps.map((portLevelMtls, i) =>
        resource('PeerAuthentication', `p${i}`, { selector, portLevelMtls, mtls: { mode: 1 } }),
      ),
    );
    const mode = 'spec.mtls.mode: must be a string, not a number';
    expect(said).toEqual([
      ...allBut(['an object'], 'spec.portLevelMtls: must be a map of objects').map((line) => [
        line,
        mode,
      ]),
      [
        'spec.portLevelMtls.80: must be an object, not a list',
        'spec.portLevelMtls.82: must be an object, not null',
        'spec.portLevelMtls.83.a: unknown field',
        mode,
      ],
    ]);
  });

  it('that is known and not enforced is refused, unless it is null', () => {
    for (const kind of ['AuthorizationPolicy', 'RequestAuthentication']) {
      const of = (value: unknown, i: number): object =>
        resource(kind, `p${i}`, { targetRef: value, targetRefs: value });
      const lines = ['spec.targetRef: not supported yet', 'spec.targetRefs: not supported yet'];
      expect(saidOf([{}, [], 'a', false, null, undefined].map(of))).toEqual([
        ...Array<string[]>(4).fill(lines),
        [],
        [],
      ]);
    }
  });

  it('that is Kubernetes’ own may be anything', () => {
    const names = [
      ...['deletionGracePeriodSeconds', 'deletionTimestamp', 'finalizers', 'generateName', 'uid'],
      ...['generation', 'managedFields', 'ownerReferences', 'resourceVersion', 'selfLink'],
    ];
    const all = VALUES.map(([value], i) => ({
      ...resource(
        'AuthorizationPolicy',
        `p${i}`,
        {},
        Object.fromEntries(names.map((name) => [name, value])),
      ),
      status: value,
    }));
    expect(saidOf(all)).toEqual(all.map(() => []));
  });
});

describe('a message', () => {
  const line = (length: number): string => {
    const ports = ['x'.repeat(length)];
    const spec = { action: 'DENY', rules: [{ to: [{ operation: { ports } }] }] };
    return `config: ${problemsOf([resource('AuthorizationPolicy', 'p', spec)])[0]}`;
  };

  it('is cut where it is longer than 2048 characters', () => {
    const longest = 2048 - (line(1).length - 1);
    expect(line(longest)).toHaveLength(2048);
    expect(line(longest)).toMatch(/65535$/);
    expect(line(longest + 1)).toHaveLength(2049);
    expect(line(longest + 1)).toMatch(/6553…$/);
  });

  it('has 256 bytes of a key', () => {
    expect(problemsOf([], { ['x'.repeat(300)]: 1 })).toEqual([`${'x'.repeat(256)}: unknown field`]);
  });
});
