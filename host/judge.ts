// One request after the other before the module, as Envoy would bring them: what was decided, and what every rule said.
import type { HttpStream } from './contexts.ts';
import type { HttpCall } from './http-calls.ts';
import type { Node } from './node-properties.ts';
import type { Pair } from './pairs.ts';
import type { Platform } from './platform.ts';
import { type Plugin, Process } from './process.ts';
import { fromUtf8 } from './text.ts';

/** A request, as `--requests` writes it: a line of JSON. Everything but `path` may be absent. */
export interface JudgedRequest {
  id?: string | number;
  method?: string;
  authority?: string;
  /** After Envoy's normalization; with its query. */
  path: string;
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
  status: number;
  body: string;
  /** Envoy's response code details. */
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
  /** Filter-state keys where the configuration finds the facts of a connection. */
  connectionFacts: { directAddress: string; peerUris: string };
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

const LOOPBACK = '127.0.0.1';
const DEFAULT_PORT = 80;
const TRACE = /^trace (\S+) (ns\[.*\]-rule\[\d+\]) (yes|no): (.*)$/;
const RULE = /^ns\[(.*)\]-policy\[(.*)\]-rule\[\d+\]$/;

export class Judge {
  /** What the module warns of. */
  readonly warnings: string[];
  /** Clusters of key sets that were asked for, and that nobody has given. */
  readonly missingKeySets = new Set<string>();
  private readonly process: Process;
  private readonly plugin: Plugin;
  private readonly options: JudgeOptions;

  /** Throws RefusedConfiguration. `clusters`: those of the external authorizers. */
  constructor(options: JudgeOptions, clusters: string[] = []) {
    this.options = options;
    const { platform, node, module, configuration, now } = options;
    this.process = new Process({ platform, node, now, clusters, logLevel: 'trace' });
    this.plugin = this.process.load(module, {
      name: 'portcullis',
      rootId: 'portcullis',
      configuration,
    });
    const lines = (level: string): string[] => [
      ...new Set(
        this.process.logLines.filter((line) => line.level === level).map(({ message }) => message),
      ),
    ];
    const errors = lines('error');
    if (errors.length > 0 || !this.plugin.inForce) throw new RefusedConfiguration(errors);
    this.warnings = lines('warn');
  }

  /** Judges a request. */
  decide(request: JudgedRequest): Decision {
    const { process, plugin } = this;
    process.clock.set((request.now ?? this.options.now / 1000) * 1000);
    process.logLines.length = 0;
    const stream = plugin.request(headersOf(request), { connection: this.connectionOf(request) });
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

  private connectionOf(request: JudgedRequest): HttpStream['connection'] {
    const { directAddress, peerUris } = this.options.connectionFacts;
    const { sourceIp = LOOPBACK, mtls } = request;
    const presented = mtls !== undefined && mtls.presented !== false;
    const uris = presented ? (mtls.peerUris ?? []) : [];
    return {
      sourceAddress: withPort(request.remoteIp ?? sourceIp, 1),
      destinationAddress: withPort(
        request.destinationIp ?? LOOPBACK,
        request.destinationPort ?? DEFAULT_PORT,
      ),
      destinationPort: request.destinationPort ?? DEFAULT_PORT,
      requestedServerName: request.sni,
      peerCertificate: presented
        ? {
            uri: uris[0] ?? '',
            dns: mtls.peerDns?.[0] ?? '',
            subject: mtls.subject ?? '',
            digest: mtls.hash,
          }
        : undefined,
      filterState: {
        [directAddress]: sourceIp,
        // As %DOWNSTREAM_PEER_URI_SAN% writes it.
        [peerUris]: uris.length === 0 ? '-' : uris.join(','),
      },
    };
  }

  private decisionOf(request: JudgedRequest, stream: HttpStream): Decision {
    const reply = stream.reply;
    const steps = this.process.logLines.flatMap(({ message }) => stepOf(message));
    const allowed = stream.state === 'continued';
    if (!allowed && reply === undefined) throw new Error(`the stream is ${stream.state}`);
    const written = (name: string): string | undefined => {
      const value = stream.filterState(`portcullis.${name}`);
      return value === undefined ? undefined : fromUtf8(value);
    };
    const decided = /\bpolicy=(ns\[.*\]-rule\[\d+\])/.exec(written('decision') ?? '')?.[1];
    const rule = decided ?? (allowed ? firstMatch(steps, 'ALLOW') : undefined) ?? null;
    const [, namespace, name] = RULE.exec(rule ?? '') ?? [];
    const [issuer, subject] = [written('claim.iss'), written('claim.sub')];
    return {
      ...(request.id === undefined ? {} : { id: request.id }),
      allowed,
      status: allowed ? 200 : reply!.status,
      body: allowed ? '' : reply!.body,
      details: allowed ? 'via_upstream' : reply!.details,
      responseHeaders: allowed ? [] : reply!.headers,
      upstreamHeaders: allowed ? stream.headers : [],
      requestPrincipal: issuer === undefined ? null : `${issuer}/${subject ?? ''}`,
      policy: namespace === undefined ? null : `${namespace}/${name}`,
      rule,
      steps,
    };
  }
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
