import {
  proxy_close_stream,
  proxy_continue_stream,
  proxy_send_local_response,
} from "../abi/imports";
import { Status } from "../abi/enums";
import { ABSENT, EMPTY, Span, addressOf, lengthOf } from "../memory/span";
import { PairsBuilder } from "./pairs";
import { recorded } from "./result";

/** Not a gRPC response. */
export const NO_GRPC_STATUS: i32 = -1;

/**
 * Answers the request without the upstream. `details` becomes Envoy's %RESPONSE_CODE_DETAILS%, its white space
 * turned into `_`. Takes effect when the callback returns; return `Action.Pause` from it. The first reply counts.
 */
export function sendLocalReply(
  httpStatus: u32,
  details: Span,
  body: Span,
  headers: PairsBuilder | null = null,
  grpcStatus: i32 = NO_GRPC_STATUS,
): u32 {
  const pairs = headers === null ? EMPTY : headers.serialize();
  if (pairs == ABSENT) return recorded(Status.InternalFailure);
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
