// AuthorizationPolicy → rules, with what Istio's webhook refuses, in its words (pkg/config/validation).
import { Span, constant, equals, isPresent, lengthOf, toText } from "as-proxy-wasm-sdk/assembly";
import { Condition } from "../authz/condition";
import { Policies } from "../authz/engine";
import { Rule } from "../authz/rule";
import { Kind, Node, after, countOf, firstOf, kindOf, member } from "../json/tape";
import { isDryRun } from "./annotations";
import { Compiled, textMember } from "./compile";
import { providerNamed, unknownProvider } from "./extension-providers";
import { RuleContext, conditionsOf, whenConditions } from "./conditions";
import { affordsIndex } from "./memory-need";
import { Problems } from "./problems";
import { Resource, SPEC } from "./resources";
import { quoted } from "./validate";

const ACTION = constant("action");
const PROVIDER = constant("provider");
const NAME = constant("name");
const RULES = constant("rules");
const FROM = constant("from");
const TO = constant("to");
const WHEN = constant("when");
const SOURCE = constant("source");
const OPERATION = constant("operation");
const ALLOW = constant("ALLOW");
const DENY = constant("DENY");
const AUDIT = constant("AUDIT");
const CUSTOM = constant("CUSTOM");

/** What the CRD allows. */
const MAX_RULES: i32 = 512;
const MAX_SOURCES: i32 = 512;

/** Validates the policy, and adds its rules where it applies. */
export function compileAuthorizationPolicy(
  resource: Resource,
  compiled: Compiled,
  problems: Problems,
): void {
  problems.enter(SPEC);
  const action = actionOf(resource.spec, problems);
  problems.leave();
  const canBeTried = equals(action, ALLOW) || equals(action, DENY);
  const dryRun = isDryRun(resource, canBeTried, toText(action), problems);
  problems.enter(SPEC);
  const rules = member(resource.spec, RULES);
  const isCustom = equals(action, CUSTOM);
  const provider = textMember(member(resource.spec, PROVIDER), NAME);
  if (isCustom) {
    useProvider(provider, resource.applies, compiled, problems);
  } else if (kindOf(member(resource.spec, PROVIDER)) == Kind.Object) {
    problems.addAt(
      PROVIDER,
      "`provider` must not be with non CUSTOM action, found " + toText(action),
    );
  }
  if ((isCustom || equals(action, DENY)) && countOf(rules) == 0) {
    problems.addAt(
      RULES,
      toText(action) +
        " action without `rules` is meaningless as it will never be triggered, " +
        "add an empty rule `{}` if you want it be triggered for every request",
    );
  }
  const policies = policiesFor(action, dryRun, compiled);
  // Without rules it allows nothing: being there is what counts.
  if (resource.applies) policies.isPresent = true;
  if (isCustom && compiled.isTcp && resource.applies) compiled.warnings.push(customOnTcp(resource));
  const context = compiled.ruleContext(toText(resource.namespace), isCustom);
  const prefix =
    "ns[" + toText(resource.namespace) + "]-policy[" + toText(resource.name) + "]-rule[";
  problems.enter(RULES);
  if (countOf(rules) > MAX_RULES) problems.add("must have at most 512 items");
  let node = firstOf(rules);
  for (let i = 0; i < countOf(rules); i++) {
    problems.enterIndex(i);
    const name = resource.applies ? prefix + i.toString() + "]" : "";
    const sources = alternatives(node, FROM, SOURCE, context, problems);
    const operations = alternatives(node, TO, OPERATION, context, problems);
    problems.enter(WHEN);
    const when = whenConditions(member(node, WHEN), context, problems);
    problems.leave();
    if (problems.isOutOfMemory) return;
    const rule = new Rule(name, sources, operations, when, compiled.region);
    const isKept = !compiled.isTcp || rule.reduceToTcp(equals(action, ALLOW));
    if (resource.applies && isKept) {
      policies.rules.push(rule);
      policies.values += context.values;
    }
    context.values = 0;
    problems.leave();
    node = after(node);
  }
  problems.leave();
  problems.leave();
}

