// The fields of a rule → conditions, with what Istio's webhook refuses, in its words (pkg/config/validation).
import { Span, constant, isPresent, lengthOf, toText } from "as-proxy-wasm-sdk/assembly";
import {
  ClaimCondition,
  Condition,
  DestinationIpCondition,
  HeaderCondition,
  HostCondition,
  MethodCondition,
  PathCondition,
  PortCondition,
  RemoteIpCondition,
  RequestPrincipalCondition,
  SniCondition,
} from "../authz/condition";
import { PathTemplate } from "../authz/path-template";
import { RequestPrincipalMatcher } from "../authz/request-principal";
import { StringMatcher } from "../authz/string-matcher";
import { IpRange } from "../bytes/ip";
import { decimalOf } from "../json/number";
import { Node, after, countOf, firstOf, member, textOf } from "../json/tape";
import { textMember } from "./compile";
import { Problems } from "./problems";

const KEY = constant("key");
const VALUES = constant("values");
const NOT_VALUES = constant("notValues");
const NOT = "not";

/** The conditions of a source or an operation: one a field that has values. */
export function conditionsOf(object: Node, problems: Problems): StaticArray<Condition> {
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
  if (name == "remoteIpBlocks") return new RemoteIpCondition(negated, ranges(values, problems));
  if (name == "paths")
    return pathCondition(negated, values, negated ? "NotPaths" : "Paths", problems);
  if (name == "methods") return new MethodCondition(negated, headerMatchers(values, false));
  if (name == "hosts") return new HostCondition(negated, headerMatchers(values, true));
  problems.add("not supported yet");
  return null;
}

/** The conditions of `when`: for each key one for its `values`, and one for its `notValues`. */
export function whenConditions(list: Node, problems: Problems): StaticArray<Condition> {
  const conditions = new Array<Condition>();
  let node = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    problems.enterIndex(i);
    const key = textMember(node, KEY);
    const values = member(node, VALUES);
    const notValues = member(node, NOT_VALUES);
    if (!isPresent(key) || lengthOf(key) == 0) {
      problems.addAt(KEY, "`key` must not be empty");
    } else if (countOf(values) + countOf(notValues) == 0) {
      problems.add("at least one of `values` or `notValues` must be set for key " + toText(key));
    } else {
      addWhen(conditions, key, values, false, VALUES, problems);
      addWhen(conditions, key, notValues, true, NOT_VALUES, problems);
    }
    problems.leave();
    node = after(node);
  }
  return StaticArray.fromArray<Condition>(conditions);
}

function addWhen(
  to: Condition[],
  key: Span,
  values: Node,
  negated: bool,
  field: Span,
  problems: Problems,
): void {
  if (countOf(values) == 0) return;
  problems.enter(field);
  checkNotEmpty(values, problems);
  problems.leave();
  const condition = whenCondition(key, values, negated, field, problems);
  if (condition !== null) to.push(condition);
}

function whenCondition(
  key: Span,
  values: Node,
  negated: bool,
  field: Span,
  problems: Problems,
): Condition | null {
  const name = toText(key);
  if (name == "request.auth.principal") {
    return new RequestPrincipalCondition(negated, requestPrincipals(values));
  }
  if (name == "request.auth.audiences") return claimCondition(negated, ["aud"], values);
  if (name == "request.auth.presenter") return claimCondition(negated, ["azp"], values);
  if (name == "connection.sni") return new SniCondition(negated, textMatchers(values));
  if (name == "destination.port" || name == "destination.ip" || name == "remote.ip") {
    problems.enter(field);
    let condition: Condition;
    if (name == "destination.port") condition = new PortCondition(negated, ports(values, problems));
    else if (name == "remote.ip")
      condition = new RemoteIpCondition(negated, ranges(values, problems));
    else condition = new DestinationIpCondition(negated, ranges(values, problems));
    problems.leave();
    return condition;
  }
  if (name.startsWith("request.headers[")) {
    const header = bracketed(name, "request.headers");
    if (header === null || header.length != 1) {
      problems.addAt(KEY, "bad key (" + name + "): should have format a[b]");
      return null;
    }
    return new HeaderCondition(negated, lowerCase(header[0]), headerMatchers(values, false));
  }
  if (name.startsWith("request.auth.claims[")) {
    const path = bracketed(name, "request.auth.claims");
    if (path === null) {
      problems.addAt(KEY, "bad key (" + name + "): should have format a[b]");
      return null;
    }
    return claimCondition(negated, path, values);
  }
  problems.addAt(
    KEY,
    isIstios(name) ? name + " is not supported yet" : "unknown attribute: " + name,
  );
  return null;
}

