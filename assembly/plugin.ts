// One configured plugin: what its requests share. An update is a new one of these beside the old, in the same VM.
import {
  BufferType,
  EMPTY,
  HttpContext,
  LogLevel,
  NO_CALL,
  NetworkContext,
  Region,
  RootContext,
  Span,
  UNREADABLE,
  currentTime,
  getBuffer,
  getProperty,
  isPresent,
  log,
  logs,
  mark,
  propertyPath,
  releaseTo,
  setTickPeriod,
  toText,
  wake,
} from "as-proxy-wasm-sdk/assembly";
import { Authenticator } from "./authn/authenticator";
import { dropUnused } from "./authn/key-sets";
import { RemoteKeySet } from "./authn/remote-key-set";
import { TokenCache } from "./authn/token-cache";
import { AuthorizationEngine } from "./authz/engine";
import { Compiled, compile, saysShadow } from "./config/compile";
import { RESET } from "./config/peer-rejection";
import { Problems } from "./config/problems";
import { Protocol } from "./config/workload";
import { ExtAuthzAnswer } from "./ext-authz/answer";
import { ExtAuthzProvider } from "./ext-authz/provider";
import { injectConfigurationFault } from "./faults";
import { HttpFilter } from "./http-filter";
import { InForce } from "./life-cycle/in-force";
import { DRAINING_TICK_MS, IDLE_TICK_MS, MAX_CONFIGURATION_BYTES, WAITING_TICK_MS } from "./limits";
import { RequestMetrics } from "./metrics";
import { NetworkFilter } from "./network-filter";
import { OpenConnections, openConnectionsOf } from "./open-connections";
import { Connection } from "./peer/connection";
import { Connections } from "./peer/connections";
import { FactSources } from "./peer/fact-sources";
import { labelsOf } from "./peer/labels";
import { PeerAuthentication, SourcedMode } from "./peer/peer-authentication";
import { Tallies, Tally } from "./peer/tallies";
import { Xfcc } from "./peer/xfcc";
import { Request } from "./request";
import { ShadowLog } from "./shadow";
import { ShadowHttpFilter } from "./shadow-http-filter";

const NANOSECONDS_PER_MICROSECOND: u64 = 1000;
const PLUGIN_NAME = propertyPath("plugin_name");
const NOT_CONFIGURED =
  "the configuration is rejected, and none is in force: every request is refused";
const NOTHING_TO_COMPARE =
  "the configuration is rejected, and none is in force: SHADOW has nothing to compare";
const KEPT = "the configuration is rejected: the one before stays in force";

export class Plugin extends RootContext {
  readonly metrics: RequestMetrics = new RequestMetrics();
  /** The connections whose facts are known. */
  connections: Connections = new Connections(new FactSources());
  /** Scratch of the current callback. */
  request: Request = new Request(0, this.connections);
  peerAuthentication: PeerAuthentication = new PeerAuthentication();
  /** What plaintext gets under STRICT: RESET, or an HTTP status. */
  peerRejection: u32 = RESET;
  /** X-Forwarded-Client-Cert, or null where it is left alone. */
  xfcc: Xfcc | null = null;
  /** `Protocol`: what a network filter has behind it. */
  protocol: i32 = Protocol.Undeclared;
  private tcpPorts: i32[] = [];
  /** The open connections of this plugin, be they of an older configuration. */
  open: OpenConnections = new OpenConnections();
  /** Who speaks to the workload. */
  readonly requestTallies: Tallies = new Tallies("portcullis_peer_requests_total");
  readonly connectionTallies: Tallies = new Tallies("portcullis_peer_connections_total");
  /** Whom PeerAuthentication has refused. */
  private refusedTallies: Tallies = new Tallies("portcullis_peer_refused_total");
  authenticator: Authenticator = unconfigured(this.metrics);
  authorization: AuthorizationEngine = new AuthorizationEngine();
  /** Where the texts of the configuration live: it goes with the last one who enforces it. */
  private region: Region = new Region();
  /** Every rule is accounted for in the log: where Envoy's log level for Wasm was trace when the configuration came. */
  traces: bool = false;
  /** Responses tell their decision. */
  debugHeaders: bool = false;
  /** The external authorizer of the CUSTOM policies, or null where none applies. */
  extAuthz: ExtAuthzProvider | null = null;
  /** The authorizer's answer that is being delivered, or null. */
  answer: ExtAuthzAnswer | null = null;
  /** `guard`: every request and connection that passes is marked, for the filter behind that lets nothing else through. */
  marksPassed: bool = false;
  /** `enforcement: SHADOW`: nothing is enforced. */
  isShadow: bool = false;
  /** What differs from what the proxy does. */
  readonly shadowLog: ShadowLog = new ShadowLog();
  /** Requests by the call whose answer they wait for. */
  private asking: Map<u32, HttpFilter> = new Map<u32, HttpFilter>();
  /** The longest that a request may wait for keys, in nanoseconds. */
  longestWait: u64 = 0;
  /** The key sets that are fetched for this plugin. */
  private remotes: RemoteKeySet[] = [];
  /** Whether there is a configuration to decide by; without one every request is refused. */
  isConfigured: bool = false;
  private inForce: InForce | null = null;
  private containerPort: i32 = 0;
  private tickPeriod: u32 = 0;
  private spare: HttpFilter | null = null;

