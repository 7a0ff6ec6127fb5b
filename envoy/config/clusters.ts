import { isIP } from 'node:net';
import { type Address, type JsonObject, socketAddress, typed } from './types.ts';

/** The certificates that a Debian or Red Hat system trusts, where Envoy is usually run. */
const SYSTEM_CA = '/etc/ssl/certs/ca-certificates.crt';

/** None of Envoy's own bounds (1,024 connections, requests and waiting requests, 3 retries): as istiod writes every cluster. */
export const WITHOUT_BOUNDS: JsonObject = {
  thresholds: [
    {
      max_connections: 4_294_967_295,
      max_pending_requests: 4_294_967_295,
      max_requests: 4_294_967_295,
      max_retries: 4_294_967_295,
    },
  ],
};

/** A cluster with one address. */
export function cluster(name: string, endpoint: Address): JsonObject {
  return {
    name,
    type: isIP(endpoint.address) ? 'STATIC' : 'STRICT_DNS',
    connect_timeout: '5s',
    circuit_breakers: WITHOUT_BOUNDS,
    load_assignment: endpoints(name, socketAddress(endpoint)),
  };
}

function endpoints(name: string, address: JsonObject): JsonObject {
  return { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] };
}

/** Where a jwksUri is fetched, when not where it says. */
export interface JwksRoute {
  /** Address to connect to; default: the URI's host and port. */
  endpoint?: Address;
  /** PEM file of the authorities to trust; default: the system's. */
  caFile?: string;
}

/** Istio's name for the cluster of a URI's host: `outbound|PORT||HOST`. */
export function clusterNameOf(uri: string): string {
  const { host, port } = hostAndPort(uri);
  return `outbound|${port}||${host}`;
}

/**
 * The cluster through which the module fetches a jwksUri. For https it verifies the server's certificate and its name: without
 * SNI and a SAN match, Envoy would take any certificate of the authority.
 */
export function jwksCluster(uri: string, route: JwksRoute = {}): JsonObject {
  const { host, port } = hostAndPort(uri);
  const plain = cluster(clusterNameOf(uri), route.endpoint ?? { address: host, port });
  if (new URL(uri).protocol !== 'https:') return plain;
  return { ...plain, transport_socket: tlsFor(host, route.caFile ?? SYSTEM_CA) };
}

/** The cluster through which the module asks an external authorizer; `endpoint` in the place of its host and port. */
export function authorizerCluster(host: string, port: number, endpoint?: Address): JsonObject {
  return cluster(`outbound|${port}||${host}`, endpoint ?? { address: host, port });
}

function tlsFor(host: string, caFile: string): JsonObject {
  const isAddress = isIP(host) !== 0;
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      ...(isAddress ? {} : { sni: host }),
      common_tls_context: {
        validation_context: {
          trusted_ca: { filename: caFile },
          match_typed_subject_alt_names: [
            { san_type: isAddress ? 'IP_ADDRESS' : 'DNS', matcher: { exact: host } },
          ],
        },
      },
    }),
  };
}

function hostAndPort(uri: string): { host: string; port: number } {
  const url = new URL(uri);
  const usual = url.protocol === 'https:' ? 443 : 80;
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? usual : Number(url.port),
  };
}
