import { proxy_http_call } from "../abi/imports";
import { Status } from "../abi/enums";
import { ABSENT, Span, addressOf, lengthOf } from "../memory/span";
import { PairsBuilder } from "./pairs";
import { outNumber, recorded } from "./result";

/** Not the token of any call. */
export const NO_CALL: u32 = 0;

/**
 * Sends an HTTP request through an Envoy cluster. `headers` need `:method`, `:path` and `:authority`.
 * `timeout` is in milliseconds and must not be 0 (Envoy would wait for ever). Returns the token that
 * `RootContext.onHttpCallResponse` will get, or NO_CALL with the reason in `lastStatus()`:
 * BadArgument means an unknown cluster or a missing pseudo-header. Every accepted call is answered, failures
 * as `:status` 503 or 504, on the root context.
 */
export function httpCall(cluster: Span, headers: PairsBuilder, body: Span, timeout: u32): u32 {
  const pairs = headers.serialize();
  if (pairs == ABSENT) {
    recorded(Status.InternalFailure);
    return NO_CALL;
  }
  const status = proxy_http_call(
    addressOf(cluster),
    lengthOf(cluster),
    addressOf(pairs),
    lengthOf(pairs),
    addressOf(body),
    lengthOf(body),
    0,
    0,
    max<u32>(timeout, 1),
    outNumber,
  );
  return recorded(status) == Status.Ok ? load<u32>(outNumber) : NO_CALL;
}
