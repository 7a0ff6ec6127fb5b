// Which AuthorizationPolicies have a say in a request, and what the values of their conditions are, and are not.
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import { metadataMessage } from '../recorded/metadata.ts';
import {
  ISSUER,
  denyPolicy,
  errorLines,
  makeIssuer,
  mint,
  problemsOf,
  request,
  requestAuthentication,
  start,
  status,
  statusOf,
} from './fixture.ts';

const policy = (spec: object, name = 'p', metadata = {}): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name, namespace: 'foo', ...metadata },
  spec,
});
const dryRun = { annotations: { 'istio.io/dry-run': 'true' } };
const elsewhere = { selector: { matchLabels: { app: 'another' } } };
const onA = [{ to: [{ operation: { paths: ['/a'] } }] }];

describe('a policy', () => {
  it.each<[string, object[], number, number]>([
    ['of ALLOW lets nobody else in', [policy({ rules: onA })], 200, 403],
    ['of ALLOW by its name, too', [policy({ action: 'ALLOW', rules: onA })], 200, 403],
    ['of ALLOW without rules lets nobody in', [policy({})], 403, 403],
    ['of DENY', [policy({ action: 'DENY', rules: onA })], 403, 200],
    ['of AUDIT refuses nobody', [policy({ action: 'AUDIT', rules: onA })], 200, 200],
    ['of AUDIT without rules neither', [policy({ action: 'AUDIT' })], 200, 200],
    ['of ALLOW, on trial', [policy({ rules: onA }, 'p', dryRun)], 200, 200],
    ['of DENY, on trial', [policy({ action: 'DENY', rules: onA }, 'p', dryRun)], 200, 200],
    ['of ALLOW for others', [policy({ rules: onA, ...elsewhere })], 200, 200],
    ['of ALLOW without rules for others', [policy({ ...elsewhere })], 200, 200],
    [
      'of ALLOW for others, beside one that is for all',
      [
        policy({ rules: onA }),
        policy({ rules: [{ to: [{ operation: { paths: ['/b'] } }] }], ...elsewhere }, 'q'),
      ],
      200,
      403,
    ],
    ['of DENY for others', [policy({ action: 'DENY', rules: onA, ...elsewhere })], 200, 200],
  ])('%s: %j', (_, resources, onPathA, onPathB) => {
    const { plugin } = start(resources);
    expect([status(plugin, { path: '/a' }), status(plugin, { path: '/b' })]).toEqual([
      onPathA,
      onPathB,
    ]);
  });

  it('may have 512 sources in a rule, and any number of operations', () => {
    const to = Array.from({ length: 513 }, (_, i) => ({ operation: { paths: [`/${i}`] } }));
    const { plugin } = start([denyPolicy([{ to }])]);
    expect(['/0', '/512', '/513'].map((path) => status(plugin, { path }))).toEqual([403, 403, 200]);
  });

  it('takes the memory of its own values, and not of those of the rules before them again', () => {
    const paths = Array.from({ length: 30 }, (_, i) => `/path/${i}`);
    const rules = Array.from({ length: 512 }, (_, i) => ({
      to: [{ operation: { paths: paths.map((path) => `/${i}${path}`) } }],
    }));
    expect(problemsOf([denyPolicy(rules)])).toEqual([]);
  });
});

describe('a rule', () => {
  const source = { remoteIpBlocks: ['10.0.0.1'], requestPrincipals: [] };
  const when = [{ key: 'request.headers[x-a]', values: ['a'] }];
  const rule = { from: [{ source }], to: [{ operation: { paths: ['/a'], notHosts: [] } }], when };

  it.each<[string, string, string, number]>([
    ['/a', '10.0.0.1:1', 'a', 403],
    ['/b', '10.0.0.1:1', 'a', 200],
    ['/a', '10.0.0.2:1', 'a', 200],
    ['/a', '10.0.0.1:1', 'b', 200],
  ])('holds where all of it does, and lists without values say nothing: %s %s %s: %s', (...row) => {
    const [path, sourceAddress, header, expected] = row;
    const headers: Pair[] = [['x-a', header]];
    const { plugin } = start([denyPolicy([rule])]);
    expect(status(plugin, { path, sourceAddress, headers })).toBe(expected);
  });
});

