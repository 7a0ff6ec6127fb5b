/** What a host call answers (`proxy_status_t` of ABI 0.2.1), as far as this host gives it. */
export const Status = {
  Ok: 0,
  NotFound: 1,
  BadArgument: 2,
  SerializationFailure: 3,
  InvalidMemoryAccess: 6,
  Empty: 7,
  CasMismatch: 8,
  InternalFailure: 10,
  Unimplemented: 12,
} as const;

/** What a stream callback answers (`proxy_action_t`). */
export const Action = { Continue: 0, Pause: 1 } as const;

/** Log levels, by number. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