function customOnTcp(resource: Resource): string {
  return (
    "config: AuthorizationPolicy " +
    toText(resource.namespace) +
    "/" +
    toText(resource.name) +
    " does nothing on TCP: Istio asks an envoyExtAuthzHttp provider about HTTP alone"
  );
}

/** `action`, ALLOW where there is none. */
function actionOf(spec: Node, problems: Problems): Span {
  const action = textMember(spec, ACTION);
  if (!isPresent(action)) return ALLOW;
  const isKnown =
    equals(action, ALLOW) ||
    equals(action, DENY) ||
    equals(action, AUDIT) ||
    equals(action, CUSTOM);
  if (!isKnown) {
    problems.addAt(ACTION, "must be one of ALLOW, DENY, AUDIT, CUSTOM, not " + quoted(action));
  }
  return action;
}

/** The provider of a CUSTOM policy; those that apply to one workload must agree on it. */
function useProvider(name: Span, applies: bool, compiled: Compiled, problems: Problems): void {
  problems.enter(PROVIDER);
  if (lengthOf(name) == 0) {
    problems.addAt(NAME, "`provider.name` must not be empty");
  } else {
    const found = providerNamed(toText(name), compiled.providers);
    if (found === null) {
      problems.addAt(NAME, unknownProvider(toText(name), compiled.providers));
    } else if (found.http === null) {
      problems.addAt(
        NAME,
        toText(name) +
          " is an envoyExtAuthzGrpc provider, which a Wasm filter cannot ask; " +
          "use envoyExtAuthzHttp",
      );
    } else if (applies) {
      const other = compiled.extAuthz;
      if (other !== null && other !== found.http) {
        problems.addAt(
          NAME,
          "another policy for this workload has provider " +
            other.name +
            ": Istio takes one a workload",
        );
      }
      compiled.extAuthz = found.http;
    }
  }
  problems.leave();
}

function policiesFor(action: Span, dryRun: bool, compiled: Compiled): Policies {
  if (equals(action, AUDIT)) return compiled.audit;
  if (equals(action, CUSTOM)) return compiled.custom;
  if (equals(action, DENY)) return dryRun ? compiled.dryRunDeny : compiled.deny;
  return dryRun ? compiled.dryRunAllow : compiled.allow;
}

/** The elements of `from` or `to`, each with the conditions of its `source` or `operation`. */
function alternatives(
  rule: Node,
  key: Span,
  inner: Span,
  context: RuleContext,
  problems: Problems,
): StaticArray<StaticArray<Condition>> {
  const list = member(rule, key);
  const count = countOf(list);
  if (count == 0) return NO_ALTERNATIVES;
  problems.enter(key);
  if (!affordsIndex(count, problems)) return NO_ALTERNATIVES;
  const all = new StaticArray<StaticArray<Condition>>(count);
  if (equals(key, FROM) && count > MAX_SOURCES) problems.add("must have at most 512 items");
  let element = firstOf(list);
  for (let i = 0; i < count; i++) {
    problems.enterIndex(i);
    problems.enter(inner);
    const object = member(element, inner);
    if (kindOf(object) != Kind.Object) {
      all[i] = new StaticArray<Condition>(0);
      problems.add("missing; Istio: " + nameOf(key, inner) + " must not be nil");
    } else {
      const conditions = conditionsOf(object, context, problems);
      if (problems.isOutOfMemory) return NO_ALTERNATIVES;
      if (conditions.length == 0)
        problems.add("empty; Istio: " + nameOf(key, inner) + " must not be empty");
      all[i] = conditions;
    }
    problems.leave();
    problems.leave();
    element = after(element);
  }
  problems.leave();
  return all;
}

const NO_ALTERNATIVES = new StaticArray<StaticArray<Condition>>(0);

function nameOf(key: Span, inner: Span): string {
  return "`" + toText(key) + "." + toText(inner) + "`";
}
