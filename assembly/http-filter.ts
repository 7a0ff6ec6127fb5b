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
import { Plugin } from "./plugin";
import { replyDenied, replyNotConfigured, replyUnauthenticated, replyUndecided } from "./replies";
import { JwtStatus } from "./status";

export class HttpFilter extends HttpContext {
  /** Next of the plugin's spare filters. */
  spare: HttpFilter | null = null;
  private waits: bool = false;

  constructor(
    id: u32,
    private plugin: Plugin,
  ) {
    super(id);
  }

  override onRequestHeaders(count: u32, endOfStream: bool): u32 {
    if (FAULTS) injectFault();
    return this.decide(false);
  }

  /** The key set that the request has waited for has come, or will not come in time. */
  override onWake(): void {
    this.waits = false;
    if (this.decide(true) == Action.Continue) continueStream(StreamType.HttpRequest);
  }

  override onDelete(): void {
    if (this.waits) {
      this.waits = false;
      const remote = this.plugin.remote;
      if (remote !== null) remote.waiting.forget(this);
    }
    this.plugin.recycle(this);
  }

  private decide(hasWaited: bool): u32 {
    const plugin = this.plugin;
    if (!plugin.isConfigured) {
      plugin.metrics.fail("not_configured");
      replyNotConfigured();
      return Action.Pause;
    }
    const request = plugin.request;
    const now = currentTime();
    if (!request.load() || now == 0) {
      plugin.metrics.fail("host_call_failed");
      replyUndecided();
      return Action.Pause;
    }

    const authenticator = plugin.authenticator;
    let status = authenticator.authenticate(request, now);
    if (status == JwtStatus.Waiting) {
      const remote = plugin.remote;
      if (!hasWaited && remote !== null) {
        if (remote.catchUp()) {
          status = authenticator.authenticate(request, now);
        } else if (remote.wait(this, plugin.id)) {
          this.waits = true;
          plugin.tickSoon();
          return Action.Pause;
        }
      }
      if (status == JwtStatus.Waiting) status = JwtStatus.JwksFetchFail;
    }
    if (status != JwtStatus.Ok) {
      plugin.metrics.unauthenticated(status);
      replyUnauthenticated(request, status, authenticator.locations);
      return Action.Pause;
    }

    const rule = plugin.authorization.refuses(request);
    if (rule !== null) {
      plugin.metrics.deny(rule.name);
      replyDenied(rule);
      return Action.Pause;
    }
    plugin.metrics.allow();
    return Action.Continue;
  }
}

const TRAP = constant("x-portcullis-trap");

/** Test builds alone (`--use FAULTS=1`): a request with this header traps the VM. The shipped module has none of it. */
function injectFault(): void {
  if (!isPresent(getFirstHeader(MapType.RequestHeaders, TRAP))) return;
  // This trap is meant.
  unreachable();
}
