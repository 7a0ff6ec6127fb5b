// One configured plugin: what its requests share. An update is a new one of these beside the old, in the same VM.
import {
  ABSENT,
  BufferType,
  EMPTY,
  HttpContext,
  LogLevel,
  NO_CALL,
  RootContext,
  currentTime,
  getBuffer,
  log,
  logs,
  setTickPeriod,
  wake,
} from "as-proxy-wasm-sdk/assembly";
import { Authenticator } from "./authn/authenticator";
import { RemoteKeySet } from "./authn/remote-key-set";
import { TokenCache } from "./authn/token-cache";
import { AuthorizationEngine } from "./authz/engine";
import { Compiled, compile } from "./config/compile";
import { everConfigured, rememberConfigured } from "./config/ever-configured";
import { Problems } from "./config/problems";
import { ExtAuthzAnswer } from "./ext-authz/answer";
import { ExtAuthzProvider } from "./ext-authz/provider";
import { HttpFilter } from "./http-filter";
import { IDLE_TICK_MS, MAX_CONFIGURATION_BYTES, WAITING_TICK_MS } from "./limits";
import { RequestMetrics } from "./metrics";
import { Request } from "./request";

const NANOSECONDS_PER_MICROSECOND: u64 = 1000;
const NOT_CONFIGURED =
  "no valid configuration has come yet: every request is refused until one does";

export class Plugin extends RootContext {
  readonly metrics: RequestMetrics = new RequestMetrics();
  /** Scratch of the current callback. */
  request: Request = new Request(0, ABSENT, ABSENT);
  authenticator: Authenticator = unconfigured(this.metrics);
  authorization: AuthorizationEngine = new Compiled().authorization();
  /** Every rule is accounted for in the log: where Envoy's log level for Wasm was trace when the configuration came. */
  traces: bool = false;
  /** Responses tell their decision. */
  debugHeaders: bool = false;
  /** The external authorizer of the CUSTOM policies, or null where none applies. */
  extAuthz: ExtAuthzProvider | null = null;
  /** The authorizer's answer that is being delivered, or null. */
  answer: ExtAuthzAnswer | null = null;
  /** Requests by the call whose answer they wait for. */
  private asking: Map<u32, HttpFilter> = new Map<u32, HttpFilter>();
  /** The longest that a request may wait for keys, in nanoseconds. */
  longestWait: u64 = 0;
  /** The key sets that are fetched for this plugin. */
  private remotes: RemoteKeySet[] = [];
  /** Whether there is a configuration to decide by; without one every request is refused. */
  isConfigured: bool = false;
  private tickPeriod: u32 = 0;
  private spare: HttpFilter | null = null;

  override onConfigure(size: u32): bool {
    const begin = currentTime();
    const problems = new Problems();
    const compiled = this.read(size, problems);
    if (compiled === null) {
      problems.print();
      if (everConfigured()) return false;
      log(LogLevel.Critical, NOT_CONFIGURED);
      return true;
    }
    rememberConfigured();
    this.isConfigured = true;
    for (let i = 0; i < compiled.warnings.length; i++) log(LogLevel.Warn, compiled.warnings[i]);
    this.request = new Request(compiled.containerPort, compiled.directAddress, compiled.peerUris);
    this.authenticator = compiled.authenticator(this.metrics);
    this.authorization = compiled.authorization();
    this.extAuthz = compiled.extAuthz;
    this.debugHeaders = compiled.debugHeaders;
    this.traces = logs(LogLevel.Trace);
    for (let i = 0; i < compiled.remotes.length; i++) {
      const need = compiled.remotes[i];
      need.set.adopt(this.id, need.refresh, need.timeout, need.cooldown);
      this.remotes.push(need.set);
      this.longestWait = max(this.longestWait, need.set.longestWait);
    }
    this.metrics.compiled((currentTime() - begin) / NANOSECONDS_PER_MICROSECOND);
    // Not fetched here: this may be Envoy's trial of the configuration, which is gone before any answer.
    if (this.remotes.length > 0) this.tickEvery(WAITING_TICK_MS);
    return true;
  }

  private read(size: u32, problems: Problems): Compiled | null {
    if (size > MAX_CONFIGURATION_BYTES) {
      problems.add("more than " + MAX_CONFIGURATION_BYTES.toString() + " bytes");
      return null;
    }
    const text = size == 0 ? EMPTY : getBuffer(BufferType.PluginConfiguration, 0, size);
    return compile(text, problems);
  }

  override onTick(): void {
    let waiting = 0;
    for (let i = 0; i < this.remotes.length; i++) {
      const remote = this.remotes[i];
      remote.tick(this.id);
      waiting += remote.waiting.size;
    }
    this.tickEvery(waiting > 0 ? WAITING_TICK_MS : IDLE_TICK_MS);
  }

  override onHttpCallResponse(token: u32, headers: u32, bodySize: u32, trailers: u32): void {
    if (this.asking.has(token)) {
      const filter = this.asking.get(token);
      this.asking.delete(token);
      const answer = new ExtAuthzAnswer();
      answer.read(bodySize);
      this.answer = answer;
      wake(filter);
      this.answer = null;
      return;
    }
    for (let i = 0; i < this.remotes.length; i++) {
      const remote = this.remotes[i];
      if (!remote.awaits(this.id, token)) continue;
      remote.answer(bodySize);
      return;
    }
  }

  override onDelete(): void {
    for (let i = 0; i < this.remotes.length; i++) this.remotes[i].disown(this.id);
    this.authenticator.free();
  }

  override createHttpContext(id: u32): HttpContext {
    const filter = this.spare;
    if (filter === null) return new HttpFilter(id, this);
    this.spare = filter.spare;
    filter.spare = null;
    filter.id = id;
    return filter;
  }

  /** A request waits for its external authorizer: Envoy answers the root context, whoever has asked. */
  awaitAnswer(call: u32, filter: HttpFilter): void {
    this.asking.set(call, filter);
  }

  /** Nobody waits for this answer any more. */
  forgetCall(call: u32): void {
    if (call != NO_CALL) this.asking.delete(call);
  }

  /** Keeps the filter of a request that has ended for one that comes: no garbage a request. */
  recycle(filter: HttpFilter): void {
    filter.spare = this.spare;
    this.spare = filter;
  }

  /** A request waits for keys that another worker may be fetching. */
  tickSoon(): void {
    this.tickEvery(WAITING_TICK_MS);
  }

  private tickEvery(milliseconds: u32): void {
    if (this.tickPeriod == milliseconds) return;
    this.tickPeriod = milliseconds;
    setTickPeriod(milliseconds);
  }
}

function unconfigured(metrics: RequestMetrics): Authenticator {
  return new Authenticator([], new TokenCache(0, 0), metrics, false, []);
}
