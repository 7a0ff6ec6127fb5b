import { Span, addressOf, lengthOf } from "as-proxy-wasm-sdk/assembly";

/** The order of two byte strings: negative, 0 or positive. */
export function compareBytes(a: Span, b: Span): i32 {
  const order = memory.compare(addressOf(a), addressOf(b), min(lengthOf(a), lengthOf(b)));
  return order != 0 ? order : <i32>lengthOf(a) - <i32>lengthOf(b);
}
