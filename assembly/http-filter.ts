// One request, top to bottom: authentication → authorization.
import {
  Action,
  HttpContext,
  MapType,
  StreamType,
  continueStream,
  constant,
  currentTime,
  getFirstHeader,
  isPresent,
} from "as-proxy-wasm-sdk/assembly";
import { RemoteKeySet } from "./authn/remote-key-set";
import { Plugin } from "./plugin";
import {
  recordObserved,
  replyDenied,
  replyFactMissing,
  replyNotConfigured,
  replyUnauthenticated,
  replyUndecided,
} from "./replies";
import { JwtStatus } from "./status";

export class HttpFilter extends HttpContext {
  /** Next of the plugin's spare filters. */
  spare: HttpFilter | null = null;
  /** The key set that the request waits for. */
  private awaited: RemoteKeySet | null = null;
  /** When it has waited long enough (nanoseconds since the Unix epoch); 0 while it has not waited. */
  private deadline: u64 = 0;

  constructor(
    id: u32,
    private plugin: Plugin,
  ) {
    super(id);
  }

  override onRequestHeaders(count: u32, endOfStream: bool): u32 {
    if (FAULTS) injectFault();
    return this.decide();
  }

  /** The key set that the request has waited for has come, or will not come in time. */
  override onWake(): void {
    this.awaited = null;
    if (this.decide() == Action.Continue) continueStream(StreamType.HttpRequest);
  }

  override onDelete(): void {
    const awaited = this.awaited;
    if (awaited !== null) awaited.waiting.forget(this);
    this.awaited = null;
    this.deadline = 0;
    this.plugin.recycle(this);
  }

  private decide(): u32 {
    const plugin = this.plugin;
    if (!plugin.isConfigured) {
      plugin.metrics.fail("not_configured");
      replyNotConfigured();
      return Action.Pause;
    }
    const request = plugin.request;
    const now = currentTime();
    if (!request.load() || now == 0) {
      return this.undecided();
    }

    const authenticator = plugin.authenticator;
    const mayWait = this.deadline == 0 || now < this.deadline;
    let status = authenticator.authenticate(request, now, plugin.id, mayWait);
    if (status == JwtStatus.Waiting) {
      if (this.waitFor(authenticator.awaited, now)) return Action.Pause;
      status = JwtStatus.JwksFetchFail;
    }
    if (status == JwtStatus.NotApplied) return this.undecided();
    if (status != JwtStatus.Ok) {
      plugin.metrics.unauthenticated(status);
      replyUnauthenticated(request, status, authenticator);
      return Action.Pause;
    }

    const decision = plugin.authorization.decide(request);
    if (request.isFactMissing) {
      plugin.metrics.fail("connection_fact_missing");
      replyFactMissing();
      return Action.Pause;
    }
    plugin.metrics.observed(decision);
    recordObserved(decision);
    if (!decision.allowed) {
      plugin.metrics.deny(decision.rule);
      replyDenied(decision.id);
      return Action.Pause;
    }
    plugin.metrics.allow();
    return Action.Continue;
  }

  private waitFor(remote: RemoteKeySet | null, now: u64): bool {
    if (remote === null) return false;
    if (this.deadline == 0) this.deadline = now + this.plugin.longestWait;
    if (!remote.waiting.enter(this, this.deadline)) return false;
    this.awaited = remote;
    this.plugin.tickSoon();
    return true;
  }

  private undecided(): u32 {
    this.plugin.metrics.fail("host_call_failed");
    replyUndecided();
    return Action.Pause;
  }
}

const TRAP = constant("x-portcullis-trap");

/** Test builds alone (`--use FAULTS=1`): a request with this header traps the VM. The shipped module has none of it. */
function injectFault(): void {
  if (!isPresent(getFirstHeader(MapType.RequestHeaders, TRAP))) return;
  // This trap is meant.
  unreachable();
}
