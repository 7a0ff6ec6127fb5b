// The whole of the SDK but the exported callbacks, which a plugin names one by one (exports/).
export * from "./abi/enums";
export * from "./memory/span";
export { allocate, encode, mark, memoryEnded, releaseTo } from "./memory/arena";
export { hasRoom, tryAllocate } from "./memory/heap";
export { Region } from "./memory/region";
export { lastStatus } from "./host/result";
export { log, logBytes, logs } from "./host/log";
export * from "./host/clock";
export * from "./host/property";
export * from "./host/pairs";
export * from "./host/headers";
export * from "./host/buffer";
export * from "./host/stream";
export * from "./host/http-call";
export * from "./host/shared-data";
export * from "./host/metric";
export * from "./host/foreign";
export * from "./context/context";
export { MAX_WAKES, RootFactory, Woken, registerRoot, wake } from "./context/dispatcher";
// Brings `abort` into the program, for `--use abort=~lib/as-proxy-wasm-sdk/assembly/abi/abort/abort`.
import "./abi/abort";
