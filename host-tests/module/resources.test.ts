// `resources`: which of them are sound, which concern this workload, and what is said of those that are not sound.
import { describe, expect, it } from 'vitest';
import { denyPolicy, errorLines, problemsOf, saidOf, start, status, update } from './fixture.ts';

const KINDS = ['AuthorizationPolicy', 'RequestAuthentication', 'PeerAuthentication'];
const V1 = 'security.istio.io/v1';
const VERSION = 'apiVersion: must be "security.istio.io/v1" or "security.istio.io/v1beta1"';

const resource = (kind: string, metadata: object, spec?: unknown): object => ({
  apiVersion: V1,
  kind,
  metadata: { name: 'p', namespace: 'foo', ...metadata },
  ...(spec === undefined ? {} : { spec }),
});
const deny = (metadata: object, spec = {}): object =>
  resource('AuthorizationPolicy', metadata, { action: 'DENY', rules: [{}], ...spec });
const denyPath = (metadata: object, path: string, spec = {}): object =>
  deny(metadata, { rules: [{ to: [{ operation: { paths: [path] } }] }], ...spec });

describe('a name', () => {
  const WRONG =
    'metadata.name: must be a name: lowercase letters, digits, hyphens and dots, at most 253 of them';
  const said = (names: unknown[]): string[][] => saidOf(names.map((name) => deny({ name })));

  it('has lowercase letters and digits, with hyphens and dots between them', () => {
    const names = ['a', 'z', '0', '9', 'a-b', 'a--b', 'a.b', 'a1.b-2.c3', 'a'.repeat(253)];
    expect(said(names)).toEqual(names.map(() => []));
  });

  it('has nothing else, and neither hyphen nor dot at the end of a label', () => {
    const letters = ['A', 'a_b', 'aZ', 'a/b', 'a:b', 'a`b', 'a{b', 'ä', 'a b', 'a*'];
    const ends = ['-a', 'a-', '-', '.a', 'a.', '.', 'a..b', 'a.-b', 'a-.b'];
    const names = [...letters, ...ends, 'a'.repeat(254)];
    expect(said(names)).toEqual(names.map(() => [WRONG]));
  });

  it('is there', () => {
    expect(said(['', null, undefined])).toEqual(Array(3).fill(['metadata.name: missing']));
  });
});

describe('a namespace', () => {
  const WRONG =
    'metadata.namespace: must be a name: lowercase letters, digits and hyphens, at most 63 of them';
  const said = (names: unknown[]): string[][] =>
    saidOf(names.map((namespace) => deny({ namespace })));

  it('is one label', () => {
    const right = ['a', 'a-b', '0a', 'a'.repeat(63)];
    const wrong = ['A', 'a.b', '-a', 'a-', 'a/b', 'a'.repeat(64)];
    expect(said(right)).toEqual(right.map(() => []));
    expect(said(wrong)).toEqual(wrong.map(() => [WRONG]));
  });

  it('is there', () => {
    expect(said(['', null])).toEqual(Array(2).fill(['metadata.namespace: missing']));
  });
});

describe('a list of resources', () => {
  it('may be none', () => {
    for (const text of ['{}', '{"resources":null}', '{"resources":[]}']) {
      const world = start([deny({})]);
      expect(update(world, text)).toBe(true);
      expect(status(world.plugin)).toBe(200);
    }
  });

  it('may not be anything else', () => {
    const world = start([]);
    for (const wrong of ['{}', '"a"', 'false', '0']) {
      expect(update(world, `{"resources":${wrong}}`)).toBe(false);
      expect(errorLines(world.process)).toEqual(['config: resources: must be a list']);
    }
  });

  it('has objects alone', () => {
    expect(saidOf([null, 'a', [], 1, true, false])).toEqual(
      ['null', 'a string', 'a list', 'a number', 'a boolean', 'a boolean'].map((name) => [
        `must be an object, not ${name}`,
      ]),
    );
  });

  it('has each resource once: a name is of one kind in one namespace', () => {
    const distinct = [
      deny({}),
      deny({ name: 'q' }),
      deny({ namespace: 'bar' }),
      ...KINDS.slice(1).map((kind) => resource(kind, {})),
    ];
    expect(saidOf(distinct)).toEqual([[], [], [], [], []]);
    expect(saidOf([...distinct, ...distinct]).slice(5)).toEqual(Array(5).fill(['is there twice']));
  });

  it('tells of each problem whose it is, and of those of the settings that they are nobody’s', () => {
    const rules = [{ a: 1 }, { b: 1 }];
    const when = [{ key: 'a', values: ['b'] }];
    const resources = [
      deny({ name: 'a' }, { rules }),
      { ...deny({ name: 'b' }, { rules }), kind: 'Gateway' },
      deny({ name: 'c' }, { selector: { matchLabels: { '*': 'a' } }, rules: [{ when }] }),
      deny({ name: 'd' }),
    ];
    expect(problemsOf(resources, { issuers: [{ issuer: 'nobody' }] })).toEqual([
      'resources[0] AuthorizationPolicy foo/a: spec.rules[0].a: unknown field',
      'resources[0] AuthorizationPolicy foo/a: spec.rules[1].b: unknown field',
      'resources[1] Gateway foo/b: kind: unknown kind "Gateway"',
      'resources[2] AuthorizationPolicy foo/c: spec.selector.matchLabels: wildcard is not supported in selector: "*=a"',
      'resources[2] AuthorizationPolicy foo/c: spec.rules[0].when[0].key: unknown attribute: a',
      'issuers[0].issuer: no jwtRule of any RequestAuthentication has this issuer',
    ]);
  });

  it('is named as far as it is known, and no longer than a name may be', () => {
    const long = 'x'.repeat(300);
    const cut = 'x'.repeat(253);
    const subjects = problemsOf([
      resource(long, { name: long, namespace: long }),
      resource('Gateway', { name: undefined }),
      resource('Gateway', { namespace: undefined }),
      { metadata: { name: 'a', namespace: 'b' } },
    ]).map((line) => line.slice(0, line.indexOf(': ')));
    expect([...new Set(subjects)]).toEqual([
      `resources[0] ${cut} ${cut}/${cut}`,
      'resources[1] Gateway',
      'resources[2] Gateway',
      'resources[3] b/a',
    ]);
  });
});

