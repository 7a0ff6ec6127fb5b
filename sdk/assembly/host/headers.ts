import {
  proxy_add_header_map_value,
  proxy_get_header_map_pairs,
  proxy_get_header_map_value,
  proxy_remove_header_map_value,
  proxy_replace_header_map_value,
} from "../abi/imports";
import { Span, addressOf, isPresent, lengthOf } from "../memory/span";
import { Pairs } from "./pairs";
import { bytesOf, outAddress, outSize, recorded } from "./result";

/**
 * Reads a whole header map into `headers`: every header with all its values, in order. False when
 * the host refused (see `lastStatus()`) or sent what cannot be read.
 */
export function getHeaders(map: u32, headers: Pairs): bool {
  const buffer = bytesOf(proxy_get_header_map_pairs(map, outAddress, outSize));
  if (!isPresent(buffer)) {
    headers.clear();
    return false;
  }
  return headers.parse(buffer);
}

/**
 * The first value of a header, ABSENT when there is none, UNREADABLE when it cannot be had. Envoy shows repeated headers only through
 * `getHeaders`: where more than one value matters, use that.
 */
export function getFirstHeader(map: u32, name: Span): Span {
  const status = proxy_get_header_map_value(
    map,
    addressOf(name),
    lengthOf(name),
    outAddress,
    outSize,
  );
  return bytesOf(status);
}

/** Appends a header, beside any of the same name. */
export function addHeader(map: u32, name: Span, value: Span): u32 {
  return recorded(
    proxy_add_header_map_value(
      map,
      addressOf(name),
      lengthOf(name),
      addressOf(value),
      lengthOf(value),
    ),
  );
}

/** Sets a header to one value, whatever it was. */
export function replaceHeader(map: u32, name: Span, value: Span): u32 {
  return recorded(
    proxy_replace_header_map_value(
      map,
      addressOf(name),
      lengthOf(name),
      addressOf(value),
      lengthOf(value),
    ),
  );
}

/** Removes every value of a header; no error when there is none. */
export function removeHeader(map: u32, name: Span): u32 {
  return recorded(proxy_remove_header_map_value(map, addressOf(name), lengthOf(name)));
}
