// Rules that can never decide anything: another decides first, or their own conditions exclude each other.
import type { Finding } from '../check.ts';
import { isAll } from './breadth.ts';
import type { Effort } from '../effort.ts';
import { groupBy } from '../group-by.ts';
import { patternCovers } from '../patterns.ts';
import type { Clause, Field, Policy, Rule } from '../policy.ts';
import { covers } from '../scope.ts';
import type { World } from '../world.ts';

/** What it takes to begin with two rules. */
const COMPARISONS_OF_RULES = 10;

/** PC0324, PC0330. */
export function shadowed({ policies, mesh, effort }: World): Finding[] {
  const denying = groupBy(
    policies.filter(({ action, isDryRun }) => action === 'DENY' && !isDryRun),
    ({ scope }) => scope.namespace,
  );
  const denyingIn = (namespace: string): Policy[] => denying.get(namespace) ?? [];
  const everywhere = denyingIn(mesh.rootNamespace);
  return policies.flatMap((policy) => {
    const { namespace, isRoot } = policy.scope;
    const before = isRoot ? everywhere : [...everywhere, ...denyingIn(namespace)];
    return policy.rules.flatMap((rule, i) => {
      const own = shadowedWithin(policy, rule, policy.rules.slice(0, i), effort);
      const all = own.length > 0 ? own : deniedBefore(policy, rule, before, effort);
      return [...all, ...contradictions(policy, rule, effort)];
    });
  });
}

function shadowedWithin(
  { resource }: Policy,
  rule: Rule,
  before: Rule[],
  effort: Effort,
): Finding[] {
  const index = before.findIndex((other) => ruleCovers(other, rule, effort));
  if (index < 0) return [];
  const message = `whatever matches this matches rules[${index}], too`;
  return [{ code: 'PC0324', resource, path: rule.path, message }];
}

function deniedBefore(policy: Policy, rule: Rule, denying: Policy[], effort: Effort): Finding[] {
  if (policy.action !== 'ALLOW' || policy.isDryRun) return [];
  for (const deny of denying) {
    if (!effort.affords(1)) return [];
    if (!covers(deny.scope, policy.scope)) continue;
    // That it denies everything is a finding of its own.
    const index = deny.rules.findIndex((other) => !isAll(other) && ruleCovers(other, rule, effort));
    if (index < 0) continue;
    const { namespace, name } = deny.resource;
    const message = `allows nothing: whatever matches this, rules[${index}] of AuthorizationPolicy ${namespace}/${name} denies`;
    return [{ code: 'PC0324', resource: policy.resource, path: rule.path, message }];
  }
  return [];
}

/** Whether every request that matches `b` matches `a`, as far as that can be told. */
function ruleCovers(a: Rule, b: Rule, effort: Effort): boolean {
  return (
    effort.affords(COMPARISONS_OF_RULES) &&
    listCovers(a.from, b.from, effort) &&
    listCovers(a.to, b.to, effort) &&
    a.when.every((condition) =>
      condition.fields.every((field) => b.when.some((other) => isImplied(field, other, effort))),
    )
  );
}

/** `from` and `to`: one of their elements has to match, and all of them do where there is none. */
function listCovers(a: Clause[], b: Clause[], effort: Effort): boolean {
  if (a.length === 0) return true;
  return (
    b.length > 0 &&
    b.every((narrow) =>
      a.some((wide) => wide.fields.every((field) => isImplied(field, narrow, effort))),
    )
  );
}

/** Whether a condition of `clause` is at least as narrow as `field`. */
function isImplied(field: Field, clause: Clause, effort: Effort): boolean {
  return clause.fields.some((other) => {
    if (other.name !== field.name || other.negated !== field.negated) return false;
    const [wide, narrow] = field.negated
      ? [other.values, field.values]
      : [field.values, other.values];
    return (
      effort.affords(wide.length * narrow.length) &&
      narrow.every((value) => wide.some((pattern) => valueCovers(field.name, pattern, value)))
    );
  });
}

function valueCovers(name: string, wide: string, narrow: string): boolean {
  if (wide === narrow) return true;
  const isPattern =
    ['paths', 'hosts', 'methods', 'principals', 'namespaces', 'source.namespace'].includes(name) ||
    ['source.principal'].includes(name);
  if (!isPattern || /[{}]/.test(wide + narrow)) return false;
  return patternCovers(wide, narrow);
}

/** Fields whose values and `not` values leave nothing. */
function contradictions({ resource }: Policy, rule: Rule, effort: Effort): Finding[] {
  return [...rule.from, ...rule.to, ...rule.when].flatMap((clause) =>
    clause.fields.flatMap((field): Finding[] => {
      if (field.negated) return [];
      const excluded = clause.fields.find(({ name, negated }) => negated && name === field.name);
      if (excluded === undefined) return [];
      if (!effort.affords(field.values.length * excluded.values.length)) return [];
      const isEmpty = field.values.every((value) =>
        excluded.values.some((pattern) => valueCovers(field.name, pattern, value)),
      );
      if (!isEmpty) return [];
      const message = `everything here is excluded by ${excluded.path.split('.').at(-1)}: the rule never matches`;
      return [{ code: 'PC0330', resource, path: field.path, message }];
    }),
  );
}
