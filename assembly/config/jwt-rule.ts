// `jwtRules[]` of a RequestAuthentication → JwtRule, with what Istio's webhook and CRD refuse of it.
import {
  EMPTY,
  Region,
  Span,
  byteAt,
  constant,
  equals,
  indexOf,
  isPresent,
  lengthOf,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { JwtRule } from "../authn/jwt-rule";
import { parseJwks } from "../authn/jwks";
import { InlineKeys, KeySource } from "../authn/key-source";
import { remoteKeySet } from "../authn/key-sets";
import { RemoteKeySet } from "../authn/remote-key-set";
import { TokenOutputs } from "../authn/token-outputs";
import { Kind, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { Compiled, textMember } from "./compile";
import { lowerCase } from "./condition-values";
import { settingsOf } from "./issuer-settings";
import { DEFAULT_TIMEOUT, JwksSettings, readTimeout } from "./jwks-settings";
import { affords } from "./memory-need";
import { Problems } from "./problems";
import { parseUri } from "./uri";

const ISSUER = constant("issuer");
const JWKS = constant("jwks");
const JWKS_URI = constant("jwksUri");
const JWKS_URI_ALIAS = constant("jwks_uri");
const TIMEOUT = constant("timeout");
const FORWARD = constant("forwardOriginalToken");
const AUDIENCES = constant("audiences");
const FROM_HEADERS = constant("fromHeaders");
const NAME = constant("name");
const PREFIX = constant("prefix");
const FROM_PARAMS = constant("fromParams");
const FROM_COOKIES = constant("fromCookies");
const OUTPUT_PAYLOAD = constant("outputPayloadToHeader");
const OUTPUT_CLAIMS = constant("outputClaimToHeaders");
const HEADER = constant("header");
const CLAIM = constant("claim");
const SPACE_DELIMITED = constant("spaceDelimitedClaims");

const MAX_SPACE_DELIMITED: i32 = 64;
/** RFC 9110 §5.6.2: what the name of any header may have beside letters and digits. */
const TOKEN_MARKS = constant("!#$%&'*+-.^_`|~");
/** What the CRD lets the name of a header have that gets a claim. */
const CLAIM_HEADER_MARKS = constant("-_");
/** What the CRD allows. */
const MAX_URI: usize = 2048;

/** Validates a rule; the rule, where it `applies` and nothing is wrong with it. */
export function compileJwtRule(
  node: Node,
  applies: bool,
  compiled: Compiled,
  problems: Problems,
): JwtRule | null {
  const before = problems.count;
  if (!affords(node, problems)) return null;
  const region = compiled.region;
  const timeout = checkKeys(node, problems);
  checkTexts(node, AUDIENCES, "audience must be non-empty string", problems);
  checkTexts(node, FROM_PARAMS, "location query must be non-empty string", problems);
  checkTexts(node, FROM_COOKIES, "cookie name must be non-empty string", problems);
  checkTexts(node, SPACE_DELIMITED, "must not be empty", problems);
  if (countOf(member(node, SPACE_DELIMITED)) > MAX_SPACE_DELIMITED) {
    problems.addAt(SPACE_DELIMITED, "must have at most 64 items");
  }
  checkHeaders(node, problems);
  checkOutputs(node, problems);
  const settings = settingsOf(issuerOf(node), compiled.issuers);
  if (settings !== null) settings.isNamed = true;
  if (problems.count != before) return null;

  const jwks = textMember(node, JWKS);
  let source: KeySource;
  let remote: RemoteKeySet | null = null;
  if (isPresent(jwks)) {
    const keys = inlineKeys(node, jwks, applies, compiled, problems);
    if (keys === null || !applies) return null;
    source = keys;
  } else {
    if (!applies) return null;
    remote = remoteKeys(uriOf(node), timeout, compiled);
    source = remote;
  }
  const rule = new JwtRule(region.keep(issuerOf(node)), outputsOf(node, compiled), source, remote);
  rule.clockSkew = compiled.clockSkew;
  rule.forward = compiled.forwardsTokens || kindOf(member(node, FORWARD)) == Kind.True;
  fillLocations(node, rule, region);
  const audiences = member(node, AUDIENCES);
  let audience = firstOf(audiences);
  for (let i = countOf(audiences); i > 0; i--) {
    rule.audiences.add(region.keep(textOf(audience)));
    audience = after(audience);
  }
  const spaceDelimited = member(node, SPACE_DELIMITED);
  let claim = firstOf(spaceDelimited);
  for (let i = countOf(spaceDelimited); i > 0; i--) {
    rule.spaceDelimited.push(region.keep(textOf(claim)));
    claim = after(claim);
  }
  if (settings !== null) settings.applyTo(rule);
  return rule;
}

/** `issuer`, of no bytes when there is none: so it is named in `issuers`. */
function issuerOf(node: Node): Span {
  const issuer = textMember(node, ISSUER);
  return isPresent(issuer) ? issuer : EMPTY;
}

/** `jwksUri`, by either of its names; ABSENT when there is none. */
function uriOf(node: Node): Span {
  const uri = textMember(node, JWKS_URI);
  return isPresent(uri) ? uri : textMember(node, JWKS_URI_ALIAS);
}

/** Where the keys come from; returns the timeout of a fetch in nanoseconds. */
function checkKeys(node: Node, problems: Problems): i64 {
  const issuer = textMember(node, ISSUER);
  const jwks = textMember(node, JWKS);
  const uri = uriOf(node);
  const hasUri = lengthOf(uri) > 0;
  const hasJwks = lengthOf(jwks) > 0;
  if (isPresent(issuer) ? lengthOf(issuer) == 0 : !hasUri) {
    problems.addAt(ISSUER, "issuer or jwksUri must be non-empty string");
  }
  if (isPresent(textMember(node, JWKS_URI)) && isPresent(textMember(node, JWKS_URI_ALIAS))) {
    problems.addAt(JWKS_URI_ALIAS, "is another name of jwksUri; set one of them");
  }
  if (isPresent(uri) && !hasUri) problems.addAt(JWKS_URI, "must not be empty");
  if (lengthOf(uri) > MAX_URI) problems.addAt(JWKS_URI, "must have at most 2048 characters");
  if (isPresent(uri) && isPresent(jwks))
    problems.addAt(JWKS, "only one of jwks or jwksUri can be set");
  if (!hasUri && !hasJwks) {
    problems.addAt(JWKS_URI, "missing: OpenID discovery is not supported; set jwksUri or jwks");
  }
  if (hasUri) {
    const parsed = parseUri(uri);
    if (parsed.error.length > 0) problems.addAt(JWKS_URI, parsed.error);
  }
  const timeout = textMember(node, TIMEOUT);
  return isPresent(timeout) ? readTimeout(timeout, TIMEOUT, problems) : DEFAULT_TIMEOUT;
}

function checkTexts(node: Node, key: Span, message: string, problems: Problems): void {
  const list = member(node, key);
  problems.enter(key);
  let element = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    if (lengthOf(textOf(element)) == 0) {
      problems.enterIndex(i);
      problems.add(message);
      problems.leave();
    }
    element = after(element);
  }
  problems.leave();
}

function checkHeaders(node: Node, problems: Problems): void {
  const list = member(node, FROM_HEADERS);
  const missing = "location header name must be non-empty string";
  problems.enter(FROM_HEADERS);
  let element = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    problems.enterIndex(i);
    checkHeaderName(element, NAME, TOKEN_MARKS, missing, problems);
    problems.leave();
    element = after(element);
  }
  problems.leave();
}

