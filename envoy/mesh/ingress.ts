// Gateway and VirtualService: what the ingress gateway listens to, and where it sends requests.
import type { JsonObject } from '../config/types.ts';
import { INGRESS_GATEWAY, type Service, fullHost } from './model.ts';
import type { StoredResource } from './store.ts';

interface GatewaySpec {
  selector?: Record<string, string>;
  servers?: { port: { number: number }; hosts?: string[] }[];
}

interface VirtualServiceSpec {
  hosts: string[];
  gateways?: string[];
  http?: {
    match?: { uri?: { exact?: string; prefix?: string } }[];
    route: { destination: { host: string; port?: { number: number } } }[];
  }[];
}

/** The container ports of Istio's ingress gateway behind its service's. */
const TARGET_PORTS: Record<number, number> = { 80: 8080, 443: 8443 };

/** The port that the ingress gateway binds for a Gateway's port. */
export function gatewayPort(port: number): number {
  return TARGET_PORTS[port] ?? port;
}

/** The ports of the Gateways that select the ingress gateway, each once. */
export function ingressPorts(resources: readonly StoredResource[]): number[] {
  const ports = gatewaysOf(resources).flatMap(({ spec }) =>
    (spec.servers ?? []).map(({ port }) => port.number),
  );
  return [...new Set(ports)].sort((a, b) => a - b);
}

/** The virtual hosts at a Gateway's port. */
export function ingressHosts(
  resources: readonly StoredResource[],
  services: readonly Service[],
  port: number,
): JsonObject[] {
  const hosts = new Map<string, JsonObject[]>();
  for (const { name, namespace, spec } of gatewaysOf(resources)) {
    const served = (spec.servers ?? [])
      .filter((server) => server.port.number === port)
      .flatMap(({ hosts: list = [] }) => list.map((host) => host.replace(/^.*\//, '')));
    for (const virtual of resources.filter(({ kind }) => kind === 'VirtualService')) {
      const own = virtual.spec as unknown as VirtualServiceSpec;
      const bound = (own.gateways ?? []).map((one) =>
        one.includes('/') ? one : `${virtual.metadata.namespace}/${one}`,
      );
      if (!bound.includes(`${namespace}/${name}`)) continue;
      for (const host of own.hosts.filter((one) => served.some((by) => covers(by, one)))) {
        const routes = routesOf(own, virtual.metadata.namespace ?? '', services);
        hosts.set(host, [...(hosts.get(host) ?? []), ...routes]);
      }
    }
  }
  return [...hosts].map(([host, routes]) => ({
    name: host,
    domains: host === '*' ? ['*'] : [host, `${host}:*`],
    routes,
  }));
}

function gatewaysOf(
  resources: readonly StoredResource[],
): { name: string; namespace: string; spec: GatewaySpec }[] {
  return resources
    .filter(({ kind }) => kind === 'Gateway')
    .map(({ metadata, spec }) => ({
      name: metadata.name,
      namespace: metadata.namespace ?? '',
      spec: spec as GatewaySpec,
    }))
    .filter(({ spec }) =>
      Object.entries(spec.selector ?? {}).every(
        ([key, value]) => INGRESS_GATEWAY.labels[key] === value,
      ),
    );
}

/** Whether a Gateway's host takes in a VirtualService's. */
function covers(gateway: string, host: string): boolean {
  if (gateway === '*' || gateway === host) return true;
  return gateway.startsWith('*.') && host.endsWith(gateway.slice(1));
}

function routesOf(
  spec: VirtualServiceSpec,
  namespace: string,
  services: readonly Service[],
): JsonObject[] {
  return (spec.http ?? []).flatMap(({ match, route }) => {
    const { host, port } = route[0]!.destination;
    const service = services.find((one) => one.host === fullHost(host, namespace));
    const number = port?.number ?? service?.ports[0]?.port;
    const known = service?.ports.some((one) => one.port === number) ?? false;
    // As Istio: a destination that does not exist is found out by the request.
    const action: JsonObject = known
      ? { route: { cluster: `outbound|${number}||${service!.host}`, timeout: '0s' } }
      : { direct_response: { status: 503 } };
    const matches = match === undefined || match.length === 0 ? [{}] : match;
    return matches.map(({ uri }): JsonObject => ({
      match: uri?.exact !== undefined ? { path: uri.exact } : { prefix: uri?.prefix ?? '/' },
      ...action,
    }));
  });
}
