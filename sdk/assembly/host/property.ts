import { proxy_get_property, proxy_set_property } from "../abi/imports";
import { Span, addressOf, constant, isPresent, lengthOf } from "../memory/span";
import { bytesOf, outAddress, outSize, recorded } from "./result";

/**
 * A property path from its dotted form: `propertyPath("xds.node.metadata.NAMESPACE")`. On the wire
 * the parts are separated by NUL. For constants of the module (never freed). A part that contains a dot itself:
 * `propertyPathOf(["filter_state", "a.b"])`.
 */
export function propertyPath(dotted: string): Span {
  // Made once: for constants of the module.
  return propertyPathOf(dotted.split("."));
}

/** A property path from its parts, for constants of the module; never freed. */
export function propertyPathOf(parts: string[]): Span {
  // Made once: for constants of the module.
  return constant(joinPath(parts));
}

/** The text of a property path from its parts, for one that is kept in a `Region`. */
export function joinPath(parts: string[]): string {
  return parts.join("\0");
}

/**
 * Reads a property (an Envoy attribute). ABSENT when there is none, UNREADABLE when it could not be had: see
 * `lastStatus()`. Strings and bytes come raw, integers and booleans little-endian (8 bytes, 1 byte),
 * maps as a pairs buffer (`Pairs`).
 */
export function getProperty(path: Span): Span {
  return bytesOf(proxy_get_property(addressOf(path), lengthOf(path), outAddress, outSize));
}

/** An integer property (durations and timestamps are nanoseconds), or `otherwise` when absent or of another size. */
export function getIntegerProperty(path: Span, otherwise: i64): i64 {
  const value = getProperty(path);
  return isPresent(value) && lengthOf(value) == 8 ? load<i64>(addressOf(value)) : otherwise;
}

/** Whether a boolean property is present and true. */
export function isTrueProperty(path: Span): bool {
  const value = getProperty(path);
  return isPresent(value) && lengthOf(value) == 1 && load<u8>(addressOf(value)) == 1;
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
