// Callbacks that every plugin exports: `export * from "as-proxy-wasm-sdk/assembly/exports/root"`.
import { RootContext } from "../context/context";
import { create, destroy, enter, hasMemoryForRoot, leave, rootOf } from "../context/dispatcher";

export { proxy_on_memory_allocate } from "../memory/arena";

/** Says which ABI this module speaks. */
export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(id: u32, parent: u32): void {
  const before = enter(id);
  create(id, parent);
  leave(before);
}

/**
 * A plugin that there is no memory for is accepted all the same, and its streams are refused one by one: of one that is not accepted
 * Envoy makes a filter that is skipped.
 */
export function proxy_on_vm_start(id: u32, size: u32): bool {
  const before = enter(id);
  let root: RootContext | null = null;
  if (hasMemoryForRoot()) root = rootOf(id);
  const accepted = root === null || root.onVmStart(size);
  leave(before);
  return accepted;
}

/** As for `proxy_on_vm_start`. A plugin that has not heard of its configuration must refuse by itself. */
export function proxy_on_configure(id: u32, size: u32): bool {
  const before = enter(id);
  let root: RootContext | null = null;
  if (hasMemoryForRoot()) root = rootOf(id);
  const accepted = root === null || root.onConfigure(size);
  leave(before);
  return accepted;
}

export function proxy_on_delete(id: u32): void {
  const before = enter(id);
  const wasRoot = rootOf(id) !== null;
  destroy(id);
  // What a plugin leaves is large, and the next one needs the room: not left to chance.
  if (wasRoot) __collect();
  leave(before);
}
