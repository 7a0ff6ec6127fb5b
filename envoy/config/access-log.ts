import { type JsonObject, typed } from './types.ts';

/**
 * Access log, one JSON object a line. The path goes without its query, which may hold a token. `decision` is what the module
 * leaves as filter state (docs/access-log.md): `-` for a request that nothing refused.
 */
export function accessLog(path: string): JsonObject {
  const sink =
    path === '/dev/stdout'
      ? typed('envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', logFormat())
      : typed('envoy.extensions.access_loggers.file.v3.FileAccessLog', { path, ...logFormat() });
  return { name: 'access-log', typed_config: sink };
}

/** The same of a connection, where it has a decision of its own: what was refused before any request of it was read. */
export function refusedConnectionsLog(path: string): JsonObject {
  const filter = typed('envoy.extensions.access_loggers.filters.cel.v3.ExpressionFilter', {
    expression: "'wasm.portcullis.decision' in filter_state",
  });
  const name = 'envoy.access_loggers.extension_filters.cel';
  return { ...accessLog(path), filter: { extension_filter: { name, typed_config: filter } } };
}

function logFormat(): JsonObject {
  return {
    log_format: {
      json_format: {
        start_time: '%START_TIME%',
        listener: '%FILTER_CHAIN_NAME%',
        method: '%REQ(:METHOD)%',
        authority: '%REQ(:AUTHORITY)%',
        path: '%PATH(NQ:PATH)%',
        protocol: '%PROTOCOL%',
        response_code: '%RESPONSE_CODE%',
        response_code_details: '%RESPONSE_CODE_DETAILS%',
        response_flags: '%RESPONSE_FLAGS%',
        decision: '%FILTER_STATE(wasm.portcullis.decision:PLAIN)%',
        peer: '%FILTER_STATE(wasm.portcullis.peer:PLAIN)%',
        matched: '%FILTER_STATE(wasm.portcullis.matched:PLAIN)%',
        audit: '%FILTER_STATE(wasm.portcullis.audit:PLAIN)%',
        dry_run: '%FILTER_STATE(wasm.portcullis.dry_run:PLAIN)%',
        duration_ms: '%DURATION%',
        source_principal: '%DOWNSTREAM_PEER_URI_SAN%',
        downstream_remote_address: '%DOWNSTREAM_REMOTE_ADDRESS%',
        upstream_host: '%UPSTREAM_HOST%',
      },
    },
  };
}
