import type { PathNormalization } from '../../istio/path-normalization.ts';
import { accessLog } from './access-log.ts';
import { type Address, type JsonObject, socketAddress, typed } from './types.ts';

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** A listener that speaks plain HTTP. */
export interface HttpListener {
  name: string;
  listen: Address;
  /** HTTP filters before the router. */
  filters: JsonObject[];
  /** The cluster that gets what passes. */
  upstream: string;
  /** A gateway is an edge: it sees clients directly. A sidecar trusts what its mesh says of them. */
  gateway: boolean;
  accessLogPath: string;
  pathNormalization?: PathNormalization;
}

/**
 * How long a stream may stand still. A request that a trap of the module has stranded ends with this one: the router's
 * timeout begins only when the filters have let the request pass.
 */
const STREAM_IDLE_TIMEOUT = '30s';

/** A listener whose connection manager is configured as istiod does it. */
export function httpListener(listener: HttpListener): JsonObject {
  return {
    name: listener.name,
    address: socketAddress(listener.listen),
    filter_chains: [
      {
        name: listener.name,
        filters: [
          {
            name: 'envoy.filters.network.http_connection_manager',
            typed_config: typed(HCM, connectionManager(listener)),
          },
        ],
      },
    ],
  };
}

function connectionManager(listener: HttpListener): JsonObject {
  return {
    stat_prefix: listener.name,
    codec_type: 'AUTO',
    use_remote_address: listener.gateway,
    forward_client_cert_details: listener.gateway ? 'SANITIZE_SET' : 'APPEND_FORWARD',
    ...normalization(listener.pathNormalization ?? 'BASE'),
    stream_idle_timeout: STREAM_IDLE_TIMEOUT,
    request_headers_timeout: '10s',
    access_log: [accessLog(listener.accessLogPath)],
    route_config: {
      name: listener.name,
      virtual_hosts: [
        {
          name: 'all',
          domains: ['*'],
          routes: [
            { match: { prefix: '/' }, route: { cluster: listener.upstream, timeout: '0s' } },
          ],
        },
      ],
    },
    http_filters: [
      ...listener.filters,
      {
        name: 'envoy.filters.http.router',
        typed_config: typed('envoy.extensions.filters.http.router.v3.Router', {}),
      },
    ],
  };
}

function normalization(how: PathNormalization): JsonObject {
  return {
    normalize_path: how !== 'NONE',
    merge_slashes: how === 'MERGE_SLASHES' || how === 'DECODE_AND_MERGE_SLASHES',
    path_with_escaped_slashes_action:
      how === 'DECODE_AND_MERGE_SLASHES' ? 'UNESCAPE_AND_FORWARD' : 'KEEP_UNCHANGED',
  };
}
