// A proxy with the module in front of one upstream: the shape of `render envoy`, of the demo and of the tests.
import { bootstrap } from './config/bootstrap.ts';
import { type JwksRoute, authorizerCluster, cluster, jwksCluster } from './config/clusters.ts';
import type { PathNormalization } from '../istio/path-normalization.ts';
import type { XfccOwner } from './config/connection-manager.ts';
import { inboundListener } from './config/inbound-listener.ts';
import type { ServerTls } from './config/tls.ts';
import type { Address, JsonObject, Node } from './config/types.ts';

/** The listener of the proxy, and its upstream cluster. */
export const INGRESS = 'ingress';
const UPSTREAM = 'upstream';

/** A proxy to be configured. */
export interface Proxy {
  node: Node;
  listen: Address;
  upstream: Address;
  admin: Address;
  /** Gateway (an edge) or sidecar. */
  gateway: boolean;
  /** The HTTP filters of the listener: the module's, as a rule. */
  filters: JsonObject[];
  /** The network filters before the connection manager: the module's again, in a VM of its own. */
  networkFilters?: JsonObject[];
  protocol?: 'http' | 'tcp';
  tls?: ServerTls;
  /** Who writes X-Forwarded-Client-Cert. */
  xfcc?: XfccOwner;
  accessLogPath: string;
  pathNormalization?: PathNormalization;
  /** Key sets to fetch, each with its route if not the obvious one. */
  jwksUris: Map<string, JwksRoute>;
  /** External authorizers, each with its address if that is not its host's. */
  authorizers?: { host: string; port: number; endpoint?: Address }[];
  /** What the module has not marked is refused behind it, on the listener of its own. */
  guarded?: boolean;
  /** Listeners beside, on free ports: tests put the native filters there. */
  neighbours?: Neighbour[];
}

/** What a listener beside has of its own. */
export type Neighbour = { name: string } & Pick<
  Proxy,
  'filters' | 'networkFilters' | 'protocol' | 'tls' | 'xfcc'
>;

/** The proxy's bootstrap. */
export function proxyBootstrap(proxy: Proxy): JsonObject {
  const jwks = [...proxy.jwksUris].map(([uri, route]) => jwksCluster(uri, route));
  const authorizers = (proxy.authorizers ?? []).map(({ host, port, endpoint }) =>
    authorizerCluster(host, port, endpoint),
  );
  const { filters, networkFilters, protocol, tls, xfcc } = proxy;
  const own: Neighbour = { name: INGRESS, filters, networkFilters, protocol, tls, xfcc };
  return bootstrap({
    // As Istio's agent writes it: the module takes a router for a gateway.
    id: `${proxy.gateway ? 'router' : 'sidecar'}~${proxy.listen.address}~proxy.${proxy.node.namespace}~${proxy.node.namespace}.svc.cluster.local`,
    node: proxy.node,
    admin: proxy.admin,
    listeners: [own, ...(proxy.neighbours ?? [])].map((listener) =>
      inboundListener({
        ...listener,
        listen: listener === own ? proxy.listen : { ...proxy.listen, port: 0 },
        upstream: UPSTREAM,
        guarded: listener === own && proxy.guarded === true,
        gateway: proxy.gateway,
        accessLogPath: proxy.accessLogPath,
        pathNormalization: proxy.pathNormalization,
      }),
    ),
    clusters: [
      cluster(UPSTREAM, proxy.upstream),
      // Several URIs of one host share its cluster.
      ...new Map([...jwks, ...authorizers].map((one) => [one.name, one])).values(),
    ],
  });
}
