// Out-parameters of host calls and the status of the last one, in one place. AssemblyScript has
// neither exceptions to catch nor multiple results: a call that returns a value leaves its status here.
import { Status } from "../abi/enums";
import { ABSENT, Span, UNREADABLE, span } from "../memory/span";

const OUT: usize = heap.alloc(32);
/** Where a host call writes an address. */
export const outAddress: usize = OUT;
/** Where a host call writes a size. */
export const outSize: usize = OUT + 8;
/** Where a host call writes any other number, up to 8 bytes. */
export const outNumber: usize = OUT + 16;

let last: u32 = Status.Ok;

/** The `Status` of the latest host call made through this SDK. */
export function lastStatus(): u32 {
  return last;
}

/** Records a status and passes it on. */
// @ts-ignore: decorator
@inline
export function recorded(status: u32): u32 {
  last = status;
  return status;
}

/** The bytes a host call has written; ABSENT where the host has none, UNREADABLE when it failed. */
// @ts-ignore: decorator
@inline
export function bytesOf(status: u32): Span {
  last = status;
  if (status == Status.Ok) return span(load<usize>(outAddress), load<usize>(outSize));
  return status == Status.NotFound ? ABSENT : UNREADABLE;
}

/** What a host call is that was not made, for want of memory for its answer. */
export function notMade(): Span {
  last = Status.InternalFailure;
  return UNREADABLE;
}
