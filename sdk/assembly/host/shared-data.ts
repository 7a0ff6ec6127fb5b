import { proxy_get_shared_data, proxy_set_shared_data } from "../abi/imports";
import { Span, addressOf, lengthOf } from "../memory/span";
import { bytesOf, outAddress, outNumber, outSize, recorded } from "./result";

/** Overwrite whatever is there. */
export const ANY_VERSION: u32 = 0;
/**
 * Create, and lose against whoever was first: Envoy accepts any version for an absent key, and only the right one
 * for a key that is there. Versions count up from 1, so this one is never right.
 */
export const CREATE: u32 = u32.MAX_VALUE;

let version: u32 = 0;

/**
 * Reads a value that all VMs of the same vm_id share, over all threads. ABSENT when there is none, UNREADABLE when
 * it cannot be had. `sharedVersion()` then is what `setShared` needs to replace exactly this value.
 */
export function getShared(key: Span): Span {
  const value = bytesOf(
    proxy_get_shared_data(addressOf(key), lengthOf(key), outAddress, outSize, outNumber),
  );
  version = load<u32>(outNumber);
  return value;
}

/** The version (CAS) of the value that `getShared` returned last. */
export function sharedVersion(): u32 {
  return version;
}

/** Writes a value if its version still is `expected` (or ANY_VERSION, CREATE). CasMismatch: somebody else was first. */
export function setShared(key: Span, value: Span, expected: u32): u32 {
  return recorded(
    proxy_set_shared_data(
      addressOf(key),
      lengthOf(key),
      addressOf(value),
      lengthOf(value),
      expected,
    ),
  );
}
