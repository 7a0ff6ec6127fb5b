// One request, top to bottom: peer → CUSTOM policies → authentication → authorization.
import {
  ABSENT,
  Action,
  HttpContext,
  NO_CALL,
  StreamType,
  UNREADABLE,
  continueStream,
  currentTime,
  isAhead,
  memoryEnded,
  steadyTime,
} from "as-proxy-wasm-sdk/assembly";
import { RemoteKeySet } from "./authn/remote-key-set";
import { Custom } from "./authz/engine";
import { ExtAuthzAnswer, Verdict } from "./ext-authz/answer";
import { ExtAuthzCheck } from "./ext-authz/check";
import { BodySettings, ExtAuthzProvider } from "./ext-authz/provider";
import { injectFault } from "./faults";
import { XfccResult } from "./peer/xfcc";
import { Plugin } from "./plugin";
import {
  markPassed,
  recordAllowed,
  recordFailOpen,
  recordObserved,
  replyDenied,
  replyExtAuthzDenied,
  replyExtAuthzFailed,
  replyFactMissing,
  replyNotConfigured,
  replyPeerRefused,
  replyTooLarge,
  replyUnauthenticated,
  replyUndecided,
  showDecision,
} from "./replies";
import { Doubt, Request } from "./request";
import { JwtStatus } from "./status";

export class HttpFilter extends HttpContext {
  /** Next of the plugin's spare filters. */
  spare: HttpFilter | null = null;
  /** The key set that the request waits for. */
  private awaited: RemoteKeySet | null = null;
  /** When it has waited long enough (nanoseconds of `steadyTime`); 0 while it has not waited. */
  private deadline: u64 = 0;
  private check: ExtAuthzCheck = new ExtAuthzCheck();
  private endOfStream: bool = false;
  /** The peer has been judged, and the header that tells of it is written. */
  private isPeerSeen: bool = false;

  constructor(
    id: u32,
    private plugin: Plugin,
  ) {
    super(id);
  }

  override onRequestHeaders(count: u32, endOfStream: bool): u32 {
    if (FAULTS) injectFault();
    this.endOfStream = endOfStream;
    return this.decide();
  }

  /** The body comes while the headers are held only where an authorizer wants it; it must not go on before they do. */
  override onRequestBody(size: u32, endOfStream: bool): u32 {
    const check = this.check;
    if (!check.isHolding) return Action.Continue;
    if (!check.isCollecting) return Action.PauseAndWatermark;
    const provider = this.plugin.extAuthz;
    if (provider === null) return this.held(this.undecided());
    const settings = provider.body;
    if (settings === null) return this.held(this.undecided());
    if (size > settings.most && !settings.allowsPartial) {
      check.isCollecting = false;
      this.plugin.metrics.fail("request_payload_too_large");
      replyTooLarge();
      return Action.PauseAndWatermark;
    }
    // What is full and may be a part is asked about, as in Envoy: the client may wait for the answer before it sends more.
    const isEnough = size > settings.most || (size == settings.most && settings.allowsPartial);
    if (!endOfStream && !isEnough) return Action.Pause;
    return this.held(this.askWithBody(provider, settings, size > settings.most));
  }

  override onRequestTrailers(count: u32): u32 {
    const check = this.check;
    if (!check.isHolding) return Action.Continue;
    if (!check.isCollecting) return Action.Pause;
    const provider = this.plugin.extAuthz;
    if (provider === null) return this.trailersHeld(this.undecided());
    const settings = provider.body;
    if (settings === null) return this.trailersHeld(this.undecided());
    return this.trailersHeld(this.askWithBody(provider, settings, false));
  }

  /** What a decision means for the body: Envoy takes a number that it does not know for Continue. */
  private held(action: u32): u32 {
    if (action != Action.Continue) return Action.PauseAndWatermark;
    this.check.isHolding = false;
    return Action.Continue;
  }

