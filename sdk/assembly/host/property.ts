import { proxy_get_property, proxy_set_property } from "../abi/imports";
import { ABSENT, Span, addressOf, constant, lengthOf } from "../memory/span";
import { bytesOf, outAddress, outSize, recorded } from "./result";

/**
 * A property path from its dotted form: `propertyPath("xds.node.metadata.NAMESPACE")`. On the wire
 * the parts are separated by NUL. For constants and start-up (never freed). A part that contains a dot itself:
 * `propertyPathOf(["filter_state", "a.b"])`.
 */
export function propertyPath(dotted: string): Span {
  return propertyPathOf(dotted.split("."));
}

/** A property path from its parts; never freed. */
export function propertyPathOf(parts: string[]): Span {
  return constant(parts.join("\0"));
}

/**
 * Reads a property (an Envoy attribute). ABSENT when there is none, or when the host refused: see
 * `lastStatus()`. Strings and bytes come raw, integers and booleans little-endian (8 bytes, 1 byte),
 * maps as a pairs buffer (`Pairs`).
 */
export function getProperty(path: Span): Span {
  return bytesOf(proxy_get_property(addressOf(path), lengthOf(path), outAddress, outSize));
}

/** An integer property (durations and timestamps are nanoseconds), or `otherwise` when absent or of another size. */
export function getIntegerProperty(path: Span, otherwise: i64): i64 {
  const value = getProperty(path);
  return value != ABSENT && lengthOf(value) == 8 ? load<i64>(addressOf(value)) : otherwise;
}

/** Whether a boolean property is present and true. */
export function isTrueProperty(path: Span): bool {
  const value = getProperty(path);
  return value != ABSENT && lengthOf(value) == 1 && load<u8>(addressOf(value)) == 1;
}

/**
 * Writes a property. Envoy keeps `x` as filter state `wasm.x`, readable by later filters and in access
 * logs as `%FILTER_STATE(wasm.x:PLAIN)%`.
 */
export function setProperty(path: Span, value: Span): u32 {
  return recorded(
    proxy_set_property(addressOf(path), lengthOf(path), addressOf(value), lengthOf(value)),
  );
}
