// AuthorizationPolicy → rules, with what Istio's webhook refuses, in its words (pkg/config/validation).
import { Span, constant, equals, isPresent, lengthOf, toText } from "as-proxy-wasm-sdk/assembly";
import {
  Condition,
  HostCondition,
  MethodCondition,
  PathCondition,
  PortCondition,
  RequestPrincipalCondition,
} from "../authz/condition";
import { RequestPrincipalMatcher } from "../authz/request-principal";
import { Rule } from "../authz/rule";
import { StringMatcher } from "../authz/string-matcher";
import { decimalOf } from "../json/number";
import { Kind, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { checkDryRun } from "./annotations";
import { Compiled, textMember } from "./compile";
import { Problems } from "./problems";
import { Resource } from "./resources";
import { quoted } from "./validate";

const ACTION = constant("action");
const RULES = constant("rules");
const FROM = constant("from");
const TO = constant("to");
const SOURCE = constant("source");
const OPERATION = constant("operation");
const ALLOW = constant("ALLOW");
const DENY = constant("DENY");
const AUDIT = constant("AUDIT");
const CUSTOM = constant("CUSTOM");
const NOT = "not";

/** Validates the policy, and adds its rules where it applies. */
export function compileAuthorizationPolicy(
  resource: Resource,
  compiled: Compiled,
  problems: Problems,
): void {
  checkDryRun(resource.metadata, problems);
  checkAction(resource.spec, problems);
  const rules = member(resource.spec, RULES);
  if (countOf(rules) == 0) {
    problems.addAt(
      RULES,
      "DENY action without `rules` is meaningless as it will never be triggered, " +
        "add an empty rule `{}` if you want it be triggered for every request",
    );
  }
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
    const sources = alternatives(node, FROM, SOURCE, problems);
    const operations = alternatives(node, TO, OPERATION, problems);
    if (resource.applies) compiled.deny.push(new Rule(name, sources, operations));
    problems.leave();
    node = after(node);
  }
  problems.leave();
}

function checkAction(spec: Node, problems: Problems): void {
  const action = textMember(spec, ACTION);
  if (!isPresent(action)) {
    problems.addAt(ACTION, "missing, which means ALLOW, and ALLOW is not supported yet");
  } else if (equals(action, ALLOW) || equals(action, AUDIT) || equals(action, CUSTOM)) {
    problems.addAt(ACTION, toText(action) + " is not supported yet");
  } else if (!equals(action, DENY)) {
    problems.addAt(ACTION, "must be one of ALLOW, DENY, AUDIT, CUSTOM, not " + quoted(action));
  }
}

/** The elements of `from` or `to`, each with the conditions of its `source` or `operation`. */
function alternatives(
  rule: Node,
  key: Span,
  inner: Span,
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
      const conditions = conditionsOf(object, problems);
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

/** The conditions of a source or an operation: one a field that has values. */
function conditionsOf(object: Node, problems: Problems): StaticArray<Condition> {
  const conditions = new Array<Condition>();
  let key = firstOf(object);
  for (let i = countOf(object); i > 0; i--) {
    const values = after(key);
    if (countOf(values) > 0) {
      problems.enter(textOf(key));
      const condition = conditionOf(toText(textOf(key)), values, problems);
      if (condition !== null) conditions.push(condition);
      problems.leave();
    }
    key = after(values);
  }
  return StaticArray.fromArray<Condition>(conditions);
}

function conditionOf(field: string, values: Node, problems: Problems): Condition | null {
  const negated = field.startsWith(NOT);
  const name = negated ? field.charAt(3).toLowerCase() + field.substring(4) : field;
  checkNotEmpty(values, problems);
  if (name == "ports") return new PortCondition(negated, ports(values, problems));
  if (name == "requestPrincipals") {
    return new RequestPrincipalCondition(negated, requestPrincipals(values));
  }
  if (name == "paths") {
    checkPaths(values, problems);
    return new PathCondition(negated, matchers(values, MatcherKind.Path));
  }
  if (name == "methods") return new MethodCondition(negated, matchers(values, MatcherKind.Method));
  if (name == "hosts") return new HostCondition(negated, matchers(values, MatcherKind.Host));
  problems.add("not supported yet");
  return null;
}

namespace MatcherKind {
  export const Path: i32 = 0;
  export const Method: i32 = 1;
  export const Host: i32 = 2;
}

function matchers(values: Node, kind: i32): StaticArray<StringMatcher> {
  const result = new Array<StringMatcher>();
  let value = firstOf(values);
  for (let i = countOf(values); i > 0; i--) {
    const text = toText(textOf(value));
    result.push(
      kind == MatcherKind.Path
        ? StringMatcher.of(text)
        : StringMatcher.ofHeader(text, kind == MatcherKind.Host),
    );
    value = after(value);
  }
  return StaticArray.fromArray<StringMatcher>(result);
}

function requestPrincipals(values: Node): StaticArray<RequestPrincipalMatcher> {
  const result = new Array<RequestPrincipalMatcher>();
  let value = firstOf(values);
  for (let i = countOf(values); i > 0; i--) {
    result.push(new RequestPrincipalMatcher(toText(textOf(value))));
    value = after(value);
  }
  return StaticArray.fromArray<RequestPrincipalMatcher>(result);
}

function ports(values: Node, problems: Problems): StaticArray<i32> {
  const result = new StaticArray<i32>(countOf(values));
  let value = firstOf(values);
  for (let i = 0; i < result.length; i++) {
    const port = decimalOf(textOf(value));
    if (port > 65535) {
      problems.enterIndex(i);
      problems.add("bad port (" + toText(textOf(value)) + "): must be a number from 0 to 65535");
      problems.leave();
    }
    result[i] = <i32>port;
    value = after(value);
  }
  return result;
}

function checkNotEmpty(values: Node, problems: Problems): void {
  let value = firstOf(values);
  for (let i = 0; i < countOf(values); i++) {
    if (lengthOf(textOf(value)) == 0) {
      problems.enterIndex(i);
      problems.add("empty value not allowed");
      problems.leave();
    }
    value = after(value);
  }
}

/** Path templates are Istio's; braces are nothing else in a path, and must not be taken for themselves. */
function checkPaths(values: Node, problems: Problems): void {
  let value = firstOf(values);
  for (let i = 0; i < countOf(values); i++) {
    const text = toText(textOf(value));
    if (text.includes("{") || text.includes("}")) {
      problems.enterIndex(i);
      problems.add("path templates ({*}, {**}) are not supported yet");
      problems.leave();
    }
    value = after(value);
  }
}
