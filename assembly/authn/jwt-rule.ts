// One rule of a RequestAuthentication (`jwtRules[]`), compiled: whose tokens, found where, verified by which keys, and what
// becomes of them.
import { ABSENT, EMPTY, Span, equals, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { StringMatcher } from "../authz/string-matcher";
import { isBoundToPeer } from "../peer/certificate-binding";
import { JwtStatus } from "../status";
import { Audiences } from "./audiences";
import { audienceOf } from "./jwt";
import { KeySource } from "./key-source";
import { RemoteKeySet } from "./remote-key-set";
import { signatureStatus } from "./signature";
import { Token } from "./token";
import { TokenLocations } from "./token-locations";
import { TokenOutputs } from "./token-outputs";

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

/** What to do with `cnf.x5t#S256` (RFC 8705 §3). */
export namespace Binding {
  /** As Istio. */
  export const Ignore: i32 = 0;
  /** A token that is bound must be bound to the peer's certificate. */
  export const IfPresent: i32 = 1;
  /** A token must be bound to the peer's certificate. */
  export const Require: i32 = 2;
}

export class JwtRule {
  /** The rule's number in the plugin: the cache tells by it who verified a token. */
  index: u32 = 0;
  /** Position of its locations among the plugin's. */
  group: i32 = 0;
  readonly locations: TokenLocations = new TokenLocations();
  readonly audiences: Audiences = new Audiences();
  /** `spaceDelimitedClaims`. */
  readonly spaceDelimited: Span[] = [];
  /** `forwardOriginalToken`: whether the upstream gets the token. */
  forward: bool = false;
  /** In nanoseconds. */
  clockSkew: u64 = 0;
  /** Beyond Istio, by the plugin configuration's `issuers[]`. */
  requiresExpiration: bool = false;
  /** In nanoseconds; 0: no bound. */
  maxLifetime: u64 = 0;
  readonly subjects: StringMatcher[] = [];
  binding: i32 = Binding.Ignore;

  constructor(
    /** `issuer`, compared byte by byte; of no bytes: any issuer. */
    readonly issuer: Span,
    readonly outputs: TokenOutputs,
    private source: KeySource,
    /** The source again when it is a remote one, for requests that must wait. */
    readonly remote: RemoteKeySet | null,
  ) {}

  /** Whether this rule is for tokens with this `iss`; a token without one has an issuer of no bytes. */
  isFor(issuer: Span): bool {
    return lengthOf(this.issuer) == 0 || equals(this.issuer, issuer == ABSENT ? EMPTY : issuer);
  }

  /**
   * Verifies a well-formed token at `now` (nanoseconds since the Unix epoch), in Envoy's order: issuer, time, audience, signature.
   * JwksFetchFail: there are no keys; JwksKidAlgMismatch: none of them fits. `wantsKeys` says whether a fetch could help.
   */
  verify(token: Token, now: u64): i32 {
    if (!this.isFor(token.jwt.issuer)) return JwtStatus.UnknownIssuer;
    let status = this.timeStatus(token, now);
    if (status != JwtStatus.Ok) return status;
    const generation = this.source.generation();
    if (token.isCached) {
      if (token.rule == this.index && token.generation == generation)
        return this.bindingStatus(token);
      token.read();
      if (token.status != JwtStatus.Ok) return token.status;
    }
    status = this.claimsStatus(token);
    if (status != JwtStatus.Ok) return status;
    const keys = this.source.keys();
    if (keys === null) return JwtStatus.JwksFetchFail;
    status = signatureStatus(token.jwt, keys);
    token.rule = this.index;
    token.generation = generation;
    return status;
  }

  /** Whether newer keys, where there may be any, could change this status of a token. */
  wantsKeys(status: i32, token: Token): bool {
    if (status == JwtStatus.JwksFetchFail) return true;
    return status == JwtStatus.JwksKidAlgMismatch && lengthOf(token.jwt.kid) > 0;
  }

  /** RFC 7519 §4.1.4 and §4.1.5, with the clock skew on both sides; whole seconds, boundaries included, as Envoy. */
  private timeStatus(token: Token, now: u64): i32 {
    const jwt = token.jwt;
    if (jwt.notBefore > (now + this.clockSkew) / NANOSECONDS_PER_SECOND) {
      return JwtStatus.NotYetValid;
    }
    const earliest = (now - min(now, this.clockSkew)) / NANOSECONDS_PER_SECOND;
    return jwt.expiry != 0 && earliest > jwt.expiry ? JwtStatus.Expired : JwtStatus.Ok;
  }

  private claimsStatus(token: Token): i32 {
    const jwt = token.jwt;
    if (!this.audiences.allow(audienceOf(jwt.payload))) return JwtStatus.AudienceNotAllowed;
    if (this.requiresExpiration && jwt.expiry == 0) return JwtStatus.ExpirationMissing;
    if (this.maxLifetime > 0) {
      // Without `iat` or `exp` the lifetime cannot be known to be short enough.
      if (jwt.expiry == 0 || jwt.issuedAt == 0) return JwtStatus.LifetimeTooLong;
      const lifetime = jwt.expiry - min(jwt.expiry, jwt.issuedAt);
      if (lifetime > this.maxLifetime / NANOSECONDS_PER_SECOND) return JwtStatus.LifetimeTooLong;
    }
    if (!this.allowsSubject(jwt.subject)) return JwtStatus.SubjectNotAllowed;
    return this.bindingStatus(token);
  }

  private allowsSubject(subject: Span): bool {
    if (this.subjects.length == 0) return true;
    for (let i = 0; i < this.subjects.length; i++) {
      if (this.subjects[i].matches(subject)) return true;
    }
    return false;
  }

  private bindingStatus(token: Token): i32 {
    if (this.binding == Binding.Ignore) return JwtStatus.Ok;
    const thumbprint = token.jwt.thumbprint;
    if (thumbprint == ABSENT && this.binding == Binding.IfPresent) return JwtStatus.Ok;
    return isBoundToPeer(thumbprint) ? JwtStatus.Ok : JwtStatus.BoundToAnother;
  }
}
