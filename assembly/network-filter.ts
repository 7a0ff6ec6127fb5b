// One connection: what PeerAuthentication wants of it, and AuthorizationPolicy where it carries no HTTP.
import {
  Action,
  NetworkContext,
  StreamType,
  closeStream,
  memoryEnded,
} from "as-proxy-wasm-sdk/assembly";
import { Decision } from "./authz/engine";
import { Protocol } from "./config/workload";
import { Connection } from "./peer/connection";
import { SourcedMode } from "./peer/peer-authentication";
import { Security } from "./peer/security";
import { Plugin } from "./plugin";
import { Doubt } from "./request";
import {
  markConnectionPassed,
  recordAddress,
  recordDenied,
  recordConnectionError,
  recordObserved,
  recordPeer,
  recordPeerRefused,
} from "./replies";
import { ShadowVerdict, recordShadow } from "./shadow";

const HOST_CALL_FAILED = "host_call_failed";

/** How far a connection has come. */
namespace Phase {
  /** Nothing has come from the client. On TLS, nobody knows yet who it is. */
  export const Silent: i32 = 0;
  export const Speaking: i32 = 1;
  export const Closed: i32 = 2;
}

export class NetworkFilter extends NetworkContext {
  /** Neighbours in the list of open connections. */
  previous: NetworkFilter | null = null;
  next: NetworkFilter | null = null;
  /** The configuration that it was held against last, by its number in the list. */
  reviewed: i32 = 0;
  private phase: i32 = Phase.Silent;
  private connection: Connection;
  /** `enforcement: SHADOW` has counted it: once, or it would be counted again with every policy. */
  private isShadowed: bool = false;

  constructor(
    id: u32,
    /** The configuration that it began with; `plugin.open.newest` is the one in force. */
    private plugin: Plugin,
  ) {
    super(id);
    this.connection = plugin.connections.none;
  }

  override onNewConnection(): u32 {
    const plugin = this.plugin;
    plugin.open.add(this);
    this.connection = plugin.connections.read();
    if (this.connection.isUnreadable)
      return this.fail(HOST_CALL_FAILED) ? Action.Continue : Action.Pause;
    recordAddress();
    recordPeer(this.connection);
    // A TLS handshake is not over, and a TLS connection is not judged before: what it lacks may still come.
    if (this.connection.security == Security.Plaintext) {
      if (!this.judgePeer()) return Action.Pause;
      this.count();
      return Action.Continue;
    }
    return this.judgePeer() ? Action.Continue : Action.Pause;
  }

  /** The last word on what the client has sent first: it goes on, and whoever guards what is behind is told that it may. */
  private pass(): u32 {
    const plugin = this.configuration();
    const isMarked = !plugin.marksPassed || markConnectionPassed();
    if (!isMarked || memoryEnded())
      return this.fail(HOST_CALL_FAILED) ? Action.Continue : Action.Pause;
    this.isDecided = true;
    return Action.Continue;
  }

  override onDownstreamData(size: u32, endOfStream: bool): u32 {
    if (this.phase == Phase.Speaking) return Action.Continue;
    if (this.phase == Phase.Closed) return Action.Pause;
    this.phase = Phase.Speaking;
    if (this.connection.security != Security.Plaintext) {
      this.connection.readSecurity();
      if (this.connection.isUnreadable)
        return this.fail(HOST_CALL_FAILED) ? Action.Continue : Action.Pause;
      recordPeer(this.connection);
      if (!this.judgePeer()) return Action.Pause;
      this.count();
    }
    return this.authorize(true) ? this.pass() : Action.Pause;
  }

  /** A newer configuration has come. */
  override onWake(): void {
    if (this.phase == Phase.Closed) return;
    const plugin = this.configuration();
    // Requests on a connection of HTTP are judged one by one, and those that are under way are left to end.
    if (plugin.protocol == Protocol.Http) return;
    if (!this.judgePeer()) return;
    if (this.phase == Phase.Silent && !this.isKnown()) return;
    this.authorize(false);
  }

