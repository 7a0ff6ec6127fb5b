// For plugins that use `setTickPeriod`.
import { enter, leave, rootOf } from "../context/dispatcher";

export function proxy_on_tick(id: u32): void {
  enter(id);
  const root = rootOf(id);
  if (root !== null) root.onTick();
  leave();
}
