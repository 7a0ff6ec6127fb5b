// What Envoy calls. Registers the plugin, nothing else.
import { RootContext, registerRoot } from "as-proxy-wasm-sdk/assembly";
import { countRefusal } from "./metrics";
import { Plugin } from "./plugin";

export * from "as-proxy-wasm-sdk/assembly/exports/root";
export * from "as-proxy-wasm-sdk/assembly/exports/tick";
export * from "as-proxy-wasm-sdk/assembly/exports/http-call";
export * from "as-proxy-wasm-sdk/assembly/exports/http";
export {
  proxy_on_downstream_data,
  proxy_on_new_connection,
} from "as-proxy-wasm-sdk/assembly/exports/network";

registerRoot((id: u32): RootContext => new Plugin(id), countRefusal);
