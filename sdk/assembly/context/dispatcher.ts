// From the host's numbers to the plugin's objects. One dispatcher per VM; it holds no policy of any plugin.
import { StreamType, Status } from "../abi/enums";
import {
  proxy_close_stream,
  proxy_send_local_response,
  proxy_set_effective_context,
} from "../abi/imports";
import { forgetLogLevel } from "../host/log";
import { recorded } from "../host/result";
import { beginPart, endPart, mark, releaseTo, reset } from "../memory/arena";
import { beginInEmergency, endEmergency, mayBegin } from "../memory/heap";
import { addressOf, constant, lengthOf } from "../memory/span";
import { Context, HttpContext, NetworkContext, RootContext, StreamContext } from "./context";
import { ContextTable } from "./table";

/** Makes the root context of a plugin. */
export type RootFactory = (id: u32) => RootContext;

/**
 * How many streams are woken in one callback of the host, at most. Envoy answers and lets go inside of each other what one callback
 * has replied to or let go: its stack, and with it the VM, ends at some three hundred.
 */
export const MAX_WAKES: i32 = 64;

/** What has become of a wish to wake a stream. */
export namespace Woken {
  export const Done: i32 = 0;
  /** The stream has ended. */
  export const Gone: i32 = 1;
  /** Not now: in a later callback of a root context. */
  export const Later: i32 = 2;
}

/** The status of a request that is refused since there is no memory to look at it, and Envoy's response code details. */
const REFUSED_STATUS: u32 = 503;
const REFUSED_DETAILS = constant("wasm_out_of_memory");
const NO_GRPC_STATUS: i32 = -1;

const contexts = new ContextTable();
let factory: RootFactory | null = null;
let whenRefused: (() => void) | null = null;
let depth: i32 = 0;
let current: u32 = 0;
let wakes: i32 = 0;
let isWaking: bool = false;
let canBegin: bool = true;

/**
 * Names what a new plugin's root context is made by; call it once, at the top level of the module. `refused` is called for each stream
 * that was refused because there is no memory for it: little is left then.
 */
export function registerRoot(makeRoot: RootFactory, refused: (() => void) | null = null): void {
  factory = makeRoot;
  whenRefused = refused;
}

/** A callback begins, on behalf of context `id`. Returns whose callback it interrupts, for `leave`. */
export function enter(id: u32): u32 {
  const before = current;
  if (depth++ == 0) {
    reset();
    forgetLogLevel();
    wakes = 0;
    isWaking = false;
    canBegin = mayBegin();
  }
  current = id;
  return before;
}

/** A callback ends. */
export function leave(before: u32): void {
  current = before;
  if (--depth == 0) endEmergency();
}

/** Whether there is memory to do anything in this callback. Where there is none, what the host asks is refused. */
export function hasMemory(): bool {
  return canBegin;
}

/** Whether there is memory for the little that a plugin needs to say what it falls back on. */
export function hasMemoryForRoot(): bool {
  return canBegin || beginInEmergency();
}

/** A root context (parent 0), or a stream whose kind its first callback will tell. Without memory it stays unknown. */
export function create(id: u32, parent: u32): void {
  if (parent == 0 ? !hasMemoryForRoot() : !canBegin) return;
  if (parent != 0) {
    const root = contexts.find(parent);
    if (root !== null) contexts.set(id, root);
    return;
  }
  const makeRoot = factory;
  if (makeRoot !== null) contexts.set(id, makeRoot(id));
}

/** The root context with this number, or null. */
export function rootOf(id: u32): RootContext | null {
  const context = contexts.find(id);
  return context !== null && context.id == id && context instanceof RootContext
    ? <RootContext>context
    : null;
}

/** The HTTP context with this number, made now if the stream is new; null if the plugin wants none, and where it `isUnserved`. */
export function httpOf(id: u32): HttpContext | null {
  const context = contexts.find(id);
  if (context === null) return null;
  if (context.id == id) return context instanceof HttpContext ? <HttpContext>context : null;
  if (!canBegin) return null;
  const made = (<RootContext>context).createHttpContext(id);
  if (made !== null) contexts.set(id, made);
  return made;
}

/** The network context with this number, made now if the connection is new; null as for `httpOf`. */
export function networkOf(id: u32): NetworkContext | null {
  const context = contexts.find(id);
  if (context === null) return null;
  if (context.id == id) return context instanceof NetworkContext ? <NetworkContext>context : null;
  if (!canBegin) return null;
  const made = (<RootContext>context).createNetworkContext(id);
  if (made !== null) contexts.set(id, made);
  return made;
}

/**
 * Whether there was no memory for a stream, or is none for what it has still to decide: nobody can say anything of it, so it is
 * refused.
 */
export function isUnserved(id: u32): bool {
  const context = contexts.find(id);
  if (context === null) return true;
  if (canBegin) return false;
  return (
    context.id != id || !(context instanceof StreamContext) || !(<StreamContext>context).isDecided
  );
}

/** Refuses a request that is not served; it stays unknown to its end. */
export function refuseRequest(id: u32): void {
  forget(id);
  const details = REFUSED_DETAILS;
  proxy_send_local_response(
    REFUSED_STATUS,
    addressOf(details),
    lengthOf(details),
    0,
    0,
    0,
    0,
    NO_GRPC_STATUS,
  );
}

/** Closes a connection that is not served. */
export function refuseConnection(id: u32): void {
  forget(id);
  proxy_close_stream(StreamType.Downstream);
}

/** The plugin hears the end of a stream of its own; of one that it has not seen yet there is nothing to hear. */
function forget(id: u32): void {
  destroy(id);
  const refused = whenRefused;
  if (refused !== null) refused();
}

/** The host has let go of a context. This must not be refused, whatever is left of memory. */
export function destroy(id: u32): void {
  const context: Context | null = contexts.find(id);
  if (context === null) return;
  beginInEmergency();
  contexts.remove(id);
  if (context.id != id) return;
  if (context instanceof StreamContext) (<StreamContext>context).onDelete();
  else if (context instanceof RootContext) (<RootContext>context).onDelete();
}

/**
 * The one way to act on a stream from another callback: puts the stream's context into effect, runs its `onWake`, and
 * restores. `Woken.Gone`, and nothing done, when the stream has gone (Envoy would leave the previous context in effect, and a read
 * would show another request's headers). `Woken.Later` when MAX_WAKES have been woken in this callback, inside of another `wake`, and
 * outside of a root context's callback: in a stream's, Envoy stops the stream that is being called as soon as anyone is replied to.
 *
 * Each stream has the callback's memory to itself: what it takes is given back, and what it lacks is lacking for it alone.
 */
export function wake(stream: StreamContext): i32 {
  if (contexts.find(stream.id) !== stream) return Woken.Gone;
  if (isWaking || wakes >= MAX_WAKES || rootOf(current) === null) return Woken.Later;
  const caller = current;
  if (recorded(proxy_set_effective_context(stream.id)) != Status.Ok) return Woken.Gone;
  wakes++;
  isWaking = true;
  const taken = mark();
  const ended = beginPart();
  stream.onWake();
  endPart(ended);
  releaseTo(taken);
  isWaking = false;
  // Closing a connection calls the module again, before it returns: what was current then is not what is now.
  current = caller;
  proxy_set_effective_context(caller);
  return Woken.Done;
}