function checkOutputs(node: Node, problems: Problems): void {
  const payload = textMember(node, OUTPUT_PAYLOAD);
  if (lengthOf(payload) > 0) checkHeaderName(node, OUTPUT_PAYLOAD, TOKEN_MARKS, "", problems);
  const list = member(node, OUTPUT_CLAIMS);
  const missing = "outputClaimToHeaders header and claim value must be non-empty string";
  problems.enter(OUTPUT_CLAIMS);
  let element = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    problems.enterIndex(i);
    checkHeaderName(element, HEADER, CLAIM_HEADER_MARKS, missing, problems);
    if (lengthOf(textMember(element, CLAIM)) == 0) problems.addAt(CLAIM, missing);
    problems.leave();
    element = after(element);
  }
  problems.leave();
}

/** `marks`: what the name may have beside letters and digits. */
function checkHeaderName(
  node: Node,
  key: Span,
  marks: Span,
  missing: string,
  problems: Problems,
): void {
  const name = textMember(node, key);
  if (lengthOf(name) == 0) {
    problems.addAt(key, missing);
    return;
  }
  for (let i: usize = 0; i < lengthOf(name); i++) {
    const c = byteAt(name, i);
    const lower = c | 0x20;
    const isLetter = lower >= 0x61 && lower <= 0x7a;
    if (isLetter || c - 0x30 <= 9 || indexOf(marks, c, 0) >= 0) continue;
    problems.addAt(key, "header name " + toText(name) + " is not a valid header name");
    return;
  }
}

