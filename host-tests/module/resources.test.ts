// `resources`: which of them are sound, which concern this workload, and what is said of those that are not sound.
import { describe, expect, it } from 'vitest';
import { denyPolicy, errorLines, problemsOf, start, status, update } from './fixture.ts';

const KINDS = ['AuthorizationPolicy', 'RequestAuthentication', 'PeerAuthentication'];
const V1 = 'security.istio.io/v1';

const resource = (kind: string, metadata: object, spec?: unknown): object => ({
  apiVersion: V1,
  kind,
  metadata: { name: 'p', namespace: 'foo', ...metadata },
  ...(spec === undefined ? {} : { spec }),
});
const deny = (metadata: object, spec = {}): object =>
  resource('AuthorizationPolicy', metadata, { action: 'DENY', rules: [{}], ...spec });

/** What is said of one resource, without the words that name it. */
const saidOf = (one: object): string[] =>
  problemsOf([one]).map((line) => line.slice(line.indexOf(': ') + 2));

describe('a name', () => {
  const SUBDOMAIN =
    'metadata.name: must be a name: lowercase letters, digits, hyphens and dots, at most 253 of them';

  it.each(['a', 'z', '0', '9', 'a-b', 'a--b', 'a.b', 'a1.b-2.c3', 'a'.repeat(253)])(
    'may be %s',
    (name) => {
      expect(problemsOf([deny({ name })])).toEqual([]);
    },
  );

  it.each([
    ...['A', 'a_b', 'aZ', 'a/b', 'a:b', 'a`b', 'a{b', 'ä', 'a b', 'a*', 'a'.repeat(254)],
    ...['-a', 'a-', '-', '.a', 'a.', '.', 'a..b', 'a.-b', 'a-.b'],
  ])('may not be %s', (name) => {
    expect(saidOf(deny({ name }))).toEqual([SUBDOMAIN]);
  });

  it.each([[''], [null]])('may not be %j', (name) => {
    expect(saidOf(deny({ name }))).toEqual(['metadata.name: missing']);
  });
});

describe('a namespace', () => {
  const LABEL =
    'metadata.namespace: must be a name: lowercase letters, digits and hyphens, at most 63 of them';

  it.each(['a', 'a-b', '0a', 'a'.repeat(63)])('may be %s', (namespace) => {
    expect(problemsOf([deny({ namespace })])).toEqual([]);
  });

  it.each(['A', 'a.b', '-a', 'a-', 'a/b', 'a'.repeat(64)])('may not be %s', (namespace) => {
    expect(saidOf(deny({ namespace }))).toEqual([LABEL]);
  });

  it('may not be of no characters', () => {
    expect(saidOf(deny({ namespace: '' }))).toEqual(['metadata.namespace: missing']);
  });
});

describe('a list of resources', () => {
  it.each(['{}', '{"resources":null}', '{"resources":[]}'])('may be none: %s', (text) => {
    const world = start([deny({})]);
    expect(update(world, text)).toBe(true);
    expect(status(world.plugin)).toBe(200);
  });

  it.each(['{"resources":{}}', '{"resources":"a"}', '{"resources":false}', '{"resources":0}'])(
    'may not be anything else: %s',
    (text) => {
      const world = start([]);
      expect(update(world, text)).toBe(false);
      expect(errorLines(world.process)).toEqual(['config: resources: must be a list']);
    },
  );

  it.each([
    [null, 'null'],
    ['a', 'a string'],
    [[], 'a list'],
    [1, 'a number'],
    [true, 'a boolean'],
    [false, 'a boolean'],
  ])('may not have %j in it', (element, name) => {
    expect(problemsOf([element])).toEqual([`resources[0]: must be an object, not ${name}`]);
  });

  it('has each resource once: a name is of one kind in one namespace', () => {
    const distinct = [
      deny({}),
      deny({ name: 'q' }),
      deny({ namespace: 'bar' }),
      ...KINDS.slice(1).map((kind) => resource(kind, {})),
    ];
    expect(problemsOf(distinct)).toEqual([]);
    for (const one of distinct) {
      expect(problemsOf([...distinct, one]).join()).toMatch(/^resources\[5\] .*: is there twice$/);
    }
  });

  it('tells of each problem whose it is, and of those of the settings that they are nobody’s', () => {
    const bad = (name: string): object =>
      deny({ name }, { selector: { matchLabels: { '': 'a' } }, rules: [{ a: 1 }, { b: 1 }] });
    const wrongSelector = deny(
      { name: 'c' },
      { selector: { matchLabels: { '*': 'a' } }, rules: [{ when: [{ key: 'a', values: ['b'] }] }] },
    );
    expect(
      problemsOf([bad('a'), { ...bad('b'), kind: 'Gateway' }, wrongSelector], {
        issuers: [{ issuer: 'nobody' }],
      }),
    ).toEqual([
      'resources[0] AuthorizationPolicy foo/a: spec.rules[0].a: unknown field',
      'resources[0] AuthorizationPolicy foo/a: spec.rules[1].b: unknown field',
      'resources[1] Gateway foo/b: kind: unknown kind "Gateway"',
      'resources[2] AuthorizationPolicy foo/c: spec.selector.matchLabels: wildcard is not supported in selector: "*=a"',
      'resources[2] AuthorizationPolicy foo/c: spec.rules[0].when[0].key: unknown attribute: a',
      'issuers[0].issuer: no jwtRule of any RequestAuthentication has this issuer',
    ]);
  });

  it('cuts what is too long in words that nobody can have as a name', () => {
    const long = 'x'.repeat(300);
    expect(problemsOf([resource(long, { name: long, namespace: long })])[0]).toBe(
      `resources[0] ${'x'.repeat(253)} ${'x'.repeat(253)}/${'x'.repeat(253)}: metadata.name: ` +
        'must be a name: lowercase letters, digits, hyphens and dots, at most 253 of them',
    );
  });
});

