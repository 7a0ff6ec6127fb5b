// A proxy with the module in front of one upstream: the shape of `render envoy`, of the demo and of the tests.
import { connectionFactsFilter } from './config/connection-facts.ts';
import { bootstrap } from './config/bootstrap.ts';
import { type JwksRoute, authorizerCluster, cluster, jwksCluster } from './config/clusters.ts';
import type { PathNormalization } from '../istio/path-normalization.ts';
import { httpListener } from './config/http-listener.ts';
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
  /** The filters of the listener: the module's, as a rule. */
  filters: JsonObject[];
  accessLogPath: string;
  pathNormalization?: PathNormalization;
  /** Key sets to fetch, each with its route if not the obvious one. */
  jwksUris: Map<string, JwksRoute>;
  /** External authorizers, each with its address if that is not its host's. */
  authorizers?: { host: string; port: number; endpoint?: Address }[];
  /** Listeners beside: tests put the native filters there. */
  neighbours?: { name: string; filters: JsonObject[] }[];
}

/** The proxy's bootstrap. */
export function proxyBootstrap(proxy: Proxy): JsonObject {
  const jwks = [...proxy.jwksUris].map(([uri, route]) => jwksCluster(uri, route));
  const authorizers = (proxy.authorizers ?? []).map(({ host, port, endpoint }) =>
    authorizerCluster(host, port, endpoint),
  );
  const all = [
    { name: INGRESS, filters: [connectionFactsFilter(), ...proxy.filters] },
    ...(proxy.neighbours ?? []),
  ];
  return bootstrap({
    id: `${proxy.gateway ? 'gateway' : 'sidecar'}.${proxy.node.namespace}`,
    node: proxy.node,
    admin: proxy.admin,
    listeners: all.map(({ name, filters }) =>
      httpListener({
        name,
        filters,
        listen: name === INGRESS ? proxy.listen : { ...proxy.listen, port: 0 },
        upstream: UPSTREAM,
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
