// Values that stand for something else than they look like.
import type { Finding } from '../check.ts';
import type { Intent } from '../intent.ts';
import { nearest } from '../nearest.ts';
import { literalPart, patternCovers } from '../patterns.ts';
import { type Field } from '../policy.ts';
import type { World } from '../world.ts';
import { METHODS } from './methods.ts';

/** What is found of one value. */
type Found = Pick<Finding, 'code' | 'message' | 'intent'>;

/** PC0313, PC0316, PC0317, PC0325, PC0326, PC0328, PC0329. */
export function values(world: World): Finding[] {
  return world.policies.flatMap(({ resource, action, rules }) =>
    rules
      .flatMap(({ fields }) => fields)
      .flatMap((field) => {
        const hosts = hostsOf(field);
        return field.values.flatMap((value, i): Finding[] => {
          const found =
            regularExpression(field, value) ??
            starWithin(field, value) ??
            principal(field, value, world) ??
            method(field, value) ??
            impossible(field, value) ??
            hostWithoutPort(field, value, action, hosts, world);
          const path = `${field.path}[${i}]`;
          return found === undefined ? [] : [{ ...found, resource, path }];
        });
      }),
  );
}

const EXPRESSION = /\.\*|\.\+|\\[dwsbDWS./]|\[[^\]]+\]|\([^)]*\)|^\^|\$$|\w\|\w/;
/** Fields whose values Istio matches as patterns. */
const PATTERNS = [
  ...['paths', 'hosts', 'methods', 'principals', 'namespaces', 'requestPrincipals'],
  ...['source.principal', 'source.namespace', 'request.auth.principal', 'connection.sni'],
];

function isPattern({ name }: Field): boolean {
  return PATTERNS.includes(name) || /^request\.(headers|auth)\b/.test(name);
}

function regularExpression(field: Field, value: string): Found | undefined {
  if (!isPattern(field)) return undefined;
  // `example.*` is a prefix; parentheses and brackets are common in headers, and allowed in paths.
  const text = ['hosts', 'connection.sni'].includes(field.name)
    ? value.replace(/(?<=.)\.\*$/, '')
    : value;
  if (field.name.startsWith('request.headers') && !/^\^|\$$|\.\*/.test(text)) return undefined;
  if (field.name === 'paths' && /^[^\\^$|]*\([^)|]*\)[^\\^$|]*$/.test(text)) return undefined;
  // Some issuers put a bar into their subjects.
  const isOfToken = field.name === 'requestPrincipals' || field.name.startsWith('request.auth.');
  if (!EXPRESSION.test(isOfToken ? text.replaceAll('|', '') : text)) return undefined;
  return {
    code: 'PC0316',
    message: `"${value}" looks like a regular expression: Istio has none, but "*" at the beginning or end${field.name === 'paths' ? ', and "{*}" and "{**}" for segments' : ''}; the rest stands for itself`,
  };
}

function starWithin(field: Field, value: string): Found | undefined {
  if (!isPattern(field) || !literalPart(value).includes('*')) return undefined;
  if (field.name === 'paths') {
    if (value.includes('{')) return undefined;
    const template = value
      .split('/')
      .map((part, i, all) => (part === '*' ? (i === all.length - 1 ? '{**}' : '{*}') : part))
      .join('/');
    const meant =
      value.startsWith('/') && !template.replace(/\{\*+\}/g, '').includes('*')
        ? `; did you mean "${template}"?`
        : '';
    return { code: 'PC0317', message: `"*" within "${value}" stands for itself${meant}` };
  }
  return {
    code: 'PC0317',
    message: `"*" is a wildcard alone, at the beginning, or at the end; within "${value}" it stands for itself`,
  };
}

