// `x-kubernetes-validations`: the CEL rules of a CRD, as the API server runs them.
import { Environment } from '@marcbachmann/cel-js';
import type { CrdSchema } from './crd.ts';

/** A rule that does not hold. */
export interface Breach {
  path: string;
  message: string;
}

/** What `url()` returns: a part of Kubernetes' extension of CEL. */
class Url {
  readonly scheme: string;

  constructor(scheme: string) {
    this.scheme = scheme;
  }
}

/** Go's url.ParseRequestURI: an absolute URI, or an absolute path. */
const REQUEST_URI = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):(?!$)|\/)[^\s\x00-\x1f\x7f]*$/;

const environment = new Environment({ unlistedVariablesAreDyn: true })
  .registerType('URL', Url)
  .registerFunction('isURL(string): bool', (text: string) => REQUEST_URI.test(text))
  .registerFunction('url(string): URL', (text: string) => {
    const match = REQUEST_URI.exec(text);
    if (match === null) throw new Error('URL parse error');
    return new Url((match[1] ?? '').toLowerCase());
  })
  .registerFunction('URL.getScheme(): string', (url: Url) => url.scheme);

const compiled = new Map<string, (context: { self: unknown }) => unknown>();

/** Every rule of `schema`, and of what is within it, that `value` breaks. Parts of another type than the schema's are passed over. */
export function breachesOf(value: unknown, schema: CrdSchema, path = ''): Breach[] {
  const breaches: Breach[] = [];
  for (const { rule, message } of schema['x-kubernetes-validations'] ?? []) {
    if (!holds(rule, value)) breaches.push({ path, message: message ?? `failed rule: ${rule}` });
  }
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return breaches;
    value.forEach((item, i) => breaches.push(...breachesOf(item, items, `${path}[${i}]`)));
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      const inner = ownProperty(schema.properties, name) ?? schema.additionalProperties;
      if (inner === undefined) continue;
      breaches.push(...breachesOf(member, inner, path === '' ? name : `${path}.${name}`));
    }
  }
  return breaches;
}

function ownProperty<T>(object: Record<string, T> | undefined, name: string): T | undefined {
  return object !== undefined && Object.hasOwn(object, name) ? object[name] : undefined;
}

/** A rule that cannot be evaluated does not hold: the API server refuses then, too. */
function holds(rule: string, self: unknown): boolean {
  let run = compiled.get(rule);
  if (run === undefined) {
    run = environment.parse(rule);
    compiled.set(rule, run);
  }
  try {
    return run({ self: asMaps(self) }) === true;
  } catch {
    return false;
  }
}

/** Objects as maps: the names of their members are anybody's, `constructor` included. */
function asMaps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asMaps);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([name, member]) => [name, asMaps(member)]));
}
