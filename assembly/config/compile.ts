// The plugin configuration, compiled: validated as a whole, then reduced to what applies to this workload.
import {
  ABSENT,
  Region,
  Span,
  addressOf,
  constant,
  equals,
  isPresent,
  lengthOf,
  memoryEnded,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { Authenticator } from "../authn/authenticator";
import { ClaimState } from "../authn/claim-state";
import { JwtRule } from "../authn/jwt-rule";
import { RemoteKeySet } from "../authn/remote-key-set";
import { TokenCache } from "../authn/token-cache";
import { AuthorizationEngine, Policies } from "../authz/engine";
import { wholeNumberOf } from "../json/number";
import { errorOffset, parseJson } from "../json/parser";
import { compareBytes } from "../bytes/compare";
import { hostVerifiesSignatures } from "../crypto/self-test";
import { Kind, NO_NODE, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import {
  DEFAULT_CACHED_BYTES,
  DEFAULT_CACHED_TOKENS,
  DEFAULT_MIN_RSA_BITS,
  MAX_CACHED_BYTES,
  MAX_CACHED_TOKENS,
  MAX_RSA_BITS,
  MIN_RSA_BITS,
} from "../limits";
import { RequestMetrics } from "../metrics";
import { FactSources } from "../peer/fact-sources";
import { PeerAuthentication } from "../peer/peer-authentication";
import { Xfcc } from "../peer/xfcc";
import { ExtAuthzProvider } from "../ext-authz/provider";
import { readConnectionFacts } from "./connection-facts";
import { NO_DURATION, parseDuration } from "./duration";
import { NamedProvider, readExtensionProviders } from "./extension-providers";
import { RuleContext } from "./conditions";
import { IssuerSettings, checkNamed, readIssuerSettings } from "./issuer-settings";
import { JwksSettings, readJwksSettings } from "./jwks-settings";
import { claimPath } from "./jwt-rule";
import { PeerScopes } from "./peer-authentication";
import { RESET, readPeerRejection } from "./peer-rejection";
import { affords, affordsIndex, affordsOperation } from "./memory-need";
import { Problems } from "./problems";
import { compileResources } from "./resources";
import { pluginConfiguration } from "./shapes";
import { Validator } from "./validate";
import { Protocol, Workload } from "./workload";
import { readXfcc } from "./xfcc";

const ROOT_NAMESPACE = constant("rootNamespace");
const TRUST_DOMAIN = constant("trustDomain");
const TRUST_DOMAIN_ALIASES = constant("trustDomainAliases");
const DEFAULT_TRUST_DOMAIN = "cluster.local";
const CLOCK_SKEW = constant("clockSkew");
const JWKS = constant("jwks");
const ISSUERS = constant("issuers");
const UNKNOWN_ISSUERS = constant("unknownIssuers");
const LIST_CLAIMS = constant("listClaims");
const MIN_RSA_KEY_BITS = constant("minRsaKeyBits");
const FILTER_STATE_CLAIMS = constant("filterStateClaims");
const TOKEN_CACHE = constant("tokenCache");
const MAX_TOKENS = constant("maxTokens");
const MAX_BYTES = constant("maxBytes");
const DEBUG_HEADERS = constant("debugHeaders");
const GUARD = constant("guard");
const FORWARD_ORIGINAL_TOKEN = constant("forwardOriginalToken");
const ALLOW_ON_HEADERS_STOP_ITERATION = constant("allowOnHeadersStopIteration");
const RESOURCES = constant("resources");
const ENFORCEMENT = constant("enforcement");
const SHADOW = constant("SHADOW");
const DEFAULT_ROOT_NAMESPACE = constant("istio-system");

/** Istio's: 60 s. */
const DEFAULT_CLOCK_SKEW: i64 = 60_000_000_000;

/** A key set to fetch, and how; in nanoseconds. */
export class RemoteNeed {
  constructor(
    readonly set: RemoteKeySet,
    readonly refresh: u64,
    public timeout: u64,
    readonly cooldown: u64,
  ) {}
}

/** A rule, and where it comes from: istiod lists the root namespace's first. */
class RankedRule {
  constructor(
    readonly rule: JwtRule,
    readonly isInRoot: bool,
    readonly position: i32,
  ) {}
}

/** What a plugin enforces, and the settings that its compilation needs. */
export class Compiled {
  /** Where every text lives that is kept of the configuration. */
  readonly region: Region = new Region();
  /** Lines for the log: nothing is wrong, but somebody should know. */
  warnings: string[] = [];
  /** The AuthorizationPolicies that apply, by action; those that are only tried apart. */
  deny: Policies = new Policies();
  allow: Policies = new Policies();
  audit: Policies = new Policies();
  dryRunDeny: Policies = new Policies();
  dryRunAllow: Policies = new Policies();
  custom: Policies = new Policies();
  /** The external authorizer of the CUSTOM policies that apply, or null. */
  extAuthz: ExtAuthzProvider | null = null;
  debugHeaders: bool = false;
  /** `guard` */
  marksPassed: bool = false;
  /** Whether every rule leaves its token in the request, whatever the rule says. */
  forwardsTokens: bool = false;
  /** Nothing is enforced. */
  isShadow: bool = false;
  /** All of `extensionProviders`. */
  providers: NamedProvider[] = [];
  /** The key sets to fetch, each once. */
  remotes: RemoteNeed[] = [];
  /** Whether tokens may come that only the host's `verify_signature` can verify. */
  needsHostSignatures: bool = false;

  rootNamespace: Span = DEFAULT_ROOT_NAMESPACE;
  /** The port that policies see, or 0 for the connection's own. */
  containerPort: i32 = 0;
  /** In nanoseconds. */
  clockSkew: u64 = DEFAULT_CLOCK_SKEW;
  cachedTokens: u32 = DEFAULT_CACHED_TOKENS;
  cachedBytes: u32 = DEFAULT_CACHED_BYTES;
  jwks: JwksSettings[] = [];
  /** The local trust domain, and its aliases. */
  trustDomains: string[] = [DEFAULT_TRUST_DOMAIN];
  /** Where the facts of a connection are found. */
  facts: FactSources = new FactSources();
  /** X-Forwarded-Client-Cert, or null where it is left alone. */
  xfcc: Xfcc | null = null;
  /** What plaintext gets under STRICT: RESET, or an HTTP status. */
  peerRejection: u32 = RESET;
  /** What the network filter has behind it. */
  protocol: i32 = Protocol.Undeclared;
  /** The ports whose connections the network filter judges; none: those of all. */
  tcpPorts: i32[] = [];
  /** The PeerAuthentications that apply. */
  peerScopes: PeerScopes = new PeerScopes();
  /** A gateway has its TLS from its listeners: PeerAuthentication says nothing of it. */
  isGateway: bool = false;
  issuers: IssuerSettings[] = [];
  minRsaKeyBits: i32 = DEFAULT_MIN_RSA_BITS;
  /** Whether output headers get lists as their elements joined by commas. */
  joinsLists: bool = false;
  ignoresUnknownIssuers: bool = false;
  claimStates: ClaimState[] = [];

  /** What is enforced of all this; made by `finish`. */
  peerAuthentication: PeerAuthentication = new PeerAuthentication();
  authorization: AuthorizationEngine = new AuthorizationEngine();
  private rules: RankedRule[] = [];

  /** Adds a JWT rule that applies. */
  addRule(rule: JwtRule, isInRoot: bool): void {
    this.rules.push(new RankedRule(rule, isInRoot, this.rules.length));
  }

  /** Asks for a key set. Two rules for one set have the settings of its URI, and the longer of their own timeouts. */
  needs(set: RemoteKeySet, refresh: u64, timeout: u64, cooldown: u64): void {
    for (let i = 0; i < this.remotes.length; i++) {
      const need = this.remotes[i];
      if (need.set !== set) continue;
      need.timeout = max(need.timeout, timeout);
      return;
    }
    this.remotes.push(new RemoteNeed(set, refresh, timeout, cooldown));
  }

  /** Whether the policies are for connections that carry no HTTP. */
  get isTcp(): bool {
    return this.protocol == Protocol.Tcp;
  }

  /** What the rules of a policy in this namespace can rely on. */
  ruleContext(namespace: string, isCustom: bool): RuleContext {
    const hasAddress = this.facts.directAddress != ABSENT;
    const hasUris = this.facts.hasIdentities;
    return new RuleContext(
      namespace,
      this.trustDomains,
      hasAddress,
      hasUris,
      isCustom,
      this.region,
    );
  }

  /** Makes what is enforced, where there is memory for it, and for the requests to come. */
  finish(problems: Problems): void {
    const most = max(this.deny.values, max(this.allow.values, this.custom.values));
    const tried = max(this.audit.values, max(this.dryRunDeny.values, this.dryRunAllow.values));
    if (!affordsIndex(max(most, tried), problems)) return;
    if (!this.isGateway) this.peerAuthentication = this.peerScopes.resolve();
    this.authorization = new AuthorizationEngine(
      this.deny,
      this.allow,
      this.audit,
      this.dryRunDeny,
      this.dryRunAllow,
      this.custom,
    );
    affordsOperation(problems);
  }

  /** The authenticator for all rules, in istiod's order: by issuer, then root namespace first, then as given. */
  authenticator(metrics: RequestMetrics): Authenticator {
    this.rules.sort(inOrder);
    const rules: JwtRule[] = [];
    for (let i = 0; i < this.rules.length; i++) rules.push(this.rules[i].rule);
    const tokens = rules.length == 0 ? 0 : this.cachedTokens;
    return new Authenticator(
      rules,
      new TokenCache(tokens, this.cachedBytes),
      metrics,
      this.ignoresUnknownIssuers,
      this.claimStates,
      this.isShadow,
    );
  }
}

function inOrder(a: RankedRule, b: RankedRule): i32 {
  const issuers = compareBytes(a.rule.issuer, b.rule.issuer);
  if (issuers != 0) return issuers;
  if (a.isInRoot != b.isInRoot) return a.isInRoot ? -1 : 1;
  return a.position - b.position;
}

/** Whether a configuration, wrong as it may be otherwise, says that nothing is to be enforced. */
export function saysShadow(text: Span): bool {
  return equals(textMember(parseJson(text), ENFORCEMENT), SHADOW);
}

const STRUCT_HINT =
  "; did you mean google.protobuf.StringValue? Envoy passes a google.protobuf.Struct in binary form";

const NO_HOST_SIGNATURES =
  "the host's verify_signature is missing or wrong, so tokens by RS* and ES* cannot be verified; it needs Envoy 1.40";

/** Compiles a configuration; null when anything is wrong with it, and then `problems` says what. */
export function compile(text: Span, problems: Problems): Compiled | null {
  const root = parseJson(text);
  if (root == NO_NODE && memoryEnded()) {
    problems.add("there is not enough memory to read it");
    return null;
  }
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
  compileResources(member(root, RESOURCES), workload, compiled, problems);
  checkNamed(compiled.issuers, problems);
  if (problems.count == 0) compiled.finish(problems);
  if (problems.count == 0 && compiled.needsHostSignatures && !hostVerifiesSignatures()) {
    problems.add(NO_HOST_SIGNATURES);
  }
  return problems.count == 0 ? compiled : null;
}

function readSettings(root: Node, compiled: Compiled, problems: Problems): Workload {
  // All but the resources, which are reckoned one by one.
  let key = firstOf(root);
  for (let i = countOf(root); i > 0; i--) {
    const value = after(key);
    if (!equals(textOf(key), RESOURCES) && !affords(value, problems)) return new Workload();
    key = after(value);
  }
  const namespace = member(root, ROOT_NAMESPACE);
  if (kindOf(namespace) == Kind.String) {
    compiled.rootNamespace = textOf(namespace);
    if (toText(textOf(namespace)).length == 0) problems.addAt(ROOT_NAMESPACE, "must not be empty");
  }
  const trustDomain = member(root, TRUST_DOMAIN);
  if (kindOf(trustDomain) == Kind.String && toText(textOf(trustDomain)).length == 0) {
    problems.addAt(TRUST_DOMAIN, "must not be empty");
  }
  if (kindOf(trustDomain) == Kind.String) compiled.trustDomains = [toText(textOf(trustDomain))];
  const aliases = member(root, TRUST_DOMAIN_ALIASES);
  problems.enter(TRUST_DOMAIN_ALIASES);
  let alias = firstOf(aliases);
  for (let i = 0; i < countOf(aliases); i++) {
    const text = toText(textOf(alias));
    if (text.length == 0 || text.includes("*")) {
      problems.enterIndex(i);
      problems.add("must be a trust domain, without wildcard");
      problems.leave();
    }
    if (!compiled.trustDomains.includes(text)) compiled.trustDomains.push(text);
    alias = after(alias);
  }
  problems.leave();
  compiled.facts = readConnectionFacts(root, compiled.region, problems);
  compiled.xfcc = readXfcc(root, compiled.facts, problems);
  compiled.peerRejection = readPeerRejection(root, problems);
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
  compiled.issuers = readIssuerSettings(member(root, ISSUERS), compiled.region, problems);
  const bits = member(root, MIN_RSA_KEY_BITS);
  if (kindOf(bits) == Kind.Number) {
    const value = wholeNumberOf(textOf(bits));
    compiled.minRsaKeyBits = value;
    if (value < <u32>MIN_RSA_BITS || value > <u32>MAX_RSA_BITS) {
      problems.addAt(MIN_RSA_KEY_BITS, "must be a whole number from 1024 to 16384");
    }
  }
  compiled.ignoresUnknownIssuers =
    choiceOf(root, UNKNOWN_ISSUERS, "REFUSE", "IGNORE", problems) == 1;
  compiled.joinsLists = choiceOf(root, LIST_CLAIMS, "BASE64_JSON", "COMMA", problems) == 1;
  readClaimStates(member(root, FILTER_STATE_CLAIMS), compiled, problems);
  compiled.debugHeaders = kindOf(member(root, DEBUG_HEADERS)) == Kind.True;
  compiled.marksPassed = kindOf(member(root, GUARD)) == Kind.True;
  compiled.forwardsTokens = kindOf(member(root, FORWARD_ORIGINAL_TOKEN)) == Kind.True;
  compiled.isShadow = choiceOf(root, ENFORCEMENT, "ENFORCE", "SHADOW", problems) == 1;
  if (compiled.isShadow && compiled.debugHeaders) {
    problems.addAt(DEBUG_HEADERS, "changes responses, and enforcement is SHADOW");
  }
  const holdsHeadersAlone = kindOf(member(root, ALLOW_ON_HEADERS_STOP_ITERATION)) == Kind.True;
  compiled.providers = readExtensionProviders(root, holdsHeadersAlone, compiled.region, problems);
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
  compiled.protocol = workload.protocol;
  compiled.tcpPorts = workload.tcpPorts;
  compiled.isGateway = workload.isGateway;
  return workload;
}

/** 0 for the first word, which is the default, 1 for the second. */
function choiceOf(root: Node, key: Span, first: string, second: string, problems: Problems): i32 {
  const text = textMember(root, key);
  if (!isPresent(text) || toText(text) == first) return 0;
  if (toText(text) != second) problems.addAt(key, "must be " + first + " or " + second);
  return 1;
}

function readClaimStates(list: Node, compiled: Compiled, problems: Problems): void {
  problems.enter(FILTER_STATE_CLAIMS);
  let node = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    const name = toText(textOf(node));
    if (name.length == 0) {
      problems.enterIndex(i);
      problems.add("must not be empty");
      problems.leave();
    }
    compiled.claimStates.push(
      new ClaimState(name, claimPath(name, compiled.region), compiled.joinsLists, compiled.region),
    );
    node = after(node);
  }
  problems.leave();
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

/** Envoy 1.40 hands a google.protobuf.Struct over as it is on the wire: field 1, a length, and no JSON. */
function looksLikeStruct(text: Span): bool {
  return lengthOf(text) > 1 && load<u8>(addressOf(text)) == 0x0a && errorOffset == 1;
}