  /** Always true: see `InForce`. What is wrong leaves the configuration before in force, or refuses every request. */
  override onConfigure(size: u32): bool {
    const begin = currentTime();
    const inForce = new InForce(this);
    this.inForce = inForce;
    // The first tick leaves the first sign of life, and fetches keys. Not here: this may be Envoy's trial of the configuration,
    // which is gone before any answer.
    this.tickEvery(WAITING_TICK_MS);
    this.traces = logs(LogLevel.Trace);
    const taken = mark();
    const isTaken = this.take(inForce, size);
    // What the configuration has taken of the callback's memory is what the one before may need.
    releaseTo(taken);
    if (!isTaken && !this.fallBack(inForce)) return true;
    this.isConfigured = true;
    this.open = openConnectionsOf(toText(getProperty(PLUGIN_NAME)));
    this.open.begin(this);
    for (let i = 0; i < this.remotes.length; i++) {
      this.longestWait = max(this.longestWait, this.remotes[i].longestWait);
    }
    this.metrics.compiled((currentTime() - begin) / NANOSECONDS_PER_MICROSECOND);
    return true;
  }

  /** Whether the configuration is good, and is what this root enforces from now on. */
  private take(inForce: InForce, size: u32): bool {
    const problems = new Problems();
    if (size > MAX_CONFIGURATION_BYTES) {
      problems.add("more than " + MAX_CONFIGURATION_BYTES.toString() + " bytes");
    }
    const text = problems.count > 0 ? EMPTY : configurationOf(size);
    if (FAULTS) injectConfigurationFault(text);
    if (text == UNREADABLE) problems.add("the host does not hand it over");
    let compiled: Compiled | null = null;
    if (problems.count == 0) compiled = compile(text, problems);
    if (compiled === null) {
      problems.print();
      this.isShadow = isPresent(text) && saysShadow(text);
      dropUnused();
      return false;
    }
    inForce.begin(text);
    for (let i = 0; i < compiled.warnings.length; i++) log(LogLevel.Warn, compiled.warnings[i]);
    this.enforce(compiled);
    return true;
  }

  /** The configuration is wrong: whether the one before is in force here. Where it is not, every request is refused. */
  private fallBack(inForce: InForce): bool {
    if (inForce.recall() && (this.share(inForce.heldBy()) || this.compileAgain(inForce))) {
      inForce.keep();
      log(LogLevel.Critical, KEPT);
      return true;
    }
    log(LogLevel.Critical, this.isShadow ? NOTHING_TO_COMPARE : NOT_CONFIGURED);
    return false;
  }

  /** Enforces what a root of this VM enforces already: nothing is compiled, and nothing can be lacking for it. */
  private share(other: RootContext | null): bool {
    if (other === null || !(other instanceof Plugin)) return false;
    const plugin = <Plugin>other;
    if (!plugin.isConfigured) return false;
    this.region = plugin.region;
    this.connections = plugin.connections;
    this.request = plugin.request;
    this.containerPort = plugin.containerPort;
    this.peerAuthentication = plugin.peerAuthentication;
    this.peerRejection = plugin.peerRejection;
    this.xfcc = plugin.xfcc;
    this.protocol = plugin.protocol;
    this.tcpPorts = plugin.tcpPorts;
    this.authenticator = plugin.authenticator;
    this.authorization = plugin.authorization;
    this.extAuthz = plugin.extAuthz;
    this.debugHeaders = plugin.debugHeaders;
    this.marksPassed = plugin.marksPassed;
    this.isShadow = plugin.isShadow;
    for (let i = 0; i < plugin.remotes.length; i++) {
      plugin.remotes[i].passTo(this.id);
      this.remotes.push(plugin.remotes[i]);
    }
    return true;
  }

  /** The same in a VM that does not have it: a new worker's, or one that was lost. */
  private compileAgain(inForce: InForce): bool {
    const taken = mark();
    const text = inForce.text();
    let compiled: Compiled | null = null;
    if (isPresent(text)) compiled = compile(text, new Problems());
    releaseTo(taken);
    if (compiled === null) {
      dropUnused();
      return false;
    }
    this.enforce(compiled);
    return true;
  }

