// One request after the other before the module, as Envoy would bring them: what was decided, and what every rule said.
import type { Connection, HttpStream, NetworkStream } from './contexts.ts';
import { certificateText } from './certificate-text.ts';
import type { HttpCall } from './http-calls.ts';
import type { Node } from './node-properties.ts';
import type { Pair } from './pairs.ts';
import type { Platform } from './platform.ts';
import { type Plugin, Process } from './process.ts';
import { fromUtf8 } from './text.ts';

/** A request, as `--requests` writes it: a line of JSON. Everything but `path` may be absent; on TCP that, too. */
export interface JudgedRequest {
  id?: string | number;
  method?: string;
  authority?: string;
  /** After Envoy's normalization; with its query. Of no meaning on TCP. */
  path: string;
  /** `tcp`: a connection that carries no HTTP. */
  protocol?: 'http' | 'tcp';
  headers?: Pair[];
  scheme?: string;
  /** The direct peer. */
  sourceIp?: string;
  /** The client, as Envoy makes it out behind proxies; the direct peer if nothing else is said. */
  remoteIp?: string;
  destinationIp?: string;
  destinationPort?: number;
  sni?: string;
  /** Absent: plaintext. */
  mtls?: {
    /** False: TLS without a client certificate. */
    presented?: boolean;
    peerUris?: string[];
    localUris?: string[];
    peerDns?: string[];
    subject?: string;
    hash?: string;
  };
  /** Seconds since the Unix epoch. */
  now?: number;
  /** What the external authorizer of a CUSTOM policy says; nothing unless told. */
  extAuthz?: 'allow' | 'deny' | 'error';
}

/** What one rule said of a request. */
export interface Step {
  /** CUSTOM, DENY, ALLOW, AUDIT, DRY-RUN-DENY or DRY-RUN-ALLOW. */
  action: string;
  /** `ns[NAMESPACE]-policy[NAME]-rule[INDEX]` */
  rule: string;
  matched: boolean;
  /** Where it matched, the conditions that hold; where not, the first that fails of every alternative. */
  conditions: string[];
}

/** What became of a request: a line of JSON for `-o jsonl`. */
export interface Decision {
  id?: string | number;
  allowed: boolean;
  /** 0: a connection that is closed, or a stream that is reset. */
  status: number;
  body: string;
  /** Envoy's response code details; where there is no response, the module's record of the decision. */
  details: string;
  responseHeaders: Pair[];
  /** What the upstream gets; of a request that was refused, nothing. */
  upstreamHeaders: Pair[];
  requestPrincipal: string | null;
  /** `NAMESPACE/NAME` of the policy that decided, and its rule; null where none did. */
  policy: string | null;
  rule: string | null;
  steps: Step[];
}

/** What a judge is made of. */
export interface JudgeOptions {
  module: WebAssembly.Module;
  platform: Platform;
  node: Node;
  /** The plugin configuration, with `filterStateClaims` of `iss` and `sub` for the request's principal. */
  configuration: string;
  /** The same for connections that carry no HTTP: `workload.protocol` is TCP. */
  tcpConfiguration: string;
  /** Filter-state keys where the configuration finds the facts of a connection. */
  connectionFacts: Record<'directAddress' | 'peerCertificate' | 'localUris', string>;
  /** Milliseconds since the Unix epoch, where a request does not say. */
  now: number;
}

/** A configuration that the module refuses; `lines` are its own. */
export class RefusedConfiguration extends Error {
  readonly lines: string[];

  constructor(lines: string[]) {
    super(lines.join('\n'));
    this.lines = lines;
  }
}

/** What Envoy writes where there is nothing. */
const NO_NAMES = '-';
const LOOPBACK = '127.0.0.1';
const DEFAULT_PORT = 80;
const TRACE = /^trace (\S+) (ns\[.*\]-rule\[\d+\]) (yes|no): (.*)$/;
const PEER_POLICY = /^unauthenticated reason=peer_\w+ policy=(\S+)/;
const RULE = /^ns\[(.*)\]-policy\[(.*)\]-rule\[\d+\]$/;

