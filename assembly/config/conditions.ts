// The fields of a rule → conditions, with what Istio's webhook refuses, in its words (pkg/config/validation).
import { Region, Span, constant, equals, lengthOf, toText } from "as-proxy-wasm-sdk/assembly";
import {
  ClaimCondition,
  Condition,
  DestinationIpCondition,
  DirectIpCondition,
  HeaderCondition,
  HostCondition,
  IdentityCondition,
  MethodCondition,
  PortCondition,
  RemoteIpCondition,
  RequestPrincipalCondition,
  SniCondition,
} from "../authz/condition";
import { IdentityMatcher } from "../authz/identity-matcher";
import { MetadataCondition } from "../authz/metadata-condition";
import { StringMatcher } from "../authz/string-matcher";
import { Kind, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { textMember } from "./compile";
import {
  checkNotEmpty,
  headerMatchers,
  lowerCase,
  pathCondition,
  ports,
  ranges,
  requestPrincipals,
  textMatchers,
} from "./condition-values";
import { affords, affordsIdentities } from "./memory-need";
import { Problems } from "./problems";

const KEY = constant("key");
const VALUES = constant("values");
const NOT_VALUES = constant("notValues");
const EXPERIMENTAL = "experimental.";
const METADATA = "experimental.envoy.filters.";
/** The fields that say nothing of an identity. */
const CONTEXT_FREE = ["ports", "paths", "methods", "hosts", "ipBlocks", "remoteIpBlocks"];
const SERVICE_ACCOUNTS: Span[] = [constant("serviceAccounts"), constant("notServiceAccounts")];
const PRINCIPALS: Span[] = [constant("principals"), constant("notPrincipals")];
const NAMESPACES: Span[] = [constant("namespaces"), constant("notNamespaces")];

/** The conditions of a source or an operation: one a field that has values. */
export function conditionsOf(
  object: Node,
  context: RuleContext,
  problems: Problems,
): StaticArray<Condition> {
  let count = 0;
  let key = firstOf(object);
  for (let i = countOf(object); i > 0; i--) {
    const values = after(key);
    if (countOf(values) > 0) count++;
    key = after(values);
  }
  const conditions = new StaticArray<Condition>(count);
  let next = 0;
  key = firstOf(object);
  for (let i = countOf(object); i > 0; i--) {
    const values = after(key);
    if (countOf(values) > 0) {
      problems.enter(textOf(key));
      if (!isAffordable(textOf(key), values, context, problems)) return NO_CONDITIONS;
      conditions[next++] = conditionOf(fieldNamed(textOf(key)), values, context, problems);
      problems.leave();
    }
    key = after(values);
  }
  const hasAccounts = hasAny(object, SERVICE_ACCOUNTS);
  if (hasAccounts && (hasAny(object, PRINCIPALS) || hasAny(object, NAMESPACES))) {
    problems.add("cannot set serviceAccounts with namespaces or principals");
  }
  return conditions;
}

/** Whether there is memory for what is made of a field's values: of identities it is much more than of others. */
function isAffordable(field: Span, values: Node, context: RuleContext, problems: Problems): bool {
  context.values += countOf(values);
  return isOfIdentity(fieldNamed(field))
    ? affordsIdentities(values, context.trustDomains.length, problems)
    : affords(values, problems);
}

function isOfIdentity(field: string): bool {
  const index = FIELDS.indexOf(field);
  const name = index >= NEGATED ? FIELDS[index - NEGATED] : field;
  return CONTEXT_FREE.indexOf(name) < 0 && name != "requestPrincipals";
}

/** The fields of sources and operations, each text once: a rule keeps the names of its fields. */
const FIELDS: string[] = (
  "paths methods hosts ports requestPrincipals ipBlocks remoteIpBlocks principals namespaces serviceAccounts trustDomains " +
  "notPaths notMethods notHosts notPorts notRequestPrincipals notIpBlocks notRemoteIpBlocks notPrincipals notNamespaces " +
  "notServiceAccounts notTrustDomains"
).split(" ");
// Made once: the names are the module's own.
const FIELD_KEYS: Span[] = FIELDS.map<Span>((name: string): Span => constant(name));
/** Where the names with `not` in front begin. */
const NEGATED: i32 = 11;

/** The name of a field that the schema knows. */
function fieldNamed(key: Span): string {
  for (let i = 0; i < FIELDS.length; i++) {
    if (equals(FIELD_KEYS[i], key)) return FIELDS[i];
  }
  return toText(key);
}

/** Whether any of these fields is there, with or without values. */
function hasAny(object: Node, names: Span[]): bool {
  for (let i = 0; i < names.length; i++) {
    if (kindOf(member(object, names[i])) == Kind.Array) return true;
  }
  return false;
}

function conditionOf(
  field: string,
  values: Node,
  context: RuleContext,
  problems: Problems,
): Condition {
  const index = FIELDS.indexOf(field);
  const negated = index >= NEGATED;
  const name = negated ? FIELDS[index - NEGATED] : field;
  checkNotEmpty(values, problems);
  if (name == "ports") return new PortCondition(field, negated, ports(values, problems));
  if (CONTEXT_FREE.indexOf(name) < 0) context.needIdentities(field, problems);
  if (name == "requestPrincipals") {
    return new RequestPrincipalCondition(field, negated, requestPrincipals(values, context.region));
  }
  if (name == "remoteIpBlocks")
    return new RemoteIpCondition(field, negated, ranges(values, problems));
  if (name == "paths")
    return pathCondition(
      field,
      negated,
      values,
      negated ? "NotPaths" : "Paths",
      context.region,
      problems,
    );
  if (name == "methods")
    return new MethodCondition(field, negated, headerMatchers(values, false, context.region));
  if (name == "hosts")
    return new HostCondition(field, negated, headerMatchers(values, true, context.region));
  if (name == "ipBlocks") {
    context.needDirectAddress(problems);
    return new DirectIpCondition(field, negated, ranges(values, problems));
  }
  if (name == "principals")
    return identities(field, negated, values, Identity.Principal, context, problems);
  if (name == "namespaces")
    return identities(field, negated, values, Identity.Namespace, context, problems);
  if (name == "trustDomains") {
    return identities(field, negated, values, Identity.TrustDomain, context, problems);
  }
  return identities(field, negated, values, Identity.ServiceAccount, context, problems);
}

/** Where a rule stands, and what of the connection can be known. */
export class RuleContext {
  constructor(
    /** The policy's. */
    readonly namespace: string,
    /** The local trust domain and its aliases. */
    readonly trustDomains: string[],
    private hasDirectAddress: bool,
    private hasPeerUris: bool,
    /** Of a CUSTOM policy: decided before anybody has looked at tokens. */
    readonly isCustom: bool,
    /** Where what the rule keeps of the policy's text lives. */
    readonly region: Region,
  ) {}

  /** How many values its rules have: what their index must hold. */
  values: i32 = 0;

  /** Reports a field of `from.source` that a CUSTOM policy may not have. */
  needIdentities(field: string, problems: Problems): void {
    if (!this.isCustom) return;
    const name = field.charAt(0).toUpperCase() + field.substring(1);
    problems.add("From." + name + " is currently not supported with CUSTOM action");
  }

  /** Reports an attribute that a CUSTOM policy may not ask for. */
  needAttribute(key: string, problems: Problems): void {
    const isLater =
      key.startsWith("request.auth.") || (key.startsWith("source.") && key != "source.ip");
    if (this.isCustom && isLater) {
      problems.addAt(KEY, key + " is currently not supported with CUSTOM action");
    }
  }

  /** Reports a condition that needs the direct peer's address, where nobody says it. */
  needDirectAddress(problems: Problems): void {
    if (this.hasDirectAddress) return;
    problems.add(
      "needs connectionFacts.directAddress: a Wasm filter sees what X-Forwarded-For claims",
    );
  }

  /** Reports a condition that needs the peer's identities, where nobody says them. */
  needPeerUris(problems: Problems): void {
    if (this.hasPeerUris) return;
    problems.add(
      "needs connectionFacts.peerCertificate, peerUris, or singleUriSan: a Wasm filter sees the first URI SAN alone",
    );
  }
}

namespace Identity {
  export const Principal: i32 = 0;
  export const Namespace: i32 = 1;
  export const ServiceAccount: i32 = 2;
  export const TrustDomain: i32 = 3;
}

function identities(
  field: string,
  negated: bool,
  values: Node,
  kind: i32,
  context: RuleContext,
  problems: Problems,
): Condition {
  context.needPeerUris(problems);
  const result = new Array<IdentityMatcher>();
  if (kind == Identity.ServiceAccount && countOf(values) > MAX_SERVICE_ACCOUNTS) {
    problems.add("may not have more than 16 values");
  }
  let value = firstOf(values);
  for (let i = 0; i < countOf(values); i++) {
    const text = toText(textOf(value));
    const problem =
      kind == Identity.ServiceAccount
        ? serviceAccountProblem(text)
        : kind == Identity.TrustDomain
          ? trustDomainProblem(text)
          : "";
    if (problem.length > 0) {
      problems.enterIndex(i);
      problems.add(problem);
      problems.leave();
    }
    if (kind == Identity.Principal) {
      result.push(IdentityMatcher.ofPrincipal(text, context.trustDomains, context.region));
    } else if (kind == Identity.Namespace) {
      result.push(IdentityMatcher.ofNamespace(text, context.region));
    } else if (kind == Identity.TrustDomain) {
      result.push(IdentityMatcher.ofTrustDomain(text, context.trustDomains, context.region));
    } else {
      result.push(IdentityMatcher.ofServiceAccount(text, context.namespace, context.region));
    }
    value = after(value);
  }
  return new IdentityCondition(field, negated, StaticArray.fromArray<IdentityMatcher>(result));
}

const MAX_SERVICE_ACCOUNTS: i32 = 16;
const MAX_SERVICE_ACCOUNT_LENGTH: i32 = 320;

function serviceAccountProblem(text: string): string {
  if (text.includes("*")) return "wildcard not allowed, found in ServiceAccounts";
  const parts = text.split("/");
  const isEmpty = parts.includes("");
  if (parts.length > 2 || (isEmpty && text.length > 0)) {
    return "expected format 'serviceAccount' or 'namespace/serviceAccount', found " + text;
  }
  return text.length > MAX_SERVICE_ACCOUNT_LENGTH ? "value cannot exceed 320 characters" : "";
}

function trustDomainProblem(text: string): string {
  if (text.includes("/")) return "trust domain must not contain '/', found in TrustDomains";
  const star = text.indexOf("*");
  if (star < 0) return "";
  if (text.lastIndexOf("*") != star)
    return "at most one wildcard is allowed, found in TrustDomains";
  const isAtEnd = star == 0 || star == text.length - 1;
  return isAtEnd ? "" : "wildcard is only allowed at the start or end, found in TrustDomains";
}

const NO_CONDITIONS = new StaticArray<Condition>(0);

/** The conditions of `when`: for each key one for its `values`, and one for its `notValues`. */
export function whenConditions(
  list: Node,
  context: RuleContext,
  problems: Problems,
): StaticArray<Condition> {
  if (countOf(list) == 0) return NO_CONDITIONS;
  const conditions = new Array<Condition>();
  let node = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    problems.enterIndex(i);
    const key = textMember(node, KEY);
    const values = member(node, VALUES);
    const notValues = member(node, NOT_VALUES);
    context.values += countOf(values) + countOf(notValues);
    if (!affordsIdentities(node, context.trustDomains.length, problems)) return NO_CONDITIONS;
    if (lengthOf(key) == 0) {
      problems.addAt(KEY, "`key` must not be empty");
    } else if (countOf(values) + countOf(notValues) == 0) {
      problems.add("at least one of `values` or `notValues` must be set for key " + toText(key));
    } else {
      addWhen(conditions, key, values, false, VALUES, i, context, problems);
      addWhen(conditions, key, notValues, true, NOT_VALUES, i, context, problems);
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
  index: i32,
  context: RuleContext,
  problems: Problems,
): void {
  if (countOf(values) == 0) return;
  problems.enter(field);
  checkNotEmpty(values, problems);
  problems.leave();
  const condition = whenCondition(key, values, negated, field, index, context, problems);
  if (condition !== null) to.push(condition);
}

function whenCondition(
  key: Span,
  values: Node,
  negated: bool,
  field: Span,
  index: i32,
  context: RuleContext,
  problems: Problems,
): Condition | null {
  const name = toText(key);
  const label = "when[" + index.toString() + "]." + toText(field);
  const region = context.region;
  context.needAttribute(name, problems);
  if (name == "request.auth.principal") {
    return new RequestPrincipalCondition(label, negated, requestPrincipals(values, region));
  }
  if (name == "request.auth.audiences")
    return claimCondition(label, negated, ["aud"], values, region);
  if (name == "request.auth.presenter")
    return claimCondition(label, negated, ["azp"], values, region);
  if (name == "connection.sni")
    return new SniCondition(label, negated, textMatchers(values, region));
  const peer = peerAttribute(name);
  if (peer >= 0) {
    problems.enter(field);
    const condition = identities(label, negated, values, peer, context, problems);
    problems.leave();
    return condition;
  }
  if (name == "source.ip") {
    problems.enter(field);
    context.needDirectAddress(problems);
    const condition = new DirectIpCondition(label, negated, ranges(values, problems));
    problems.leave();
    return condition;
  }
  if (name == "destination.port" || name == "destination.ip" || name == "remote.ip") {
    problems.enter(field);
    let condition: Condition;
    if (name == "destination.port")
      condition = new PortCondition(label, negated, ports(values, problems));
    else if (name == "remote.ip")
      condition = new RemoteIpCondition(label, negated, ranges(values, problems));
    else condition = new DestinationIpCondition(label, negated, ranges(values, problems));
    problems.leave();
    return condition;
  }
  if (name.startsWith("request.headers[")) {
    const header = bracketed(name, "request.headers");
    if (header === null || header.length != 1) {
      problems.addAt(KEY, "bad key (" + name + "): should have format a[b]");
      return null;
    }
    return new HeaderCondition(
      label,
      negated,
      lowerCase(header[0], region),
      headerMatchers(values, false, region),
    );
  }
  if (name.startsWith("request.auth.claims[")) {
    const path = bracketed(name, "request.auth.claims");
    if (path === null) {
      problems.addAt(KEY, "bad key (" + name + "): should have format a[b]");
      return null;
    }
    return claimCondition(label, negated, path, values, region);
  }
  if (name.startsWith(METADATA))
    return metadataCondition(label, negated, name, values, region, problems);
  problems.addAt(KEY, "unknown attribute: " + name);
  return null;
}

/** The kind of identity that an attribute is about, or -1. */
function peerAttribute(name: string): i32 {
  if (name == "source.principal") return Identity.Principal;
  if (name == "source.namespace") return Identity.Namespace;
  if (name == "source.serviceAccount") return Identity.ServiceAccount;
  return name == "source.trustDomain" ? Identity.TrustDomain : -1;
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

function claimCondition(
  label: string,
  negated: bool,
  names: string[],
  values: Node,
  region: Region,
): Condition {
  const path = new StaticArray<Span>(names.length);
  for (let i = 0; i < names.length; i++) path[i] = region.text(names[i]);
  return new ClaimCondition(label, negated, path, textMatchers(values, region));
}

/** `experimental.envoy.filters.NAME[KEY]`; a value in brackets is for the elements of a list. */
function metadataCondition(
  label: string,
  negated: bool,
  key: string,
  values: Node,
  region: Region,
  problems: Problems,
): Condition | null {
  const bracket = key.indexOf("[");
  const name = key.endsWith("]") ? key.substring(bracket + 1, key.length - 1) : "";
  if (bracket < 0 || name.length == 0) {
    problems.addAt(KEY, "bad key (" + key + "): should have format a[b]");
    return null;
  }
  const texts = new Array<StringMatcher>();
  const elements = new Array<StringMatcher>();
  let value = firstOf(values);
  for (let i = countOf(values); i > 0; i--) {
    const text = toText(textOf(value));
    if (text.startsWith("[") && text.endsWith("]")) {
      elements.push(StringMatcher.of(withoutBrackets(text), region));
    } else {
      texts.push(StringMatcher.of(text, region));
    }
    value = after(value);
  }
  return new MetadataCondition(
    label,
    negated,
    region.text(key.substring(EXPERIMENTAL.length, bracket)),
    region.text(name),
    StaticArray.fromArray<StringMatcher>(texts),
    StaticArray.fromArray<StringMatcher>(elements),
  );
}

/** All brackets at either end go, as istiod takes them away. */
function withoutBrackets(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && (text.charAt(start) == "[" || text.charAt(start) == "]")) start++;
  while (end > start && (text.charAt(end - 1) == "[" || text.charAt(end - 1) == "]")) end--;
  return text.substring(start, end);
}
