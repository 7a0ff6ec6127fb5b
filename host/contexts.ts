// What the module addresses by number: root contexts, HTTP streams and connections, as the host keeps them.
import type { Pair } from './pairs.ts';
import { toUtf8 } from './text.ts';

/** What a connection is, for the properties that a module asks for. */
export interface Connection {
  /** Envoy's number for it; a connection without one is a stranger to every request. */
  id?: number;
  /** TLS that this proxy terminates; a client certificate says so by itself. */
  tls?: boolean;
  /** `IP:PORT` of the client as Envoy sees it. */
  sourceAddress?: string;
  destinationAddress?: string;
  destinationPort?: number;
  /** The name that the client has asked for in its TLS handshake. */
  requestedServerName?: string;
  /** The certificate that the client has presented, and that was verified; absent: it has presented none. */
  peerCertificate?: PeerCertificate;
  /** The certificate of this proxy. */
  localCertificate?: LocalCertificate;
  /** Filter state that filters in front have left, by key. */
  filterState?: Record<string, string>;
  /** Dynamic metadata that filters in front have written: an envoy.config.core.v3.Metadata message. */
  dynamicMetadata?: Uint8Array;
}

/** A client's certificate, as far as a module can see it: of several names the first. */
export interface PeerCertificate {
  uri?: string;
  dns?: string;
  subject?: string;
  /** SHA-256 in lower-case hexadecimal. */
  digest?: string;
}

/** The proxy's own certificate, as far as a module can see it. */
export interface LocalCertificate {
  uri?: string;
}

/** A reply that the module has sent instead of the upstream. */
export interface LocalReply {
  status: number;
  details: string;
  body: string;
  headers: Pair[];
}

/** A plugin's root context in one VM. */
export interface RootContext {
  kind: 'root';
  id: number;
  plugin: { name: string; rootId: string; configuration: Uint8Array };
  /** Streams and connections of this root that have not ended. */
  streams: Set<HttpStream | NetworkStream>;
  /** Milliseconds between ticks, 0 for none, and when the next is due, by the clock that nobody sets. */
  tickPeriod: number;
  nextTick: number;
  /** Replaced by a newer configuration: gone with its last stream. */
  retired: boolean;
}

/** Where an HTTP stream stands. `skipped`: there is no plugin, and Envoy has let it pass without the filter. */
export type StreamState =
  'open' | 'paused' | 'continued' | 'replied' | 'reset' | 'ended' | 'trapped' | 'skipped';

/** What HTTP streams and connections have in common. */
abstract class Stream {
  readonly id: number;
  readonly root: RootContext;
  /** Replaced when more of it becomes known: a TLS handshake ends. */
  connection: Connection;
  /** The host calls made on behalf of this stream, by name. */
  readonly hostCalls: string[] = [];
  private readonly written = new Map<string, Uint8Array>();

  constructor(id: number, root: RootContext, connection: Connection) {
    this.id = id;
    this.root = root;
    this.connection = connection;
  }

  /** Filter state `wasm.NAME` that the module has written, or undefined. */
  filterState(name: string): Uint8Array | undefined {
    return this.written.get(name);
  }

  /** Writes filter state. */
  setFilterState(name: string, value: Uint8Array): void {
    this.written.set(name, value);
  }

  /** A property of the stream, or undefined. Integers are little-endian, 8 bytes. */
  property(path: string): Uint8Array | undefined {
    const { connection } = this;
    const peer = connection.peerCertificate;
    switch (path) {
      case 'source.address':
        return text(connection.sourceAddress);
      case 'destination.address':
        return text(connection.destinationAddress);
      case 'destination.port':
        return integer(connection.destinationPort);
      case 'connection.id':
        return integer(connection.id);
      case 'connection.requested_server_name':
        return text(connection.requestedServerName);
      case 'connection.tls_version':
        return connection.tls === true || peer !== undefined ? text('TLSv1.3') : undefined;
      case 'connection.mtls':
        return Uint8Array.of(peer === undefined ? 0 : 1);
      case 'connection.sha256_peer_certificate_digest':
        return text(peer?.digest);
      case 'connection.uri_san_peer_certificate':
        return text(peer?.uri);
      case 'connection.dns_san_peer_certificate':
        return text(peer?.dns);
      case 'connection.subject_peer_certificate':
        return text(peer?.subject);
      case 'connection.uri_san_local_certificate':
        return text(connection.localCertificate?.uri);
      case 'metadata':
        return connection.dynamicMetadata;
      default:
        return path.startsWith(FILTER_STATE)
          ? text(connection.filterState?.[path.slice(FILTER_STATE.length)])
          : this.written.get(path);
    }
  }
}

/** An HTTP stream, as one module sees it. */
export class HttpStream extends Stream {
  readonly kind = 'http';
  /** The request headers as they stand; after `continued`, what the upstream gets. */
  headers: Pair[] = [];
  /** The request's body, as far as it has come. */
  body = new Uint8Array();
  /** The headers of the response as they stand. */
  responseHeaders: Pair[] = [];
  state: StreamState = 'open';
  /** Its headers are held, and so is its body: the filter hears nothing of it. */
  holdsAll = false;
  /** Told to go on: from then on its headers are out of reach. */
  released = false;
  reply: LocalReply | undefined;
  /** Envoy's word on where the response is from: `via_upstream`, or of the filter that answered. */
  responseDetails: string | undefined;

  override property(path: string): Uint8Array | undefined {
    return path === 'response.code_details' ? text(this.responseDetails) : super.property(path);
  }

  /** Whether it has not been decided yet. */
  get open(): boolean {
    return this.state === 'open' || this.state === 'paused';
  }

  /** Whether headers can still be read and changed: not once the stream has been let go. */
  get editable(): boolean {
    return this.open && !this.released;
  }
}

/** A connection, as one network filter sees it. */
export class NetworkStream extends Stream {
  readonly kind = 'network';
  /** `closed` by the module; `skipped`: there is no plugin, and Envoy has let it pass without the filter. */
  state: 'open' | 'closed' | 'trapped' | 'skipped' = 'open';
  /** What has come last does not go on to the filters behind. */
  isHeld = false;
}

const FILTER_STATE = 'filter_state.';

function text(value: string | undefined): Uint8Array | undefined {
  return value === undefined ? undefined : toUtf8(value);
}

function integer(value: number | undefined): Uint8Array | undefined {
  if (value === undefined) return undefined;
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt(value), true);
  return bytes;
}
