// Valid policies, and what slips of the hand, bad tools and bad luck make of them.
import { stringify } from 'yaml';
import { type Random, randomPolicies } from '../../../envoy-tests/random/generator.ts';

type Json = Record<string, unknown>;

const AUTHENTICATION = {
  apiVersion: 'security.istio.io/v1',
  kind: 'RequestAuthentication',
  metadata: { name: 'jwt', namespace: 'foo', labels: { a: 'b' } },
  spec: {
    selector: { matchLabels: { app: 'httpbin' } },
    jwtRules: [
      {
        issuer: 'https://idp.example',
        jwksUri: 'https://idp.example/jwks.json',
        audiences: ['one', 'https://two'],
        fromHeaders: [{ name: 'x-jwt', prefix: 'Bearer ' }],
        fromParams: ['token'],
        fromCookies: ['session'],
        outputPayloadToHeader: 'x-payload',
        outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }],
        forwardOriginalToken: true,
        timeout: '5s',
        spaceDelimitedClaims: ['roles'],
      },
      { issuer: 'other', jwks: '{"keys":[]}' },
    ],
  },
};
const PEERS = {
  apiVersion: 'security.istio.io/v1beta1',
  kind: 'PeerAuthentication',
  metadata: { name: 'peers', namespace: 'foo', annotations: { c: 'd' } },
  spec: {
    selector: { matchLabels: { app: 'httpbin' } },
    mtls: { mode: 'STRICT' },
    portLevelMtls: { 8080: { mode: 'DISABLE' }, 9090: { mode: 'UNSET' } },
  },
};
const CUSTOM = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'ext', namespace: 'foo', annotations: { 'istio.io/dry-run': 'false' } },
  spec: {
    action: 'CUSTOM',
    provider: { name: 'opa' },
    rules: [{ to: [{ operation: { paths: ['/a/{*}', '/b*'], ports: ['80'] } }] }],
  },
};

/** What stands in the place of something else. */
const ODD: unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    1,
    -1,
    1.5,
    65536,
    1e21,
    '',
    ' ',
    '*',
    '**',
    'a*b',
    '/',
    '//',
    'é',
    '\u0000',
  ],
  ...[
    '10.0.0.0/33',
    '10.0.0.1',
    '::1',
    '::g',
    '{*}',
    '/{**}/a',
    '/{a}',
    'STRICT',
    'strict',
    'ALLOW',
    'x'.repeat(400),
  ],
  ...[
    'spiffe://a/ns/b/sa/c',
    'a/ns/b/sa/c',
    'true',
    '1',
    '5s',
    '0s',
    '-1s',
    'http://a',
    'https://a b',
    'ftp://x',
    '{"keys":[]}',
  ],
  ...[
    'request.headers[x]',
    'request.headers',
    'request.auth.claims[a][b]',
    'source.ip',
    'experimental.envoy.filters.a[b]',
  ],
  ...[[], {}, [null], [[]], [{}], { a: {} }, { name: 'x' }, ['a', 'a'], [1], { from: [] }],
];
/** Names that belong somewhere, and some that do not. */
const NAMES = (
  'apiVersion kind metadata name namespace labels annotations spec selector matchLabels action provider rules from to when source ' +
  'operation key values notValues principals notPrincipals requestPrincipals namespaces serviceAccounts trustDomains ipBlocks ' +
  'remoteIpBlocks hosts ports methods paths notPaths mtls mode portLevelMtls jwtRules issuer jwks jwksUri jwks_uri audiences ' +
  'fromHeaders prefix fromParams fromCookies timeout outputClaimToHeaders header claim targetRef targetRefs status items __proto__ ' +
  'constructor princpals Paths'
).split(' ');

