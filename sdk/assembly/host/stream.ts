import {
  proxy_close_stream,
  proxy_continue_stream,
  proxy_send_local_response,
} from "../abi/imports";
import { ABSENT, EMPTY, Span, addressOf, lengthOf } from "../memory/span";
import { PairsBuilder } from "./pairs";
import { recorded } from "./result";

/** Not a gRPC response. */
export const NO_GRPC_STATUS: i32 = -1;

/**
 * Answers the request without the upstream. `details` becomes Envoy's %RESPONSE_CODE_DETAILS%, its white space
 * turned into `_`. Takes effect when the callback returns; return `Action.Pause` from it. The first reply counts. Where there is no memory
 * for the headers it goes without them: a stream that nobody answers would hang.
 */
export function sendLocalReply(
  httpStatus: u32,
  details: Span,
  body: Span,
  headers: PairsBuilder | null = null,
  grpcStatus: i32 = NO_GRPC_STATUS,
): u32 {
  let pairs = headers === null ? EMPTY : headers.serialize();
  if (pairs == ABSENT) pairs = EMPTY;
  return recorded(
    proxy_send_local_response(
      httpStatus,
      addressOf(details),
      lengthOf(details),
      addressOf(body),
      lengthOf(body),
      addressOf(pairs),
      lengthOf(pairs),
      grpcStatus,
    ),
  );
}

/** Lets a paused stream go on: the one whose context is in effect, and no other. */
export function continueStream(streamType: u32): u32 {
  return recorded(proxy_continue_stream(streamType));
}

/** Closes a connection, or resets an HTTP stream. */
export function closeStream(streamType: u32): u32 {
  return recorded(proxy_close_stream(streamType));
}
