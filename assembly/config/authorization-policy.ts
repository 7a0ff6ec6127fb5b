// AuthorizationPolicy → rules, with what Istio's webhook refuses, in its words (pkg/config/validation).
import { Span, constant, equals, isPresent, toText } from "as-proxy-wasm-sdk/assembly";
import { Condition } from "../authz/condition";
import { Policies } from "../authz/engine";
import { Rule } from "../authz/rule";
import { Kind, Node, after, countOf, firstOf, kindOf, member } from "../json/tape";
import { isDryRun } from "./annotations";
import { Compiled, textMember } from "./compile";
import { RuleContext, conditionsOf, whenConditions } from "./conditions";
import { Problems } from "./problems";
import { Resource, SPEC } from "./resources";
import { quoted } from "./validate";

const ACTION = constant("action");
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
  if (equals(action, DENY) && countOf(rules) == 0) {
    problems.addAt(
      RULES,
      "DENY action without `rules` is meaningless as it will never be triggered, " +
        "add an empty rule `{}` if you want it be triggered for every request",
    );
  }
  const policies = policiesFor(action, dryRun, compiled);
  // Without rules it allows nothing: being there is what counts.
  if (resource.applies) policies.isPresent = true;
  const context = compiled.ruleContext(toText(resource.namespace));
  problems.enter(RULES);
  let node = firstOf(rules);
  for (let i = 0; i < countOf(rules); i++) {
    problems.enterIndex(i);
    const name =
      "ns[" +
      toText(resource.namespace) +
      "]-policy[" +
      toText(resource.name) +
      "]-rule[" +
      i.toString() +
      "]";
    const sources = alternatives(node, FROM, SOURCE, context, problems);
    const operations = alternatives(node, TO, OPERATION, context, problems);
    problems.enter(WHEN);
    const when = whenConditions(member(node, WHEN), context, problems);
    problems.leave();
    if (resource.applies) policies.rules.push(new Rule(name, sources, operations, when));
    problems.leave();
    node = after(node);
  }
  problems.leave();
  problems.leave();
}

/** `action`, ALLOW where there is none. */
function actionOf(spec: Node, problems: Problems): Span {
  const action = textMember(spec, ACTION);
  if (!isPresent(action)) return ALLOW;
  if (equals(action, CUSTOM)) {
    problems.addAt(ACTION, "CUSTOM is not supported yet");
  } else if (!equals(action, ALLOW) && !equals(action, DENY) && !equals(action, AUDIT)) {
    problems.addAt(ACTION, "must be one of ALLOW, DENY, AUDIT, CUSTOM, not " + quoted(action));
  }
  return action;
}

function policiesFor(action: Span, dryRun: bool, compiled: Compiled): Policies {
  if (equals(action, AUDIT)) return compiled.audit;
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
  const all = new Array<StaticArray<Condition>>();
  const name = "`" + toText(key) + "." + toText(inner) + "`";
  problems.enter(key);
  let element = firstOf(list);
  for (let i = 0; i < count; i++) {
    problems.enterIndex(i);
    problems.enter(inner);
    const object = member(element, inner);
    if (kindOf(object) != Kind.Object) {
      problems.add("missing; Istio: " + name + " must not be nil");
    } else {
      const conditions = conditionsOf(object, context, problems);
      if (conditions.length == 0) problems.add("empty; Istio: " + name + " must not be empty");
      all.push(conditions);
    }
    problems.leave();
    problems.leave();
    element = after(element);
  }
  problems.leave();
  return StaticArray.fromArray<StaticArray<Condition>>(all);
}
