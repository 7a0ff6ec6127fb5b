// RequestAuthentication of one workload: finds the tokens of a request and verifies them, by the logic that istiod configures
// Envoy's jwt_authn with.
import { Span, constant, equals, lengthOf, memoryEnded } from "as-proxy-wasm-sdk/assembly";
import { MAX_TOKENS } from "../limits";
import { RequestMetrics } from "../metrics";
import { Request } from "../request";
import { JwtStatus } from "../status";
import { ClaimState } from "./claim-state";
import { JwtRule } from "./jwt-rule";
import { Fetch, RemoteKeySet } from "./remote-key-set";
import { RequestChanges } from "./request-changes";
import { Token } from "./token";
import { TokenCache } from "./token-cache";
import { FoundTokens, TokenLocations } from "./token-locations";

const OPTIONS = constant("OPTIONS");
const ORIGIN = constant("origin");
const REQUEST_METHOD = constant("access-control-request-method");

/** What several rules share that look into the same places. */
class LocationGroup {
  readonly found: FoundTokens = new FoundTokens();
  /** The state of the request that `found` is of. */
  version: i32 = -1;
  constructor(readonly locations: TokenLocations) {}
}

export class Authenticator {
  /** The key set that a Waiting request waits for. */
  awaited: RemoteKeySet | null = null;

  private groups: LocationGroup[] = [];
  /** The headers that only the rules may write. */
  private guarded: Span[] = [];
  private changes: RequestChanges = new RequestChanges();
  private tokens: Token[] = [];
  private used: i32 = 0;
  private now: u64 = 0;
  private mayWait: bool = false;
  private principal: Token | null = null;

  /**
   * `rules`: those that apply to the workload, in the order in which istiod lists them. `ignoresUnknownIssuers`: tokens of
   * issuers that no rule names are treated as if they were not there. `isTrial`: the request and the filter state stay as they are.
   */
  constructor(
    private rules: JwtRule[],
    private cache: TokenCache,
    private metrics: RequestMetrics,
    private ignoresUnknownIssuers: bool,
    private claimStates: ClaimState[],
    private isTrial: bool,
  ) {
    for (let i = 0; i < rules.length; i++) {
      const rule = rules[i];
      rule.index = i;
      rule.group = this.groupOf(rule.locations);
      const headers = rule.outputs.headers;
      for (let j = 0; j < headers.length; j++) this.guarded.push(headers[j]);
    }
  }

  /**
   * Verifies the tokens of the request. Ok without a token: that is for AuthorizationPolicy to judge. On Ok the request knows its
   * issuer and subject, and its headers are what the upstream is to get. Waiting: keys are being fetched, see `awaited`; with
   * `mayWait` false it is JwksFetchFail instead. `now` is in nanoseconds since the Unix epoch.
   */
  authenticate(request: Request, now: u64, mayWait: bool): i32 {
    if (this.rules.length == 0) return JwtStatus.Ok;
    this.cache.sweep();
    this.changes.begin(request.path);
    this.used = 0;
    this.now = now;
    this.mayWait = mayWait;
    this.awaited = null;
    this.principal = null;
    for (let i = 0; i < this.groups.length; i++) this.groups[i].version = -1;
    for (let i = 0; i < this.guarded.length; i++) {
      const name = this.guarded[i];
      if (request.headers.find(name) >= 0) this.changes.remove(name);
    }
    if (!isCorsPreflight(request)) {
      const status = this.anyOf(request);
      if (status != JwtStatus.Ok) return status;
    }
    return this.finish(request);
  }

  /** A path with the value of every parameter blanked that may hold a token. */
  blanked(path: Span): Span {
    let text = path;
    for (let i = 0; i < this.groups.length; i++) text = this.groups[i].locations.blanked(text);
    return text;
  }

  /** Frees what the garbage collector does not see; to be called when the plugin goes. It forgets its tokens, no more. */
  free(): void {
    this.cache.free();
  }

  /** One rule: its tokens are good, or there are none. Several: one whose tokens are good, or else none that finds a bad one. */
  private anyOf(request: Request): i32 {
    if (this.rules.length == 1) {
      const status = this.verifyAll(this.rules[0], request);
      return status == JwtStatus.Missed ? JwtStatus.Ok : status;
    }
    let result: i32 = JwtStatus.Missed;
    for (let i = 0; i < this.rules.length; i++) {
      const status = this.verifyAll(this.rules[i], request);
      if (status == JwtStatus.Ok) return status;
      result = moreSpecific(result, status);
    }
    const status = this.allOrMissing(request);
    return status == JwtStatus.Ok ? status : moreSpecific(result, status);
  }

