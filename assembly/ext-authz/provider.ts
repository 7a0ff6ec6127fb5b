// An external authorizer over HTTP: MeshConfig.extensionProviders[].envoyExtAuthzHttp, and the request that asks it.
import {
  ABSENT,
  EMPTY,
  NO_CALL,
  PairsBuilder,
  Region,
  Span,
  addressOf,
  allocate,
  constant,
  encode,
  equals,
  httpCall,
  lengthOf,
  span,
} from "as-proxy-wasm-sdk/assembly";
import { Request } from "../request";
import { HeaderPatterns } from "./header-patterns";

const METHOD = constant(":method");
const PATH = constant(":path");
const AUTHORITY = constant(":authority");
const SCHEME = constant(":scheme");
const HTTP = constant("http");
const AUTHORIZATION = constant("authorization");
const CONTENT_LENGTH = constant("content-length");
const PARTIAL_BODY = constant("x-envoy-auth-partial-body");
const TRUE = constant("true");
const FALSE = constant("false");
const COMMA: u8 = 0x2c;

/** `includeRequestBodyInCheck`. */
export class BodySettings {
  constructor(
    /** `maxRequestBytes`. */
    readonly most: u32,
    /** `allowPartialMessage`: a longer body is cut, not refused. */
    readonly allowsPartial: bool,
  ) {}
}

/** A header to set on every check. */
export class FixedHeader {
  constructor(
    readonly name: Span,
    readonly value: Span,
  ) {}
}

/** Its texts live in `region`, which it holds. */
export class ExtAuthzProvider {
  /** Milliseconds. */
  timeout: u32 = 0;
  pathPrefix: Span = EMPTY;
  /** `failOpen`: without an answer, the request passes. */
  failOpen: bool = false;
  /** `statusOnError`. */
  statusOnError: u32 = 403;
  /** `includeRequestHeadersInCheck`. */
  included: HeaderPatterns = new HeaderPatterns([], new Region());
  /** `includeAdditionalHeadersInCheck`. */
  fixed: FixedHeader[] = [];
  /** `includeRequestBodyInCheck`, or null. */
  body: BodySettings | null = null;
  /** `headersToUpstreamOnAllow`, `headersToDownstreamOnDeny`, `headersToDownstreamOnAllow`. */
  upstreamOnAllow: HeaderPatterns = new HeaderPatterns([], new Region());
  downstreamOnDeny: HeaderPatterns = new HeaderPatterns([], new Region());
  downstreamOnAllow: HeaderPatterns = new HeaderPatterns([], new Region());

  constructor(
    readonly name: string,
    private cluster: Span,
    readonly region: Region,
  ) {}

  /**
   * Asks about the request; `body` are the bytes that go with it, ABSENT where none were collected, and `isPartial` tells that there
   * are more. The token of the call, or NO_CALL.
   */
  ask(request: Request, body: Span, isPartial: bool): u32 {
    const path = joined(this.pathPrefix, 0, request.path);
    if (path == ABSENT) return NO_CALL;
    const bytes = body == ABSENT ? EMPTY : body;
    const headers = new PairsBuilder()
      .add(METHOD, request.method)
      .add(SCHEME, HTTP)
      .add(AUTHORITY, request.authority)
      .add(PATH, path);
    headers.add(CONTENT_LENGTH, encode(lengthOf(bytes).toString()));
    for (let i = 0; i < request.headers.size; i++) {
      const name = request.headers.key(i);
      // Each name once, with all its values, as Envoy sends it.
      if (!this.isSent(name) || request.headers.find(name) != i) continue;
      const value = allValues(request, name, i);
      if (value == ABSENT) return NO_CALL;
      headers.add(name, value);
    }
    if (body != ABSENT) headers.add(PARTIAL_BODY, isPartial ? TRUE : FALSE);
    for (let i = 0; i < this.fixed.length; i++)
      headers.add(this.fixed[i].name, this.fixed[i].value);
    return httpCall(this.cluster, headers, bytes, this.timeout);
  }

  private isSent(name: Span): bool {
    if (equals(name, CONTENT_LENGTH)) return false;
    for (let i = 0; i < this.fixed.length; i++) {
      if (equals(this.fixed[i].name, name)) return false;
    }
    return equals(name, AUTHORIZATION) || this.included.has(name);
  }
}

function allValues(request: Request, name: Span, first: i32): Span {
  let all = request.headers.value(first);
  let next = request.headers.find(name, first + 1);
  while (next >= 0 && all != ABSENT) {
    all = joined(all, COMMA, request.headers.value(next));
    next = request.headers.find(name, next + 1);
  }
  return all;
}

/** Two texts, with a byte between them unless it is 0; ABSENT where there is no memory for them. */
function joined(a: Span, between: u8, b: Span): Span {
  const gap: usize = between == 0 ? 0 : 1;
  if (lengthOf(a) + gap == 0) return b;
  const size = lengthOf(a) + gap + lengthOf(b);
  const out = allocate(size);
  if (out == 0) return ABSENT;
  memory.copy(out, addressOf(a), lengthOf(a));
  if (gap > 0) store<u8>(out + lengthOf(a), between);
  memory.copy(out + lengthOf(a) + gap, addressOf(b), lengthOf(b));
  return span(out, size);
}