  private trailersHeld(action: u32): u32 {
    return this.held(action) == Action.Continue ? Action.Continue : Action.Pause;
  }

  override onResponseHeaders(count: u32, endOfStream: bool): u32 {
    if (this.plugin.debugHeaders) showDecision();
    this.check.addResponseHeaders();
    return Action.Continue;
  }

  /** The authorizer has answered, or the key set that the request has waited for has come, or will not come in time. */
  override onWake(): void {
    this.awaited = null;
    const answer = this.plugin.answer;
    const action = answer === null ? this.decide() : this.heed(answer);
    if (action != Action.Continue) return;
    this.check.isHolding = false;
    continueStream(StreamType.HttpRequest);
  }

  private heed(answer: ExtAuthzAnswer): u32 {
    const check = this.check;
    check.call = NO_CALL;
    const metrics = this.plugin.metrics;
    const provider = this.plugin.extAuthz;
    const rule = check.rule;
    if (provider === null || rule === null) return this.undecided();
    if (answer.verdict == Verdict.Unread) return this.undecided();
    if (answer.verdict == Verdict.Failed) return this.withoutAnswer(provider);
    if (answer.verdict == Verdict.Denied) {
      metrics.extAuthz(provider.name, "deny");
      metrics.deny(rule.name);
      replyExtAuthzDenied(rule, provider, answer);
      return Action.PauseAll;
    }
    metrics.extAuthz(provider.name, "allow");
    if (!answer.applyTo(provider)) return this.undecided();
    check.keepResponseHeaders(answer.responseHeaders(provider));
    check.isDone = true;
    return this.decide();
  }

  override onDelete(): void {
    const awaited = this.awaited;
    if (awaited !== null) awaited.waiting.forget(this);
    this.awaited = null;
    this.deadline = 0;
    this.isPeerSeen = false;
    this.isDecided = false;
    this.plugin.forgetCall(this.check.call);
    this.check.clear();
    this.plugin.recycle(this);
  }

  private decide(): u32 {
    const plugin = this.plugin;
    if (!plugin.isConfigured) {
      plugin.metrics.fail("not_configured");
      replyNotConfigured();
      return Action.PauseAll;
    }
    const request = plugin.request;
    const now = currentTime();
    if (!request.load() || now == 0) {
      return this.undecided();
    }

    if (!this.isPeerSeen) {
      this.isPeerSeen = true;
      const action = this.judgePeer(plugin, request);
      if (action != Action.Continue) return action;
    }

    const extAuthz = plugin.extAuthz;
    if (extAuthz !== null && !this.check.isDone) {
      const wish = plugin.authorization.custom(request);
      if (wish == Custom.Undecided) return this.doubtful(request);
      if (plugin.traces) plugin.authorization.traceCustom(request);
      if (wish == Custom.Ask) {
        this.check.rule = plugin.authorization.customRule;
        return this.ask(extAuthz, request);
      }
      this.check.isDone = true;
    }

    const authenticator = plugin.authenticator;
    let status = authenticator.authenticate(request, now, this.mayWait());
    if (status == JwtStatus.Waiting) {
      if (this.waitFor(authenticator.awaited)) return Action.PauseAll;
      status = JwtStatus.JwksFetchFail;
    }
    if (status == JwtStatus.NotApplied) return this.undecided();
    if (status != JwtStatus.Ok) {
      plugin.metrics.unauthenticated(status);
      replyUnauthenticated(request, status, authenticator);
      return Action.PauseAll;
    }

    const decision = plugin.authorization.decide(request);
    if (decision.isUndecided) return this.doubtful(request);
    plugin.metrics.observed(decision);
    recordObserved(decision);
    if (!decision.allowed) {
      plugin.metrics.deny(decision.rule);
      replyDenied(decision, request);
    } else {
      plugin.metrics.allow();
      if (plugin.debugHeaders) recordAllowed(decision);
    }
    if (plugin.traces) plugin.authorization.trace(request);
    if (!decision.allowed) return Action.PauseAll;
    if (plugin.marksPassed && !markPassed()) return this.undecided();
    // Nobody passes by what was left out for want of memory, wherever that was.
    if (memoryEnded()) return this.undecided();
    this.isDecided = true;
    return Action.Continue;
  }