describe('a provider of CUSTOM policies', () => {
  const named = (name: string): object => ({
    name,
    envoyExtAuthzHttp: { service: `${name}.example`, port: 80 },
  });
  const custom = (name: string, provider: string, more = {}): object =>
    policy({ action: 'CUSTOM', provider: { name: provider }, rules: [{}], ...more }, name);
  const settings = { extensionProviders: [named('a'), named('b')] };
  const clusters = ['outbound|80||a.example', 'outbound|80||b.example'];

  it('may be that of several policies', () => {
    const { process, plugin } = start([custom('p', 'a'), custom('q', 'a')], settings, { clusters });
    expect(errorLines(process)).toEqual([]);
    expect(request(plugin).state).toBe('paused');
    expect(process.httpCalls.map(({ cluster }) => cluster)).toEqual([clusters[0]]);
  });

  it('may be another one for other workloads, and is not asked about this one', () => {
    const resources = [custom('q', 'b', elsewhere), custom('p', 'a'), custom('r', 'b', elsewhere)];
    const { process, plugin } = start(resources, settings, { clusters });
    expect(errorLines(process)).toEqual([]);
    request(plugin);
    expect(process.httpCalls.map(({ cluster }) => cluster)).toEqual([clusters[0]]);
  });

  it('must be known for other workloads, too', () => {
    expect(problemsOf([custom('p', 'c', elsewhere)], settings)).toEqual([
      'resources[0] AuthorizationPolicy foo/p: spec.provider.name: extensionProviders has no external authorizer c; available are a, b',
    ]);
  });

  it.each<[string, object[], object, number]>([
    ['where there is HTTP', [custom('p', 'a')], {}, 0],
    ['without HTTP', [custom('p', 'a')], { workload: { protocol: 'TCP' } }, 1],
    [
      'without HTTP, for others',
      [custom('p', 'a', elsewhere)],
      { workload: { protocol: 'TCP' } },
      0,
    ],
    ['without HTTP, of another action', [policy({})], { workload: { protocol: 'TCP' } }, 0],
  ])('is warned of %s: %j', (_, resources, more, count) => {
    const { process } = start(resources, { ...settings, ...more });
    expect(errorLines(process)).toEqual([]);
    const warnings = process.logs('warn').filter((line) => line.includes('does nothing on TCP'));
    expect(new Set(warnings).size).toBe(count);
  });
});

/** Whether a DENY policy of this rule refuses a client by this certificate, with these headers and this metadata. */
function refuses(rule: object, client: Connection = {}, headers: Pair[] = []): boolean {
  const facts = { peerUris: 'f.uris', directAddress: 'f.direct' };
  const { plugin } = start([denyPolicy([rule])], { connectionFacts: facts });
  const all: Pair[] = [[':authority', 'a'], [':path', '/'], [':method', 'GET'], ...headers];
  const connection = { destinationPort: 8000, sourceAddress: '10.0.0.1:1', ...client };
  const stream = plugin.request(all, { connection })!;
  plugin.end(stream);
  return statusOf(stream) === 403;
}

const client = (uri: string): Connection => ({
  tls: true,
  peerCertificate: { uri, subject: '', digest: 'ab'.repeat(32) },
  filterState: { 'f.uris': uri, 'f.direct': '10.0.0.1' },
});

