// Network filters re-export those of these callbacks that they implement; Envoy skips the others.
import { Action } from "../abi/enums";
import { NetworkContext } from "../context/context";
import { enter, isUnserved, leave, networkOf, refuseConnection } from "../context/dispatcher";

export function proxy_on_new_connection(id: u32): u32 {
  const before = enter(id);
  let action: u32 = Action.Pause;
  if (isUnserved(id)) {
    refuseConnection(id);
  } else {
    const connection = networkOf(id);
    action = connection === null ? Action.Continue : connection.onNewConnection();
  }
  leave(before);
  return action;
}

export function proxy_on_downstream_data(id: u32, size: u32, endOfStream: bool): u32 {
  const before = enter(id);
  let action: u32 = Action.Pause;
  if (isUnserved(id)) {
    refuseConnection(id);
  } else {
    const connection = networkOf(id);
    action = connection === null ? Action.Continue : connection.onDownstreamData(size, endOfStream);
  }
  leave(before);
  return action;
}

export function proxy_on_upstream_data(id: u32, size: u32, endOfStream: bool): u32 {
  const before = enter(id);
  let action: u32 = Action.Pause;
  if (isUnserved(id)) {
    refuseConnection(id);
  } else {
    const connection = networkOf(id);
    action = connection === null ? Action.Continue : connection.onUpstreamData(size, endOfStream);
  }
  leave(before);
  return action;
}

export function proxy_on_downstream_connection_close(id: u32, peer: u32): void {
  const before = enter(id);
  let connection: NetworkContext | null = null;
  if (!isUnserved(id)) connection = networkOf(id);
  if (connection !== null) connection.onDownstreamClose(peer);
  leave(before);
}

export function proxy_on_upstream_connection_close(id: u32, peer: u32): void {
  const before = enter(id);
  let connection: NetworkContext | null = null;
  if (!isUnserved(id)) connection = networkOf(id);
  if (connection !== null) connection.onUpstreamClose(peer);
  leave(before);
}
