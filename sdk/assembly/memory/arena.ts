// Where host-call results and the scratch data of one callback live. A bump pointer, reset when the
// host enters the module again: nothing to free, nothing for the garbage collector to find.
import { isRefusedByTest, tryAllocate } from "./heap";
import { EMPTY, Span, span } from "./span";

/** Bytes of the block that every callback has, and of the one that is taken from the heap by the first callback that needs more. */
const SMALL_BLOCK: usize = 1024 * 1024;
const LARGE_BLOCK: usize = 40 * 1024 * 1024;
/**
 * Bytes at the end of each that are kept back for what the host writes: it is not to find the memory used up by the module. What is in
 * front of them in the large one is the most that the module takes in one callback, so that no input makes it grow without end.
 */
const SMALL_RESERVE: usize = 512 * 1024;
const LARGE_RESERVE: usize = 8 * 1024 * 1024;
/** What a host call that answers into the module needs at least; with less it is not made. */
const LEAST_HOST_ROOM: usize = 256 * 1024;
/** Blocks of the heap are aligned to 16; what is taken is to 8, and may end so much behind its limit. */
const SLACK: usize = 8;

const small: usize = heap.alloc(SMALL_BLOCK + SLACK);
/** Kept from the first callback that needed it on; 0 before. */
let large: usize = 0;
let isLarge: bool = false;
let cursor: usize = small;
let moduleEnd: usize = small + SMALL_BLOCK - SMALL_RESERVE;
let end: usize = small + SMALL_BLOCK;
let isUsedUp: bool = false;

/**
 * Takes `size` bytes, aligned to 8, valid until the current callback ends.
 * Returns 0 when the callback has used up its limit: the caller must check, and `memoryEnded` tells from then on.
 */
export function allocate(size: usize): usize {
  if (isRefusedByTest()) return usedUp();
  if (fits(size, moduleEnd)) return take(size);
  return useLarge() && fits(size, moduleEnd) ? take(size) : usedUp();
}

function allocateForHost(size: usize): usize {
  if (isRefusedByTest()) return usedUp();
  if (fits(size, end)) return take(size);
  return useLarge() && fits(size, end) ? take(size) : usedUp();
}

// @ts-ignore: decorator
@inline
function fits(size: usize, limit: usize): bool {
  return cursor <= limit && size <= limit - cursor;
}

// @ts-ignore: decorator
@inline
function take(size: usize): usize {
  const at = cursor;
  cursor = at + ((size + 7) & ~7);
  return at;
}

function usedUp(): usize {
  isUsedUp = true;
  return 0;
}

/** Goes on in the large block; false where the callback is there already, or where the heap does not have it. */
function useLarge(): bool {
  if (isLarge || !hasLarge()) return false;
  isLarge = true;
  cursor = large;
  moduleEnd = large + LARGE_BLOCK - LARGE_RESERVE;
  end = large + LARGE_BLOCK;
  return true;
}

function hasLarge(): bool {
  if (large == 0) large = tryAllocate(LARGE_BLOCK + SLACK);
  return large != 0;
}

function useSmall(): void {
  isLarge = false;
  moduleEnd = small + SMALL_BLOCK - SMALL_RESERVE;
  end = small + SMALL_BLOCK;
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
  return fits(LEAST_HOST_ROOM, end) || (!isLarge && hasLarge());
}

/** How far the callback has come, for `releaseTo`. */
export function mark(): usize {
  return cursor;
}

/** Gives back what was taken since `mark`. Every span of it ends here. */
export function releaseTo(position: usize): void {
  if (isLarge && (position < large || position > end + SLACK)) useSmall();
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
  useSmall();
  cursor = small;
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
  return allocateForHost(max<usize>(size, 1));
}
