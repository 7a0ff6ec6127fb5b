// Where tokens are looked for, and how one is taken out of a request: Istio's default locations, as Envoy reads them.
import {
  ABSENT,
  EMPTY,
  MapType,
  Span,
  addressOf,
  allocate,
  byteAt,
  constant,
  equals,
  isPresent,
  lengthOf,
  removeHeader,
  replaceHeader,
  slice,
  span,
} from "as-proxy-wasm-sdk/assembly";
import { QueryCursor, queryParameter, withoutParameter } from "../bytes/query";
import { Request } from "../request";

const AUTHORIZATION = constant("authorization");
const BEARER = constant("Bearer ");
const ACCESS_TOKEN = constant("access_token");
const PATH = constant(":path");

export class TokenLocations {
  /** The token of the `Authorization` header, or ABSENT. */
  header: Span = ABSENT;
  /** The token of the query parameter `access_token`, or ABSENT. */
  parameter: Span = ABSENT;
  private query: QueryCursor = new QueryCursor();

  /** Looks for tokens. */
  find(request: Request): void {
    this.header = afterPrefix(headerValue(request, AUTHORIZATION), BEARER);
    this.parameter = queryParameter(request.path, ACCESS_TOKEN, this.query);
  }

  /** Whether there is any. */
  get any(): bool {
    return isPresent(this.header) || isPresent(this.parameter);
  }

  /** Takes the tokens that were found out of what the upstream gets; false when the host refuses. */
  remove(request: Request): bool {
    if (isPresent(this.header) && removeHeader(MapType.RequestHeaders, AUTHORIZATION) != 0) {
      return false;
    }
    if (!isPresent(this.parameter)) return true;
    const path = withoutParameter(request.path, ACCESS_TOKEN, false, this.query);
    return isPresent(path) && replaceHeader(MapType.RequestHeaders, PATH, path) == 0;
  }

  /** The path with the value of `access_token` left out: for messages, where a token must never be. */
  blanked(path: Span): Span {
    const blank = withoutParameter(path, ACCESS_TOKEN, true, this.query);
    return isPresent(blank) ? blank : EMPTY;
  }
}

/** All values of a header, joined by a comma as Envoy does; ABSENT when there is none. */
function headerValue(request: Request, name: Span): Span {
  const headers = request.headers;
  const first = headers.find(name);
  if (first < 0) return ABSENT;
  if (headers.find(name, first + 1) < 0) return headers.value(first);
  let size: usize = 0;
  for (let i = first; i >= 0; i = headers.find(name, i + 1)) size += lengthOf(headers.value(i)) + 1;
  const out = allocate(size);
  // Refused as a malformed token rather than passed as a missing one.
  if (out == 0) return headers.value(first);
  let to = out;
  for (let i = first; i >= 0; i = headers.find(name, i + 1)) {
    if (i != first) store<u8>(to++, 0x2c);
    memory.copy(to, addressOf(headers.value(i)), lengthOf(headers.value(i)));
    to += lengthOf(headers.value(i));
  }
  return span(out, to - out);
}

/**
 * What follows the first `prefix` anywhere in the value, from the next character that a token can have; the
 * value itself where there is none. ABSENT when the prefix is missing: then this is no token.
 */
function afterPrefix(value: Span, prefix: Span): Span {
  if (value == ABSENT) return ABSENT;
  const length = lengthOf(value);
  const size = lengthOf(prefix);
  for (let i: usize = 0; i + size <= length; i++) {
    if (!equals(slice(value, i, i + size), prefix)) continue;
    for (let at = i + size; at < length; at++) {
      if (isTokenCharacter(byteAt(value, at))) return slice(value, at, length);
    }
    return value;
  }
  return ABSENT;
}

function isTokenCharacter(c: u8): bool {
  const lower = c | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || c - 0x30 <= 9 || c == 0x2d || c == 0x5f || c == 0x2e;
}
