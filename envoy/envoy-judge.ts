// A real Envoy in the place of the Node host: the same requests, over real connections, with real certificates.
import { mkdtemp, rm } from 'node:fs/promises';
import { type Server, createServer, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JudgedRequest } from '../host/judge.ts';
import type { Pair } from '../host/pairs.ts';
import { listen, portOf, stopListening } from './apps/listen.ts';
import { findEnvoy } from './binary.ts';
import { Authority } from './certificates.ts';
import type { Pem } from './config/tls.ts';
import type { JsonObject, Node } from './config/types.ts';
import { INGRESS, proxyBootstrap } from './proxy.ts';
import { EnvoyProcess } from './runtime/process.ts';

/** What a client sees of a decision, and what the upstream got. */
export interface EnvoyDecision {
  allowed: boolean;
  status: number;
  body: string;
  details: string;
  responseHeaders: Pair[];
  upstreamHeaders: Pair[];
}

/** What a client sees of a connection that is closed. */
const CLOSED: EnvoyDecision = {
  allowed: false,
  status: 0,
  body: '',
  details: '',
  responseHeaders: [],
  upstreamHeaders: [],
};

const OVER_TLS = 'ingress-tls';
const SERVER_NAME = 'workload.example';
const UPSTREAM_MARK = 'x-portcullis-upstream';
const DETAILS = 'x-portcullis-details';

/** Why a request cannot be put to an Envoy on this machine; undefined when it can. */
export function unaskable(request: JudgedRequest): string | undefined {
  if (request.protocol === 'tcp') return 'there is no TCP service to connect to';
  if (request.sourceIp !== undefined && !request.sourceIp.startsWith('127.')) {
    return `a connection cannot come from ${request.sourceIp}`;
  }
  if (request.destinationIp !== undefined && request.destinationIp !== '127.0.0.1') {
    return `a connection cannot go to ${request.destinationIp}`;
  }
  if (request.destinationPort !== undefined) return 'the port is that of the suite';
  if (request.method !== undefined && request.method !== request.method.toUpperCase()) {
    return 'the HTTP client writes methods in capitals';
  }
  if (request.now !== undefined) return 'the time cannot be chosen';
  if (request.extAuthz !== undefined) return 'there is no external authorizer';
  if (request.mtls?.subject !== undefined || request.mtls?.hash !== undefined) {
    return 'subject and hash of the certificate are its own';
  }
  return undefined;
}

export class EnvoyJudge {
  private readonly envoy: EnvoyProcess;
  private readonly upstream: Server;
  private readonly authority: Authority;
  private readonly folder: string;

  private constructor(envoy: EnvoyProcess, upstream: Server, authority: Authority, folder: string) {
    this.envoy = envoy;
    this.upstream = upstream;
    this.authority = authority;
    this.folder = folder;
  }

  /** Starts an Envoy with these HTTP and network filters behind the one that leaves the facts of a connection. */
  static async start(
    node: Node,
    filters: JsonObject[],
    networkFilters: JsonObject[],
    pathNormalization?: 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES',
  ): Promise<EnvoyJudge> {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-judge-'));
    const authority = await Authority.create('portcullis');
    const server = await authority.issueServer(SERVER_NAME);
    const inline = (text: string): Pem => ({ inline_string: text });
    const tls = {
      certificate: inline(server.certificate),
      key: inline(server.key),
      ca: inline(authority.certificate),
    };
    const upstream = await startUpstream();
    const address = { address: '127.0.0.1', port: 0 };
    const bootstrap = proxyBootstrap({
      node,
      listen: address,
      upstream: { address: '127.0.0.1', port: portOf(upstream) },
      admin: address,
      gateway: false,
      filters,
      networkFilters,
      accessLogPath: '/dev/null',
      pathNormalization,
      jwksUris: new Map(),
      xfcc: 'MODULE',
      neighbours: [{ name: OVER_TLS, filters, networkFilters, xfcc: 'MODULE', tls }],
    });
    prepare(bootstrap);
    const envoy = await EnvoyProcess.start({
      binary: (await findEnvoy()).path,
      folder,
      bootstrap,
      concurrency: 1,
    });
    return new EnvoyJudge(envoy, upstream, authority, folder);
  }

