import { proxy_call_foreign_function } from "../abi/imports";
import { Span, addressOf, lengthOf } from "../memory/span";
import { hasHostRoom } from "../memory/arena";
import { bytesOf, notMade, outAddress, outSize } from "./result";

/**
 * Calls a function that this host offers beyond the ABI (in Envoy: `verify_signature`, `clear_route_cache`, …).
 * Argument and result are bytes, usually a protobuf message. ABSENT for an unknown function, UNREADABLE when
 * the host refused: BadArgument is a malformed message. Not called at all where there may be no memory for the answer: Envoy's functions
 * write it without looking whether they got any.
 */
export function callForeign(name: Span, argument: Span): Span {
  if (!hasHostRoom()) return notMade();
  store<usize>(outAddress, 0);
  store<usize>(outSize, 0);
  return bytesOf(
    proxy_call_foreign_function(
      addressOf(name),
      lengthOf(name),
      addressOf(argument),
      lengthOf(argument),
      outAddress,
      outSize,
    ),
  );
}
