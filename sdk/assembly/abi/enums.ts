// The constants of proxy-wasm ABI 0.2.1. Constants rather than enums: a value that a newer host
// sends and this list does not know must stay comparable, not become undefined behaviour.

/** What a host call answered (`proxy_status_t`). */
export namespace Status {
  export const Ok: u32 = 0;
  /** No such key, header, property, function. */
  export const NotFound: u32 = 1;
  /** An argument was refused: unknown cluster, unknown context, malformed message. */
  export const BadArgument: u32 = 2;
  export const SerializationFailure: u32 = 3;
  export const ParseFailure: u32 = 4;
  export const BadExpression: u32 = 5;
  export const InvalidMemoryAccess: u32 = 6;
  export const Empty: u32 = 7;
  /** A compare-and-swap lost. */
  export const CasMismatch: u32 = 8;
  export const ResultMismatch: u32 = 9;
  export const InternalFailure: u32 = 10;
  export const BrokenConnection: u32 = 11;
  export const Unimplemented: u32 = 12;
}

/** Log levels (`proxy_log_level_t`). */
export namespace LogLevel {
  export const Trace: u32 = 0;
  export const Debug: u32 = 1;
  export const Info: u32 = 2;
  export const Warn: u32 = 3;
  export const Error: u32 = 4;
  export const Critical: u32 = 5;
}

/** Header maps (`proxy_map_type_t`). */
export namespace MapType {
  export const RequestHeaders: u32 = 0;
  export const RequestTrailers: u32 = 1;
  export const ResponseHeaders: u32 = 2;
  export const ResponseTrailers: u32 = 3;
  export const HttpCallResponseHeaders: u32 = 6;
  export const HttpCallResponseTrailers: u32 = 7;
}

/** Buffers (`proxy_buffer_type_t`). */
export namespace BufferType {
  export const RequestBody: u32 = 0;
  export const ResponseBody: u32 = 1;
  export const DownstreamData: u32 = 2;
  export const UpstreamData: u32 = 3;
  export const HttpCallResponseBody: u32 = 4;
  export const VmConfiguration: u32 = 6;
  export const PluginConfiguration: u32 = 7;
}

/** Which direction `continueStream` and `closeStream` act on (`proxy_stream_type_t`). */
export namespace StreamType {
  export const HttpRequest: u32 = 0;
  export const HttpResponse: u32 = 1;
  export const Downstream: u32 = 2;
  export const Upstream: u32 = 3;
}

/** What a stream callback answers (`proxy_action_t`). */
export namespace Action {
  export const Continue: u32 = 0;
  /** Hold the stream until `continueStream` or a local reply. */
  export const Pause: u32 = 1;
  /**
   * Envoy's StopAllIterationAndWatermark, for `onRequestHeaders`: what `Pause` means there unless Envoy's plugin is configured with
   * `allow_on_headers_stop_iteration`, which lets the body come while the headers are held.
   */
  export const PauseAll: u32 = 4;
  /** Envoy's StopIterationAndWatermark, for `onRequestBody`: what comes is kept, and the client slowed down. */
  export const PauseAndWatermark: u32 = 2;
}

/** Who closed a connection (`proxy_peer_type_t`). */
export namespace PeerType {
  export const Unknown: u32 = 0;
  export const Local: u32 = 1;
  export const Remote: u32 = 2;
}

/** Kinds of metric (`proxy_metric_type_t`). */
export namespace MetricType {
  export const Counter: u32 = 0;
  export const Gauge: u32 = 1;
  export const Histogram: u32 = 2;
}
