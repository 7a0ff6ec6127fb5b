// One configured plugin: what its requests share. An update is a new one of these beside the old, in the same VM.
import {
  BufferType,
  EMPTY,
  HttpContext,
  LogLevel,
  RootContext,
  getBuffer,
  log,
  setTickPeriod,
} from "as-proxy-wasm-sdk/assembly";
import { Authenticator } from "./authn/authenticator";
import { RemoteKeySet } from "./authn/remote-key-set";
import { AuthorizationEngine } from "./authz/engine";
import { Compiled, compile } from "./config/compile";
import { everConfigured, rememberConfigured } from "./config/ever-configured";
import { Problems } from "./config/problems";
import { HttpFilter } from "./http-filter";
import { IDLE_TICK_MS, MAX_CONFIGURATION_BYTES, WAITING_TICK_MS } from "./limits";
import { RequestMetrics } from "./metrics";
import { Request } from "./request";

const NOT_CONFIGURED =
  "no valid configuration has come yet: every request is refused until one does";

export class Plugin extends RootContext {
  /** Scratch of the current callback. */
  request: Request = new Request(0);
  authenticator: Authenticator = new Authenticator(null);
  authorization: AuthorizationEngine = new AuthorizationEngine([]);
  /** The key set that tokens wait for, if one is fetched. */
  remote: RemoteKeySet | null = null;
  readonly metrics: RequestMetrics = new RequestMetrics();
  /** Whether there is a configuration to decide by; without one every request is refused. */
  isConfigured: bool = false;
  private tickPeriod: u32 = 0;
  private spare: HttpFilter | null = null;

  override onConfigure(size: u32): bool {
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
    this.request = new Request(compiled.containerPort);
    this.authenticator = new Authenticator(compiled.rule);
    this.authorization = new AuthorizationEngine(compiled.deny);
    const remote = compiled.remote;
    if (remote !== null) {
      remote.adopt(this.id, compiled.refresh, compiled.timeout);
      this.remote = remote;
      // Not fetched here: this may be Envoy's trial of the configuration, which is gone before any answer.
      this.tickEvery(WAITING_TICK_MS);
    }
    return true;
  }

  private read(size: u32, problems: Problems): Compiled | null {
    if (size > MAX_CONFIGURATION_BYTES) {
      problems.add("more than " + MAX_CONFIGURATION_BYTES.toString() + " bytes");
      return null;
    }
    const text = size == 0 ? EMPTY : getBuffer(BufferType.PluginConfiguration, 0, size);
    return compile(text, this.metrics, problems);
  }

  override onTick(): void {
    const remote = this.remote;
    if (remote === null) return;
    remote.tick(this.id);
    this.tickEvery(remote.waiting.size > 0 ? WAITING_TICK_MS : IDLE_TICK_MS);
  }

  override onHttpCallResponse(token: u32, headers: u32, bodySize: u32, trailers: u32): void {
    const remote = this.remote;
    if (remote !== null && remote.awaits(this.id, token)) remote.answer(bodySize);
  }

  override onDelete(): void {
    const remote = this.remote;
    if (remote !== null) remote.disown(this.id);
    const rule = this.authenticator.rule;
    if (rule !== null) rule.free();
  }

  override createHttpContext(id: u32): HttpContext {
    const filter = this.spare;
    if (filter === null) return new HttpFilter(id, this);
    this.spare = filter.spare;
    filter.spare = null;
    filter.id = id;
    return filter;
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
