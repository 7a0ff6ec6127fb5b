// `resources[]`: every one is validated, whether or not it applies here; what applies is compiled.
import { Span, constant, equals, isPresent, slice, toText } from "as-proxy-wasm-sdk/assembly";
import { Kind, NO_NODE, Node, after, countOf, firstOf, kindOf, member } from "../json/tape";
import { compileAuthorizationPolicy } from "./authorization-policy";
import { Compiled, textMember } from "./compile";
import { affordsIndex } from "./memory-need";
import { Problems } from "./problems";
import { compileRequestAuthentication } from "./request-authentication";
import { compilePeerAuthentication } from "./peer-authentication";
import {
  authorizationPolicySpec,
  peerAuthenticationSpec,
  requestAuthenticationSpec,
  resource,
} from "./shapes";
import { checkName } from "./names";
import { Validator, quoted } from "./validate";
import { checkSelector } from "./selector";
import { Workload } from "./workload";

const RESOURCES = constant("resources");
const API_VERSION = constant("apiVersion");
const KIND = constant("kind");
const METADATA = constant("metadata");
const NAME = constant("name");
const NAMESPACE = constant("namespace");
export const SPEC = constant("spec");
const SELECTOR = constant("selector");
/** Bytes of the longest name that Kubernetes takes. */
const MAX_NAME: usize = 253;
/** What a resource takes by itself, as values in an index of rules; one more for each that is known to be there. */
const RESOURCE_VALUES: i32 = 1024;
const AUTHORIZATION_POLICY = constant("AuthorizationPolicy");
const REQUEST_AUTHENTICATION = constant("RequestAuthentication");
const PEER_AUTHENTICATION = constant("PeerAuthentication");
const V1 = constant("security.istio.io/v1");
const V1BETA1 = constant("security.istio.io/v1beta1");

/** A resource whose shape is sound. */
export class Resource {
  constructor(
    readonly name: Span,
    readonly namespace: Span,
    /** NO_NODE when absent. */
    readonly spec: Node,
    readonly metadata: Node,
    /** Whether it concerns this workload. */
    readonly applies: bool,
    /** Whether it stands in the root namespace. */
    readonly isInRoot: bool,
  ) {}
}

/** Compiles the list into `compiled`; problems are reported with the resource and the path. */
export function compileResources(
  list: Node,
  workload: Workload,
  compiled: Compiled,
  problems: Problems,
): void {
  if (list != NO_NODE && kindOf(list) != Kind.Array && kindOf(list) != Kind.Null) {
    problems.addAt(RESOURCES, "must be a list");
    return;
  }
  const seen = new Set<string>();
  let node = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    const kind = textMember(node, KIND);
    const metadata = member(node, METADATA);
    const name = textMember(metadata, NAME);
    const namespace = textMember(metadata, NAMESPACE);
    problems.about(subjectOf(i, kind, namespace, name));
    // What is made of a resource itself; its rules are reckoned one by one.
    if (!affordsIndex(RESOURCE_VALUES + i, problems)) return;
    if (isSound(node, kind, problems)) {
      const key = toText(kind) + " " + toText(namespace) + "/" + toText(name);
      if (seen.has(key)) problems.add("is there twice");
      seen.add(key);
      const spec = member(node, SPEC);
      const selector = member(spec, SELECTOR);
      problems.enter(SPEC);
      checkSelector(selector, problems);
      problems.leave();
      const isInRoot = equals(namespace, compiled.rootNamespace);
      const applies =
        (isInRoot || equals(namespace, workload.namespace)) && workload.isSelectedBy(selector);
      const sound = new Resource(name, namespace, spec, metadata, applies, isInRoot);
      if (equals(kind, AUTHORIZATION_POLICY)) {
        compileAuthorizationPolicy(sound, compiled, problems);
      } else if (equals(kind, PEER_AUTHENTICATION)) {
        compilePeerAuthentication(sound, compiled, problems);
      } else {
        compileRequestAuthentication(sound, compiled, problems);
      }
    }
    if (problems.isOutOfMemory) return;
    node = after(node);
  }
  problems.about("");
}

/** `resources[1] AuthorizationPolicy foo/bar`, as far as it is known. */
function subjectOf(index: i32, kind: Span, namespace: Span, name: Span): string {
  let subject = "resources[" + index.toString() + "]";
  if (isPresent(kind)) subject += " " + nameText(kind);
  if (isPresent(namespace) && isPresent(name)) {
    subject += " " + nameText(namespace) + "/" + nameText(name);
  }
  return subject;
}

/** As much of a name as any may have. */
function nameText(name: Span): string {
  return toText(slice(name, 0, MAX_NAME));
}

function isSound(node: Node, kind: Span, problems: Problems): bool {
  const before = problems.count;
  const validator = new Validator(problems);
  if (!validator.validate(node, resource, "resource")) return false;
  const version = textMember(node, API_VERSION);
  if (!equals(version, V1) && !equals(version, V1BETA1)) {
    problems.addAt(API_VERSION, 'must be "security.istio.io/v1" or "security.istio.io/v1beta1"');
  }
  const metadata = member(node, METADATA);
  problems.enter(METADATA);
  checkName(NAME, textMember(metadata, NAME), true, problems);
  checkName(NAMESPACE, textMember(metadata, NAMESPACE), false, problems);
  problems.leave();
  const spec = member(node, SPEC);
  problems.enter(SPEC);
  if (equals(kind, AUTHORIZATION_POLICY)) {
    if (isThere(spec)) validator.validate(spec, authorizationPolicySpec, "spec");
  } else if (equals(kind, REQUEST_AUTHENTICATION)) {
    if (isThere(spec)) validator.validate(spec, requestAuthenticationSpec, "spec");
  } else if (equals(kind, PEER_AUTHENTICATION)) {
    if (isThere(spec)) validator.validate(spec, peerAuthenticationSpec, "spec");
  } else {
    problems.leave();
    problems.enter(KIND);
    if (!isPresent(kind)) problems.add("missing");
    else problems.add("unknown kind " + quoted(kind));
  }
  problems.leave();
  return problems.count == before;
}

function isThere(node: Node): bool {
  return node != NO_NODE && kindOf(node) != Kind.Null;
}
