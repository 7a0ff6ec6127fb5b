// What Envoy calls. Registers the plugin, nothing else.
import { RootContext, registerRoot } from "as-proxy-wasm-sdk/assembly";
import { Plugin } from "./plugin";

export * from "as-proxy-wasm-sdk/assembly/exports/root";
export * from "as-proxy-wasm-sdk/assembly/exports/tick";
export * from "as-proxy-wasm-sdk/assembly/exports/http-call";
export * from "as-proxy-wasm-sdk/assembly/exports/http";

registerRoot((id: u32): RootContext => new Plugin(id));
