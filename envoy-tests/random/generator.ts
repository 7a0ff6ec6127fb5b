// Random policies, and random requests aimed at their boundaries; the same ones for the same seed.

/** Numbers below a bound, in a row that a seed decides. */
export class Random {
  private state: number;

  constructor(seed: number) {
    this.state = (seed * 2654435761 + 12345) >>> 0;
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    // xorshift32: enough for choosing.
    this.state ^= this.state << 13;
    this.state >>>= 0;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    this.state >>>= 0;
    return this.state % bound;
  }

  /** True once in `n`. */
  oneIn(n: number): boolean {
    return this.below(n) === 0;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** One to `most` of them. */
  some<T>(list: readonly T[], most = 3): T[] {
    return Array.from({ length: 1 + this.below(most) }, () => this.pick(list));
  }
}

const PATHS = [
  '/a',
  '/a/b',
  '/a/*',
  '*/c',
  '*',
  '/a/{*}',
  '/a/{*}/c',
  '/{**}',
  '/b/{**}/c',
  '/A',
  '/a/b/c',
  '/ab*',
];
const METHODS = ['GET', 'POST', 'PUT', 'get', 'P*', '*T', '*'];
const HOSTS = [
  'a.example',
  'A.Example',
  'a.example:*',
  '*.example',
  'a.*',
  '*',
  'a.example:80',
  'b',
];
const PORTS = ['1', '80', '8080'];
const REMOTE = [
  '10.0.0.0/8',
  '10.1.2.3',
  '192.0.2.0/24',
  '2001:db8::/32',
  '0.0.0.0/0',
  '127.0.0.1',
];
const DIRECT = ['127.0.0.0/8', '127.0.0.1', '10.0.0.0/8', '::1', '0.0.0.0/0'];
const PRINCIPALS = [
  'iss/alice',
  'iss/*',
  '*/alice',
  '*',
  'iss*',
  '*ice',
  'other/alice',
  'iss/bob',
  'iss/al*',
];
const PEERS = [
  '*',
  'cluster.local/ns/foo/sa/sleep',
  'cluster.local/ns/foo/*',
  '*/sa/sleep',
  'td2/ns/foo/sa/sleep',
];
const HEADER_VALUES = ['a', 'b', 'a*', '*b', '*', 'ab'];
const CLAIM_VALUES = ['x', 'y', 'x*', '*y', '*', 'xy'];

const NAMESPACES = ['foo', 'f*', '*o', 'b*r', 'bar', '*'];
const ACCOUNTS = ['foo/sleep', 'sleep', 'bar/sleep'];
const DOMAINS = ['cluster.local', 'td2', '*', 'cl*', '*2'];

type Values = Record<string, string[]>;

/** Fields, each there with its values, or with `not` in front, or not there. */
function fields(random: Random, all: Record<string, readonly string[]>, chance: number): Values {
  const chosen: Values = {};
  for (const [name, values] of Object.entries(all)) {
    if (random.oneIn(chance)) chosen[name] = random.some(values);
    const not = `not${name[0]!.toUpperCase()}${name.slice(1)}`;
    if (random.oneIn(chance * 2)) chosen[not] = random.some(values, 2);
  }
  return chosen;
}

function nonEmpty(random: Random, all: Record<string, readonly string[]>, chance: number): Values {
  for (;;) {
    const chosen = fields(random, all, chance);
    if (Object.keys(chosen).length > 0) return chosen;
  }
}

/** A source; of a CUSTOM policy it says nothing of identities, which nobody knows yet. */
function source(random: Random, isCustom: boolean): Values {
  if (isCustom) return nonEmpty(random, { remoteIpBlocks: REMOTE, ipBlocks: DIRECT }, 2);
  const identities: Record<string, readonly string[]> = random.oneIn(3)
    ? { serviceAccounts: ACCOUNTS }
    : { principals: PEERS, namespaces: NAMESPACES };
  return nonEmpty(
    random,
    {
      ...identities,
      requestPrincipals: PRINCIPALS,
      remoteIpBlocks: REMOTE,
      ipBlocks: DIRECT,
      trustDomains: DOMAINS,
    },
    5,
  );
}

const WHEN: Record<string, readonly string[]> = {
  'request.headers[x-a]': HEADER_VALUES,
  'request.headers[X-B]': HEADER_VALUES,
  'request.auth.claims[value]': CLAIM_VALUES,
  'request.auth.claims[scope]': CLAIM_VALUES,
  'request.auth.claims[a][b]': CLAIM_VALUES,
  'request.auth.audiences': CLAIM_VALUES,
  'request.auth.presenter': CLAIM_VALUES,
  'request.auth.principal': PRINCIPALS,
  'source.ip': DIRECT,
  'remote.ip': REMOTE,
  'destination.ip': DIRECT,
  'destination.port': PORTS,
  'connection.sni': ['a', '*'],
  'source.namespace': NAMESPACES,
  'source.principal': PEERS,
  'source.serviceAccount': ACCOUNTS,
  'source.trustDomain': DOMAINS,
  'experimental.envoy.filters.http.test[text]': ['admin', 'ad*', '*in', 'x', '[admin]'],
  'experimental.envoy.filters.http.test[list]': ['[a]', '[b*]', '[x]', 'a'],
};
const LATER = /^(request\.auth\.|source\.(?!ip$))/;

function condition(random: Random, isCustom: boolean): object {
  const keys = Object.keys(WHEN).filter((key) => !isCustom || !LATER.test(key));
  const key = random.pick(keys);
  const values = WHEN[key]!;
  const both = random.below(3);
  return {
    key,
    ...(both !== 1 ? { values: random.some(values) } : {}),
    ...(both !== 0 ? { notValues: random.some(values, 2) } : {}),
  };
}

function rule(random: Random, isCustom: boolean): object {
  const list = <T>(make: () => T): T[] => Array.from({ length: 1 + random.below(2) }, make);
  const operation = { paths: PATHS, methods: METHODS, hosts: HOSTS, ports: PORTS };
  return {
    ...(random.oneIn(2) ? { from: list(() => ({ source: source(random, isCustom) })) } : {}),
    ...(random.below(3) > 0
      ? { to: list(() => ({ operation: nonEmpty(random, operation, 3) })) }
      : {}),
    ...(random.oneIn(3) ? { when: list(() => condition(random, isCustom)) } : {}),
  };
}

/** The external authorizer of the CUSTOM policies, of envoy-tests/oracle/mesh-config.yaml. */
const PROVIDER = 'plain';

/** What filters in front have written as dynamic metadata of `envoy.filters.http.test`. */
export const METADATA = { text: 'admin', list: ['a', 'bc'] };

/** Policies of one workload: one to four, of all actions, with up to twenty rules each. */
export function randomPolicies(seed: number): object[] {
  const random = new Random(seed);
  return Array.from({ length: 1 + random.below(4) }, (_, i) => {
    const action = random.pick([
      'ALLOW',
      'ALLOW',
      'ALLOW',
      'DENY',
      'DENY',
      'DENY',
      'AUDIT',
      'CUSTOM',
    ]);
    const count = random.oneIn(8) ? 20 : 1 + random.below(4);
    const isCustom = action === 'CUSTOM';
    const dryRun = action !== 'AUDIT' && !isCustom && random.oneIn(10);
    return {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: {
        name: `p${i}`,
        namespace: 'istio-system',
        ...(dryRun ? { annotations: { 'istio.io/dry-run': 'true' } } : {}),
      },
      spec: {
        action,
        ...(isCustom ? { provider: { name: PROVIDER } } : {}),
        rules: Array.from({ length: count }, () => rule(random, isCustom)),
      },
    };
  });
}

/** A request; `token` are the claims of its token, if it has one. */
export interface RandomRequest {
  method: string;
  path: string;
  host: string;
  headers: string[];
  token: Record<string, unknown> | undefined;
}

const REQUEST_PATHS = [
  '/a',
  '/a/',
  '/a/b',
  '/a/b/c',
  '/a//c',
  '/b/c',
  '/b/x/c',
  '/b/x/y/c',
  '/ab',
  '/abc',
  '/A',
  '/',
  '/c',
  '/a?b=c',
  '/a/%62',
];
const REQUEST_HOSTS = ['a.example', 'A.EXAMPLE', 'a.example:80', 'x.example', 'a.b', 'b', 'c'];
const CLIENTS = ['10.0.0.1', '10.1.2.3', '192.0.2.7', '2001:db8::1', '8.8.8.8', '127.0.0.1'];
const CLAIMS = [
  'x',
  'y',
  'xy',
  'xyz',
  '',
  ['x'],
  ['z', 'y'],
  ['z'],
  1,
  true,
  { b: 'x' },
  { b: ['y', 'z'] },
  'x y',
  'z w',
];

/** A request that comes near to what the policies speak of. */
export function randomRequest(random: Random): RandomRequest {
  const headers: string[] = [];
  for (const name of ['x-a', 'x-b']) {
    for (let n = random.below(3); n > 0; n--)
      headers.push(name, random.pick(['a', 'b', 'ab', 'c', '']));
  }
  if (random.oneIn(2)) headers.push('x-forwarded-for', random.pick(CLIENTS));
  headers.push(
    'x-ext-authz',
    random.pick(['allow', 'allow', 'allow', 'deny', 'redirect', 'error']),
  );
  const claim = (): unknown => random.pick(CLAIMS);
  const claims: Record<string, unknown> = {
    iss: 'iss',
    sub: random.pick(['alice', 'bob', 'al', '', undefined]),
    aud: random.pick(['x', 'y', ['x', 'z'], [], undefined]),
    azp: random.pick(['x', 'xy', undefined]),
    value: claim(),
    scope: claim(),
    a: claim(),
  };
  return {
    method: random.pick(['GET', 'POST', 'PUT', 'PATCH']),
    path: random.pick(REQUEST_PATHS),
    host: random.pick(REQUEST_HOSTS),
    headers,
    token: random.oneIn(2) ? claims : undefined,
  };
}
