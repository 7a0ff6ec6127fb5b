// RequestAuthentication → JwtRule.
import {
  Span,
  constant,
  equals,
  isPresent,
  keep,
  lengthOf,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { parseJwks } from "../authn/jwks";
import { JwtRule } from "../authn/jwt-rule";
import { InlineKeys, KeySource } from "../authn/key-source";
import { remoteKeySet } from "../authn/key-sets";
import { RemoteKeySet } from "../authn/remote-key-set";
import { TokenCache } from "../authn/token-cache";
import { Kind, Node, after, countOf, firstOf, kindOf, member } from "../json/tape";
import { DEFAULT_MIN_RSA_BITS } from "../limits";
import { RequestMetrics } from "../metrics";
import { checkDryRun } from "./annotations";
import { Compiled, textMember } from "./compile";
import { DEFAULT_TIMEOUT, JwksSettings, readTimeout } from "./jwks-settings";
import { Problems } from "./problems";
import { Resource } from "./resources";
import { parseUri } from "./uri";

const JWT_RULES = constant("jwtRules");
const ISSUER = constant("issuer");
const JWKS = constant("jwks");
const JWKS_URI = constant("jwksUri");
const TIMEOUT = constant("timeout");
const FORWARD = constant("forwardOriginalToken");

/** Validates the resource, and compiles its rules where it applies. */
export function compileRequestAuthentication(
  resource: Resource,
  compiled: Compiled,
  metrics: RequestMetrics,
  problems: Problems,
): void {
  checkDryRun(resource.metadata, problems);
  const rules = member(resource.spec, JWT_RULES);
  problems.enter(JWT_RULES);
  let node = firstOf(rules);
  for (let i = 0; i < countOf(rules); i++) {
    problems.enterIndex(i);
    const before = problems.count;
    const timeout = checkRule(node, problems);
    if (problems.count == before) {
      if (resource.applies && compiled.rule !== null) {
        problems.add("several JWT rules for one workload are not supported yet");
      } else {
        const rule = compileRule(node, timeout, resource.applies, compiled, metrics, problems);
        if (rule !== null) compiled.rule = rule;
      }
    }
    problems.leave();
    node = after(node);
  }
  problems.leave();
}

/** Validates one rule; returns its timeout in nanoseconds. */
function checkRule(node: Node, problems: Problems): i64 {
  const issuer = textMember(node, ISSUER);
  const jwks = textMember(node, JWKS);
  const uri = textMember(node, JWKS_URI);
  const hasUri = isPresent(uri) && lengthOf(uri) > 0;
  const hasJwks = isPresent(jwks) && lengthOf(jwks) > 0;
  if (!isPresent(issuer) || lengthOf(issuer) == 0) {
    problems.addAt(
      ISSUER,
      hasUri
        ? "a rule without issuer is not supported yet"
        : "issuer or jwksUri must be non-empty string",
    );
  }
  if (hasUri && hasJwks) problems.addAt(JWKS, "only one of jwks or jwksUri can be set");
  if (!hasUri && !hasJwks) {
    problems.addAt(JWKS_URI, "missing: OpenID discovery is not supported yet; set jwksUri or jwks");
  }
  if (hasUri) {
    const parsed = parseUri(uri);
    if (parsed.error.length > 0) problems.addAt(JWKS_URI, parsed.error);
  }
  const timeout = textMember(node, TIMEOUT);
  return isPresent(timeout) ? readTimeout(timeout, TIMEOUT, problems) : DEFAULT_TIMEOUT;
}

/** Compiles a rule that `checkRule` found sound; null where it does not apply, or where its keys are no good. */
function compileRule(
  node: Node,
  timeout: i64,
  applies: bool,
  compiled: Compiled,
  metrics: RequestMetrics,
  problems: Problems,
): JwtRule | null {
  let source: KeySource;
  let remote: RemoteKeySet | null = null;
  const jwks = textMember(node, JWKS);
  if (isPresent(jwks) && lengthOf(jwks) > 0) {
    const set = parseJwks(jwks, DEFAULT_MIN_RSA_BITS);
    if (set.error.length > 0) {
      problems.addAt(JWKS, "jwks parse error: " + set.error);
      for (let i = 0; i < set.warnings.length; i++) problems.addAt(JWKS, set.warnings[i]);
      return null;
    }
    if (!applies) {
      set.free();
      return null;
    }
    for (let i = 0; i < set.warnings.length; i++) {
      compiled.warnings.push("jwks: " + toText(textMember(node, ISSUER)) + ": " + set.warnings[i]);
    }
    source = new InlineKeys(set);
  } else {
    if (!applies) return null;
    const uri = textMember(node, JWKS_URI);
    const settings = settingsFor(uri, compiled.jwks);
    const parsed = parseUri(uri);
    const cluster =
      settings !== null && settings.cluster.length > 0
        ? settings.cluster
        : "outbound|" + parsed.port.toString() + "||" + parsed.host;
    const set = remoteKeySet(cluster, parsed);
    compiled.remote = set;
    compiled.refresh = settings === null ? new JwksSettings().refresh : settings.refresh;
    compiled.timeout = settings === null || settings.timeout == 0 ? timeout : settings.timeout;
    remote = set;
    source = set;
  }
  return new JwtRule(
    keep(textMember(node, ISSUER)),
    kindOf(member(node, FORWARD)) == Kind.True,
    source,
    remote,
    new TokenCache(compiled.cachedTokens, compiled.cachedBytes),
    compiled.clockSkew,
    metrics,
  );
}

function settingsFor(uri: Span, all: JwksSettings[]): JwksSettings | null {
  for (let i = 0; i < all.length; i++) {
    if (equals(all[i].uri, uri)) return all[i];
  }
  return null;
}
