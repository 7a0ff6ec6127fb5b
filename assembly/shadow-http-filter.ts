// One request under `enforcement: SHADOW`: judged as the enforcing filter would, and left as it is. It waits for no keys, and asks no
// external authorizer.
import {
  ABSENT,
  Action,
  HttpContext,
  Span,
  currentTime,
  isPresent,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { Custom } from "./authz/engine";
import { Plugin } from "./plugin";
import { Doubt, Request } from "./request";
import {
  Enforced,
  ShadowVerdict,
  compareShadow,
  enforcedOf,
  recordShadow,
  responseDetails,
} from "./shadow";
import { JwtStatus, reasonOfStatus } from "./status";

export class ShadowHttpFilter extends HttpContext {
  private verdict: ShadowVerdict = new ShadowVerdict();
  private hasAuthorizer: bool = false;
  private isCompared: bool = false;
  private about: string = "";

  constructor(
    id: u32,
    private plugin: Plugin,
  ) {
    super(id);
  }

  override onRequestHeaders(count: u32, endOfStream: bool): u32 {
    this.judge();
    recordShadow(this.verdict);
    return Action.Continue;
  }

  override onResponseHeaders(count: u32, endOfStream: bool): u32 {
    const details = responseDetails();
    this.compare(enforcedOf(details), details);
    return Action.Continue;
  }

  override onDelete(): void {
    // The client has gone, or the stream was reset.
    this.compare(Enforced.Unknown, ABSENT);
  }

  private compare(enforced: i32, details: Span): void {
    if (this.isCompared) return;
    this.isCompared = true;
    const plugin = this.plugin;
    compareShadow(
      this.verdict,
      this.hasAuthorizer,
      enforced,
      details,
      this.about,
      plugin.metrics,
      plugin.shadowLog,
    );
  }

  private judge(): void {
    const plugin = this.plugin;
    const verdict = this.verdict;
    if (!plugin.isConfigured) return verdict.set("error", "reason=not_configured");
    const request = plugin.request;
    const now = currentTime();
    if (!request.load() || now == 0) return verdict.set("error", "reason=host_call_failed");
    this.about = nameOf(request);
    const connection = request.connection;
    plugin.countRequest(connection);

    const mode = plugin.modeOf(connection);
    if (mode.wantsMore(connection.security)) return verdict.refusePeer(mode, connection.security);

    this.hasAuthorizer =
      plugin.extAuthz !== null && plugin.authorization.custom(request) != Custom.None;
    const status = plugin.authenticator.authenticate(request, now, false);
    if (status == JwtStatus.NotApplied) return verdict.set("error", "reason=host_call_failed");
    if (status != JwtStatus.Ok) {
      return verdict.set("unauthenticated", "reason=" + reasonOfStatus(status));
    }
    const decision = plugin.authorization.decide(request);
    if (decision.isUndecided) {
      const isMissing = request.doubt == Doubt.FactMissing;
      const reason = isMissing ? "connection_fact_missing" : "host_call_failed";
      return verdict.set("error", "reason=" + reason);
    }
    if (!decision.allowed) verdict.deny(decision, request);
  }
}

/** Method and path, without the query, where tokens are. */
function nameOf(request: Request): string {
  const path = request.pathOnly;
  return toText(request.method) + " " + (isPresent(path) ? toText(path) : "");
}