describe('a resource', () => {
  it.each(KINDS)('of kind %s may have no spec, or null', (kind) => {
    for (const spec of [undefined, null, {}]) {
      expect(problemsOf([resource(kind, {}, spec)])).toEqual([]);
    }
  });

  it('that is an AuthorizationPolicy without spec allows nothing', () => {
    expect(status(start([resource('AuthorizationPolicy', {})]).plugin)).toBe(403);
    expect(status(start([resource('AuthorizationPolicy', {}, null)]).plugin)).toBe(403);
  });

  it.each(KINDS)('of kind %s is held against the fields of its kind', (kind) => {
    expect(saidOf(resource(kind, {}, { action_: 1 }))[0]).toMatch(/^spec.action_: unknown field/);
    expect(saidOf(resource(kind, {}, []))).toEqual(['spec: must be an object, not a list']);
  });

  it.each(['security.istio.io/v2', 'security.istio.io/v1beta2', 'v1', '', null])(
    'may not be of version %j',
    (apiVersion) => {
      expect(saidOf({ ...deny({}), apiVersion })).toEqual([
        'apiVersion: must be "security.istio.io/v1" or "security.istio.io/v1beta1"',
      ]);
    },
  );

  it('whose frame is wrong is not looked into any further', () => {
    const wrong = { ...deny({ name: 'A' }), speck: {}, apiVersion: 'v1' };
    expect(saidOf(wrong)).toEqual(['speck: unknown field; did you mean "spec"?']);
  });

  it('of a kind that is none is told with the rest of its frame', () => {
    expect(saidOf({ kind: 'Gateway', apiVersion: 'v1' })).toEqual([
      'apiVersion: must be "security.istio.io/v1" or "security.istio.io/v1beta1"',
      'metadata.name: missing',
      'metadata.namespace: missing',
      'kind: unknown kind "Gateway"',
    ]);
  });
});

describe('a selector', () => {
  const selecting = (matchLabels: unknown): object => deny({}, { selector: { matchLabels } });
  const LABELS = 'spec.selector.matchLabels';

  it.each<[object, string[]]>([
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
  ])('may not be %j', (labels, lines) => {
    expect(saidOf(selecting(labels))).toEqual(lines);
  });

  it.each([{ a: '' }, { a: 'x'.repeat(63) }, { a: 'ä€😀'.repeat(21) }, {}, null])(
    'may be %j',
    (labels) => {
      expect(problemsOf([selecting(labels)])).toEqual([]);
    },
  );

  it('has 4096 labels at most', () => {
    const labels = (count: number): object =>
      Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'a']));
    expect(problemsOf([selecting(labels(4096))])).toEqual([]);
    expect(saidOf(selecting(labels(4097)))).toEqual([`${LABELS}: must have at most 4096 members`]);
  });
});

