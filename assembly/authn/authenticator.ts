// RequestAuthentication of one workload: finds the tokens of a request and verifies them.
import { ABSENT, Span, constant, equals, isPresent, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { Request } from "../request";
import { JwtStatus } from "../status";
import { JwtRule } from "./jwt-rule";
import { TokenLocations } from "./token-locations";

const OPTIONS = constant("OPTIONS");
const ORIGIN = constant("origin");
const REQUEST_METHOD = constant("access-control-request-method");

export class Authenticator {
  readonly locations: TokenLocations = new TokenLocations();

  /** `rule`: the one rule that applies to the workload, or null when none does. */
  constructor(readonly rule: JwtRule | null) {}

  /**
   * Verifies every token of the request; the first failure counts. Ok without a token: that is for AuthorizationPolicy to
   * judge. On Ok the request knows its issuer and subject. `now` is in nanoseconds since the Unix epoch.
   */
  authenticate(request: Request, now: u64): i32 {
    const rule = this.rule;
    if (rule === null || isCorsPreflight(request)) return JwtStatus.Ok;
    const locations = this.locations;
    locations.find(request);
    if (!locations.any) return JwtStatus.Ok;
    // Envoy begins with the last location, and the last one verified is who the request speaks for.
    let status = this.accept(rule, locations.parameter, request, now);
    if (status != JwtStatus.Ok) return status;
    status = this.accept(rule, locations.header, request, now);
    if (status != JwtStatus.Ok || rule.forward) return status;
    return locations.remove(request) ? JwtStatus.Ok : JwtStatus.VerificationFail;
  }

  private accept(rule: JwtRule, token: Span, request: Request, now: u64): i32 {
    if (token == ABSENT) return JwtStatus.Ok;
    const status = rule.verify(token, now);
    if (status == JwtStatus.Ok) {
      request.issuer = rule.tokenIssuer;
      request.subject = rule.tokenSubject;
    }
    return status;
  }
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
  const value = request.headers.first(name);
  return isPresent(value) && lengthOf(value) > 0;
}
