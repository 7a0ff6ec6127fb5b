// For plugins that use `setTickPeriod`.
import { RootContext } from "../context/context";
import { enter, hasMemory, leave, rootOf } from "../context/dispatcher";

export function proxy_on_tick(id: u32): void {
  const before = enter(id);
  let root: RootContext | null = null;
  if (hasMemory()) root = rootOf(id);
  if (root !== null) root.onTick();
  leave(before);
}