function inlineKeys(
  node: Node,
  jwks: Span,
  applies: bool,
  compiled: Compiled,
  problems: Problems,
): KeySource | null {
  const set = parseJwks(jwks, compiled.minRsaKeyBits);
  if (set.error.length > 0) {
    problems.addAt(JWKS, "jwks parse error: " + set.error);
    for (let i = 0; i < set.warnings.length; i++) problems.addAt(JWKS, set.warnings[i]);
    return null;
  }
  if (!applies) return null;
  for (let i = 0; i < set.warnings.length; i++) {
    compiled.warnings.push("jwks: " + toText(textMember(node, ISSUER)) + ": " + set.warnings[i]);
  }
  if (set.needsHost) compiled.needsHostSignatures = true;
  return new InlineKeys(set);
}

function remoteKeys(uri: Span, timeout: i64, compiled: Compiled): RemoteKeySet {
  const parsed = parseUri(uri);
  let settings = new JwksSettings();
  for (let i = 0; i < compiled.jwks.length; i++) {
    if (equals(compiled.jwks[i].uri, uri)) settings = compiled.jwks[i];
  }
  const cluster =
    settings.cluster.length > 0
      ? settings.cluster
      : "outbound|" + parsed.port.toString() + "||" + parsed.host;
  const set = remoteKeySet(cluster, parsed, compiled.minRsaKeyBits);
  const longest = settings.timeout == 0 ? timeout : settings.timeout;
  compiled.needs(set, settings.refresh, longest, settings.cooldown);
  compiled.needsHostSignatures = true;
  return set;
}

function outputsOf(node: Node, compiled: Compiled): TokenOutputs {
  const outputs = new TokenOutputs(compiled.joinsLists);
  const payload = textMember(node, OUTPUT_PAYLOAD);
  if (lengthOf(payload) > 0) outputs.setPayloadHeader(lowerCase(toText(payload), compiled.region));
  const list = member(node, OUTPUT_CLAIMS);
  let element = firstOf(list);
  for (let i = countOf(list); i > 0; i--) {
    const path = claimPath(toText(textMember(element, CLAIM)), compiled.region);
    outputs.addClaim(lowerCase(toText(textMember(element, HEADER)), compiled.region), path);
    element = after(element);
  }
  return outputs;
}

function fillLocations(node: Node, rule: JwtRule, region: Region): void {
  const headers = member(node, FROM_HEADERS);
  let element = firstOf(headers);
  for (let i = countOf(headers); i > 0; i--) {
    const prefix = textMember(element, PREFIX);
    rule.locations.addHeader(
      lowerCase(toText(textMember(element, NAME)), region),
      isPresent(prefix) ? region.keep(prefix) : EMPTY,
    );
    element = after(element);
  }
  const parameters = member(node, FROM_PARAMS);
  element = firstOf(parameters);
  for (let i = countOf(parameters); i > 0; i--) {
    rule.locations.addParameter(region.keep(textOf(element)));
    element = after(element);
  }
  const cookies = member(node, FROM_COOKIES);
  element = firstOf(cookies);
  for (let i = countOf(cookies); i > 0; i--) {
    rule.locations.addCookie(region.keep(textOf(element)));
    element = after(element);
  }
  rule.locations.finish();
}

/** The names that lead to a claim: Envoy takes every dot for a step into an object. They live in `region`. */
export function claimPath(dotted: string, region: Region): StaticArray<Span> {
  const names = dotted.split(".");
  const path = new StaticArray<Span>(names.length);
  for (let i = 0; i < names.length; i++) path[i] = region.text(names[i]);
  return path;
}
