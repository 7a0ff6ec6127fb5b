// The smallest useful filter: answers 403 to requests with the header `x-forbidden`, whatever its value.
import {
  ABSENT,
  Action,
  HttpContext,
  MapType,
  RootContext,
  constant,
  getFirstHeader,
  registerRoot,
  sendLocalReply,
} from "as-proxy-wasm-sdk/assembly";

export * from "as-proxy-wasm-sdk/assembly/exports/root";
export { proxy_on_request_headers } from "as-proxy-wasm-sdk/assembly/exports/http";

const X_FORBIDDEN = constant("x-forbidden");
const DETAILS = constant("example_forbidden");
const BODY = constant("forbidden\n");

class Stream extends HttpContext {
  override onRequestHeaders(count: u32, endOfStream: bool): u32 {
    // UNREADABLE is not ABSENT: what cannot be read is not let through.
    if (getFirstHeader(MapType.RequestHeaders, X_FORBIDDEN) == ABSENT) return Action.Continue;
    sendLocalReply(403, DETAILS, BODY);
    return Action.Pause;
  }
}

class Plugin extends RootContext {
  override createHttpContext(id: u32): HttpContext {
    return new Stream(id);
  }
}

registerRoot((id: u32): RootContext => new Plugin(id));
