// The same filter without the SDK: the callbacks that it exports there, written by hand.
import "as-proxy-wasm-sdk/assembly/abi/abort";

export function proxy_abi_version_0_2_1(): void {}

export function proxy_on_memory_allocate(size: u32): usize {
  return heap.alloc(size);
}

export function proxy_on_context_create(id: u32, parent: u32): void {}

export function proxy_on_vm_start(id: u32, size: u32): bool {
  return true;
}

export function proxy_on_configure(id: u32, size: u32): bool {
  return true;
}

export function proxy_on_request_headers(id: u32, count: u32, end: u32): u32 {
  return 0;
}

export function proxy_on_delete(id: u32): void {}
