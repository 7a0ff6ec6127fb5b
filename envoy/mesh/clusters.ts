// The client side of a proxy: clusters for the services of the mesh, as istiod writes them.
import { WITHOUT_BOUNDS } from '../config/clusters.ts';
import { meshUpstreamTls, simpleUpstreamTls } from '../config/tls.ts';
import { type Address, type JsonObject, socketAddress } from '../config/types.ts';
import { type ClientTls, clientTls } from './destination-rules.ts';
import { type Service, type ServicePort, type Workload, principalOf } from './model.ts';
import type { StoredResource } from './store.ts';

/** Where a workload's port is reached, and whether it takes mutual TLS there. */
export type Endpoint = (workload: Workload, port: number) => { address: Address; mutual: boolean };

const ISTIO = 'istio';

/** Istio's name for a service's cluster. */
export function clusterName(port: number, service: Service): string {
  return `outbound|${port}||${service.host}`;
}

/** The clusters of one proxy: a service's port each. `address` is the pod's own, which servers see. */
export function outboundClusters(
  client: Workload,
  address: string,
  services: readonly Service[],
  resources: readonly StoredResource[],
  endpoint: Endpoint,
  secrets: string,
): JsonObject[] {
  const rules = resources.filter(({ kind }) => kind === 'DestinationRule');
  return services.flatMap((service) =>
    service.ports.map((port) => ({
      ...outboundCluster(
        service,
        port,
        clientTls(rules, client.namespace, service, port.port),
        endpoint,
        secrets,
      ),
      upstream_bind_config: { source_address: { address, port_value: 0 } },
    })),
  );
}

function outboundCluster(
  service: Service,
  port: ServicePort,
  tls: ClientTls,
  endpoint: Endpoint,
  secrets: string,
): JsonObject {
  const name = clusterName(port.port, service);
  const endpoints = service.workloads.map((workload) => endpoint(workload, port.target));
  return {
    name,
    type: 'STATIC',
    connect_timeout: '5s',
    circuit_breakers: WITHOUT_BOUNDS,
    load_assignment: {
      cluster_name: name,
      endpoints: [
        {
          lb_endpoints: endpoints.map(({ address, mutual }) => ({
            endpoint: { address: socketAddress(address) },
            ...(mutual ? { metadata: matchMetadata() } : {}),
          })),
        },
      ],
    },
    ...transportOf(service, port, tls, secrets),
  };
}

/** By this an endpoint says that it takes mutual TLS. */
function matchMetadata(): JsonObject {
  return { filter_metadata: { 'envoy.transport_socket_match': { tlsMode: ISTIO } } };
}

function transportOf(
  service: Service,
  { port }: ServicePort,
  tls: ClientTls,
  secrets: string,
): JsonObject {
  const sni = `outbound_.${port}_._.${service.host}`;
  const identities = [
    ...new Set(service.workloads.map((workload) => `spiffe://${principalOf(workload)}`)),
  ];
  if (tls === 'DISABLE' || (tls === 'AUTO' && identities.length === 0)) return {};
  if (tls === 'SIMPLE') return { transport_socket: simpleUpstreamTls(service.host) };
  const mutual = meshUpstreamTls(secrets, sni, identities);
  if (tls === 'ISTIO_MUTUAL') return { transport_socket: mutual };
  return {
    transport_socket_matches: [
      { name: 'tlsMode-istio', match: { tlsMode: ISTIO }, transport_socket: mutual },
      {
        name: 'tlsMode-disabled',
        match: {},
        transport_socket: {
          name: 'envoy.transport_sockets.raw_buffer',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer',
          },
        },
      },
    ],
  };
}
