import type { PathNormalization } from '../../istio/path-normalization.ts';
import { accessLog } from './access-log.ts';
import { type JsonObject, typed } from './types.ts';

const HCM = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';

/** Who writes X-Forwarded-Client-Cert: the module, or the connection manager in this mode. */
export type XfccOwner =
  | 'MODULE'
  | 'SANITIZE'
  | 'FORWARD_ONLY'
  | 'APPEND_FORWARD'
  | 'SANITIZE_SET'
  | 'ALWAYS_FORWARD_ONLY';

/** Routes from `NAME.json` in a watched folder: they change without a new listener. */
export interface RouteSource {
  name: string;
  folder: string;
}

/** HTTP on its way to one upstream. */
export interface HttpService {
  name: string;
  /** HTTP filters before the router. */
  filters: JsonObject[];
  /** The cluster that gets what passes; or where its routes are found (RDS). */
  upstream: string | RouteSource;
  /** A gateway is an edge: it sees clients directly. A sidecar trusts what its mesh says of them. */
  gateway: boolean;
  accessLogPath: string;
  pathNormalization?: PathNormalization;
  /** Default: the connection manager, in Istio's mode for gateways or sidecars. */
  xfcc?: XfccOwner;
}

/**
 * How long a stream may stand still. A request that a trap of the module has stranded ends with this one: the router's
 * timeout begins only when the filters have let the request pass.
 */
const STREAM_IDLE_TIMEOUT = '30s';

/** The network filter that speaks HTTP, configured as istiod does it. */
export function connectionManager(service: HttpService): JsonObject {
  return {
    name: 'envoy.filters.network.http_connection_manager',
    typed_config: typed(HCM, {
      stat_prefix: service.name,
      codec_type: 'AUTO',
      use_remote_address: service.gateway,
      ...clientCertDetails(service),
      ...normalization(service.pathNormalization ?? 'BASE'),
      stream_idle_timeout: STREAM_IDLE_TIMEOUT,
      request_headers_timeout: '10s',
      access_log: [accessLog(service.accessLogPath)],
      ...routesOf(service),
      http_filters: [
        ...service.filters,
        {
          name: 'envoy.filters.http.router',
          typed_config: typed('envoy.extensions.filters.http.router.v3.Router', {}),
        },
      ],
    }),
  };
}

function routesOf({ name, upstream }: HttpService): JsonObject {
  if (typeof upstream === 'object') {
    const { folder } = upstream;
    return {
      rds: {
        route_config_name: upstream.name,
        config_source: {
          resource_api_version: 'V3',
          path_config_source: {
            path: `${folder}/${upstream.name}.json`,
            watched_directory: { path: folder },
          },
        },
      },
    };
  }
  const route = { match: { prefix: '/' }, route: { cluster: upstream, timeout: '0s' } };
  return {
    route_config: { name, virtual_hosts: [{ name: 'all', domains: ['*'], routes: [route] }] },
  };
}

/**
 * Every mode but ALWAYS_FORWARD_ONLY hides the client's header from filters, or writes its own beside theirs: where the module is
 * configured with `xfcc` it must be this one, and where it is not, never.
 */
function clientCertDetails({ xfcc, gateway }: HttpService): JsonObject {
  if (xfcc === 'MODULE') return { forward_client_cert_details: 'ALWAYS_FORWARD_ONLY' };
  return {
    forward_client_cert_details: xfcc ?? (gateway ? 'SANITIZE_SET' : 'APPEND_FORWARD'),
    set_current_client_cert_details: { subject: true, uri: true, dns: true },
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
