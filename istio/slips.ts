// Policies whose indentation is wrong in a way that leaves no doubt of what is meant.

type Value = Record<string, unknown>;

const SOURCE = [
  ...['principals', 'requestPrincipals', 'namespaces', 'serviceAccounts', 'trustDomains'],
  ...['ipBlocks', 'remoteIpBlocks'],
];
const OPERATION = ['hosts', 'ports', 'methods', 'paths'];
const negated = (names: string[]): string[] =>
  names.flatMap((name) => [name, `not${name[0]!.toUpperCase()}${name.slice(1)}`]);
const SOURCE_FIELDS = negated(SOURCE);
const OPERATION_FIELDS = negated(OPERATION);

/** The resource as it is meant; undefined when it has no slip that is known, or when it is not clear what is meant. */
export function mended(resource: object): object | undefined {
  const value = structuredClone(resource) as Value;
  const spec = value.spec;
  if (!isObject(spec)) return undefined;
  const hasChanged =
    value.kind === 'PeerAuthentication'
      ? mendPeerAuthentication(spec)
      : value.kind === 'AuthorizationPolicy' && mendRules(spec);
  return hasChanged ? value : undefined;
}

/** `mtls` and `portLevelMtls` within `selector`. */
function mendPeerAuthentication(spec: Value): boolean {
  const { selector } = spec;
  if (!isObject(selector)) return false;
  let hasChanged = false;
  for (const field of ['mtls', 'portLevelMtls']) {
    if (!(field in selector) || field in spec) continue;
    spec[field] = selector[field];
    delete selector[field];
    hasChanged = true;
  }
  return hasChanged;
}

/** Fields of a source beside an empty `source`; operations that stand in `from`, because `to` does. */
function mendRules(spec: Value): boolean {
  let hasChanged = false;
  for (const rule of Array.isArray(spec.rules) ? (spec.rules as Value[]) : []) {
    if (!Array.isArray(rule.from)) continue;
    const from: Value[] = [];
    const to: Value[] = [];
    for (const item of rule.from as Value[]) {
      const source = fieldsOf(item, SOURCE_FIELDS);
      const operation = fieldsOf(item, OPERATION_FIELDS);
      if ('operation' in item) {
        to.push({ operation: { ...asObject(item.operation), ...operation } });
        hasChanged = true;
        continue;
      }
      if (Object.keys(source).length > 0) hasChanged = true;
      from.push({ source: { ...asObject(item.source), ...source } });
    }
    rule.from = from;
    if (to.length > 0) rule.to = [...(Array.isArray(rule.to) ? (rule.to as Value[]) : []), ...to];
  }
  return hasChanged;
}

function fieldsOf(item: Value, names: string[]): Value {
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));
}

function asObject(value: unknown): Value {
  return isObject(value) ? value : {};
}

function isObject(value: unknown): value is Value {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
