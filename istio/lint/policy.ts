// AuthorizationPolicy as the checks see it: which requests its rules are about.
import type { Resource } from '../load.ts';
import type { Scope } from './scope.ts';

/** Values of a field, or of an attribute in `when`. */
export interface Field {
  /** Without `not`: `paths`; in `when` the key: `request.headers[x]`. */
  name: string;
  negated: boolean;
  values: string[];
  path: string;
}

/** An element of `from` or `to`, or of `when`. */
export interface Clause {
  path: string;
  fields: Field[];
}

/** `rules[]` */
export interface Rule {
  path: string;
  from: Clause[];
  to: Clause[];
  when: Clause[];
  /** Those of all its clauses, in the order of the text. */
  fields: Field[];
}

/** An AuthorizationPolicy. */
export interface Policy {
  resource: Resource;
  scope: Scope;
  action: 'ALLOW' | 'DENY' | 'AUDIT' | 'CUSTOM';
  isDryRun: boolean;
  provider?: string;
  rules: Rule[];
}

type Json = Record<string, unknown>;

/** Reads a resource that has passed the schema. */
export function policyOf(resource: Resource, scope: Scope): Policy {
  const spec = (resource.value.spec ?? {}) as Json;
  const metadata = (resource.value.metadata ?? {}) as Json;
  const annotations = (metadata.annotations ?? {}) as Record<string, string>;
  const provider = (spec.provider as { name?: string } | null | undefined)?.name;
  return {
    resource,
    scope,
    action: (spec.action as Policy['action'] | null | undefined) ?? 'ALLOW',
    isDryRun: /^(1|t|T|TRUE|true|True)$/.test(annotations['istio.io/dry-run'] ?? ''),
    ...(provider === undefined ? {} : { provider }),
    rules: listOf(spec.rules).map((rule, i) => ruleOf(rule, `spec.rules[${i}]`)),
  };
}

function ruleOf(rule: Json, path: string): Rule {
  const from = clausesOf(rule.from, `${path}.from`, 'source');
  const to = clausesOf(rule.to, `${path}.to`, 'operation');
  const when = listOf(rule.when).map((condition, i) => whenOf(condition, `${path}.when[${i}]`));
  const fields = [...from, ...to, ...when].flatMap((clause) => clause.fields);
  return { path, from, to, when, fields };
}

function clausesOf(list: unknown, path: string, inner: string): Clause[] {
  return listOf(list).map((item, i) => {
    const at = `${path}[${i}].${inner}`;
    const fields = Object.entries((item[inner] ?? {}) as Json).flatMap(([key, values]) => {
      const negated = /^not[A-Z]/.test(key);
      const name = negated ? key[3]!.toLowerCase() + key.slice(4) : key;
      return fieldOf(name, negated, values, `${at}.${key}`);
    });
    return { path: at, fields };
  });
}

function whenOf(condition: Json, path: string): Clause {
  const name = typeof condition.key === 'string' ? condition.key : '';
  return {
    path,
    fields: [
      ...fieldOf(name, false, condition.values, `${path}.values`),
      ...fieldOf(name, true, condition.notValues, `${path}.notValues`),
    ],
  };
}

function fieldOf(name: string, negated: boolean, values: unknown, path: string): Field[] {
  if (!Array.isArray(values) || values.length === 0) return [];
  return [{ name, negated, values: values.map(String), path }];
}

function listOf(value: unknown): Json[] {
  return Array.isArray(value) ? (value as Json[]) : [];
}