  private allOrMissing(request: Request): i32 {
    for (let i = 0; i < this.rules.length; i++) {
      const status = this.verifyAll(this.rules[i], request);
      if (status != JwtStatus.Ok && status != JwtStatus.Missed) return status;
    }
    return JwtStatus.Ok;
  }

  /** All tokens in the rule's places must be good: else an upstream could take the bad one for the one that was verified. */
  private verifyAll(rule: JwtRule, request: Request): i32 {
    const group = unchecked(this.groups[rule.group]);
    const found = group.found;
    if (group.version != this.changes.version) {
      group.locations.find(request, this.changes, found);
      group.version = this.changes.version;
    }
    if (found.tooMany) return JwtStatus.MultipleTokens;
    rule.outputs.takeBack(this.changes);
    let result: i32 = JwtStatus.Missed;
    // Envoy begins with the last one.
    for (let i = found.count - 1; i >= 0; i--) {
      const token = this.tokenOf(found.text(i));
      if (token === null) return JwtStatus.MultipleTokens;
      if (token.status == JwtStatus.Ok && this.isIgnored(token)) continue;
      result = token.status == JwtStatus.Ok ? this.verify(rule, token) : token.status;
      if (result != JwtStatus.Ok) return result;
      rule.outputs.write(token, this.changes);
      if (!rule.forward) found.remove(i, this.changes);
      token.spaceDelimited = rule.spaceDelimited;
      this.principal = token;
    }
    return result;
  }

  private verify(rule: JwtRule, token: Token): i32 {
    const status = rule.verify(token, this.now);
    if (status == JwtStatus.Ok) {
      this.metrics.cache(token.isCached);
      if (!token.isCached) this.cache.add(token.text, token);
      return status;
    }
    const remote = rule.remote;
    if (remote === null || !rule.wantsKeys(status, token)) return status;
    const fetch = remote.ask();
    // Another worker has fetched them meanwhile.
    if (fetch == Fetch.Done) return this.verify(rule, token);
    if (fetch == Fetch.TooSoon || !this.mayWait) return status;
    if (this.awaited === null) this.awaited = remote;
    return JwtStatus.Waiting;
  }

  private isIgnored(token: Token): bool {
    if (!this.ignoresUnknownIssuers) return false;
    for (let i = 0; i < this.rules.length; i++) {
      if (this.rules[i].isFor(token.jwt.issuer)) return false;
    }
    return true;
  }

  /** The token with this text: the one that is known already, or a new one; null when there are too many. */
  private tokenOf(text: Span): Token | null {
    for (let i = 0; i < this.used; i++) {
      const token = unchecked(this.tokens[i]);
      if (token.text == text || equals(token.text, text)) return token;
    }
    if (this.used == MAX_TOKENS) return null;
    if (this.used == this.tokens.length) this.tokens.push(new Token());
    const token = unchecked(this.tokens[this.used++]);
    token.begin(text, this.cache);
    return token;
  }

  private finish(request: Request): i32 {
    const principal = this.principal;
    request.token = principal;
    if (principal !== null) {
      const states = this.isTrial ? 0 : this.claimStates.length;
      for (let i = 0; i < states; i++) this.claimStates[i].write(principal);
    }
    // A token that was not found for want of memory is not a token that is not there.
    if (memoryEnded()) return JwtStatus.NotApplied;
    return this.changes.apply(request.headers, this.isTrial) ? JwtStatus.Ok : JwtStatus.NotApplied;
  }

  private groupOf(locations: TokenLocations): i32 {
    for (let i = 0; i < this.groups.length; i++) {
      if (this.groups[i].locations.isSameAs(locations)) return i;
    }
    return this.groups.push(new LocationGroup(locations)) - 1;
  }
}

/** Of two failures in turn the one to answer with: that there is no token, or that it is somebody else's, says least. */
function moreSpecific(before: i32, after: i32): i32 {
  if (before == JwtStatus.Waiting) return before;
  const saysLittle = after == JwtStatus.Missed || after == JwtStatus.UnknownIssuer;
  return saysLittle && before != JwtStatus.Missed ? before : after;
}

/** A preflight request carries no credentials (Fetch standard); Istio lets it pass authentication, not authorization. */
function isCorsPreflight(request: Request): bool {
  return (
    equals(request.method, OPTIONS) &&
    isFilled(request, ORIGIN) &&
    isFilled(request, REQUEST_METHOD)
  );
}

function isFilled(request: Request, name: Span): bool {
  return lengthOf(request.headers.first(name)) > 0;
}