export class Judge {
  /** What the module warns of. */
  readonly warnings: string[];
  /** Clusters of key sets that were asked for, and that nobody has given. */
  readonly missingKeySets = new Set<string>();
  private readonly process: Process;
  private readonly plugin: Plugin;
  /** The network filter in front of it. */
  private readonly network: Plugin;
  /** The one of a port without HTTP, from the first connection to one on. */
  private tcp: Plugin | undefined;
  private readonly options: JudgeOptions;
  private connections = 0;

  /** Throws RefusedConfiguration. `clusters`: those of the external authorizers. */
  constructor(options: JudgeOptions, clusters: string[] = []) {
    this.options = options;
    const { platform, node, configuration, now } = options;
    const hasMainThread = false;
    this.process = new Process({ platform, node, now, clusters, hasMainThread, logLevel: 'trace' });
    this.plugin = this.load('portcullis', configuration);
    const lines = (level: string): string[] => [
      ...new Set(
        this.process.logLines.filter((line) => line.level === level).map(({ message }) => message),
      ),
    ];
    const errors = lines('error');
    if (errors.length > 0 || !this.plugin.inForce) throw new RefusedConfiguration(errors);
    this.warnings = lines('warn');
    this.network = this.load('portcullis-network', configuration);
  }

  private load(name: string, configuration: string): Plugin {
    const { module } = this.options;
    return this.process.load(module, { name, rootId: name, vmId: name, configuration });
  }

  /** Judges a request: its connection first. */
  decide(request: JudgedRequest): Decision {
    const { process } = this;
    process.clock.set((request.now ?? this.options.now / 1000) * 1000);
    process.logLines.length = 0;
    const connection = this.connectionOf(request);
    if (request.protocol === 'tcp') {
      this.tcp ??= this.load('portcullis-tcp', this.options.tcpConfiguration);
      process.logLines.length = 0;
      return this.connect(this.tcp, request, connection);
    }
    const connected = this.connect(this.network, request, connection);
    return connected.allowed ? this.decideHttp(request, connection) : connected;
  }

  /** Every rule that applies, as `ACTION RULE`. */
  rules(): string[] {
    // Of a connection that no PeerAuthentication of the HTTP filter refuses.
    const request = { path: '/', mtls: { peerUris: ['spiffe://nobody'] } };
    const { steps } = this.decideHttp(request, this.connectionOf(request));
    return steps.map(({ action, rule }) => `${action} ${rule}`);
  }

  private decideHttp(request: JudgedRequest, connection: Connection): Decision {
    const { process, plugin } = this;
    process.logLines.length = 0;
    const stream = plugin.request(headersOf(request), { connection });
    if (stream === undefined) throw new Error('the module has trapped');
    // An authorizer first, keys after: each answer may be followed by another question.
    while (stream.state === 'paused' && process.httpCalls.length > 0) {
      for (const call of process.httpCalls) this.answer(call, request);
      if (stream.state === 'paused') process.advance(1);
    }
    const decision = this.decisionOf(request, stream);
    plugin.end(stream);
    return decision;
  }

  /** The connection, up to its first byte. */
  private connect(plugin: Plugin, request: JudgedRequest, connection: Connection): Decision {
    // Before the end of its handshake nothing is known of a TLS connection.
    const { peerCertificate, ...begun } = connection;
    const stream = plugin.connect(connection.tls === true ? begun : connection);
    if (stream === undefined) throw new Error('the module has trapped');
    stream.connection = { ...begun, peerCertificate };
    plugin.receive(stream);
    plugin.end(stream);
    const allowed = stream.state === 'open';
    return {
      ...(request.id === undefined ? {} : { id: request.id }),
      allowed,
      status: 0,
      body: '',
      details: allowed ? '' : recordOf(stream, 'decision'),
      responseHeaders: [],
      upstreamHeaders: [],
      requestPrincipal: null,
      ...this.decidedBy(stream, allowed),
    };
  }

  private decidedBy(
    stream: HttpStream | NetworkStream,
    allowed: boolean,
  ): Pick<Decision, 'policy' | 'rule' | 'steps'> {
    const steps = this.process.logLines.flatMap(({ message }) => stepOf(message));
    const decision = recordOf(stream, 'decision');
    const decided = /\bpolicy=(ns\[.*\]-rule\[\d+\])/.exec(decision)?.[1];
    const rule = decided ?? (allowed ? firstMatch(steps, 'ALLOW') : undefined) ?? null;
    const [, namespace, name] = RULE.exec(rule ?? '') ?? [];
    const peerPolicy = PEER_POLICY.exec(decision)?.[1] ?? null;
    return { policy: namespace === undefined ? peerPolicy : `${namespace}/${name}`, rule, steps };
  }

