// `enforcement: SHADOW`: what the policies would do, beside what the proxy does without them. Counted and logged, never enforced.
import {
  LogLevel,
  Span,
  encode,
  equals,
  getProperty,
  isPresent,
  lengthOf,
  log,
  propertyPath,
  propertyPathOf,
  setProperty,
  slice,
  constant,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { Decision } from "./authz/engine";
import { MAX_SHADOW_LINES } from "./limits";
import { RequestMetrics } from "./metrics";
import { SourcedMode } from "./peer/peer-authentication";
import { nameOfSecurity } from "./peer/security";
import { Request } from "./request";

/** Filter state `wasm.portcullis.shadow`, for access logs. */
const SHADOW = propertyPathOf(["portcullis.shadow"]);
const DETAILS = propertyPath("response.code_details");
const RBAC = constant("rbac_access_denied");
const JWT_AUTHN = constant("jwt_authn_access_denied");
const EXT_AUTHZ = constant("ext_authz_");
const PORTCULLIS = constant("portcullis_");

/** What the proxy has done with a request. */
export namespace Enforced {
  export const Allowed: i32 = 0;
  export const Denied: i32 = 1;
  /** By an external authorizer, which is not asked here. */
  export const DeniedByAuthorizer: i32 = 2;
  /** There was no response to tell. */
  export const Unknown: i32 = 3;
}

const NAMES: string[] = ["allow", "deny", "deny_custom", "unknown"];

/** What the policies would do with a request or a connection. */
export class ShadowVerdict {
  allows: bool = true;
  /** As filter state has it: `allow`, `deny policy=…`, `unauthenticated reason=…`, `error reason=…`. */
  text: string = "allow";
  /** The labels of its metric. */
  labels: string = "outcome=allow";

  /** A rule refuses, or no ALLOW rule matches. */
  deny(decision: Decision, request: Request): void {
    const rule = decision.by;
    const reasons = rule === null ? "" : rule.reasons(request);
    this.set("deny", "policy=" + decision.rule);
    if (reasons.length > 0) this.text += " matched=" + reasons;
  }

  /** PeerAuthentication refuses. */
  refusePeer(mode: SourcedMode, security: i32): void {
    this.set("unauthenticated", "reason=peer_" + nameOfSecurity(security));
    this.text += " policy=" + mode.source + " mode=" + mode.name;
  }

  /** The token is refused, or nothing can be decided. */
  set(outcome: string, label: string): void {
    this.allows = false;
    this.text = outcome + " " + label;
    this.labels = "outcome=" + outcome + ";" + label;
  }
}

/** The lines about differences of one root: as many in a second as a log can bear. */
export class ShadowLog {
  private printed: i32 = 0;

  /** Writes one, or counts it. */
  add(line: string): void {
    if (this.printed++ < MAX_SHADOW_LINES) log(LogLevel.Warn, "shadow: " + line);
  }

  /** A second has passed. */
  begin(): void {
    const left = this.printed - MAX_SHADOW_LINES;
    if (left > 0) log(LogLevel.Warn, "shadow: " + left.toString() + " more are not shown");
    this.printed = 0;
  }
}

/** Leaves the verdict for access logs. */
export function recordShadow(verdict: ShadowVerdict): void {
  setProperty(SHADOW, encode(verdict.text));
}

/** What was done with the request of the stream in effect, by its response code details: those of Envoy's own filters, or ours. */
export function enforcedOf(details: Span): i32 {
  if (startsWith(details, EXT_AUTHZ)) return Enforced.DeniedByAuthorizer;
  const isDenied =
    startsWith(details, RBAC) || startsWith(details, JWT_AUTHN) || startsWith(details, PORTCULLIS);
  return isDenied ? Enforced.Denied : Enforced.Allowed;
}

/** The response code details of the stream in effect. */
export function responseDetails(): Span {
  return getProperty(DETAILS);
}

/** Counts a request, and writes a line where the proxy has done something else. `about`: the request, for the line. */
export function compareShadow(
  verdict: ShadowVerdict,
  hasAuthorizer: bool,
  enforced: i32,
  details: Span,
  about: string,
  metrics: RequestMetrics,
  lines: ShadowLog,
): void {
  metrics.count(
    "portcullis_shadow_requests_total;" + verdict.labels + ";enforced=" + NAMES[enforced],
  );
  if (enforced == Enforced.Unknown) return;
  if (enforced == Enforced.DeniedByAuthorizer && hasAuthorizer) return;
  const isAllowed = enforced == Enforced.Allowed;
  if (verdict.allows == isAllowed) return;
  const text = isPresent(details) ? toText(details) : "";
  lines.add(
    isAllowed
      ? "would refuse what is let through: " + verdict.text + ": " + about
      : "would let through what is refused: " + text + ": " + about,
  );
}

function startsWith(text: Span, prefix: Span): bool {
  return isPresent(text) && equals(slice(text, 0, lengthOf(prefix)), prefix);
}