describe('a resource', () => {
  it('of any kind may have no spec, or null, or an empty one', () => {
    for (const spec of [undefined, null, {}]) {
      expect(saidOf(KINDS.map((kind) => resource(kind, {}, spec)))).toEqual([[], [], []]);
    }
  });

  it('that is an AuthorizationPolicy without spec allows nothing', () => {
    expect(status(start([resource('AuthorizationPolicy', {})]).plugin)).toBe(403);
    expect(status(start([resource('AuthorizationPolicy', {}, null)]).plugin)).toBe(403);
  });

  it('is held against the fields of its kind, wherever it applies', () => {
    const fields = ['rules', 'jwtRules', 'portLevelMtls'];
    const wrong = KINDS.flatMap((kind) =>
      fields.map((field) => resource(kind, { name: field.toLowerCase() }, { [field]: 1 })),
    );
    const unknown = saidOf(wrong).map(([line]) => line!.includes('unknown field'));
    expect(unknown).toEqual([false, true, true, true, false, true, true, true, false]);
    expect(saidOf(KINDS.map((kind) => resource(kind, { namespace: 'bar' }, [])))).toEqual(
      Array(3).fill(['spec: must be an object, not a list']),
    );
  });

  it('is of version v1 or v1beta1', () => {
    const of = (apiVersion: unknown, i: number): object => ({
      ...deny({ name: `p${i}` }),
      apiVersion,
    });
    expect(saidOf([V1, `${V1}beta1`].map(of))).toEqual([[], []]);
    const wrong = ['security.istio.io/v2', `${V1}beta2`, 'v1', '', null, undefined];
    expect(saidOf(wrong.map(of))).toEqual(wrong.map(() => [VERSION]));
  });

  it('whose frame is wrong is not looked into any further', () => {
    const wrong = { ...deny({ name: 'A' }), speck: {}, apiVersion: 'v1' };
    expect(saidOf([wrong])).toEqual([['speck: unknown field; did you mean "spec"?']]);
  });

  it('of a kind that is none is told with the rest of its frame', () => {
    const missing = ['metadata.name: missing', 'metadata.namespace: missing'];
    expect(saidOf([{ kind: 'Gateway', apiVersion: 'v1' }, {}])).toEqual([
      [VERSION, ...missing, 'kind: unknown kind "Gateway"'],
      [VERSION, ...missing, 'kind: missing'],
    ]);
  });
});

describe('a selector', () => {
  const selecting = (matchLabels: unknown, i: number): object =>
    deny({ name: `p${i}` }, { selector: { matchLabels } });
  const LABELS = 'spec.selector.matchLabels';

  it('has no empty key, no wildcard, and no value that Kubernetes would not take', () => {
    const table: [object, string[]][] = [
      [{ '': 'v1' }, [`${LABELS}: empty key is not supported in selector: "=v1"`]],
      [{ '*': 'a' }, [`${LABELS}: wildcard is not supported in selector: "*=a"`]],
      [{ 'a*': 'a' }, [`${LABELS}: wildcard is not supported in selector: "a*=a"`]],
      [{ a: '*' }, [`${LABELS}: wildcard is not supported in selector: "a=*"`]],
      [{ a: 'b*c' }, [`${LABELS}: wildcard is not supported in selector: "a=b*c"`]],
      [{ a: 'x'.repeat(64) }, [`${LABELS}.a: must have at most 63 characters`]],
      [
        { '': '*', b: 'c', d: 'ä'.repeat(64), e: '*' },
        [
          `${LABELS}: empty key is not supported in selector: "=*"`,
          `${LABELS}: wildcard is not supported in selector: "=*"`,
          `${LABELS}.d: must have at most 63 characters`,
          `${LABELS}: wildcard is not supported in selector: "e=*"`,
        ],
      ],
    ];
    expect(saidOf(table.map(([labels], i) => selecting(labels, i)))).toEqual(
      table.map(([, lines]) => lines),
    );
  });

  it('may have values of 63 characters, of none, and no labels at all', () => {
    const labels = [{ a: '' }, { a: 'x'.repeat(63) }, { a: 'ä€😀'.repeat(21) }, {}, null];
    expect(saidOf(labels.map(selecting))).toEqual(labels.map(() => []));
  });

  it('has 4096 labels at most', () => {
    const labels = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'a']));
    expect(saidOf([4096, 4097].map(labels).map(selecting))).toEqual([
      [],
      [`${LABELS}: must have at most 4096 members`],
    ]);
  });
});

