// Where host-call results and the scratch data of one callback live. A bump pointer, reset when the
// host enters the module again: nothing to free, nothing for the garbage collector to find.
import { EMPTY, Span, addressOf, lengthOf, span } from "./span";

/** Bytes kept from one callback to the next; what a callback needs beyond is freed at the reset. */
const KEPT_BLOCK: usize = 128 * 1024;
/** Bytes one callback may take, so that no input makes the module grow without end. */
const CALLBACK_LIMIT: usize = 32 * 1024 * 1024;
/** Header of an extra block: address of the block before it. */
const LINK: usize = 16;

const kept = heap.alloc(KEPT_BLOCK);
let cursor: usize = kept;
let blockEnd: usize = kept + KEPT_BLOCK;
let extra: usize = 0;
let taken: usize = 0;

/**
 * Takes `size` bytes, aligned to 8, valid until the current callback ends.
 * Returns 0 when the callback has used up its limit: the caller must check.
 */
export function allocate(size: usize): usize {
  const wanted = (size + 7) & ~7;
  const start = cursor;
  if (wanted <= blockEnd - start && wanted >= size) {
    cursor = start + wanted;
    return start;
  }
  return allocateBlock(wanted, size);
}

function allocateBlock(wanted: usize, size: usize): usize {
  if (wanted < size || wanted > CALLBACK_LIMIT || taken + wanted > CALLBACK_LIMIT) return 0;
  const blockSize = max(wanted, KEPT_BLOCK);
  const block = heap.alloc(LINK + blockSize);
  store<usize>(block, extra);
  extra = block;
  taken += blockSize;
  cursor = block + LINK + wanted;
  blockEnd = block + LINK + blockSize;
  return block + LINK;
}

/** Gives back everything of the callback before. Called by the dispatcher alone. */
export function reset(): void {
  let block = extra;
  while (block != 0) {
    const before = load<usize>(block);
    heap.free(block);
    block = before;
  }
  extra = 0;
  taken = 0;
  cursor = kept;
  blockEnd = kept + KEPT_BLOCK;
}

/** Encodes `text` as UTF-8, valid until the current callback ends. EMPTY when the limit is reached. */
export function encode(text: string): Span {
  const size = String.UTF8.byteLength(text, false);
  const address: usize = size == 0 ? 0 : allocate(size);
  if (address == 0) return EMPTY;
  String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, address, false);
  return span(address, size);
}

/** Copies a span to memory of its own, which the owner gives back with `release`. */
export function keep(s: Span): Span {
  const size = lengthOf(s);
  if (size == 0) return s;
  const address = heap.alloc(size);
  memory.copy(address, addressOf(s), size);
  return span(address, size);
}

/** Frees what `keep` returned. */
export function release(s: Span): void {
  if (lengthOf(s) != 0) heap.free(addressOf(s));
}

/**
 * The allocator that the host asks for memory to put its results in
 * (`proxy_on_memory_allocate`, ABI 0.2.1). 0 makes the host call fail instead of trapping.
 */
export function proxy_on_memory_allocate(size: usize): usize {
  // A result of no bytes still needs an address that is not 0: 0 means failure to the host.
  return allocate(max<usize>(size, 1));
}