function principal({ name }: Field, value: string, { mesh }: World): Found | undefined {
  if (name !== 'principals' && name !== 'source.principal') return undefined;
  const bare = value.replace(/^spiffe:\/\//, '');
  if (bare !== value) {
    const intent: Intent = { kind: 'replace', by: bare };
    const message = `a principal has no scheme: this matches nobody; did you mean "${bare}"?`;
    return { code: 'PC0325', message, intent };
  }
  if (value.includes('*')) return undefined;
  const [, trustDomain] = /^([^/]+)\/ns\/[^/]+\/sa\/[^/]+$/.exec(value) ?? [];
  if (trustDomain === undefined) {
    const message = `a principal is TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT: "${value}" matches nobody whom Istio has given a certificate`;
    return { code: 'PC0325', message };
  }
  const known = mesh.trustDomains;
  if (known === undefined || known.includes(trustDomain) || trustDomain === 'cluster.local')
    return undefined;
  const near = nearest(trustDomain, known);
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  const message = `the trust domain of the mesh is ${known[0]}, not ${trustDomain}${meant}`;
  return { code: 'PC0329', message };
}

function method({ name }: Field, value: string): Found | undefined {
  if (name !== 'methods' || value.includes('*') || METHODS.includes(value)) return undefined;
  const upper = value.toUpperCase();
  if (METHODS.includes(upper)) {
    const intent: Intent = { kind: 'replace', by: upper };
    const message = `methods are compared with their case: no request has "${value}"; did you mean "${upper}"?`;
    return { code: 'PC0326', message, intent };
  }
  const near = nearest(upper, METHODS);
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  return { code: 'PC0326', message: `"${value}" is no method that is registered${meant}` };
}

function impossible({ name, negated }: Field, value: string): Found | undefined {
  const why = whyImpossible(name, value);
  if (why === undefined) return undefined;
  const effect = negated ? 'this excludes nothing' : 'this matches nothing';
  return { code: 'PC0328', message: `${why}: ${effect}` };
}

function whyImpossible(name: string, value: string): string | undefined {
  switch (name) {
    case 'requestPrincipals':
    case 'request.auth.principal':
      if (/^[^*]+\/$/.test(value)) return `"${value}" has no subject after the last slash`;
      if (value.includes('/') || value.startsWith('*')) {
        return undefined;
      }
      return value.endsWith('*') && /^https?:/.test(value)
        ? `"${value}" has no slash`
        : value.includes('*')
          ? undefined
          : `a request principal is ISSUER/SUBJECT, and "${value}" has no slash`;
    case 'namespaces':
    case 'source.namespace':
      if (value.includes('/')) return `the name of a namespace has no slash, as "${value}" has`;
      return value !== value.toLowerCase()
        ? `the name of a namespace is in lower case, not "${value}"`
        : undefined;
    case 'hosts':
      if (/^[a-z]+:\/\//i.test(value)) return `a host has no scheme, as "${value}" has`;
      return value.includes('/') ? `a host has no path, as "${value}" has` : undefined;
    case 'connection.sni':
      return /:\d+$/.test(value) ? `SNI has no port, as "${value}" has` : undefined;
    default:
      return undefined;
  }
}

/** Hosts of a field as they are compared: without regard to case (RFC 9110 §4.2.3). */
interface Hosts {
  /** Those that are named with a port, or any. */
  withPort: Set<string>;
  /** Those that may match another host, with its port. */
  patterns: string[];
}

function hostsOf({ name, values: all }: Field): Hosts {
  const hosts = name === 'hosts' ? all.map((value) => value.toLowerCase()) : [];
  return {
    withPort: new Set(
      hosts.filter((host) => host.includes(':')).map((host) => host.split(':')[0]!),
    ),
    patterns: hosts.filter((host) => host.startsWith('*') || /^[^:]*\*$/.test(host)),
  };
}

function hostWithoutPort(
  field: Field,
  value: string,
  action: string,
  { withPort, patterns }: Hosts,
  { effort }: World,
): Found | undefined {
  if (field.name !== 'hosts' || value.includes(':') || value.includes('*')) return undefined;
  if (!effort.affords(patterns.length)) return undefined;
  const host = value.toLowerCase();
  const isCovered =
    withPort.has(host) || patterns.some((pattern) => patternCovers(pattern, `${host}:8080`));
  if (isCovered) return undefined;
  const passes = (action === 'DENY') !== field.negated;
  const effect = passes
    ? 'a client that writes the port gets past this'
    : 'a client that writes the port is not meant';
  const message = `"${value}" does not match "${value}:8080": ${effect}; add "${value}:*"`;
  return { code: 'PC0313', message };
}