/** Attributes that Istio has and that this version does not enforce. */
function isIstios(name: string): bool {
  return (
    name == "source.ip" ||
    name == "source.namespace" ||
    name == "source.principal" ||
    name == "source.serviceAccount" ||
    name == "source.trustDomain" ||
    name.startsWith("experimental.envoy.filters.")
  );
}

/** The names in `prefix[a][b]`; null when the key has another form. */
function bracketed(key: string, prefix: string): string[] | null {
  const names: string[] = [];
  let rest = key.substring(prefix.length);
  while (rest.length > 0) {
    const end = rest.indexOf("]");
    if (!rest.startsWith("[") || end < 2) return null;
    const name = rest.substring(1, end);
    if (name.includes("[")) return null;
    names.push(name);
    rest = rest.substring(end + 1);
  }
  return names.length == 0 ? null : names;
}

function claimCondition(negated: bool, names: string[], values: Node): Condition {
  const path = new StaticArray<Span>(names.length);
  for (let i = 0; i < names.length; i++) path[i] = constant(names[i]);
  return new ClaimCondition(negated, path, textMatchers(values));
}

function textMatchers(values: Node): StaticArray<StringMatcher> {
  const result = new Array<StringMatcher>();
  let value = firstOf(values);
  for (let i = countOf(values); i > 0; i--) {
    result.push(StringMatcher.of(toText(textOf(value))));
    value = after(value);
  }
  return StaticArray.fromArray<StringMatcher>(result);
}

function headerMatchers(values: Node, ignoreCase: bool): StaticArray<StringMatcher> {
  const result = new Array<StringMatcher>();
  let value = firstOf(values);
  for (let i = countOf(values); i > 0; i--) {
    result.push(StringMatcher.ofHeader(toText(textOf(value)), ignoreCase));
    value = after(value);
  }
  return StaticArray.fromArray<StringMatcher>(result);
}

function pathCondition(negated: bool, values: Node, field: string, problems: Problems): Condition {
  const matchers = new Array<StringMatcher>();
  const templates = new Array<PathTemplate>();
  let value = firstOf(values);
  for (let i = 0; i < countOf(values); i++) {
    const text = toText(textOf(value));
    if (PathTemplate.isTemplate(text)) {
      const problem = PathTemplate.problemOf(text, field);
      if (problem.length > 0) {
        problems.enterIndex(i);
        problems.add(problem);
        problems.leave();
      } else {
        templates.push(new PathTemplate(text));
      }
    } else {
      matchers.push(StringMatcher.of(text));
    }
    value = after(value);
  }
  return new PathCondition(
    negated,
    StaticArray.fromArray<StringMatcher>(matchers),
    StaticArray.fromArray<PathTemplate>(templates),
  );
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

function ranges(values: Node, problems: Problems): StaticArray<IpRange> {
  const result = new Array<IpRange>();
  let value = firstOf(values);
  for (let i = 0; i < countOf(values); i++) {
    const range = new IpRange();
    const text = toText(textOf(value));
    if (!range.parse(textOf(value))) {
      problems.enterIndex(i);
      problems.add(
        text.includes("/") ? "bad CIDR range (" + text + ")" : "bad IP address (" + text + ")",
      );
      problems.leave();
    }
    result.push(range);
    value = after(value);
  }
  return StaticArray.fromArray<IpRange>(result);
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

function lowerCase(text: string): Span {
  return constant(text.toLowerCase());
}
