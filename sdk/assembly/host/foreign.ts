import { proxy_call_foreign_function } from "../abi/imports";
import { Span, addressOf, lengthOf } from "../memory/span";
import { bytesOf, outAddress, outSize } from "./result";

/**
 * Calls a function that this host offers beyond the ABI (in Envoy: `verify_signature`, `clear_route_cache`, …).
 * Argument and result are bytes, usually a protobuf message. ABSENT when the host refused: NotFound is an
 * unknown function, BadArgument a malformed message.
 */
export function callForeign(name: Span, argument: Span): Span {
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
