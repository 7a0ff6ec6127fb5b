import { LogLevel, Status } from "../abi/enums";
import { proxy_get_log_level, proxy_log } from "../abi/imports";
import { encode } from "../memory/arena";
import { Span, addressOf, lengthOf } from "../memory/span";
import { outNumber } from "./result";

const UNKNOWN: u32 = u32.MAX_VALUE;
let level: u32 = UNKNOWN;

/** Forgets the level: an operator may have changed it since. Called by the dispatcher, once a callback. */
export function forgetLogLevel(): void {
  level = UNKNOWN;
}

/**
 * Whether a message of this level would be printed. Ask before building its text:
 * `if (logs(LogLevel.Debug)) log(LogLevel.Debug, "…" + x)`.
 */
export function logs(messageLevel: u32): bool {
  if (level == UNKNOWN) {
    level = proxy_get_log_level(outNumber) == Status.Ok ? load<u32>(outNumber) : LogLevel.Info;
  }
  return messageLevel >= level;
}

/** Writes one line to the host's log. */
export function log(messageLevel: u32, message: string): void {
  logBytes(messageLevel, encode(message));
}

/** Writes one line, given as UTF-8 bytes, to the host's log. */
export function logBytes(messageLevel: u32, message: Span): void {
  proxy_log(messageLevel, addressOf(message), lengthOf(message));
}
