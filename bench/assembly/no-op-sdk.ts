// A filter that lets everything pass, on the SDK.
import { HttpContext, RootContext, registerRoot } from "as-proxy-wasm-sdk/assembly";

export * from "as-proxy-wasm-sdk/assembly/exports/root";
export { proxy_on_request_headers } from "as-proxy-wasm-sdk/assembly/exports/http";

class Plugin extends RootContext {
  override createHttpContext(id: u32): HttpContext {
    return new HttpContext(id);
  }
}

registerRoot((id: u32): RootContext => new Plugin(id));