describe('a resource concerns the workload', () => {
  const NODE = { namespace: 'foo', labels: { app: 'httpbin', empty: '' } };
  const answer = (one: object, settings: object = {}, node: object = NODE): number | string =>
    status(start([one], settings, { node }).plugin);

  it.each<[string, object, number]>([
    ['no label', {}, 403],
    ['a label', { app: 'httpbin' }, 403],
    ['another value', { app: 'sleep' }, 200],
    ['a value that begins so', { app: 'httpbi' }, 200],
    ['a value in other letters', { app: 'Httpbin' }, 200],
    ['a label that is there with no value', { empty: '' }, 403],
    ['a label that is not there, with no value', { missing: '' }, 200],
    ['a label that is there, with no value', { app: '' }, 200],
    ['one that is there and one that is not', { app: 'httpbin', missing: 'a' }, 200],
    ['one that is not there and one that is', { missing: 'a', app: 'httpbin' }, 200],
  ])('by its labels, of the node or of the settings: %s', (_, matchLabels, expected) => {
    const one = deny({}, { selector: { matchLabels } });
    expect(answer(one)).toBe(expected);
    expect(answer(one, { workload: { labels: NODE.labels } }, { namespace: 'foo' })).toBe(expected);
  });

  it.each<[string, string, object, number]>([
    ['its own', 'foo', {}, 403],
    ['the root', 'istio-system', {}, 403],
    ['another', 'bar', {}, 200],
    ['one that begins so', 'fo', {}, 200],
    ['the usual root where another is configured', 'istio-system', { rootNamespace: 'mesh' }, 200],
    ['the configured root', 'mesh', { rootNamespace: 'mesh' }, 403],
    ['the usual root where none is configured', 'istio-system', { rootNamespace: null }, 403],
    ['the node’s, where another is configured', 'foo', { workload: { namespace: 'bar' } }, 200],
    ['the configured one', 'bar', { workload: { namespace: 'bar' } }, 403],
    ['the node’s, where none is configured', 'foo', { workload: { namespace: null } }, 403],
  ])('by its namespace: %s', (_, namespace, settings, expected) => {
    expect(answer(deny({ namespace }), settings)).toBe(expected);
  });

  it('in the root namespace by its selector, too', () => {
    const one = (app: string): object =>
      deny({ namespace: 'istio-system' }, { selector: { matchLabels: { app } } });
    expect([answer(one('httpbin')), answer(one('sleep'))]).toEqual([403, 200]);
  });

  it('by the configured labels alone, where there are some', () => {
    const one = deny({}, { selector: { matchLabels: { app: 'httpbin' } } });
    expect(answer(one, { workload: { labels: {} } })).toBe(200);
    expect(answer(one, { workload: { labels: null } })).toBe(403);
  });

  it('without any selector, if it has no labels', () => {
    expect(answer(deny({}), {}, { namespace: 'foo' })).toBe(403);
    const one = deny({}, { selector: { matchLabels: { app: 'httpbin' } } });
    expect(answer(one, {}, { namespace: 'foo' })).toBe(200);
  });

  it.each(KINDS)('or is left aside, and is checked all the same: %s', (kind) => {
    const elsewhere = { namespace: 'bar' };
    expect(answer(resource(kind, elsewhere))).toBe(200);
    expect(saidOf(resource(kind, elsewhere, { zzz: 1 }))).toEqual(['spec.zzz: unknown field']);
  });

  it('and the one after it is another: a list of them is gone through to its end', () => {
    const path = (name: string): object =>
      deny({ name }, { rules: [{ to: [{ operation: { paths: [`/${name}`] } }] }] });
    const { plugin } = start([path('a'), deny({ namespace: 'bar' }), path('b'), path('c')]);
    const seen = ['/a', '/b', '/c', '/d'].map((path) => status(plugin, { path }));
    expect(seen).toEqual([403, 403, 403, 200]);
  });
});

it('a policy in the root namespace and one of the workload’s count together', () => {
  const path = (path: string): object[] => [{ to: [{ operation: { paths: [path] } }] }];
  const { plugin } = start([
    denyPolicy(path('/root')),
    deny({ name: 'deny' }, { rules: path('/own') }),
  ]);
  expect(['/root', '/own', '/ip'].map((path) => status(plugin, { path }))).toEqual([403, 403, 200]);
});
