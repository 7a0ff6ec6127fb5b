import { accessLog, refusedConnectionsLog } from './access-log.ts';
import { connectionFactsFilter } from './connection-facts.ts';
import { type HttpService, connectionManager } from './connection-manager.ts';
import { connectionGuard, requestGuard } from './guard.ts';
import { type SecretTls, type ServerTls, downstreamTls } from './tls.ts';
import { type Address, type JsonObject, socketAddress, typed } from './types.ts';

/** What the proxies of a mesh offer in their TLS handshakes, by which mesh traffic is told from an app's own TLS. */
export const ISTIO_ALPNS = [
  'istio',
  'istio-peer-exchange',
  'istio-http/1.0',
  'istio-http/1.1',
  'istio-h2',
];

/** A listener in front of one workload or gateway. */
export interface InboundListener extends HttpService {
  listen: Address;
  protocol?: 'http' | 'tcp';
  /** The module's network filter; none: nothing looks at connections. */
  networkFilters?: JsonObject[];
  tls?: ServerTls | SecretTls;
  /** What the module has not marked is refused behind it; it must be configured with `guard`. */
  guarded?: boolean;
}

/**
 * How long the client's first bytes are waited for, which tell TLS from plaintext. After it a silent client counts as plaintext:
 * of a protocol where the server speaks first. (Istio waits for ever.)
 */
const TLS_INSPECTION_TIMEOUT = '1s';

/**
 * A listener whose chains are istiod's. A sidecar takes mutual TLS and plaintext, and on a TCP port an app's own TLS, which passes
 * through: which of them may come is the network filter's to say, so that no mode of PeerAuthentication needs another listener. A
 * gateway takes what its port says.
 */
export function inboundListener(listener: InboundListener): JsonObject {
  const { name, listen, gateway, protocol, networkFilters = [], accessLogPath } = listener;
  const chains = gateway ? [gatewayChain(listener)] : sidecarChains(listener);
  return {
    name,
    address: socketAddress(listen),
    ...(gateway
      ? {}
      : {
          listener_filters: [tlsInspector()],
          listener_filters_timeout: TLS_INSPECTION_TIMEOUT,
          continue_on_listener_filters_timeout: true,
        }),
    filter_chains: chains,
    // Of HTTP alone: of others tcp_proxy writes a line for each connection.
    ...(protocol !== 'tcp' && networkFilters.length > 0
      ? { access_log: [refusedConnectionsLog(accessLogPath)] }
      : {}),
  };
}

function gatewayChain(listener: InboundListener): JsonObject {
  const { name, tls } = listener;
  return {
    name,
    ...(tls === undefined ? {} : { transport_socket: downstreamTls(tls) }),
    filters: filtersOf(listener, tls !== undefined),
  };
}

function sidecarChains(listener: InboundListener): JsonObject[] {
  const { name, tls, protocol } = listener;
  const plaintext = {
    name: `${name}-plaintext`,
    filter_chain_match: { transport_protocol: 'raw_buffer' },
    filters: filtersOf(listener, false),
  };
  if (tls === undefined) return [plaintext];
  const isTcp = protocol === 'tcp';
  const mutual = {
    name: `${name}-mtls`,
    filter_chain_match: {
      transport_protocol: 'tls',
      ...(isTcp ? { application_protocols: ISTIO_ALPNS } : {}),
    },
    transport_socket: downstreamTls(tls),
    filters: filtersOf(listener, true),
  };
  const other = {
    name: `${name}-tls`,
    filter_chain_match: { transport_protocol: 'tls' },
    filters: filtersOf(listener, false),
  };
  return isTcp ? [mutual, other, plaintext] : [mutual, plaintext];
}

function filtersOf(listener: InboundListener, endsTls: boolean): JsonObject[] {
  const { guarded = false, networkFilters = [], filters } = listener;
  const last =
    listener.protocol === 'tcp'
      ? tcpProxy(listener)
      : connectionManager({
          ...listener,
          filters: guarded ? [...filters, requestGuard()] : filters,
        });
  return [
    connectionFactsFilter(endsTls),
    ...networkFilters,
    ...(guarded && networkFilters.length > 0 ? [connectionGuard()] : []),
    last,
  ];
}

/** The network filter that passes bytes on to a cluster. */
export function tcpProxy({
  name,
  upstream,
  accessLogPath,
}: Pick<InboundListener, 'name' | 'upstream' | 'accessLogPath'>): JsonObject {
  if (typeof upstream !== 'string') throw new Error(`${name}: bytes have no routes`);
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      stat_prefix: name,
      cluster: upstream,
      access_log: [accessLog(accessLogPath)],
    }),
  };
}

function tlsInspector(): JsonObject {
  return {
    name: 'envoy.filters.listener.tls_inspector',
    typed_config: typed('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
  };
}
