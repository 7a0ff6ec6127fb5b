// Where host-call results and the scratch data of one callback live. A bump pointer, reset when the
// host enters the module again: nothing to free, nothing for the garbage collector to find.
import { isRefusedByTest } from "./heap";
import { EMPTY, Span, span } from "./span";

/** Bytes that the module itself may take in one callback, so that no input makes it grow without end. */
const MODULE_LIMIT: usize = 32 * 1024 * 1024;
/** Bytes that are kept back for what the host writes: it is not to find the memory used up by the module. */
const HOST_RESERVE: usize = 8 * 1024 * 1024;
/** What a host call that answers into the module needs at least; with less it is not made. */
const LEAST_HOST_ROOM: usize = 256 * 1024;

// Untouched pages cost no memory: the whole of it is reserved at once, and can never be in pieces.
const start: usize = (heap.alloc(MODULE_LIMIT + HOST_RESERVE + 8) + 7) & ~7;
const moduleEnd: usize = start + MODULE_LIMIT;
const end: usize = moduleEnd + HOST_RESERVE;
let cursor: usize = start;
let isUsedUp: bool = false;

/**
 * Takes `size` bytes, aligned to 8, valid until the current callback ends.
 * Returns 0 when the callback has used up its limit: the caller must check, and `memoryEnded` tells from then on.
 */
export function allocate(size: usize): usize {
  return take(size, moduleEnd);
}

// @ts-ignore: decorator
@inline
function take(size: usize, limit: usize): usize {
  const at = cursor;
  // No size that would wrap around when it is aligned gets past the first of these.
  if (at > limit || size > limit - at || isRefusedByTest()) {
    isUsedUp = true;
    return 0;
  }
  cursor = at + ((size + 7) & ~7);
  return at;
}

/**
 * Whether memory has ended in this callback, or in this stream's part of it: something has been left out, and whatever was decided
 * since is not to be trusted.
 */
export function memoryEnded(): bool {
  return isUsedUp;
}

/** Whether the host can still write an answer of usual size. Some of its functions do not look whether they got memory. */
export function hasHostRoom(): bool {
  return cursor <= end && end - cursor >= LEAST_HOST_ROOM;
}

/** How far the callback has come, for `releaseTo`. */
export function mark(): usize {
  return cursor;
}

/** Gives back what was taken since `mark`. Every span of it ends here. */
export function releaseTo(position: usize): void {
  cursor = position;
}

/** A stream's part of a callback begins: what has ended for others before does not count for it. Returns what did. */
export function beginPart(): bool {
  const before = isUsedUp;
  isUsedUp = false;
  return before;
}

/** It ends: what `beginPart` has returned counts again. */
export function endPart(before: bool): void {
  isUsedUp = before;
}

/** Gives back everything of the callback before. Called by the dispatcher alone. */
export function reset(): void {
  cursor = start;
  isUsedUp = false;
}

/** Encodes `text` as UTF-8, valid until the current callback ends. EMPTY when the limit is reached. */
export function encode(text: string): Span {
  const size = String.UTF8.byteLength(text, false);
  const address: usize = size == 0 ? 0 : allocate(size);
  if (address == 0) return EMPTY;
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, address, false);
  return span(address, size);
}

/**
 * The allocator that the host asks for memory to put its results in
 * (`proxy_on_memory_allocate`, ABI 0.2.1). 0 makes the host call fail instead of trapping.
 */
export function proxy_on_memory_allocate(size: usize): usize {
  // A result of no bytes still needs an address that is not 0: 0 means failure to the host.
  return take(max<usize>(size, 1), end);
}
