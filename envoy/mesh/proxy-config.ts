// All that one proxy of a mesh is configured with. Listeners, clusters and routes come from files in watched folders (LDS, CDS, RDS),
// secrets (SDS) and plugins (ECDS) too: nothing of it needs a restart.
import type { Resource } from '../../istio/load.ts';
import {
  jwksUrisOf,
  pluginConfiguration,
  type Settings,
  xfccOf,
} from '../../istio/plugin-configuration.ts';
import { type JwksRoute, cluster, jwksCluster } from '../config/clusters.ts';
import { CONNECTION_FACTS } from '../config/connection-facts.ts';
import { connectionManager } from '../config/connection-manager.ts';
import { inboundListener, tcpProxy } from '../config/inbound-listener.ts';
import { statsTags } from '../config/stats-tags.ts';
import { type Address, type JsonObject, socketAddress, typed } from '../config/types.ts';
import {
  NETWORK_PLUGIN,
  PLUGIN,
  type WasmPlugin,
  discoveredNetworkFilter,
  discoveredWasmFilter,
  networkPlugin,
} from '../config/wasm-filter.ts';
import { type Endpoint, clusterName, outboundClusters } from './clusters.ts';
import { gatewayPort, ingressHosts, ingressPorts } from './ingress.ts';
import { FIRST_TCP_PORT, OUTBOUND_PORT } from './ports.ts';
import {
  ROOT_NAMESPACE,
  type Service,
  TRUST_DOMAIN,
  type Workload,
  namesOf,
  protocolAt,
} from './model.ts';
import type { StoredResource } from './store.ts';

const POLICIES = ['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy'];

/** The mesh as a proxy must know it. */
export interface MeshView {
  resources: readonly StoredResource[];
  services: readonly Service[];
  endpoint: Endpoint;
  /** Where URIs of the internet are served instead. */
  jwksRoute: (uri: string) => JwksRoute;
}

/** A proxy, and where its parts are. */
export interface ProxyPlace {
  workload: Workload;
  /** The pod's address. */
  address: string;
  admin: Address;
  /** The folder of its files, as Envoy sees it. */
  folder: string;
  module: string;
  /** Where the app behind it listens, by container port. */
  app: (port: number) => Address;
  /** Where a container port is bound at the pod's address. */
  bound: (port: number) => number;
}

/** The files of a proxy: their paths within its folder, and what is in them. */
export interface ProxyFiles {
  bootstrap: JsonObject;
  listeners: JsonObject[];
  clusters: JsonObject[];
  routes: Record<string, JsonObject[]>;
  plugins: WasmPlugin[];
}

/** The policies among the resources, as the module takes them. */
export function policiesOf(resources: readonly StoredResource[]): Resource[] {
  return resources
    .filter(({ kind }) => POLICIES.includes(kind))
    .map((value): Resource => ({
      file: '-',
      kind: value.kind,
      namespace: value.metadata.namespace ?? '',
      name: value.metadata.name,
      value: withoutMeshFields(value),
      source: { file: '-', text: '' },
      locate: () => ({ line: 1, column: 1 }),
      at: () => undefined,
    }));
}

/** What kubectl's own bookkeeping has added is no business of the module. */
function withoutMeshFields(value: StoredResource): Record<string, unknown> {
  const { resourceVersion, ...metadata } = value.metadata;
  void resourceVersion;
  return { ...value, metadata };
}

/** The settings of the module on a port of a workload. */
export function settingsOf(
  workload: Workload,
  containerPort: number,
  protocol: 'http' | 'tcp',
): Settings {
  return {
    rootNamespace: ROOT_NAMESPACE,
    trustDomain: TRUST_DOMAIN,
    connectionFacts: CONNECTION_FACTS,
    xfcc: xfccOf(workload.gateway),
    guard: true,
    workload: {
      namespace: workload.namespace,
      labels: workload.labels,
      containerPort,
      protocol: protocol === 'tcp' ? 'TCP' : 'HTTP',
      gateway: workload.gateway,
    },
  };
}

/** The ports at which a proxy takes requests: a gateway's, or the container's. */
export function inboundPorts(workload: Workload, resources: readonly StoredResource[]): number[] {
  if (workload.gateway) return ingressPorts(resources).map(gatewayPort);
  return [...new Set(workload.containers.flatMap(({ ports }) => ports))];
}

/** Everything that a proxy is configured with. */
export function proxyFiles(place: ProxyPlace, view: MeshView): ProxyFiles {
  const { workload, folder } = place;
  const secrets = `${folder}/secrets`;
  const ports = inboundPorts(workload, view.resources);
  const policies = policiesOf(view.resources);
  const plugins = ports.flatMap((port) => pluginsAt(place, view, policies, port));
  const jwks = jwksUrisOf(policies).map((uri) => jwksCluster(uri, view.jwksRoute(uri)));
  const outbound = outboundClusters(
    workload,
    place.address,
    view.services,
    view.resources,
    view.endpoint,
    secrets,
  );
  return {
    bootstrap: bootstrapOf(place),
    listeners: [
      ...ports.map((port) => inboundAt(place, view, port)),
      ...(workload.gateway ? [] : outboundListeners(place, view)),
    ],
    clusters: [
      ...(workload.gateway
        ? []
        : ports.map((port) => cluster(inboundCluster(port), place.app(port)))),
      ...new Map([...jwks, ...outbound].map((one) => [one.name, one])).values(),
    ],
    routes: workload.gateway ? gatewayRoutes(view) : { outbound: outboundHosts(workload, view) },
    plugins,
  };
}

