// One request and its external authorizer: asked once, before the request's tokens are looked at, as in Istio.
import {
  ABSENT,
  BufferType,
  EMPTY,
  MapType,
  NO_CALL,
  Pairs,
  Span,
  UNREADABLE,
  addHeader,
  constant,
  equals,
  getBuffer,
  isPresent,
  lengthOf,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { OwnedBytes } from "../bytes/owned-bytes";
import { Rule } from "../authz/rule";
import { Request } from "../request";
import { BodySettings, ExtAuthzProvider } from "./provider";

const UPGRADE = constant("upgrade");
const CONNECT = constant("CONNECT");

export class ExtAuthzCheck {
  /** Nothing is left to ask. */
  isDone: bool = false;
  /** The body is being collected: it goes with the question. */
  isCollecting: bool = false;
  /** The headers are held while the body comes: until the request may go on, the body may not either. */
  isHolding: bool = false;
  /** The CUSTOM rule that sends the request to the authorizer. */
  rule: Rule | null = null;
  /** The question under way: the token of its call. */
  call: u32 = NO_CALL;
  private responseHeaders: OwnedBytes | null = null;

  /** Whether the body must come first. */
  needsBody(provider: ExtAuthzProvider, request: Request, endOfStream: bool): bool {
    if (provider.body === null || endOfStream) return false;
    return !isPresent(request.headers.first(UPGRADE)) && !equals(request.method, CONNECT);
  }

  /** Asks, with `body`; false when the question cannot be sent. */
  ask(provider: ExtAuthzProvider, request: Request, body: Span, isPartial: bool): bool {
    this.call = provider.ask(request, body, isPartial);
    return this.call != NO_CALL;
  }

  /** What has been collected, cut to what may be sent; UNREADABLE where it cannot be had. */
  collected(settings: BodySettings): Span {
    const body = getBuffer(BufferType.RequestBody, 0, settings.most);
    if (body == UNREADABLE) return UNREADABLE;
    return body == ABSENT ? EMPTY : slice(body, 0, min<usize>(lengthOf(body), settings.most));
  }

  /** Keeps headers (pairs) for the response; null: none. */
  keepResponseHeaders(pairs: OwnedBytes | null): void {
    this.responseHeaders = pairs;
  }

  /** Adds the headers that were kept to the response, beside others of their names. */
  addResponseHeaders(): void {
    const kept = this.responseHeaders;
    if (kept === null) return;
    const pairs = new Pairs();
    if (!pairs.parse(kept.span)) return;
    for (let i = 0; i < pairs.size; i++) {
      addHeader(MapType.ResponseHeaders, pairs.key(i), pairs.value(i));
    }
  }

  /** Forgets all, for the next request. */
  clear(): void {
    this.isDone = false;
    this.isCollecting = false;
    this.isHolding = false;
    this.rule = null;
    this.call = NO_CALL;
    this.responseHeaders = null;
  }
}
