// The module as it is tested: what traps on demand (FAULTS=1), and has memory refused to it.
export * from "./index";
export { grantsLeft, refuseAfter } from "as-proxy-wasm-sdk/assembly/memory/heap";