  /** Puts a request; look at `unaskable` first. */
  async decide(request: JudgedRequest): Promise<EnvoyDecision> {
    const { mtls } = request;
    const client =
      mtls === undefined || mtls.presented === false
        ? undefined
        : await this.authority.issueClient(mtls.peerUris ?? [], mtls.peerDns ?? []);
    const headers = [
      ...['host', request.authority ?? 'localhost'],
      ...(request.remoteIp === undefined ? [] : ['x-forwarded-for', request.remoteIp]),
      ...(request.headers ?? []).flat(),
    ];
    return new Promise((done, failed) => {
      const outgoing = (mtls === undefined ? httpRequest : httpsRequest)(
        {
          host: '127.0.0.1',
          port: this.envoy.port(mtls === undefined ? INGRESS : OVER_TLS),
          localAddress: request.sourceIp,
          method: request.method ?? 'GET',
          path: request.path,
          agent: false,
          headers,
          ...(mtls === undefined
            ? {}
            : {
                ca: this.authority.certificate,
                servername: request.sni ?? SERVER_NAME,
                checkServerIdentity: () => undefined,
                cert: client?.certificate,
                key: client?.key,
              }),
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', failed);
          incoming.on('end', () => {
            const mark = incoming.headers[UPSTREAM_MARK];
            const details = incoming.headers[DETAILS];
            done({
              allowed: mark !== undefined,
              status: incoming.statusCode ?? 0,
              body: mark === undefined ? Buffer.concat(chunks).toString() : '',
              details: mark === undefined ? String(details) : 'via_upstream',
              responseHeaders: pairsOf(incoming.rawHeaders),
              upstreamHeaders: mark === undefined ? [] : (JSON.parse(String(mark)) as Pair[]),
            });
          });
        },
      );
      outgoing.on('error', (error: NodeJS.ErrnoException) =>
        error.code === 'ECONNRESET' ? done(CLOSED) : failed(error),
      );
      outgoing.end();
    });
  }

  async stop(): Promise<void> {
    await this.envoy.stop();
    await stopListening(this.upstream);
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** Answers with what it got. */
function startUpstream(): Promise<Server> {
  const server = createServer((request, response) => {
    const seen = pairsOf(request.rawHeaders).map(([name, value]): Pair => [
      name.toLowerCase(),
      value,
    ]);
    response.writeHead(200, { [UPSTREAM_MARK]: JSON.stringify(seen) });
    response.end();
  });
  return listen(server, 0, '127.0.0.1');
}

function pairsOf(raw: string[]): Pair[] {
  return raw.flatMap((name, i): Pair[] => (i % 2 === 0 ? [[name, raw[i + 1]!]] : []));
}

/** Every reply tells its details; over TLS a client may come without a certificate. */
function prepare(bootstrap: JsonObject): void {
  const { listeners } = bootstrap.static_resources as unknown as {
    listeners: {
      filter_chains: {
        transport_socket?: { typed_config: JsonObject };
        filters: { typed_config: JsonObject }[];
      }[];
    }[];
  };
  for (const { transport_socket, filters } of listeners.flatMap((one) => one.filter_chains)) {
    filters.at(-1)!.typed_config.local_reply_config = {
      mappers: [
        {
          filter: {
            status_code_filter: {
              comparison: { op: 'GE', value: { default_value: 0, runtime_key: 'none' } },
            },
          },
          headers_to_add: [{ header: { key: DETAILS, value: '%RESPONSE_CODE_DETAILS%' } }],
        },
      ],
    };
    if (transport_socket !== undefined) {
      transport_socket.typed_config.require_client_certificate = false;
    }
  }
}
