// From the host's numbers to the plugin's objects. One dispatcher per VM; it holds no policy of any plugin.
import { Status } from "../abi/enums";
import { proxy_set_effective_context } from "../abi/imports";
import { forgetLogLevel } from "../host/log";
import { recorded } from "../host/result";
import { reset } from "../memory/arena";
import { Context, HttpContext, NetworkContext, RootContext, StreamContext } from "./context";
import { ContextTable } from "./table";

/** Makes the root context of a plugin. */
export type RootFactory = (id: u32) => RootContext;

const contexts = new ContextTable();
let factory: RootFactory | null = null;
let depth: i32 = 0;
let current: u32 = 0;

/** Names what a new plugin's root context is made by; call it once, at the top level of the module. */
export function registerRoot(makeRoot: RootFactory): void {
  factory = makeRoot;
}

/** A callback begins, on behalf of context `id`. */
export function enter(id: u32): void {
  if (depth++ == 0) {
    reset();
    forgetLogLevel();
  }
  current = id;
}

/** A callback ends. */
export function leave(): void {
  depth--;
}

/** A root context (parent 0), or a stream whose kind its first callback will tell. */
export function create(id: u32, parent: u32): void {
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

/** The HTTP context with this number, made now if the stream is new; null if the plugin wants none. */
export function httpOf(id: u32): HttpContext | null {
  const context = contexts.find(id);
  if (context === null) return null;
  if (context.id == id) return context instanceof HttpContext ? <HttpContext>context : null;
  const made = (<RootContext>context).createHttpContext(id);
  if (made !== null) contexts.set(id, made);
  return made;
}

/** The network context with this number, made now if the connection is new; null if the plugin wants none. */
export function networkOf(id: u32): NetworkContext | null {
  const context = contexts.find(id);
  if (context === null) return null;
  if (context.id == id) return context instanceof NetworkContext ? <NetworkContext>context : null;
  const made = (<RootContext>context).createNetworkContext(id);
  if (made !== null) contexts.set(id, made);
  return made;
}

/** The host has let go of a context. */
export function destroy(id: u32): void {
  const context: Context | null = contexts.find(id);
  if (context === null) return;
  contexts.remove(id);
  if (context.id != id) return;
  if (context instanceof StreamContext) (<StreamContext>context).onDelete();
  else if (context instanceof RootContext) (<RootContext>context).onDelete();
}

/**
 * The one way to act on a stream from another callback: puts the stream's context into effect, runs its `onWake`, and
 * restores. False, and nothing done, when the stream has gone (Envoy would leave the previous context in effect, and a read
 * would show another request's headers), or outside of a root context's callback: in a stream's, Envoy stops the stream that
 * is being called as soon as anyone is replied to.
 */
export function wake(stream: StreamContext): bool {
  if (rootOf(current) === null) return false;
  if (contexts.find(stream.id) !== stream) return false;
  const caller = current;
  if (recorded(proxy_set_effective_context(stream.id)) != Status.Ok) return false;
  stream.onWake();
  // Closing a connection calls the module again, before it returns: what was current then is not what is now.
  current = caller;
  proxy_set_effective_context(caller);
  return true;
}
