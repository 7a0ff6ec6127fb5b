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

/** What a stream callback answers (`proxy_action_t`), as Envoy takes it with `allow_on_headers_stop_iteration`. */
export const Action = { Continue: 0, Pause: 1, PauseAllAndBuffer: 3, PauseAll: 4 } as const;
/** The last number by which the callback of a part of the body holds it, and that of trailers: what is beyond, Envoy takes for Continue. */
export const LAST_BODY_ACTION = 3;
export const LAST_TRAILERS_ACTION = 1;

/** Log levels, by number. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