describe('a resource concerns the workload', () => {
  const NODE = { namespace: 'foo', labels: { app: 'httpbin', empty: '' } };

  it('by its labels, of the node or of the settings', () => {
    const table: [string, object | undefined, boolean][] = [
      ['no label', {}, true],
      ['no selector', undefined, true],
      ['a label', { app: 'httpbin' }, true],
      ['another value', { app: 'sleep' }, false],
      ['a value that begins so', { app: 'httpbi' }, false],
      ['a value in other letters', { app: 'Httpbin' }, false],
      ['a label that is there with no value', { empty: '' }, true],
      ['a label that is not there, with no value', { missing: '' }, false],
      ['a label that is there, with no value', { app: '' }, false],
      ['one that is there and one that is not', { app: 'httpbin', missing: 'a' }, false],
      ['one that is not there and one that is', { missing: 'a', app: 'httpbin' }, false],
    ];
    const policies = table.flatMap(([, matchLabels], i) =>
      ['foo', 'istio-system'].map((namespace) =>
        denyPath({ name: `p${i}`, namespace }, `/${namespace}/${i}`, { selector: { matchLabels } }),
      ),
    );
    const worlds = [
      start(policies, {}, { node: NODE }),
      start(policies, { workload: { labels: NODE.labels } }, { node: { namespace: 'foo' } }),
    ];
    for (const { plugin } of worlds) {
      for (const namespace of ['foo', 'istio-system']) {
        const applies = table.map(([name], i) => [
          name,
          status(plugin, { path: `/${namespace}/${i}` }) === 403,
        ]);
        expect(applies).toEqual(table.map(([name, , expected]) => [name, expected]));
      }
    }
  });

  it.each<[string, object, string[]]>([
    ['the node’s and the usual root', {}, ['foo', 'istio-system']],
    ['another root', { rootNamespace: 'mesh' }, ['foo', 'mesh']],
    ['none said', { rootNamespace: null, workload: { namespace: null } }, ['foo', 'istio-system']],
    ['another than the node’s', { workload: { namespace: 'bar' } }, ['bar', 'istio-system']],
  ])('by its namespace: %s', (_, settings, expected) => {
    const all = ['foo', 'fo', 'fooo', 'bar', 'istio-system', 'istio', 'mesh'];
    const policies = all.map((namespace) => denyPath({ namespace }, `/${namespace}`));
    const { plugin } = start(policies, settings);
    const applying = all.filter((namespace) => status(plugin, { path: `/${namespace}` }) === 403);
    expect(applying.sort()).toEqual(expected);
  });

  it('by the configured labels alone, where there are some', () => {
    const one = deny({}, { selector: { matchLabels: { app: 'httpbin' } } });
    const answer = (labels: unknown): number | string =>
      status(start([one], { workload: { labels } }).plugin);
    expect([answer({}), answer(null)]).toEqual([200, 403]);
  });

  it('without any selector, if the workload has no labels', () => {
    const selecting = denyPath({}, '/a', { selector: { matchLabels: { app: 'httpbin' } } });
    const { plugin } = start(
      [selecting, denyPath({ name: 'all' }, '/b')],
      {},
      {
        node: { namespace: 'foo' },
      },
    );
    expect(['/a', '/b'].map((path) => status(plugin, { path }))).toEqual([200, 403]);
  });

  it('or is left aside, and is checked all the same', () => {
    const elsewhere = { namespace: 'bar' };
    const { plugin } = start([
      deny(elsewhere),
      ...KINDS.slice(1).map((kind) => resource(kind, elsewhere)),
    ]);
    expect(status(plugin)).toBe(200);
    expect(saidOf(KINDS.map((kind) => resource(kind, elsewhere, { zzz: 1 })))).toEqual(
      Array(3).fill(['spec.zzz: unknown field']),
    );
  });

  it('beside others, of the root namespace or its own: all of them count', () => {
    const { plugin } = start([
      denyPath({ name: 'a' }, '/a'),
      deny({ namespace: 'bar' }),
      denyPolicy([{ to: [{ operation: { paths: ['/root'] } }] }]),
      denyPath({ name: 'b' }, '/b'),
    ]);
    const seen = ['/a', '/root', '/b', '/c'].map((path) => status(plugin, { path }));
    expect(seen).toEqual([403, 403, 403, 200]);
  });
});
