// What the module reads of one request. One host call brings all headers; the rest is asked for when a policy needs it.
import {
  ABSENT,
  EMPTY,
  MapType,
  Pairs,
  Span,
  UNREADABLE,
  byteAt,
  constant,
  equals,
  getHeaders,
  getProperty,
  isPresent,
  lengthOf,
  memoryEnded,
  propertyPath,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { claimAt } from "./authn/claim-text";
import { Token } from "./authn/token";
import { IpAddress } from "./bytes/ip";
import { NO_NODE, Node } from "./json/tape";
import { Connection, UNREADABLE_PORT } from "./peer/connection";
import { Connections } from "./peer/connections";
import { Peer } from "./peer/peer";

const METHOD = constant(":method");
const PATH = constant(":path");
const AUTHORITY = constant(":authority");
const DESTINATION_ADDRESS = propertyPath("destination.address");
const SOURCE_ADDRESS = propertyPath("source.address");
const REQUESTED_SERVER_NAME = propertyPath("connection.requested_server_name");

const DYNAMIC_METADATA = propertyPath("metadata");

/** Why nothing can be decided about a request. */
export namespace Doubt {
  export const None: i32 = 0;
  /** A declared fact of the connection is not there: `connectionFacts`. */
  export const FactMissing: i32 = 1;
  /** The host could not hand something over, or there was no memory for it. */
  export const Unreadable: i32 = 2;
}

/** The request of the current callback. Its spans end with the callback. */
export class Request {
  readonly headers: Pairs = new Pairs();
  method: Span = ABSENT;
  /** `:path`, query included. */
  path: Span = ABSENT;
  /** The path without query and fragment: what policies see. */
  pathOnly: Span = ABSENT;
  authority: Span = ABSENT;
  /** The verified token that the request speaks with, or null. */
  token: Token | null = null;
  private remote: IpAddress = new IpAddress();
  private isRemoteKnown: bool = false;
  private destination: IpAddress = new IpAddress();
  private isDestinationKnown: bool = false;

  /** The connection that it has come by. */
  connection: Connection;
  private isFactMissing: bool = false;
  private isUnreadable: bool = false;

  /** `containerPort`: the port that policies see, or 0 for the connection's own. */
  constructor(
    private containerPort: i32,
    private connections: Connections,
  ) {
    this.connection = connections.none;
  }

  /**
   * `Doubt`: whether something that was asked for is not known. Whatever was decided then is not to be trusted: what is not known was
   * taken for absent.
   */
  get doubt(): i32 {
    if (this.isUnreadable || memoryEnded()) return Doubt.Unreadable;
    return this.isFactMissing ? Doubt.FactMissing : Doubt.None;
  }

  /** Reads the headers of the stream in effect; false when the host does not give them, or does not tell of the connection. */
  load(): bool {
    this.begin(this.connections.current());
    return !this.connection.isUnreadable && this.loadHeaders();
  }

  /** Begins with a connection that carries no HTTP: nothing but the connection can be asked for. */
  begin(connection: Connection): void {
    this.connection = connection;
    this.token = null;
    this.isRemoteKnown = false;
    this.isDestinationKnown = false;
    this.isFactMissing = false;
    this.isUnreadable = connection.isUnreadable;
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
      if (equals(name, PATH)) this.path = this.headers.value(i);
      else if (equals(name, METHOD)) this.method = this.headers.value(i);
      else if (equals(name, AUTHORITY)) this.authority = this.headers.value(i);
    }
    this.pathOnly = withoutQuery(this.path);
    return true;
  }

  /** `iss` of the token that the request speaks with; ABSENT without one. */
  get issuer(): Span {
    const token = this.token;
    return token === null ? ABSENT : token.jwt.issuer;
  }

  /** `sub` of it; ABSENT without one. */
  get subject(): Span {
    const token = this.token;
    return token === null ? ABSENT : token.jwt.subject;
  }

  /** The workload's port, or -1 when there is none. */
  destinationPort(): i32 {
    if (this.containerPort != 0) return this.containerPort;
    const port = this.connection.destinationPort();
    if (port == UNREADABLE_PORT) this.isUnreadable = true;
    return port;
  }

  /** A property, noted where it cannot be read: ABSENT then, which the condition may take for none, and the decision does not count. */
  private property(path: Span): Span {
    const value = getProperty(path);
    if (value != UNREADABLE) return value;
    this.isUnreadable = true;
    return ABSENT;
  }

  /** The client's address as Envoy makes it out; no address when it has none. */
  remoteAddress(): IpAddress {
    if (!this.isRemoteKnown) {
      this.remote.parseWithPort(this.property(SOURCE_ADDRESS));
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

  /** The connection's own address here; no address when it has none. */
  destinationAddress(): IpAddress {
    if (!this.isDestinationKnown) {
      this.destination.parseWithPort(this.property(DESTINATION_ADDRESS));
      this.isDestinationKnown = true;
    }
    return this.destination;
  }

  /** The name that the client has asked for in its TLS handshake (SNI); of no bytes without one. */
  requestedServerName(): Span {
    const name = this.property(REQUESTED_SERVER_NAME);
    return isPresent(name) ? name : EMPTY;
  }

  /** What other filters have written: an envoy.config.core.v3.Metadata message; ABSENT when there is nothing. */
  dynamicMetadata(): Span {
    return this.property(DYNAMIC_METADATA);
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
