// Callbacks that every plugin exports: `export * from "as-proxy-wasm-sdk/assembly/exports/root"`.
import { create, destroy, enter, leave, rootOf } from "../context/dispatcher";

export { proxy_on_memory_allocate } from "../memory/arena";

/** Says which ABI this module speaks. */
export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_context_create(id: u32, parent: u32): void {
  enter(id);
  create(id, parent);
  leave();
}

export function proxy_on_vm_start(id: u32, size: u32): bool {
  enter(id);
  const root = rootOf(id);
  const accepted = root !== null && root.onVmStart(size);
  leave();
  return accepted;
}

export function proxy_on_configure(id: u32, size: u32): bool {
  enter(id);
  const root = rootOf(id);
  const accepted = root !== null && root.onConfigure(size);
  leave();
  return accepted;
}

export function proxy_on_delete(id: u32): void {
  enter(id);
  destroy(id);
  leave();
}