  private answer(call: HttpCall, { extAuthz }: JudgedRequest): void {
    if (call.headers.some(([name, value]) => name === 'accept' && value.includes('json'))) {
      this.missingKeySets.add(call.cluster);
      call.fail('connection');
    } else if (extAuthz === 'allow' || extAuthz === 'deny') {
      call.respond({ status: extAuthz === 'allow' ? 200 : 403 });
    } else {
      call.fail('connection');
    }
  }

  private connectionOf(request: JudgedRequest): Connection {
    const { directAddress, peerCertificate, localUris } = this.options.connectionFacts;
    const { sourceIp = LOOPBACK, mtls } = request;
    const presented = mtls !== undefined && mtls.presented !== false;
    const uris = presented ? (mtls.peerUris ?? []) : [];
    const hosts = presented ? (mtls.peerDns ?? []) : [];
    return {
      id: ++this.connections,
      tls: mtls !== undefined,
      sourceAddress: withPort(request.remoteIp ?? sourceIp, 1),
      destinationAddress: withPort(
        request.destinationIp ?? LOOPBACK,
        request.destinationPort ?? DEFAULT_PORT,
      ),
      destinationPort: request.destinationPort ?? DEFAULT_PORT,
      requestedServerName: request.sni,
      peerCertificate: presented
        ? { uri: uris[0], dns: hosts[0], subject: mtls.subject ?? '', digest: mtls.hash }
        : undefined,
      localCertificate: { uri: mtls?.localUris?.[0] },
      filterState: {
        [directAddress]: sourceIp,
        [peerCertificate]: presented ? certificateText(uris, hosts) : NO_NAMES,
        [localUris]: listed(mtls?.localUris ?? []),
      },
    };
  }

  private decisionOf(request: JudgedRequest, stream: HttpStream): Decision {
    const reply = stream.reply;
    const allowed = stream.state === 'continued';
    const isReset = stream.state === 'reset';
    if (!allowed && !isReset && reply === undefined) throw new Error(`it is ${stream.state}`);
    const written = (name: string): string | undefined => {
      const value = stream.filterState(`portcullis.${name}`);
      return value === undefined ? undefined : fromUtf8(value);
    };
    const [issuer, subject] = [written('claim.iss'), written('claim.sub')];
    return {
      ...(request.id === undefined ? {} : { id: request.id }),
      allowed,
      status: allowed ? 200 : (reply?.status ?? 0),
      body: reply?.body ?? '',
      details: allowed ? 'via_upstream' : (reply?.details ?? recordOf(stream, 'decision')),
      responseHeaders: reply?.headers ?? [],
      upstreamHeaders: allowed ? stream.headers : [],
      requestPrincipal: issuer === undefined ? null : `${issuer}/${subject ?? ''}`,
      ...this.decidedBy(stream, allowed),
    };
  }
}

/** Filter state that the module has left; of no characters where it has not. */
function recordOf(stream: HttpStream | NetworkStream, name: string): string {
  const value = stream.filterState(`portcullis.${name}`);
  return value === undefined ? '' : fromUtf8(value);
}

/** Names as %DOWNSTREAM_LOCAL_URI_SAN% and its like write them. */
function listed(names: string[]): string {
  return names.length === 0 ? NO_NAMES : names.join(',');
}

function firstMatch(steps: Step[], action: string): string | undefined {
  return steps.find((step) => step.action === action && step.matched)?.rule;
}

function stepOf(line: string): Step[] {
  const [, action, rule, matched, conditions] = TRACE.exec(line) ?? [];
  if (action === undefined || rule === undefined) return [];
  const list = conditions === undefined || conditions === '' ? [] : conditions.split(',');
  return [{ action, rule, matched: matched === 'yes', conditions: list }];
}

function withPort(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

function headersOf(request: JudgedRequest): Pair[] {
  const { method = 'GET', authority = 'localhost', scheme = 'http', headers = [] } = request;
  return [
    [':authority', authority],
    [':path', request.path],
    [':method', method],
    [':scheme', scheme],
    ...headers,
    ['x-forwarded-proto', scheme],
  ];
}
