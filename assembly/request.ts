// What the module reads of one request. One host call brings all headers; the rest is asked for when a policy needs it.
import {
  ABSENT,
  EMPTY,
  MapType,
  Pairs,
  Span,
  byteAt,
  constant,
  equals,
  getHeaders,
  getProperty,
  lengthOf,
  propertyPath,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { claimAt } from "./authn/claim-text";
import { Token } from "./authn/token";
import { IpAddress } from "./bytes/ip";
import { NO_NODE, Node } from "./json/tape";
import { Connection } from "./peer/connection";
import { Connections } from "./peer/connections";
import { Peer } from "./peer/peer";

const METHOD = constant(":method");
const PATH = constant(":path");
const AUTHORITY = constant(":authority");
const DESTINATION_ADDRESS = propertyPath("destination.address");
const SOURCE_ADDRESS = propertyPath("source.address");
const REQUESTED_SERVER_NAME = propertyPath("connection.requested_server_name");

const DYNAMIC_METADATA = propertyPath("metadata");

/** The request of the current callback. Its spans end with the callback. */
export class Request {
  readonly headers: Pairs = new Pairs();
  method: Span = ABSENT;
  /** `:path`, query included. */
  path: Span = ABSENT;
  /** The path without query and fragment: what policies see. */
  pathOnly: Span = ABSENT;
  authority: Span = ABSENT;
  /** `iss` and `sub` of the verified tokens: ABSENT without one. */
  issuer: Span = ABSENT;
  subject: Span = ABSENT;
  /** The verified token that the request speaks with, or null. */
  token: Token | null = null;
  private remote: IpAddress = new IpAddress();
  private isRemoteKnown: bool = false;
  private destination: IpAddress = new IpAddress();
  private isDestinationKnown: bool = false;

  /** The connection that it has come by. */
  connection: Connection;
  /** A declared fact of the connection was asked for, and was not there: whatever was decided, it is not to be trusted. */
  isFactMissing: bool = false;

  /** `containerPort`: the port that policies see, or 0 for the connection's own. */
  constructor(
    private containerPort: i32,
    private connections: Connections,
  ) {
    this.connection = connections.none;
  }

  /** Reads the headers of the stream in effect; false when the host does not give them. */
  load(): bool {
    this.begin(this.connections.current());
    return this.loadHeaders();
  }

  /** Begins with a connection that carries no HTTP: nothing but the connection can be asked for. */
  begin(connection: Connection): void {
    this.connection = connection;
    this.issuer = ABSENT;
    this.subject = ABSENT;
    this.token = null;
    this.isRemoteKnown = false;
    this.isDestinationKnown = false;
    this.isFactMissing = false;
    this.method = ABSENT;
    this.path = ABSENT;
    this.pathOnly = ABSENT;
    this.authority = ABSENT;
    this.headers.clear();
  }

  private loadHeaders(): bool {
    if (!getHeaders(MapType.RequestHeaders, this.headers)) return false;
    // Pseudo-headers come first, and each once: HTTP/2 says so, and Envoy enforces it.
    for (let i = 0; i < this.headers.size; i++) {
      const name = this.headers.key(i);
      if (byteAt(name, 0) != 0x3a) break;
      if (lengthOf(name) == lengthOf(PATH) && byteAt(name, 1) == 0x70) {
        this.path = this.headers.value(i);
      } else if (lengthOf(name) == lengthOf(METHOD) && byteAt(name, 1) == 0x6d) {
        this.method = this.headers.value(i);
      } else if (lengthOf(name) == lengthOf(AUTHORITY)) {
        this.authority = this.headers.value(i);
      }
    }
    this.pathOnly = withoutQuery(this.path);
    return true;
  }

  /** The workload's port, or -1 when the host does not tell. */
  destinationPort(): i32 {
    return this.containerPort == 0 ? this.connection.destinationPort() : this.containerPort;
  }

  /** The client's address as Envoy makes it out; no address when the host does not tell. */
  remoteAddress(): IpAddress {
    if (!this.isRemoteKnown) {
      this.remote.parseWithPort(getProperty(SOURCE_ADDRESS));
      this.isRemoteKnown = true;
    }
    return this.remote;
  }

  /** The address at the other end of the connection, whatever headers say. */
  directAddress(): IpAddress {
    const address = this.connection.directAddress();
    if (this.connection.isAddressMissing) this.isFactMissing = true;
    return address;
  }

  /** Who is at the other end of the connection, by its certificate. */
  identities(): Peer {
    const peer = this.connection.peer();
    if (this.connection.isPeerMissing) this.isFactMissing = true;
    return peer;
  }

  /** The connection's own address here; no address when the host does not tell. */
  destinationAddress(): IpAddress {
    if (!this.isDestinationKnown) {
      this.destination.parseWithPort(getProperty(DESTINATION_ADDRESS));
      this.isDestinationKnown = true;
    }
    return this.destination;
  }

  /** The name that the client has asked for in its TLS handshake (SNI); of no bytes without one. */
  requestedServerName(): Span {
    const name = getProperty(REQUESTED_SERVER_NAME);
    return name == ABSENT ? EMPTY : name;
  }

  /** What other filters have written: an envoy.config.core.v3.Metadata message; ABSENT when the host does not tell. */
  dynamicMetadata(): Span {
    return getProperty(DYNAMIC_METADATA);
  }

  /** The claim at a path of members, of the token that the request speaks with; NO_NODE without. */
  claim(path: StaticArray<Span>): Node {
    const token = this.token;
    return token === null ? NO_NODE : claimAt(token.claims(), path);
  }

  /** Whether a claim that is a text counts as the list of its words: `spaceDelimitedClaims`. */
  isSpaceDelimited(path: StaticArray<Span>): bool {
    const token = this.token;
    if (token === null || path.length != 1) return false;
    const name = unchecked(path[0]);
    if (equals(name, SCOPE) || equals(name, PERMISSION)) return true;
    for (let i = 0; i < token.spaceDelimited.length; i++) {
      if (equals(token.spaceDelimited[i], name)) return true;
    }
    return false;
  }
}

/** Claims that Istio splits at blanks without being told to (OAuth 2.0, RFC 6749 §3.3). */
const SCOPE = constant("scope");
const PERMISSION = constant("permission");

/** A path up to its query or fragment. */
export function withoutQuery(path: Span): Span {
  if (path == ABSENT) return ABSENT;
  const length = lengthOf(path);
  for (let i: usize = 0; i < length; i++) {
    const c = byteAt(path, i);
    if (c == 0x3f || c == 0x23) return slice(path, 0, i);
  }
  return path;
}
