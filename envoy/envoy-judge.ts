// A real Envoy in the place of the Node host: the same requests, over real connections, with real certificates.
import { mkdtemp, rm } from 'node:fs/promises';
import { type Server, createServer, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JudgedRequest } from '../host/judge.ts';
import type { Pair } from '../host/pairs.ts';
import { listen, portOf } from './apps/listen.ts';
import { findEnvoy } from './binary.ts';
import { Authority } from './certificates.ts';
import { connectionFactsFilter } from './config/connection-facts.ts';
import { type JsonObject, type Node, typed } from './config/types.ts';
import { INGRESS, proxyBootstrap } from './gateway.ts';
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

const OVER_TLS = 'ingress-tls';
const SERVER_NAME = 'workload.example';
const UPSTREAM_MARK = 'x-portcullis-upstream';
const DETAILS = 'x-portcullis-details';

/** Why a request cannot be put to an Envoy on this machine; undefined when it can. */
export function unaskable(request: JudgedRequest): string | undefined {
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

  /** Starts an Envoy with these HTTP filters behind the one that leaves the facts of a connection. */
  static async start(
    node: Node,
    filters: JsonObject[],
    pathNormalization?: 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES',
  ): Promise<EnvoyJudge> {
    const folder = await mkdtemp(join(tmpdir(), 'portcullis-judge-'));
    const authority = await Authority.create('portcullis');
    const server = await authority.issueServer(SERVER_NAME);
    const upstream = await startUpstream();
    const address = { address: '127.0.0.1', port: 0 };
    const bootstrap = proxyBootstrap({
      node,
      listen: address,
      upstream: { address: '127.0.0.1', port: portOf(upstream) },
      admin: address,
      gateway: false,
      filters,
      accessLogPath: '/dev/null',
      pathNormalization,
      jwksUris: new Map(),
      neighbours: [{ name: OVER_TLS, filters: [connectionFactsFilter(), ...filters] }],
    });
    prepare(bootstrap, authority.certificate, server);
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
      outgoing.on('error', failed);
      outgoing.end();
    });
  }

  async stop(): Promise<void> {
    await this.envoy.stop();
    this.upstream.closeAllConnections();
    this.upstream.close();
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

function prepare(
  bootstrap: JsonObject,
  authority: string,
  server: { certificate: string; key: string },
): void {
  const { listeners } = bootstrap.static_resources as unknown as {
    listeners: {
      name: string;
      filter_chains: (JsonObject & { filters: { typed_config: JsonObject }[] })[];
    }[];
  };
  const inline = (text: string): JsonObject => ({ inline_string: text });
  for (const { name, filter_chains } of listeners) {
    const chain = filter_chains[0]!;
    chain.filters[0]!.typed_config.local_reply_config = {
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
    if (name !== OVER_TLS) continue;
    chain.transport_socket = {
      name: 'envoy.transport_sockets.tls',
      typed_config: typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
        common_tls_context: {
          tls_certificates: [
            { certificate_chain: inline(server.certificate), private_key: inline(server.key) },
          ],
          validation_context: { trusted_ca: inline(authority) },
        },
      }),
    };
  }
}
