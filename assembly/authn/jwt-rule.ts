// One rule of a RequestAuthentication (`jwtRules[]`), compiled: whose tokens, verified by which keys.
import {
  ABSENT,
  Span,
  addressOf,
  allocate,
  equals,
  lengthOf,
  span,
} from "as-proxy-wasm-sdk/assembly";
import { MAX_TOKEN_BYTES } from "../limits";
import { RequestMetrics } from "../metrics";
import { JwtStatus } from "../status";
import { Jwt } from "./jwt";
import { signatureStatus } from "./signature";
import { KeySource } from "./key-source";
import { RemoteKeySet } from "./remote-key-set";
import { TokenCache } from "./token-cache";

const NANOSECONDS_PER_SECOND: u64 = 1_000_000_000;

export class JwtRule {
  private jwt: Jwt = new Jwt();

  constructor(
    /** `issuer`: compared byte by byte. */
    readonly issuer: Span,
    /** `forwardOriginalToken`: whether the upstream gets the token. */
    readonly forward: bool,
    private source: KeySource,
    /** The source again when it is a remote one, for requests that must wait. */
    readonly remote: RemoteKeySet | null,
    private cache: TokenCache,
    /** In nanoseconds. */
    private clockSkew: u64,
    private metrics: RequestMetrics,
  ) {}

  /** `iss` of the token verified last; lives until the callback ends. */
  get tokenIssuer(): Span {
    return this.jwt.issuer;
  }

  /** `sub` of the token verified last, or ABSENT. */
  get tokenSubject(): Span {
    return this.jwt.subject;
  }

  /** Verifies a token at `now` (nanoseconds since the Unix epoch). Waiting: there are no keys yet. */
  verify(token: Span, now: u64): i32 {
    if (lengthOf(token) > MAX_TOKEN_BYTES) return JwtStatus.BadFormat;
    const jwt = this.jwt;
    const generation = this.source.generation();
    if (this.cache.find(token, generation, jwt)) {
      this.metrics.cache(true);
      // The entry may go while this request is still being looked at.
      jwt.issuer = copied(jwt.issuer);
      jwt.subject = copied(jwt.subject);
      return this.timeStatus(now);
    }
    this.metrics.cache(false);
    let status = jwt.read(token);
    if (status != JwtStatus.Ok) return status;
    if (!equals(jwt.issuer, this.issuer)) return JwtStatus.UnknownIssuer;
    status = this.timeStatus(now);
    if (status != JwtStatus.Ok) return status;
    const keys = this.source.keys();
    if (keys === null) return JwtStatus.Waiting;
    status = signatureStatus(jwt, keys);
    if (status == JwtStatus.Ok) this.cache.add(token, generation, jwt);
    return status;
  }

  /** Frees what the garbage collector does not see; the rule must not be used any more. */
  free(): void {
    this.cache.free();
    this.source.free();
  }

  /** RFC 7519 §4.1.4 and §4.1.5, with the clock skew on both sides; whole seconds, boundaries included, as Envoy. */
  private timeStatus(now: u64): i32 {
    const jwt = this.jwt;
    if (jwt.notBefore > (now + this.clockSkew) / NANOSECONDS_PER_SECOND) {
      return JwtStatus.NotYetValid;
    }
    const earliest = (now - min(now, this.clockSkew)) / NANOSECONDS_PER_SECOND;
    return jwt.expiry != 0 && earliest > jwt.expiry ? JwtStatus.Expired : JwtStatus.Ok;
  }
}

function copied(bytes: Span): Span {
  if (bytes == ABSENT) return ABSENT;
  const at = allocate(lengthOf(bytes));
  if (at == 0) return ABSENT;
  memory.copy(at, addressOf(bytes), lengthOf(bytes));
  return span(at, lengthOf(bytes));
}
