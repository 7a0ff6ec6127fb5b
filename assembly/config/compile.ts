// The plugin configuration, compiled: validated as a whole, then reduced to what applies to this workload.
import {
  ABSENT,
  Span,
  addressOf,
  constant,
  isPresent,
  lengthOf,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { JwtRule } from "../authn/jwt-rule";
import { RemoteKeySet } from "../authn/remote-key-set";
import { Rule } from "../authz/rule";
import { wholeNumberOf } from "../json/number";
import { errorOffset, parseJson } from "../json/parser";
import { Kind, NO_NODE, Node, kindOf, member, textOf } from "../json/tape";
import {
  DEFAULT_CACHED_BYTES,
  DEFAULT_CACHED_TOKENS,
  MAX_CACHED_BYTES,
  MAX_CACHED_TOKENS,
} from "../limits";
import { RequestMetrics } from "../metrics";
import { NO_DURATION, parseDuration } from "./duration";
import { JwksSettings, readJwksSettings } from "./jwks-settings";
import { Problems } from "./problems";
import { compileResources } from "./resources";
import { pluginConfiguration } from "./shapes";
import { Validator } from "./validate";
import { Workload } from "./workload";

const ROOT_NAMESPACE = constant("rootNamespace");
const TRUST_DOMAIN = constant("trustDomain");
const CLOCK_SKEW = constant("clockSkew");
const JWKS = constant("jwks");
const TOKEN_CACHE = constant("tokenCache");
const MAX_TOKENS = constant("maxTokens");
const MAX_BYTES = constant("maxBytes");
const RESOURCES = constant("resources");
const DEFAULT_ROOT_NAMESPACE = constant("istio-system");

/** Istio's: 60 s. */
const DEFAULT_CLOCK_SKEW: i64 = 60_000_000_000;

/** What a plugin enforces, and the settings that its compilation needs. */
export class Compiled {
  /** Lines for the log: nothing is wrong, but somebody should know. */
  warnings: string[] = [];
  /** The one JWT rule that applies, or null. */
  rule: JwtRule | null = null;
  /** The rules of the DENY policies that apply. */
  deny: Rule[] = [];
  /** The key set to fetch, with refresh and timeout in nanoseconds, or null. */
  remote: RemoteKeySet | null = null;
  refresh: u64 = 0;
  timeout: u64 = 0;

  rootNamespace: Span = DEFAULT_ROOT_NAMESPACE;
  /** The port that policies see, or 0 for the connection's own. */
  containerPort: i32 = 0;
  /** In nanoseconds. */
  clockSkew: u64 = DEFAULT_CLOCK_SKEW;
  cachedTokens: u32 = DEFAULT_CACHED_TOKENS;
  cachedBytes: u32 = DEFAULT_CACHED_BYTES;
  jwks: JwksSettings[] = [];
}

const STRUCT_HINT =
  "; did you mean google.protobuf.StringValue? Envoy passes a google.protobuf.Struct in binary form";

/** Compiles a configuration; null when anything is wrong with it, and then `problems` says what. */
export function compile(text: Span, metrics: RequestMetrics, problems: Problems): Compiled | null {
  const root = parseJson(text);
  if (root == NO_NODE) {
    let message = "not valid JSON, at byte " + errorOffset.toString();
    if (looksLikeStruct(text)) message += STRUCT_HINT;
    problems.add(message);
    return null;
  }
  new Validator(problems).validate(root, pluginConfiguration, "configuration");
  if (problems.count > 0) return null;

  const compiled = new Compiled();
  const workload = readSettings(root, compiled, problems);
  compileResources(member(root, RESOURCES), workload, compiled, metrics, problems);
  return problems.count == 0 ? compiled : null;
}

function readSettings(root: Node, compiled: Compiled, problems: Problems): Workload {
  const namespace = member(root, ROOT_NAMESPACE);
  if (kindOf(namespace) == Kind.String) {
    compiled.rootNamespace = textOf(namespace);
    if (toText(textOf(namespace)).length == 0) problems.addAt(ROOT_NAMESPACE, "must not be empty");
  }
  const trustDomain = member(root, TRUST_DOMAIN);
  if (kindOf(trustDomain) == Kind.String && toText(textOf(trustDomain)).length == 0) {
    problems.addAt(TRUST_DOMAIN, "must not be empty");
  }
  const skew = member(root, CLOCK_SKEW);
  if (kindOf(skew) == Kind.String) {
    const value = parseDuration(textOf(skew));
    if (value == NO_DURATION) {
      problems.addAt(CLOCK_SKEW, 'must be a duration such as "60s", not negative');
    } else {
      compiled.clockSkew = value;
    }
  }
  compiled.jwks = readJwksSettings(member(root, JWKS), problems);
  const cache = member(root, TOKEN_CACHE);
  problems.enter(TOKEN_CACHE);
  compiled.cachedTokens = bounded(
    cache,
    MAX_TOKENS,
    compiled.cachedTokens,
    MAX_CACHED_TOKENS,
    problems,
  );
  compiled.cachedBytes = bounded(
    cache,
    MAX_BYTES,
    compiled.cachedBytes,
    MAX_CACHED_BYTES,
    problems,
  );
  problems.leave();
  const workload = Workload.read(root, problems);
  compiled.containerPort = workload.containerPort;
  return workload;
}

function bounded(node: Node, key: Span, otherwise: u32, most: u32, problems: Problems): u32 {
  const number = member(node, key);
  if (kindOf(number) != Kind.Number) return otherwise;
  const value = wholeNumberOf(textOf(number));
  if (value <= most) return value;
  problems.addAt(key, "must be a whole number from 0 to " + most.toString());
  return otherwise;
}

/** The text of a string member, or ABSENT. */
export function textMember(node: Node, key: Span): Span {
  const value = member(node, key);
  return kindOf(value) == Kind.String ? textOf(value) : ABSENT;
}

/** Whether a member is a string that is not empty. */
export function hasText(node: Node, key: Span): bool {
  const text = textMember(node, key);
  return isPresent(text) && toText(text).length > 0;
}

/** Envoy 1.40 hands a google.protobuf.Struct over as it is on the wire: field 1, a length, and no JSON. */
function looksLikeStruct(text: Span): bool {
  return lengthOf(text) > 1 && load<u8>(addressOf(text)) == 0x0a && errorOffset == 1;
}