  private enforce(compiled: Compiled): void {
    this.region = compiled.region;
    this.connections = new Connections(compiled.facts);
    this.request = new Request(compiled.containerPort, this.connections);
    this.containerPort = compiled.containerPort;
    this.peerAuthentication = compiled.peerAuthentication;
    this.peerRejection = compiled.peerRejection;
    this.xfcc = compiled.xfcc;
    this.protocol = compiled.protocol;
    this.tcpPorts = compiled.tcpPorts;
    this.authenticator = compiled.authenticator(this.metrics);
    this.authorization = compiled.authorization;
    this.extAuthz = compiled.extAuthz;
    this.debugHeaders = compiled.debugHeaders;
    this.marksPassed = compiled.marksPassed;
    this.isShadow = compiled.isShadow;
    for (let i = 0; i < compiled.remotes.length; i++) {
      const need = compiled.remotes[i];
      need.set.adopt(this.id, need.refresh, need.timeout, need.cooldown);
      this.remotes.push(need.set);
    }
    dropUnused();
  }

  /** What PeerAuthentication wants of a connection. */
  modeOf(connection: Connection): SourcedMode {
    const peers = this.peerAuthentication;
    return peers.modeFor(peers.hasPorts ? this.portOf(connection) : 0);
  }

  /** Whether the network filter has a say in connections to this port; if the host does not tell the port, it has. */
  judges(connection: Connection): bool {
    if (this.tcpPorts.length == 0) return true;
    const port = this.portOf(connection);
    return port < 0 || this.tcpPorts.includes(port);
  }

  /** The workload's port that a connection comes to, or -1 when the host does not tell. */
  private portOf(connection: Connection): i32 {
    return this.containerPort == 0 ? connection.destinationPort() : this.containerPort;
  }

  /** A request has come by this connection. */
  countRequest(connection: Connection): void {
    let tally = connection.tally;
    if (tally === null) {
      tally = this.tallyOf(this.requestTallies, connection);
      connection.tally = tally;
    }
    tally.pending++;
  }

  /** PeerAuthentication has refused this connection, or a request by it; counted by `metric` as well, which does not tell whose it was. */
  refusePeer(metric: string, connection: Connection): void {
    this.metrics.refusePeer(metric, connection.security);
    this.tallyOf(this.refusedTallies, connection).pending++;
  }

  /** Tells the host who has come, and who was refused. */
  private flushTallies(): void {
    this.requestTallies.flush();
    this.connectionTallies.flush();
    this.refusedTallies.flush();
  }

  /** Where the requests or the connections of a peer are counted. */
  tallyOf(tallies: Tallies, connection: Connection): Tally {
    const port = this.portOf(connection);
    return tallies.of(labelsOf(connection, port, true), labelsOf(connection, port, false));
  }

  override onTick(): void {
    const inForce = this.inForce;
    if (inForce !== null) inForce.beat();
    let isDraining = this.open.isDue(this) && !this.open.review();
    this.flushTallies();
    this.shadowLog.begin();
    let waiting = 0;
    for (let i = 0; i < this.remotes.length; i++) {
      const remote = this.remotes[i];
      remote.tick(this.id);
      waiting += remote.waiting.size;
      if (remote.waiting.hasReleased) isDraining = true;
    }
    if (isDraining) this.tickEvery(DRAINING_TICK_MS);
    else this.tickEvery(waiting > 0 ? WAITING_TICK_MS : IDLE_TICK_MS);
  }

  override onHttpCallResponse(token: u32, headers: u32, bodySize: u32, trailers: u32): void {
    if (this.asking.has(token)) {
      const filter = this.asking.get(token);
      this.asking.delete(token);
      const answer = new ExtAuthzAnswer();
      answer.read(bodySize);
      this.answer = answer;
      // It is the only one that this callback wakes, so it cannot be too many.
      wake(filter);
      this.answer = null;
      return;
    }
    for (let i = 0; i < this.remotes.length; i++) {
      const remote = this.remotes[i];
      if (!remote.awaits(token)) continue;
      remote.answer(bodySize);
      if (remote.waiting.hasReleased) this.tickEvery(DRAINING_TICK_MS);
      return;
    }
  }

  override onDelete(): void {
    const inForce = this.inForce;
    if (inForce !== null) inForce.end();
    this.open.end(this);
    this.flushTallies();
    for (let i = 0; i < this.remotes.length; i++) this.remotes[i].disown(this.id);
    dropUnused();
    this.authenticator.free();
  }

  override createHttpContext(id: u32): HttpContext {
    if (this.isShadow) return new ShadowHttpFilter(id, this);
    const filter = this.spare;
    if (filter === null) return new HttpFilter(id, this);
    this.spare = filter.spare;
    filter.spare = null;
    filter.id = id;
    return filter;
  }

  override createNetworkContext(id: u32): NetworkContext {
    return new NetworkFilter(id, this);
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

function configurationOf(size: u32): Span {
  return size == 0 ? EMPTY : getBuffer(BufferType.PluginConfiguration, 0, size);
}

function unconfigured(metrics: RequestMetrics): Authenticator {
  return new Authenticator([], new TokenCache(0, 0), metrics, false, [], false);
}
