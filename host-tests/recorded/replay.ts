// Recorded requests and connections before the shipped module in the Node host.
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { CONNECTION_FACTS } from '../../envoy/config/connection-facts.ts';
import type { Connection, HttpStream, PeerCertificate } from '../../host/contexts.ts';
import type { HttpCall } from '../../host/http-calls.ts';
import { nodePlatform } from '../../host/node-platform.ts';
import type { Platform } from '../../host/platform.ts';
import type { Node } from '../../host/node-properties.ts';
import type { Pair } from '../../host/pairs.ts';
import { type Plugin, Process } from '../../host/process.ts';
import type { Resource } from '../../istio/load.ts';
import {
  type Settings,
  authorizersOf,
  pluginConfiguration,
} from '../../istio/plugin-configuration.ts';
import { type AuthorizerReply, replyOf } from './authorizer.ts';
import {
  type RecordedWorld,
  type SeenRequest,
  type SeenTls,
  type TcpWorld,
  type Verdict,
  changesBetween,
  comparableChallenge,
  joinedByName,
  pairsOf,
} from './format.ts';
import { metadataMessage } from './metadata.ts';

const MODULE = new WebAssembly.Module(readFileSync('build/portcullis.wasm'));
const GATEWAY: Node = {
  id: 'router~127.0.0.1~proxy.istio-system~istio-system.svc.cluster.local',
  namespace: 'istio-system',
  labels: { istio: 'ingressgateway' },
};
const SIDECAR: Node = {
  id: 'sidecar~127.0.0.1~proxy.foo~foo.svc.cluster.local',
  namespace: 'foo',
  labels: { app: 'httpbin' },
};
/** Most tokens come with many sets of policies; the module verifies them anew with each. */
const verified = new Map<string, boolean | undefined>();
const PLATFORM: Platform = {
  verifySignature: (hash, ...parts) => {
    const key = [hash, ...parts.map((part) => Buffer.from(part).toString('latin1'))].join(' ');
    if (!verified.has(key)) verified.set(key, nodePlatform.verifySignature(hash, ...parts));
    return verified.get(key);
  },
};
const KEY_SERVER = 'outbound|443||idp.example';
const METADATA_FILTER = 'envoy.filters.http.test';
/** The port of all listeners: the recorder writes it where the kernel had chosen one. */
const PORT = 8000;

/** The module with the policies of a recorded world; throws where it refuses them. */
export class Replayed {
  private readonly process: Process;
  private readonly plugin: Plugin;
  private readonly world: RecordedWorld;
  private readonly clients: string[];
  private readonly metadata: Uint8Array | undefined;
  private connections = 0;

  constructor(world: RecordedWorld, clients: string[]) {
    this.world = world;
    this.clients = clients;
    const { metadata } = world;
    this.metadata = metadata && metadataMessage(METADATA_FILTER, metadata);
    const settings = world.settings as Settings;
    const authorizers = authorizersOf(settings).map(
      ({ host, port }) => `outbound|${port}||${host}`,
    );
    this.process = new Process({
      platform: PLATFORM,
      node: GATEWAY,
      clusters: [KEY_SERVER, ...authorizers],
    });
    this.plugin = load(this.process, world.resources, settings);
  }

  /** Puts other policies in the place of the world's; throws where the module refuses them. */
  apply(resources: object[]): void {
    apply(this.process, this.plugin, resources, this.world.settings);
  }

  /** What the module makes of a request, as the recorder writes it down of native filters. */
  verdict(ask: SeenRequest): Verdict {
    const { process, plugin } = this;
    process.clock.set(ask.now * 1000);
    const headers: Pair[] = [
      [':authority', ask.authority],
      [':path', ask.path],
      [':method', ask.method],
      [':scheme', ask.tls === undefined ? 'http' : 'https'],
      ...pairsOf(ask.headers),
    ];
    const stream = plugin.request(headers, { connection: this.connectionOf(ask) });
    if (stream === undefined) throw new Error('the module has trapped');
    while (stream.state === 'paused' && process.httpCalls.length > 0) {
      for (const call of process.httpCalls) this.answer(call);
      if (stream.state === 'paused') process.advance(1);
    }
    plugin.end(stream);
    return verdictOf(ask, stream);
  }

  private answer(call: HttpCall): void {
    if (call.cluster === KEY_SERVER) return call.respond({ status: 200, body: this.world.keys });
    const told = call.headers.find(([name]) => name === 'x-ext-authz')?.[1];
    const reply: AuthorizerReply | undefined = replyOf(told);
    if (reply === 'silence') return call.fail('timeout');
    if (reply === 'hang-up') return call.fail('connection');
    const [status, headers, body] = reply;
    call.respond({
      status,
      headers: headers.map(([name, value]): Pair => [name.toLowerCase(), value]),
      body,
    });
  }

  private connectionOf({ remote, tls }: SeenRequest): Connection {
    return {
      ...connectionOf(++this.connections, '127.0.0.1', tls, this.clients),
      sourceAddress: remote.includes(':') ? `[${remote}]:1` : `${remote}:1`,
      dynamicMetadata: this.metadata,
    };
  }
}

