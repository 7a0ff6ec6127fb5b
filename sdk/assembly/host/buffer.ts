import { proxy_get_buffer_bytes, proxy_set_buffer_bytes } from "../abi/imports";
import { Span, addressOf, lengthOf } from "../memory/span";
import { bytesOf, outAddress, outSize, recorded } from "./result";

/**
 * Copies at most `length` bytes of a buffer from `start`. ABSENT when there is nothing to give: Envoy
 * answers NotFound for an empty buffer. UNREADABLE when it cannot be had.
 */
export function getBuffer(buffer: u32, start: u32, length: u32): Span {
  return bytesOf(proxy_get_buffer_bytes(buffer, start, length, outAddress, outSize));
}

/** Replaces `length` bytes from `start` by `bytes`. */
export function setBuffer(buffer: u32, start: u32, length: u32, bytes: Span): u32 {
  return recorded(proxy_set_buffer_bytes(buffer, start, length, addressOf(bytes), lengthOf(bytes)));
}
