// `issuers[]` of the plugin configuration: what Istio's RequestAuthentication has no field for, by the issuer of the rule.
import {
  Region,
  Span,
  constant,
  equals,
  isPresent,
  lengthOf,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { Binding, JwtRule } from "../authn/jwt-rule";
import { StringMatcher } from "../authz/string-matcher";
import { Kind, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { textMember } from "./compile";
import { NO_DURATION, parseDuration } from "./duration";
import { Problems } from "./problems";

const ISSUERS = constant("issuers");
const ISSUER = constant("issuer");
const CLOCK_SKEW = constant("clockSkew");
const REQUIRE_EXPIRATION = constant("requireExpiration");
const MAX_LIFETIME = constant("maxLifetime");
const SUBJECTS = constant("subjects");
const CERTIFICATE_BINDING = constant("certificateBinding");
const IGNORE = constant("IGNORE");
const IF_PRESENT = constant("IF_PRESENT");
const REQUIRE = constant("REQUIRE");

/** The settings of one issuer. */
export class IssuerSettings {
  issuer: Span = 0;
  /** In nanoseconds, or NO_DURATION: the plugin's. */
  clockSkew: i64 = NO_DURATION;
  requiresExpiration: bool = false;
  /** In nanoseconds; 0: no bound. */
  maxLifetime: i64 = 0;
  subjects: StringMatcher[] = [];
  binding: i32 = Binding.Ignore;
  /** Whether any rule, of this workload or another, is for this issuer. */
  isNamed: bool = false;

  /** Hands the settings to a rule of this issuer. */
  applyTo(rule: JwtRule): void {
    if (this.clockSkew != NO_DURATION) rule.clockSkew = this.clockSkew;
    rule.requiresExpiration = this.requiresExpiration;
    rule.maxLifetime = this.maxLifetime;
    for (let i = 0; i < this.subjects.length; i++) rule.subjects.push(this.subjects[i]);
    rule.binding = this.binding;
  }
}

/** Reads the list; problems are reported with their paths. What is kept of it lives in `region`. */
export function readIssuerSettings(
  list: Node,
  region: Region,
  problems: Problems,
): IssuerSettings[] {
  const all: IssuerSettings[] = [];
  problems.enter(ISSUERS);
  let node = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    problems.enterIndex(i);
    all.push(readOne(node, all, region, problems));
    problems.leave();
    node = after(node);
  }
  problems.leave();
  return all;
}

function readOne(
  node: Node,
  before: IssuerSettings[],
  region: Region,
  problems: Problems,
): IssuerSettings {
  const settings = new IssuerSettings();
  const issuer = textMember(node, ISSUER);
  // Of no bytes: the rules without issuer.
  if (!isPresent(issuer)) problems.addAt(ISSUER, "missing");
  settings.issuer = issuer;
  if (settingsOf(issuer, before) !== null) problems.addAt(ISSUER, "is listed twice");
  settings.clockSkew = durationAt(node, CLOCK_SKEW, NO_DURATION, problems);
  settings.requiresExpiration = kindOf(member(node, REQUIRE_EXPIRATION)) == Kind.True;
  settings.maxLifetime = durationAt(node, MAX_LIFETIME, 0, problems);
  if (isPresent(textMember(node, MAX_LIFETIME)) && settings.maxLifetime < 1_000_000_000) {
    problems.addAt(MAX_LIFETIME, 'must be a duration of at least "1s"');
  }
  const subjects = member(node, SUBJECTS);
  problems.enter(SUBJECTS);
  let subject = firstOf(subjects);
  for (let i = 0; i < countOf(subjects); i++) {
    problems.enterIndex(i);
    if (lengthOf(textOf(subject)) == 0) problems.add("empty value not allowed");
    problems.leave();
    settings.subjects.push(StringMatcher.of(toText(textOf(subject)), region));
    subject = after(subject);
  }
  if (kindOf(subjects) == Kind.Array && countOf(subjects) == 0) problems.add("must not be empty");
  problems.leave();
  const binding = textMember(node, CERTIFICATE_BINDING);
  if (equals(binding, REQUIRE)) settings.binding = Binding.Require;
  else if (equals(binding, IF_PRESENT)) settings.binding = Binding.IfPresent;
  else if (isPresent(binding) && !equals(binding, IGNORE)) {
    problems.addAt(CERTIFICATE_BINDING, "must be IGNORE, IF_PRESENT or REQUIRE");
  }
  return settings;
}

function durationAt(node: Node, key: Span, otherwise: i64, problems: Problems): i64 {
  const text = textMember(node, key);
  if (!isPresent(text)) return otherwise;
  const value = parseDuration(text);
  if (value == NO_DURATION) {
    problems.addAt(key, 'must be a duration such as "60s", not negative');
  }
  return value;
}

/** The settings for this issuer, or null. */
export function settingsOf(issuer: Span, all: IssuerSettings[]): IssuerSettings | null {
  for (let i = 0; i < all.length; i++) {
    if (equals(all[i].issuer, issuer)) return all[i];
  }
  return null;
}

/** Reports settings for an issuer that no rule names: a typo would leave them without effect. */
export function checkNamed(all: IssuerSettings[], problems: Problems): void {
  problems.enter(ISSUERS);
  for (let i = 0; i < all.length; i++) {
    if (all[i].isNamed) continue;
    problems.enterIndex(i);
    problems.addAt(ISSUER, "no jwtRule of any RequestAuthentication has this issuer");
    problems.leave();
  }
  problems.leave();
}
