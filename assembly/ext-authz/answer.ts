// What an external authorizer answers, and what becomes of the request by it: Envoy's ext_authz, HTTP service.
import {
  ABSENT,
  BufferType,
  EMPTY,
  MapType,
  Pairs,
  PairsBuilder,
  Span,
  UNREADABLE,
  byteAt,
  constant,
  equals,
  getBuffer,
  getHeaders,
  hasRoom,
  indexOf,
  isPresent,
  lengthOf,
  removeHeader,
  replaceHeader,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { OwnedBytes } from "../bytes/owned-bytes";
import { wholeNumberOf } from "../json/number";
import { ExtAuthzProvider } from "./provider";

const STATUS = constant(":status");
const HOST = constant("host");
const CONTENT_LENGTH = constant("content-length");
const LOCATION = constant("location");
const PATH = constant("path");
const WWW_AUTHENTICATE = constant("www-authenticate");
/** Names of request headers to remove, separated by commas: Envoy's convention for its HTTP authorizers. */
const HEADERS_TO_REMOVE = constant("x-envoy-auth-headers-to-remove");

/** What an authorizer says. */
export namespace Verdict {
  export const Allowed: i32 = 0;
  export const Denied: i32 = 1;
  /** No answer, or a server's error (5xx). */
  export const Failed: i32 = 2;
  /** There is an answer, and no memory to read it: not the authorizer's fault, and no case for `failOpen`. */
  export const Unread: i32 = 3;
}

/** An answer, in the callback that brings it. */
export class ExtAuthzAnswer {
  verdict: i32 = Verdict.Failed;
  status: u32 = 0;
  body: Span = EMPTY;
  private headers: Pairs = new Pairs();

  /** Reads the answer of the current callback, with `size` bytes of body. */
  read(size: u32): void {
    this.verdict = Verdict.Failed;
    const body = size == 0 ? EMPTY : getBuffer(BufferType.HttpCallResponseBody, 0, size);
    this.body = isPresent(body) ? body : EMPTY;
    if (!getHeaders(MapType.HttpCallResponseHeaders, this.headers) || body == UNREADABLE) {
      this.verdict = Verdict.Unread;
      return;
    }
    const status = this.headers.first(STATUS);
    this.status = status == ABSENT ? 0 : wholeNumberOf(status);
    if (this.status == 200) this.verdict = Verdict.Allowed;
    else if (this.status > 200 && this.status < 500) this.verdict = Verdict.Denied;
  }

  /** Changes the request as the answer says; false when the host refuses. */
  applyTo(provider: ExtAuthzProvider): bool {
    for (let i = 0; i < this.headers.size; i++) {
      const name = this.headers.key(i);
      if (!provider.upstreamOnAllow.has(name)) continue;
      if (replaceHeader(MapType.RequestHeaders, name, this.headers.value(i)) != 0) return false;
    }
    let at = this.headers.find(HEADERS_TO_REMOVE);
    while (at >= 0) {
      if (!removeAll(this.headers.value(at))) return false;
      at = this.headers.find(HEADERS_TO_REMOVE, at + 1);
    }
    return true;
  }

  /** The headers (pairs) for the client's response to an allowed request; null when there is none. */
  responseHeaders(provider: ExtAuthzProvider): OwnedBytes | null {
    if (provider.downstreamOnAllow.isEmpty) return null;
    const kept = new PairsBuilder();
    let count = 0;
    for (let i = 0; i < this.headers.size; i++) {
      if (!provider.downstreamOnAllow.has(this.headers.key(i))) continue;
      kept.add(this.headers.key(i), this.headers.value(i));
      count++;
    }
    const pairs = count == 0 ? ABSENT : kept.serialize();
    if (!isPresent(pairs)) return null;
    // Without room for them the response goes without them.
    return hasRoom(lengthOf(pairs)) ? new OwnedBytes(pairs) : null;
  }

  /** The headers of the reply to a denied request. */
  denialHeaders(provider: ExtAuthzProvider): PairsBuilder {
    const headers = new PairsBuilder();
    const all = provider.downstreamOnDeny.isEmpty;
    for (let i = 0; i < this.headers.size; i++) {
      const name = this.headers.key(i);
      // The length is the reply's own.
      if (byteAt(name, 0) == 0x3a || equals(name, CONTENT_LENGTH)) continue;
      if (all ? !equals(name, HOST) : provider.downstreamOnDeny.has(name) || isAlwaysSent(name)) {
        headers.add(name, this.headers.value(i));
      }
    }
    return headers;
  }
}

function isAlwaysSent(name: Span): bool {
  return equals(name, LOCATION) || equals(name, WWW_AUTHENTICATE) || equals(name, PATH);
}

function removeAll(names: Span): bool {
  let start: usize = 0;
  while (start <= lengthOf(names)) {
    const comma = indexOf(names, 0x2c, start);
    const end = comma < 0 ? lengthOf(names) : <usize>comma;
    const name = trimmed(slice(names, start, end));
    // A request without its pseudo-headers would be malformed.
    const isRemovable = lengthOf(name) > 0 && byteAt(name, 0) != 0x3a && !equals(name, HOST);
    if (isRemovable && removeHeader(MapType.RequestHeaders, name) != 0) return false;
    start = end + 1;
  }
  return true;
}

function trimmed(text: Span): Span {
  let start: usize = 0;
  let end = lengthOf(text);
  while (start < end && byteAt(text, start) == 0x20) start++;
  while (end > start && byteAt(text, end - 1) == 0x20) end--;
  return slice(text, start, end);
}
