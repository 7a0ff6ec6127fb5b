// What the module reads of one request. One host call brings all headers; the rest is asked for when a policy needs it.
import {
  ABSENT,
  MapType,
  Pairs,
  Span,
  byteAt,
  constant,
  getHeaders,
  getIntegerProperty,
  lengthOf,
  propertyPath,
  slice,
} from "as-proxy-wasm-sdk/assembly";

const METHOD = constant(":method");
const PATH = constant(":path");
const AUTHORITY = constant(":authority");
const DESTINATION_PORT = propertyPath("destination.port");

const UNKNOWN_PORT: i32 = -1;

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
  private port: i32 = UNKNOWN_PORT;

  /** `containerPort`: the port that policies see, or 0 for the connection's own. */
  constructor(private containerPort: i32) {}

  /** Reads the headers of the stream in effect; false when the host does not give them. */
  load(): bool {
    this.issuer = ABSENT;
    this.subject = ABSENT;
    this.port = this.containerPort == 0 ? UNKNOWN_PORT : this.containerPort;
    if (!getHeaders(MapType.RequestHeaders, this.headers)) return false;
    this.method = ABSENT;
    this.path = ABSENT;
    this.authority = ABSENT;
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

  /** The local port of the connection, or -1 when the host does not tell. */
  destinationPort(): i32 {
    if (this.port == UNKNOWN_PORT) {
      this.port = <i32>getIntegerProperty(DESTINATION_PORT, UNKNOWN_PORT);
    }
    return this.port;
  }
}

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