describe('the values of a condition', () => {
  const identity = (namespace: string): string => `spiffe://cluster.local/ns/${namespace}/sa/x`;

  it.each([
    ['one', true],
    ['two', true],
    ['three', false],
    // What stands behind the list.
    ['notPrincipals', false],
  ])('are those of its list and no others: the namespace %s: %s', (namespace, expected) => {
    const source = { namespaces: ['one', 'two'], notPrincipals: ['y'] };
    expect(refuses({ from: [{ source }] }, client(identity(namespace)))).toBe(expected);
  });

  it('may be any number, but of service accounts', () => {
    const namespaces = Array.from({ length: 17 }, (_, i) => `n${i}`);
    expect(refuses({ from: [{ source: { namespaces } }] }, client(identity('n16')))).toBe(true);
  });

  it.each([
    ['a', true],
    ['b', true],
    ['c', false],
    ['key', false],
  ])('of connection.sni: %s: %s', (requestedServerName, expected) => {
    const when = [{ values: ['a', 'b'], key: 'connection.sni' }];
    expect(refuses({ when }, { tls: true, requestedServerName })).toBe(expected);
  });

  it.each([
    [ISSUER, 'a', true],
    [ISSUER, 'b', true],
    [ISSUER, 'c', false],
    ['key', '', false],
  ])('of request.auth.principal: %s %s: %s', async (iss, sub, expected) => {
    const issuer = await makeIssuer();
    const when = [{ values: [`${ISSUER}/a`, `${ISSUER}/b`], key: 'request.auth.principal' }];
    const jwtRules = [ISSUER, 'key'].map((name) => ({ issuer: name, jwks: issuer.jwks }));
    const { plugin } = start([requestAuthentication({}, { jwtRules }), denyPolicy([{ when }])]);
    const token = await mint(issuer, { iss, sub });
    expect(status(plugin, { token })).toBe(expected ? 403 : 200);
  });

  const ENVOY = 'envoy.filters.http.x';
  const KEY = `experimental.${ENVOY}[k]`;

  /** The same where another filter has left this under `k`. */
  const refusesBy = (value: unknown, when: object): boolean =>
    refuses({ when: [when] }, { dynamicMetadata: metadataMessage(ENVOY, { k: value }) });

  it.each<[unknown, string[], boolean]>([
    ['a', ['a', 'b'], true],
    ['b', ['a', 'b'], true],
    ['c', ['a', 'b'], false],
    // What stands behind the list.
    ['key', ['a', 'b'], false],
    [['a'], ['[a]'], true],
    [['x', 'b'], ['[a]', '[b]'], true],
    [['a'], ['a'], false],
    ['a', ['[a]'], false],
    ['[a]', ['[a]'], false],
    // Brackets at one end are a text’s own.
    ['[a', ['[a'], true],
    ['a]', ['a]'], true],
    [['a'], ['[a'], false],
    [['a'], ['a]'], false],
    // All of them go, as in istiod.
    [['a'], ['[[a]]'], true],
    [['a'], ['[]a[]'], true],
    [['a[b]c'], ['[a[b]c]'], true],
    [['a]b'], ['[a]b]'], true],
    [['a'], ['[]'], false],
    [['a'], ['[[]]'], false],
  ])('of metadata: %j by %j: %s', (value, values, expected) => {
    expect(refusesBy(value, { values, key: KEY })).toBe(expected);
    expect(refusesBy(value, { notValues: values, key: KEY })).toBe(!expected);
  });

  it.each<[string, string[], boolean]>([
    ['a', ['a'], true],
    ['A', ['a'], false],
    ['a', ['A'], false],
    ['key', ['a'], false],
  ])('of a header: %s by %j: %s', (value, values, expected) => {
    const when = [{ values, key: 'request.headers[X-It]' }];
    expect(refuses({ when }, {}, [['x-it', value]])).toBe(expected);
  });
});

describe('an attribute', () => {
  const UNKNOWN = 'unknown attribute: ';
  const BAD = 'bad key';

  it.each<[string, string | undefined]>([
    ['request.headers[a]', undefined],
    ['request.headers[a][b]', BAD],
    ['request.headers[]', BAD],
    ['request.headers[a', BAD],
    ['request.headers[[a]', BAD],
    ['request.headers[a]]', BAD],
    ['request.headers[a]b]', BAD],
    ['request.headers', UNKNOWN],
    ['request.auth.claims[a]', undefined],
    ['request.auth.claims[a][b][cc]', undefined],
    ['request.auth.claims[a][]', BAD],
    ['request.auth.claims[a][[b]', BAD],
    ['request.auth.claims[a]b', BAD],
    ['request.auth.claims[a]bc]', BAD],
    ['request.auth.claims[a] [b]', BAD],
    ['request.auth.claims[a][b', BAD],
    ['request.auth.claimsx[a]', UNKNOWN],
    ['experimental.envoy.filters.a[b]', undefined],
    ['experimental.envoy.filters.a[b][c]', undefined],
    ['experimental.envoy.filters.a', BAD],
    ['experimental.envoy.filters.a]', BAD],
    ['experimental.envoy.filters.a[]', BAD],
    ['experimental.envoy.filters.a[b', BAD],
    ['experimental.envoy.filters.a[b]c', BAD],
    ['experimental.envoy.a[b]', UNKNOWN],
    ['source.principal', undefined],
    ['source.principals', UNKNOWN],
    ['source.namespace', undefined],
    ['source.serviceAccount', undefined],
    ['source.trustDomain', undefined],
    ['source.ip', undefined],
    ['remote.ip', undefined],
    ['remote.port', UNKNOWN],
    ['destination.ip', undefined],
    ['destination.port', undefined],
    ['connection.sni', undefined],
    ['request.auth.principal', undefined],
    ['request.auth.audiences', undefined],
    ['request.auth.presenter', undefined],
    ['request.auth.subject', UNKNOWN],
  ])('%s: %s', (key, problem) => {
    const values = key.endsWith('.ip') ? ['10.0.0.1'] : ['80'];
    const facts = { connectionFacts: { peerUris: 'u', directAddress: 'd' } };
    const at = 'resources[0] AuthorizationPolicy istio-system/deny: spec.rules[0].when[0].key: ';
    const form = problem === BAD ? `bad key (${key}): should have format a[b]` : `${UNKNOWN}${key}`;
    expect(problemsOf([denyPolicy([{ when: [{ key, values }] }])], facts)).toEqual(
      problem === undefined ? [] : [at + form],
    );
  });
});
