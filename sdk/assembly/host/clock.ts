import { Status } from "../abi/enums";
import {
  clock_time_get,
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

/** WASI's clockid for a clock that only goes forward, whatever the wall clock is set to. */
const MONOTONIC: u32 = 1;

/**
 * Nanoseconds by a clock that nobody sets: for how long something takes, and when it may be tried again. The same on all threads of the
 * host's process, and of no meaning outside of it. Where the host has none it is the wall clock, and what was stored may lie in its
 * future then. 0 when the host has neither.
 */
export function steadyTime(): u64 {
  store<u64>(outNumber, 0);
  const status = clock_time_get(MONOTONIC, 0, outNumber);
  const time = load<u64>(outNumber);
  return status == 0 && time != 0 ? time : currentTime();
}

/**
 * Whether a moment of `steadyTime` that was stored has not come yet at `now`. `longest` is how far ahead it can lie when it is stored: one
 * that is further has been stored by another clock, and counts as past.
 */
export function isAhead(moment: u64, now: u64, longest: u64): bool {
  return moment > now && moment - now <= longest;
}

/** Asks for `onTick` every `milliseconds` on the root context in effect; 0 stops it. */
export function setTickPeriod(milliseconds: u32): u32 {
  return recorded(proxy_set_tick_period_milliseconds(milliseconds));
}