  /** What the request is refused with where a rule could not be judged. */
  private doubtful(request: Request): u32 {
    return request.doubt == Doubt.FactMissing ? this.factMissing() : this.undecided();
  }

  /** Whether the time is not over in which the request may wait for keys. */
  private mayWait(): bool {
    if (this.deadline == 0) return true;
    const now = steadyTime();
    return now != 0 && isAhead(this.deadline, now, this.plugin.longestWait);
  }

  /** What the connection says of the client, and what the upstream is told of it. Once a request: the header is ours then. */
  private judgePeer(plugin: Plugin, request: Request): u32 {
    const connection = request.connection;
    plugin.countRequest(connection);
    const mode = plugin.modeOf(connection);
    if (mode.wantsMore(connection.security)) {
      plugin.refusePeer("portcullis_requests_total", connection);
      replyPeerRefused(mode, connection.security, plugin.peerRejection);
      return Action.PauseAll;
    }
    const xfcc = plugin.xfcc;
    if (xfcc === null) return Action.Continue;
    const result = xfcc.apply(request);
    if (result == XfccResult.FactMissing) return this.factMissing();
    return result == XfccResult.Done ? Action.Continue : this.undecided();
  }

  /** Asks the authorizer; where it wants the body, that must come first. */
  private ask(provider: ExtAuthzProvider, request: Request): u32 {
    const check = this.check;
    if (check.needsBody(provider, request, this.endOfStream)) {
      check.isCollecting = true;
      check.isHolding = true;
      return Action.Pause;
    }
    if (check.ask(provider, request, ABSENT, false)) {
      this.plugin.awaitAnswer(check.call, this);
      return Action.PauseAll;
    }
    return this.withoutAnswer(provider);
  }

  private askWithBody(provider: ExtAuthzProvider, settings: BodySettings, isPartial: bool): u32 {
    const check = this.check;
    const request = this.plugin.request;
    check.isCollecting = false;
    const body = check.collected(settings);
    if (!request.load() || body == UNREADABLE) return this.undecided();
    if (check.ask(provider, request, body, isPartial)) {
      this.plugin.awaitAnswer(check.call, this);
      return Action.PauseAll;
    }
    return this.withoutAnswer(provider);
  }

  /** The authorizer cannot be asked, or does not answer: `failOpen` decides. */
  private withoutAnswer(provider: ExtAuthzProvider): u32 {
    // It was not asked for want of memory: that is no case for `failOpen`.
    if (memoryEnded()) return this.undecided();
    this.plugin.metrics.extAuthz(provider.name, "error");
    if (provider.failOpen) {
      recordFailOpen(provider);
      this.check.isDone = true;
      return this.decide();
    }
    this.plugin.metrics.fail("ext_authz_error");
    replyExtAuthzFailed(provider);
    return Action.PauseAll;
  }

  private factMissing(): u32 {
    this.plugin.metrics.fail("connection_fact_missing");
    replyFactMissing();
    return Action.PauseAll;
  }

  private waitFor(remote: RemoteKeySet | null): bool {
    if (remote === null) return false;
    if (this.deadline == 0) {
      const now = steadyTime();
      if (now == 0) return false;
      this.deadline = now + this.plugin.longestWait;
    }
    if (!remote.waiting.enter(this, this.deadline)) return false;
    this.awaited = remote;
    this.plugin.tickSoon();
    return true;
  }

  private undecided(): u32 {
    this.plugin.metrics.fail("host_call_failed");
    replyUndecided();
    return Action.PauseAll;
  }
}
