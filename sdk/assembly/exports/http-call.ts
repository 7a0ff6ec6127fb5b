// For plugins that use `httpCall`.
import { RootContext } from "../context/context";
import { enter, hasMemory, leave, rootOf } from "../context/dispatcher";

export function proxy_on_http_call_response(
  id: u32,
  token: u32,
  headers: u32,
  bodySize: u32,
  trailers: u32,
): void {
  const before = enter(id);
  let root: RootContext | null = null;
  if (hasMemory()) root = rootOf(id);
  if (root !== null) root.onHttpCallResponse(token, headers, bodySize, trailers);
  leave(before);
}