  /**
   * Whether it is known who is at the other end of a connection on which the client has said nothing: on plaintext nobody, on TLS whoever
   * has presented a certificate in a handshake that is over. A server may have been speaking on it all along.
   */
  private isKnown(): bool {
    const connection = this.connection;
    if (connection.security == Security.Plaintext) return true;
    connection.readSecurity();
    return !connection.isUnreadable && connection.security == Security.Mtls;
  }

  override onDelete(): void {
    this.plugin.open.remove(this);
  }

  /** The configuration in force, which may be newer than the one that the connection began with. */
  private configuration(): Plugin {
    const newest = this.plugin.open.newest;
    return newest === null ? this.plugin : newest;
  }

  private count(): void {
    if (!this.plugin.judges(this.connection)) return;
    this.plugin.tallyOf(this.plugin.connectionTallies, this.connection).pending++;
  }

  /** False when PeerAuthentication refuses the connection, which is closed then. */
  private judgePeer(): bool {
    const plugin = this.configuration();
    if (!plugin.isConfigured) return this.fail("not_configured");
    if (!plugin.judges(this.connection)) return true;
    const mode: SourcedMode = plugin.modeOf(this.connection);
    const security = this.connection.security;
    const isHandshaking = this.phase == Phase.Silent && security == Security.Tls;
    const refused = isHandshaking ? mode.refusesTls : mode.refuses(security);
    if (!refused) return true;
    if (plugin.isShadow) {
      const verdict = new ShadowVerdict();
      verdict.refusePeer(mode, security);
      return this.shadow(plugin, verdict);
    }
    recordPeerRefused(mode, security);
    plugin.refusePeer("portcullis_connections_total", this.connection);
    this.close();
    return false;
  }

  /** False when an AuthorizationPolicy refuses the connection, which is closed then. `isNew`: it has not been judged before. */
  private authorize(isNew: bool): bool {
    const plugin = this.configuration();
    const metrics = plugin.metrics;
    if (plugin.protocol == Protocol.Http || !plugin.judges(this.connection)) return true;
    if (plugin.protocol == Protocol.Undeclared) {
      return plugin.authorization.isEmpty || this.fail("protocol_not_declared");
    }
    const request = plugin.request;
    request.begin(this.connection);
    const decision: Decision = plugin.authorization.decide(request);
    if (decision.isUndecided) {
      const isMissing = request.doubt == Doubt.FactMissing;
      return this.fail(isMissing ? "connection_fact_missing" : HOST_CALL_FAILED);
    }
    if (plugin.isShadow) {
      const verdict = new ShadowVerdict();
      if (!decision.allowed) verdict.deny(decision, request);
      return this.shadow(plugin, verdict);
    }
    if (plugin.traces) plugin.authorization.trace(request);
    if (isNew) {
      metrics.observed(decision);
      recordObserved(decision);
    }
    if (decision.allowed) {
      if (isNew) metrics.count("portcullis_connections_total;outcome=allow");
      return true;
    }
    recordDenied(decision, request);
    metrics.count("portcullis_connections_total;outcome=deny;policy=" + decision.rule);
    this.close();
    return false;
  }

  /** Counted, and let through. */
  private shadow(plugin: Plugin, verdict: ShadowVerdict): bool {
    if (this.isShadowed) return true;
    this.isShadowed = true;
    recordShadow(verdict);
    plugin.metrics.count("portcullis_shadow_connections_total;" + verdict.labels);
    if (!verdict.allows) plugin.shadowLog.add("would close a connection: " + verdict.text);
    return true;
  }

  /** Closed, and told apart from a policy's no. */
  private fail(reason: string): bool {
    const plugin = this.configuration();
    if (plugin.isShadow) {
      const verdict = new ShadowVerdict();
      verdict.set("error", "reason=" + reason);
      return this.shadow(plugin, verdict);
    }
    recordConnectionError(reason);
    this.plugin.metrics.count("portcullis_connections_total;outcome=error;reason=" + reason);
    this.close();
    return false;
  }

  private close(): void {
    this.phase = Phase.Closed;
    closeStream(StreamType.Downstream);
  }
}
