// HTTP filters re-export those of these callbacks that they implement; Envoy skips the others.
import { Action } from "../abi/enums";
import { enter, httpOf, leave } from "../context/dispatcher";

export function proxy_on_request_headers(id: u32, count: u32, endOfStream: bool): u32 {
  enter(id);
  const stream = httpOf(id);
  const action = stream === null ? Action.Continue : stream.onRequestHeaders(count, endOfStream);
  leave();
  return action;
}

export function proxy_on_request_body(id: u32, size: u32, endOfStream: bool): u32 {
  enter(id);
  const stream = httpOf(id);
  const action = stream === null ? Action.Continue : stream.onRequestBody(size, endOfStream);
  leave();
  return action;
}

export function proxy_on_request_trailers(id: u32, count: u32): u32 {
  enter(id);
  const stream = httpOf(id);
  const action = stream === null ? Action.Continue : stream.onRequestTrailers(count);
  leave();
  return action;
}

export function proxy_on_response_headers(id: u32, count: u32, endOfStream: bool): u32 {
  enter(id);
  const stream = httpOf(id);
  const action = stream === null ? Action.Continue : stream.onResponseHeaders(count, endOfStream);
  leave();
  return action;
}