/** A policy that istiod and the module take. */
export function validPolicy(random: Random): Json {
  const kind = random.below(6);
  if (kind === 0) return structuredClone(AUTHENTICATION);
  if (kind === 1) return structuredClone(PEERS);
  if (kind === 2) return structuredClone(CUSTOM);
  const policies = randomPolicies(1 + random.below(1_000_000)) as Json[];
  return structuredClone(policies[random.below(policies.length)]!);
}

/** A text with a policy in it that has been changed here and there, in its meaning or in its letters. */
export function mutatedText(random: Random, name: string): string {
  const policy = validPolicy(random);
  (policy.metadata as Json).name = name;
  for (let n = random.below(3); n > 0; n--) changeValue(policy, random);
  let text = stringify(policy, { aliasDuplicateObjects: false, lineWidth: 0 });
  if (random.below(12) === 0) text = JSON.stringify(policy, null, random.below(3));
  for (let n = random.below(2); n > 0; n--) text = changeText(text, random);
  return text;
}

const LETTERS = 'ab:-#[]{}"\'&*!|>%@`,?~=<\\/\t \n\r0189.éß\u0000\u2028\ud83d';

/** Letters that mean something to YAML, in no order. */
export function randomText(random: Random): string {
  const length = random.below(80);
  let text = random.below(3) === 0 ? 'kind: PeerAuthentication\n' : '';
  for (let i = 0; i < length; i++) {
    text +=
      random.below(8) === 0
        ? NAMES[random.below(NAMES.length)]!
        : LETTERS[random.below(LETTERS.length)]!;
  }
  return text;
}

/** Every object and list in a value, with the names or indices that lead to their members. */
function places(value: unknown): { holder: Json; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.keys(value).flatMap((key) => [
    { holder: value as Json, key },
    ...places((value as Json)[key]),
  ]);
}

function changeValue(policy: Json, random: Random): void {
  const all = places(policy);
  const { holder, key } = all[random.below(all.length)]!;
  const other = all[random.below(all.length)]!;
  const odd = (): unknown => structuredClone(ODD[random.below(ODD.length)]);
  const name = NAMES[random.below(NAMES.length)]!;
  switch (random.below(7)) {
    case 0:
      if (Array.isArray(holder) && Number(key) < holder.length) takeOut(holder, Number(key));
      else delete holder[key];
      break;
    case 1:
      holder[key] = odd();
      break;
    case 2:
      // One level further in.
      holder[key] = { [name]: holder[key] };
      break;
    case 3:
      // Somewhere else.
      other.holder[name] = structuredClone(holder[key]);
      break;
    case 4:
      holder[key] = [holder[key]];
      break;
    case 5:
      define(holder, name, odd());
      break;
    default:
      define(holder, key.slice(0, -1) || 'x', holder[key]);
      if (!Array.isArray(holder)) delete holder[key];
  }
}

/** `__proto__` is a name like any other. */
/** A mutation may have given the list a member of its own named `splice`, or `constructor`. */
function takeOut(list: unknown[], index: number): void {
  for (let i = index; i + 1 < list.length; i++) list[i] = list[i + 1];
  list.length--;
}

function define(holder: Json, name: string, value: unknown): void {
  Object.defineProperty(holder, name, {
    value,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

function changeText(text: string, random: Random): string {
  const lines = text.split('\n');
  const at = random.below(lines.length);
  const line = lines[at]!;
  const offset = random.below(text.length + 1);
  switch (random.below(7)) {
    case 0:
      lines[at] = `  ${line}`;
      break;
    case 1:
      lines[at] = line.replace(/^ {2}/, '');
      break;
    case 2:
      lines.splice(at, 1);
      break;
    case 3:
      lines.splice(at, 0, line);
      break;
    case 4:
      return text.slice(0, offset) + LETTERS[random.below(LETTERS.length)]! + text.slice(offset);
    case 5:
      return text.slice(0, offset) + text.slice(offset + 1 + random.below(4));
    default:
      lines[at] = line.replace(/"/g, '');
  }
  return lines.join('\n');
}
