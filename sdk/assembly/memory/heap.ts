// Whether the heap has room, asked before anything is taken from it. AssemblyScript's allocator traps when memory ends, and a
// managed object cannot be refused: so memory is made to be there first, and whoever cannot have it is told so.
import { ROOT } from "rt/tlsf";

/** Of the allocator, TLSF (rt/tlsf.ts): the header of a block, and the place in the root where its last block is noted. */
const BLOCK_HEADER: usize = 4;
const FIRST_LEVELS: usize = 23;
const SECOND_LEVEL_BITS: usize = 4;
const SECOND_LEVELS: usize = 1 << SECOND_LEVEL_BITS;
const TAIL: usize = 4 + FIRST_LEVELS * 4 + FIRST_LEVELS * SECOND_LEVELS * 4;
/** The smallest first level that is cut into second levels by size: 256 bytes. */
const SMALL_BITS: usize = 8;
/** A block's tag: the one to its left is free. */
const LEFT_IS_FREE: usize = 2;
const TAGS: usize = 3;

const PAGE_BITS: usize = 16;
/** Memory grows by at least so many pages: 1 MiB. */
const LEAST_GROWTH: i32 = 16;

/**
 * Bytes in one piece that a callback finds free when it begins: all managed objects that it makes, garbage included, fit in there.
 * What may take more asks `hasRoom` before.
 */
export const HEADROOM: usize = 4 * 1024 * 1024;

/** Bytes for the callbacks that must not be refused: the end of a stream or of a plugin. Given up when nothing else is left. */
const EMERGENCY: usize = 256 * 1024;

let emergency: usize = heap.alloc(EMERGENCY);
/** Callbacks since the garbage collector was last asked for more. */
let sinceCollection: i32 = i32.MAX_VALUE;
/** How many callbacks find no room until the collector is asked again: a collection takes its time. */
const COLLECTION_INTERVAL: i32 = 64;

/** Test builds alone (`--use FAULTS=1`): how many more requests are granted; below 0 all of them. */
let grants: i32 = -1;

/** Test builds alone: after `count` requests for memory that may be refused, all further ones are. -1: none is. */
export function refuseAfter(count: i32): void {
  grants = count;
}

/** Test builds alone: how many requests are left until they are refused. */
export function grantsLeft(): i32 {
  return grants;
}

/** Whether this request for memory is one that a test wants refused. */
// @ts-ignore: decorator
@inline
export function isRefusedByTest(): bool {
  if (!isDefined(FAULTS)) return false;
  return FAULTS != 0 && takesGrant();
}

function takesGrant(): bool {
  if (grants < 0) return false;
  if (grants == 0) return true;
  grants--;
  return false;
}

/** Whether so many bytes (256 at least) can be had in one piece without growing: a free block of that size is listed. */
function isListed(size: usize): bool {
  // As the allocator rounds and looks (roundSize, searchBlock): only lists whose blocks are all large enough.
  const rounded = size + BLOCK_HEADER + SECOND_LEVELS;
  const request = rounded + ((<usize>1) << (31 - SECOND_LEVEL_BITS - clz<usize>(rounded))) - 1;
  const top: usize = 31 - clz<usize>(request);
  const first = top - (SMALL_BITS - 1);
  const second = (request >> (top - SECOND_LEVEL_BITS)) ^ SECOND_LEVELS;
  const root = changetype<usize>(ROOT);
  const inLevel = load<u32>(root + 4 + (first << 2)) & (~(<u32>0) << (<u32>second));
  return inLevel != 0 || (load<u32>(root) & (~(<u32>0) << (<u32>first + 1))) != 0;
}

/** Gets more memory from the engine, and hands it to the allocator, so that so many bytes are in one piece; false when there is none. */
function grow(size: usize): bool {
  const before = memory.size();
  const root = changetype<usize>(ROOT);
  // The heap ends in a used block of no bytes.
  const tail = load<usize>(root + TAIL);
  if (tail + BLOCK_HEADER != (<usize>before) << PAGE_BITS) return false;
  // What rounding adds is a sixteenth at most.
  const wanted = size + (size >> SECOND_LEVEL_BITS) + BLOCK_HEADER * 2 + SECOND_LEVELS;
  const free = freeBefore(tail);
  const pages = <i32>(((wanted > free ? wanted - free : 1) + 0xffff) >> PAGE_BITS);
  // This trap is meant to be impossible: growth that fails answers -1, and this is the only one.
  if (memory.grow(max(pages, LEAST_GROWTH)) < 0 && memory.grow(pages) < 0) return false;
  // The last block becomes one that holds the new pages, and that is given back.
  const newTail = ((<usize>memory.size()) << PAGE_BITS) - BLOCK_HEADER;
  store<usize>(tail, (newTail - tail - BLOCK_HEADER) | (load<usize>(tail) & LEFT_IS_FREE));
  store<usize>(newTail, 0);
  store<usize>(root + TAIL, newTail);
  heap.free(tail + BLOCK_HEADER);
  return true;
}

/** Bytes of the free block in front of the heap's end, which more memory joins; 0 when there is none. */
function freeBefore(tail: usize): usize {
  if ((load<usize>(tail) & LEFT_IS_FREE) == 0) return 0;
  return load<usize>(load<usize>(tail - sizeof<usize>())) & ~TAGS;
}

/** Whether so many bytes can be had in one piece, by growing if need be; the garbage collector is not asked. */
function canHave(size: usize): bool {
  return isListed(size) || (grow(size) && isListed(size));
}

/**
 * Whether `size` bytes can be taken from the heap, in one piece or in many, and HEADROOM is left after that. Collects garbage if it
 * must: nothing but managed references may lead to managed objects at this moment.
 */
export function hasRoom(size: usize): bool {
  if (isRefusedByTest()) return false;
  if (size > MOST) return false;
  if (canHave(size + HEADROOM)) return true;
  __collect();
  return canHave(size + HEADROOM);
}

/** No heap is larger: what would overflow when rounded is refused before. */
const MOST: usize = 1 << 30;

/** Whether a callback may begin: HEADROOM is free. The garbage collector is asked now and then. */
// @ts-ignore: decorator
@inline
export function mayBegin(): bool {
  if (isRefusedByTest()) return false;
  return isListed(HEADROOM) || findHeadroom();
}

function findHeadroom(): bool {
  if (grow(HEADROOM) && isListed(HEADROOM)) return true;
  if (sinceCollection < COLLECTION_INTERVAL) {
    sinceCollection++;
    return false;
  }
  sinceCollection = 0;
  __collect();
  return isListed(HEADROOM);
}

/**
 * For a callback that must run whatever is left: gives up the emergency block where there is no headroom. False when even that has
 * been used up.
 */
export function beginInEmergency(): bool {
  if (isRefusedByTest()) return false;
  if (isListed(HEADROOM)) return true;
  if (emergency != 0) {
    heap.free(emergency);
    emergency = 0;
  }
  return isListed(EMERGENCY / 4);
}

/** Takes the emergency block back as soon as it can be had. */
export function endEmergency(): void {
  if (emergency == 0 && isListed(HEADROOM)) emergency = heap.alloc(EMERGENCY);
}

/** `size` bytes of the heap, to be given back with `heap.free`; 0 when there are none to spare. */
export function tryAllocate(size: usize): usize {
  if (isRefusedByTest()) return 0;
  // Half of its headroom stays with the callback.
  if (size > MOST || !canHave(size + HEADROOM / 2)) return 0;
  return heap.alloc(size);
}
