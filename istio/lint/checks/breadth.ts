// Rules that are wider than a policy's author is likely to want: everything, everyone; or nothing at all.
import { isScalar, isSeq } from 'yaml';
import type { Finding } from '../check.ts';
import { type Clause, type Field, type Policy, type Rule } from '../policy.ts';
import type { World } from '../world.ts';

const IDENTITY = [
  ...['principals', 'requestPrincipals', 'namespaces', 'serviceAccounts', 'trustDomains'],
  ...['source.principal', 'source.namespace', 'source.serviceAccount', 'source.trustDomain'],
];

/** PC0301 to PC0304. */
export function breadth({ policies }: World): Finding[] {
  return policies.flatMap((policy) => [
    ...policy.rules.flatMap((rule) => [...matchesAll(policy, rule), ...openToAnyone(policy, rule)]),
    ...emptyRules(policy),
  ]);
}

/** Whether every request matches a rule. */
export function isAll(rule: Rule): boolean {
  const { from, to, when } = rule;
  const some = (clauses: Clause[]): boolean =>
    clauses.length === 0 || clauses.some(({ fields }) => fields.every(isAnything));
  return some(from) && some(to) && when.every(({ fields }) => fields.every(isAnything));
}

/** Every HTTP request has a path, a method and a host. */
function isAnything({ name, negated, values }: Clause['fields'][number]): boolean {
  return !negated && ['paths', 'methods', 'hosts'].includes(name) && values.includes('*');
}

function matchesAll({ resource, action }: Policy, rule: Rule): Finding[] {
  if (!isAll(rule)) return [];
  const { path } = rule;
  const isEmpty = rule.fields.length === 0;
  const why = isEmpty ? 'the rule has no condition' : 'each of its conditions holds for everything';
  if (action === 'DENY') {
    const message = `${why}: every request is denied`;
    return [{ code: 'PC0301', resource, path, message }];
  }
  if (action !== 'ALLOW') return [];
  const message = `${why}: everyone is allowed everything, whatever the other rules say`;
  return [{ code: 'PC0302', resource, path, message }];
}

/** `rules:` with nothing behind it. That a policy has no `rules` at all is how Istio writes "allow nothing". */
function emptyRules({ resource, action, rules }: Policy): Finding[] {
  if (action !== 'ALLOW' || rules.length > 0) return [];
  const found = ['spec.rules', 'spec'].find((path) => {
    const place = resource.at(path);
    const node = place?.node ?? null;
    if (place === undefined) return false;
    const isNull = node === null || (isScalar(node) && node.value === null);
    return isNull || (isSeq(node) && node.items.length === 0);
  });
  if (found === undefined) return [];
  const message =
    'is empty: the policy allows nothing, and where no other policy allows a request it is refused; ' +
    'write "- {}" for everything, or leave it out to say so';
  return [{ code: 'PC0303', resource, path: found, message }];
}

/** "Everyone but …" includes those of whom nothing is known. */
function openToAnyone({ resource, action }: Policy, rule: Rule): Finding[] {
  if (action !== 'ALLOW') return [];
  const isIdentified = rule.when.some(({ fields }) =>
    fields.some((field) => !field.negated && isOfIdentity(field)),
  );
  if (isIdentified) return [];
  // Each element of `from` is a way in of its own; `when` holds for all of them.
  const open = rule.from.filter(({ fields }) => fields.every(({ negated }) => negated));
  const isOpen = rule.from.length === 0 || open.length > 0;
  return [...open, ...(isOpen ? rule.when : [])].flatMap(({ fields }) => {
    const negative = fields.find((field) => field.negated && isOfIdentity(field));
    if (negative === undefined) return [];
    const message =
      'whoever has no identity at all meets this too: plaintext, or a request without token; ' +
      `add ${whoeverHasOne(negative)} to allow only those who have one`;
    return [{ code: 'PC0304', resource, path: negative.path, message }];
  });
}

function isOfIdentity({ name }: Field): boolean {
  return IDENTITY.includes(name) || name.startsWith('request.auth.');
}

/** The counterpart of a negative condition. Service accounts take no wildcard, and no principals beside them. */
function whoeverHasOne({ name, path }: Field): string {
  if (name === 'serviceAccounts') return 'trustDomains: ["*"]';
  if (name === 'source.serviceAccount') return 'the key source.principal with values: ["*"]';
  return path.endsWith('.notValues') ? 'values: ["*"]' : `${name}: ["*"]`;
}