/** The module's network filter with recorded policies. */
export class ReplayedTcp {
  private readonly process = new Process({ platform: PLATFORM, node: SIDECAR });
  private readonly plugin: Plugin;
  private readonly world: TcpWorld;
  private readonly settings: Settings;
  private connections = 0;

  constructor(world: TcpWorld) {
    this.world = world;
    this.settings = { ...world.settings, workload: { protocol: 'TCP' } };
    this.plugin = load(this.process, [], this.settings);
  }

  /** What the module lets through by these policies, of every client from every address. */
  passed(resources: object[]): string {
    apply(this.process, this.plugin, resources, this.settings);
    const { clients, addresses, sni } = this.world;
    const certificates = clients.map((client) => client ?? '');
    return clients
      .flatMap((client, i) =>
        addresses.map((address) => {
          const tls = client === null ? undefined : { sni, client: i };
          const connection = connectionOf(++this.connections, address, tls, certificates);
          return this.connect(connection) ? '1' : '0';
        }),
      )
      .join('');
  }

  private connect(connection: Connection): boolean {
    // Before the end of its handshake nothing is known of a TLS connection.
    const { peerCertificate, filterState, ...begun } = connection;
    const stream = this.plugin.connect(connection.tls === true ? begun : connection);
    if (stream === undefined) throw new Error('the module has trapped');
    stream.connection = { ...begun, peerCertificate, filterState };
    this.plugin.receive(stream);
    this.plugin.end(stream);
    return stream.state === 'open';
  }
}

function load(process: Process, resources: object[], settings: Settings): Plugin {
  const configuration = configurationOf(resources, settings);
  const name = 'portcullis';
  const plugin = process.load(MODULE, { name, rootId: name, vmId: name, configuration });
  checkLog(process);
  return plugin;
}

function apply(process: Process, plugin: Plugin, resources: object[], settings: Settings): void {
  plugin.update(configurationOf(resources, settings));
  checkLog(process);
}

function configurationOf(resources: object[], settings: Settings): string {
  const list = resources.map((value) => ({ value }) as Resource);
  return pluginConfiguration(list, { connectionFacts: CONNECTION_FACTS, ...settings });
}

/** Every line of the log from an error on is a policy that is not in force. */
function checkLog(process: Process): void {
  const errors = process.logs('error');
  if (errors.length > 0) throw new Error(errors.join('\n'));
}

/** A connection as Envoy shows it: by default from its own end. */
function connectionOf(
  id: number,
  address: string,
  tls: SeenTls | undefined,
  clients: string[],
): Connection {
  const certificate = tls?.client === undefined ? undefined : clients[tls.client]!;
  return {
    id,
    tls: tls !== undefined,
    sourceAddress: `${address}:1`,
    destinationAddress: `127.0.0.1:${PORT}`,
    destinationPort: PORT,
    requestedServerName: tls?.sni,
    peerCertificate: certificate === undefined ? undefined : firstNames(certificate),
    filterState: {
      [CONNECTION_FACTS.directAddress]: address,
      [CONNECTION_FACTS.peerCertificate]:
        certificate === undefined ? '-' : encodeURIComponent(certificate),
      [CONNECTION_FACTS.localUris]: '-',
    },
  };
}

const known = new Map<string, PeerCertificate>();

/** Of several names Envoy tells a module the first. */
function firstNames(certificate: string): PeerCertificate {
  const names = known.get(certificate) ?? readNames(certificate);
  known.set(certificate, names);
  return names;
}

function readNames(certificate: string): PeerCertificate {
  const { subjectAltName = '' } = new X509Certificate(certificate);
  const names = subjectAltName.split(', ');
  const first = (kind: string): string | undefined =>
    names.find((name) => name.startsWith(kind))?.slice(kind.length);
  return { uri: first('URI:'), dns: first('DNS:') };
}

function verdictOf(ask: SeenRequest, stream: HttpStream): Verdict {
  const { reply } = stream;
  if (stream.state === 'continued') {
    const pathOf = (headers: Pair[]): string => headers.find(([name]) => name === ':path')![1];
    const before = { path: ask.path, headers: joinedByName(pairsOf(ask.headers)) };
    const after = { path: pathOf(stream.headers), headers: joinedByName(stream.headers) };
    return { upstream: changesBetween(before, after) };
  }
  if (reply === undefined) throw new Error(`it is ${stream.state}`);
  const headers = new Map<string, string>();
  for (const [name, value] of reply.headers) {
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before},${value}`);
  }
  const challenge = headers.get('www-authenticate');
  // Envoy says of a body what it is, where nobody does.
  const type = headers.get('content-type') ?? (reply.body === '' ? undefined : 'text/plain');
  headers.delete('www-authenticate');
  headers.delete('content-type');
  return {
    status: reply.status,
    body: reply.body,
    ...(type === undefined ? {} : { type }),
    ...(challenge === undefined ? {} : { challenge: comparableChallenge(challenge) }),
    ...(headers.size === 0 ? {} : { headers: Object.fromEntries(headers) }),
    // A client is told the details of errors alone (envoy-tests/world.ts, showDetails).
    ...(reply.status < 400 ? {} : { details: reply.details }),
  };
}