function pluginsAt(
  { workload, module }: ProxyPlace,
  view: MeshView,
  policies: Resource[],
  port: number,
): WasmPlugin[] {
  const protocol = protocolAt(workload, port, view.services);
  const configuration = pluginConfiguration(policies, settingsOf(workload, port, protocol));
  const http: WasmPlugin = { name: pluginName(port), vmId: PLUGIN, module, configuration };
  if (workload.gateway) return [http];
  return protocol === 'tcp' ? [networkPlugin(http)] : [http, networkPlugin(http)];
}

function pluginName(port: number): string {
  return `${PLUGIN}-${port}`;
}

function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}

function inboundAt(place: ProxyPlace, view: MeshView, port: number): JsonObject {
  const { workload, address, folder } = place;
  const protocol = protocolAt(workload, port, view.services);
  const ecds = `${folder}/ecds`;
  const network = pluginName(port).replace(PLUGIN, NETWORK_PLUGIN);
  return inboundListener({
    name: `inbound-${port}`,
    listen: { address, port: place.bound(port) },
    upstream: workload.gateway
      ? { name: `ingress-${port}`, folder: `${folder}/rds` }
      : inboundCluster(port),
    gateway: workload.gateway,
    protocol,
    filters: protocol === 'http' ? [discoveredWasmFilter(pluginName(port), ecds)] : [],
    networkFilters: workload.gateway ? [] : [discoveredNetworkFilter(network, ecds)],
    guarded: true,
    ...(workload.gateway
      ? {}
      : { tls: { secrets: `${folder}/secrets`, trustDomains: [TRUST_DOMAIN] } }),
    xfcc: 'MODULE',
    accessLogPath: `${folder}/access.log`,
  });
}

/** One listener for everything over HTTP, which asks for hosts; one for every port of a service without HTTP. */
function outboundListeners(place: ProxyPlace, view: MeshView): JsonObject[] {
  const { address, folder } = place;
  const accessLogPath = `${folder}/outbound.log`;
  const listener = (name: string, port: number, filter: JsonObject): JsonObject => ({
    name,
    address: socketAddress({ address, port }),
    filter_chains: [{ filters: [filter] }],
  });
  const http = connectionManager({
    name: 'outbound',
    filters: [],
    upstream: { name: 'outbound', folder: `${folder}/rds` },
    gateway: false,
    xfcc: 'SANITIZE',
    accessLogPath,
  });
  return [
    listener('outbound', OUTBOUND_PORT, http),
    ...tcpServices(view.services).map(({ service, port }, i) => {
      const name = clusterName(port, service);
      return listener(name, FIRST_TCP_PORT + i, tcpProxy({ name, upstream: name, accessLogPath }));
    }),
  ];
}

/** The ports of services that carry no HTTP, in the order of their listeners. */
export function tcpServices(services: readonly Service[]): { service: Service; port: number }[] {
  return services.flatMap((service) =>
    service.ports
      .filter(({ protocol }) => protocol === 'tcp')
      .map(({ port }) => ({ service, port })),
  );
}

function outboundHosts(workload: Workload, { services }: MeshView): JsonObject[] {
  return services.flatMap((service) =>
    service.ports
      .filter(({ protocol }) => protocol === 'http')
      .map(({ port }) => {
        const names = namesOf(service, workload.namespace);
        return {
          name: `${service.host}:${port}`,
          domains: names.flatMap((name) => [`${name}:${port}`, ...(port === 80 ? [name] : [])]),
          routes: [
            {
              match: { prefix: '/' },
              route: { cluster: clusterName(port, service), timeout: '0s' },
            },
          ],
        };
      }),
  );
}

function gatewayRoutes({ resources, services }: MeshView): Record<string, JsonObject[]> {
  return Object.fromEntries(
    ingressPorts(resources).map((port) => [
      `ingress-${gatewayPort(port)}`,
      ingressHosts(resources, services, port),
    ]),
  );
}

/**
 * All that the admin interface answers. Whoever has an account on this machine can ask it, and so can a page in a browser: it hands out no
 * configuration, which may hold keys, and takes no commands.
 */
const ADMIN_PATHS: JsonObject[] = [
  { exact: '/ready' },
  { exact: '/server_info' },
  { exact: '/certs' },
  { prefix: '/clusters' },
  { prefix: '/listeners' },
  { prefix: '/stats' },
];

function bootstrapOf({ workload, address, admin, folder }: ProxyPlace): JsonObject {
  const { namespace, labels, pod, gateway, serviceAccount } = workload;
  const discovery = (name: string): JsonObject => ({
    resource_api_version: 'V3',
    path_config_source: {
      path: `${folder}/xds/${name}.json`,
      watched_directory: { path: `${folder}/xds` },
    },
  });
  return {
    node: {
      // As Istio's agent writes them.
      id: `${gateway ? 'router' : 'sidecar'}~${address}~${pod}.${namespace}~${namespace}.svc.cluster.local`,
      cluster: `${labels.app ?? workload.name}.${namespace}`,
      metadata: {
        NAMESPACE: namespace,
        LABELS: labels,
        NAME: pod,
        WORKLOAD_NAME: workload.name,
        SERVICE_ACCOUNT: serviceAccount,
      },
    },
    admin: { address: socketAddress(admin), allow_paths: ADMIN_PATHS },
    stats_config: statsTags(),
    dynamic_resources: { lds_config: discovery('lds'), cds_config: discovery('cds') },
  };
}

/** An xDS answer with these resources. */
export function discoveryAnswer(
  type: string,
  resources: JsonObject[],
  version: string,
): JsonObject {
  return {
    version_info: version,
    resources: resources.map((resource) => typed(type, resource)),
  };
}
