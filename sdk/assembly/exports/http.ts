// HTTP filters re-export those of these callbacks that they implement; Envoy skips the others.
import { Action } from "../abi/enums";
import { HttpContext } from "../context/context";
import { enter, httpOf, isUnserved, leave, refuseRequest } from "../context/dispatcher";

export function proxy_on_request_headers(id: u32, count: u32, endOfStream: bool): u32 {
  const before = enter(id);
  let action: u32 = Action.PauseAll;
  if (isUnserved(id)) {
    refuseRequest(id);
  } else {
    const stream = httpOf(id);
    action = stream === null ? Action.Continue : stream.onRequestHeaders(count, endOfStream);
  }
  leave(before);
  return action;
}

export function proxy_on_request_body(id: u32, size: u32, endOfStream: bool): u32 {
  const before = enter(id);
  let action: u32 = Action.PauseAndWatermark;
  if (isUnserved(id)) {
    refuseRequest(id);
  } else {
    const stream = httpOf(id);
    action = stream === null ? Action.Continue : stream.onRequestBody(size, endOfStream);
  }
  leave(before);
  return action;
}

export function proxy_on_request_trailers(id: u32, count: u32): u32 {
  const before = enter(id);
  let action: u32 = Action.Pause;
  if (isUnserved(id)) {
    refuseRequest(id);
  } else {
    const stream = httpOf(id);
    action = stream === null ? Action.Continue : stream.onRequestTrailers(count);
  }
  leave(before);
  return action;
}

/** The response to a request that was refused for want of memory goes its way. */
export function proxy_on_response_headers(id: u32, count: u32, endOfStream: bool): u32 {
  const before = enter(id);
  let stream: HttpContext | null = null;
  if (!isUnserved(id)) stream = httpOf(id);
  const action = stream === null ? Action.Continue : stream.onResponseHeaders(count, endOfStream);
  leave(before);
  return action;
}
