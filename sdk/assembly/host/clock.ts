import { Status } from "../abi/enums";
import {
  proxy_get_current_time_nanoseconds,
  proxy_set_tick_period_milliseconds,
} from "../abi/imports";
import { outNumber, recorded } from "./result";

/**
 * Wall-clock time in nanoseconds since the Unix epoch, or 0 when the host has none to give:
 * a caller that decides by time must treat 0 as a failure.
 */
export function currentTime(): u64 {
  return recorded(proxy_get_current_time_nanoseconds(outNumber)) == Status.Ok
    ? load<u64>(outNumber)
    : 0;
}

/** Asks for `onTick` every `milliseconds` on the root context in effect; 0 stops it. */
export function setTickPeriod(milliseconds: u32): u32 {
  return recorded(proxy_set_tick_period_milliseconds(milliseconds));
}
