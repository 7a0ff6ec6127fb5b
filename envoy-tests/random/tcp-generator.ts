// Random policies for ports without HTTP: what connections have, and now and then what HTTP alone has.
import { Random } from './generator.ts';

/** The clients that such policies are held against: the URI SANs of their certificates; none speaks plaintext. */
export const TCP_CLIENTS = [
  undefined,
  ['spiffe://cluster.local/ns/foo/sa/sleep'],
  ['spiffe://td2/ns/foo/sa/sleep'],
  ['spiffe://cluster.local/ns/bar/sa/sleep'],
  ['spiffe://other/ns/fo/sa/here', 'spiffe://cluster.local/ns/foo/sa/other'],
];
/** And their addresses. */
export const TCP_ADDRESSES = ['127.0.0.1', '127.0.0.2', '127.1.0.1'];

const PRINCIPALS = [
  'cluster.local/ns/foo/sa/sleep',
  'td2/ns/foo/sa/sleep',
  'other/*',
  '*/sleep',
  '*',
  'cluster.local/ns/bar/*',
];
const NAMESPACES = ['foo', 'fo', 'fo*', '*', 'bar', '*o'];
const ACCOUNTS = ['sleep', 'bar/sleep', 'foo/other', 'here'];
const DOMAINS = ['cluster.local', 'td2', 'other', '*', 'o*'];
const BLOCKS = ['127.0.0.0/8', '127.0.0.1', '127.0.0.0/30', '10.0.0.0/8', '::1', '127.1.0.0/16'];
/** No listener of the tests has one of these. */
const PORTS = ['1', '2'];
const SNI = ['workload.example', '*.example', 'other', '*'];

/** The field `name` or its negation, with values. */
function field(random: Random, name: string, values: string[]): Record<string, string[]> {
  const negated = random.oneIn(3);
  const key = negated ? `not${name[0]!.toUpperCase()}${name.slice(1)}` : name;
  return { [key]: random.some(values, 2) };
}

function source(random: Random): object {
  const identity = random.oneIn(3)
    ? field(random, 'serviceAccounts', ACCOUNTS)
    : random.oneIn(2)
      ? field(random, 'principals', PRINCIPALS)
      : field(random, 'namespaces', NAMESPACES);
  return {
    ...identity,
    ...(random.oneIn(4) ? field(random, 'trustDomains', DOMAINS) : {}),
    ...(random.oneIn(3) ? field(random, 'ipBlocks', BLOCKS) : {}),
    ...(random.oneIn(4) ? field(random, 'remoteIpBlocks', BLOCKS) : {}),
    ...(random.oneIn(6) ? field(random, 'requestPrincipals', ['*']) : {}),
  };
}

function operation(random: Random): object {
  return random.oneIn(3)
    ? field(random, random.pick(['paths', 'methods', 'hosts']), ['/a', 'GET', 'x'])
    : {
        ...field(random, 'ports', PORTS),
        ...(random.oneIn(4) ? field(random, 'paths', ['/a']) : {}),
      };
}

function when(random: Random): object {
  const [key, values] = random.pick<[string, string[]]>([
    ['source.ip', BLOCKS],
    ['remote.ip', BLOCKS],
    ['source.namespace', NAMESPACES],
    ['source.principal', PRINCIPALS],
    ['destination.ip', BLOCKS],
    ['destination.port', PORTS],
    ['connection.sni', SNI],
    ['request.headers[x-a]', ['1']],
    ['request.auth.claims[a]', ['1']],
  ]);
  return { key, [random.oneIn(3) ? 'notValues' : 'values']: random.some(values, 2) };
}

function rule(random: Random): object {
  const list = (make: (random: Random) => object): object[] =>
    Array.from({ length: 1 + random.below(2) }, () => make(random));
  return {
    ...(random.oneIn(5) ? {} : { from: list((r) => ({ source: source(r) })) }),
    ...(random.oneIn(2) ? { to: list((r) => ({ operation: operation(r) })) } : {}),
    ...(random.oneIn(3) ? { when: list(when) } : {}),
  };
}

/** One to three AuthorizationPolicies for the workload app=httpbin in foo; the same ones for the same seed. */
export function randomTcpPolicies(seed: number): object[] {
  const random = new Random(seed);
  return Array.from({ length: 1 + random.below(3) }, (_, i) => {
    const action = random.pick(['ALLOW', 'ALLOW', 'ALLOW', 'DENY', 'DENY', 'AUDIT']);
    const isTried = action !== 'AUDIT' && random.oneIn(8);
    const isEmpty = action === 'ALLOW' && random.oneIn(12);
    return {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: {
        name: `p${i}`,
        namespace: random.pick(['foo', 'istio-system']),
        ...(isTried ? { annotations: { 'istio.io/dry-run': 'true' } } : {}),
      },
      spec: {
        action,
        ...(isEmpty
          ? {}
          : { rules: Array.from({ length: 1 + random.below(2) }, () => rule(random)) }),
      },
    };
  });
}
