// Network filters re-export those of these callbacks that they implement; Envoy skips the others.
import { Action } from "../abi/enums";
import { enter, leave, networkOf } from "../context/dispatcher";

export function proxy_on_new_connection(id: u32): u32 {
  enter(id);
  const connection = networkOf(id);
  const action = connection === null ? Action.Continue : connection.onNewConnection();
  leave();
  return action;
}

export function proxy_on_downstream_data(id: u32, size: u32, endOfStream: bool): u32 {
  enter(id);
  const connection = networkOf(id);
  const action =
    connection === null ? Action.Continue : connection.onDownstreamData(size, endOfStream);
  leave();
  return action;
}

export function proxy_on_upstream_data(id: u32, size: u32, endOfStream: bool): u32 {
  enter(id);
  const connection = networkOf(id);
  const action =
    connection === null ? Action.Continue : connection.onUpstreamData(size, endOfStream);
  leave();
  return action;
}

export function proxy_on_downstream_connection_close(id: u32, peer: u32): void {
  enter(id);
  const connection = networkOf(id);
  if (connection !== null) connection.onDownstreamClose(peer);
  leave();
}

export function proxy_on_upstream_connection_close(id: u32, peer: u32): void {
  enter(id);
  const connection = networkOf(id);
  if (connection !== null) connection.onUpstreamClose(peer);
  leave();
}
