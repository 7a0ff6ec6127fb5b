// What a mesh consists of, by its resources: workloads, and the services that lead to them.
import { createHash } from 'node:crypto';
import type { StoredResource } from './store.ts';

/** A pod: one Deployment is one pod here. */
export interface Workload {
  namespace: string;
  name: string;
  /** As Kubernetes would name it. */
  pod: string;
  serviceAccount: string;
  labels: Record<string, string>;
  containers: Container[];
  /** Whether it has a sidecar. */
  injected: boolean;
  /** The edge proxy. */
  gateway: boolean;
  /** When its Deployment was created. */
  created: string;
}

export interface Container {
  name: string;
  image: string;
  ports: number[];
  /** In the place of the image's entry point; empty: the image's own. */
  command: string[];
  args: string[];
}

/** A Service, and what it leads to. */
export interface Service {
  namespace: string;
  name: string;
  /** `httpbin.foo.svc.cluster.local` */
  host: string;
  ports: ServicePort[];
  workloads: Workload[];
}

export interface ServicePort {
  port: number;
  /** The container's. */
  target: number;
  protocol: 'http' | 'tcp';
}

/** Where gateways live, and mesh-wide policies. */
export const ROOT_NAMESPACE = 'istio-system';
export const TRUST_DOMAIN = 'cluster.local';
const DOMAIN = 'svc.cluster.local';

/** The ingress gateway, which every mesh has. */
export const INGRESS_GATEWAY: Workload = {
  namespace: ROOT_NAMESPACE,
  name: 'istio-ingressgateway',
  pod: podName(ROOT_NAMESPACE, 'istio-ingressgateway'),
  serviceAccount: 'istio-ingressgateway-service-account',
  labels: { app: 'istio-ingressgateway', istio: 'ingressgateway' },
  containers: [],
  injected: true,
  gateway: true,
  created: '',
};

/** `namespace/name` */
export function idOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
}

/** The SPIFFE identity of a workload, without the scheme. */
export function principalOf(workload: Workload): string {
  return `${TRUST_DOMAIN}/ns/${workload.namespace}/sa/${workload.serviceAccount}`;
}

/** The full name of a host as a resource in `namespace` writes it: `httpbin`, `httpbin.foo`, or the whole. */
export function fullHost(host: string, namespace: string): string {
  const parts = host.split('.');
  if (host.startsWith('*')) return host;
  if (parts.length === 1) return `${host}.${namespace}.${DOMAIN}`;
  if (parts.length === 2) return `${host}.${DOMAIN}`;
  return parts.length === 3 && parts[2] === 'svc' ? `${host}.cluster.local` : host;
}

/** The names by which a workload in `namespace` calls a service. */
export function namesOf(service: Service, namespace: string): string[] {
  const { name, host } = service;
  const names = [`${name}.${service.namespace}`, `${name}.${service.namespace}.svc`, host];
  return namespace === service.namespace ? [name, ...names] : names;
}

/** The workloads of the resources, the ingress gateway first. */
export function workloadsOf(resources: readonly StoredResource[]): Workload[] {
  const enabled = new Set(
    resources
      .filter(({ kind, metadata }) => kind === 'Namespace' && injects(metadata.labels ?? {}))
      .map(({ metadata }) => metadata.name),
  );
  const workloads = resources
    .filter(({ kind }) => kind === 'Deployment')
    .map((deployment): Workload => {
      const { name, namespace = 'default', creationTimestamp } = deployment.metadata;
      const template = (deployment.spec as unknown as DeploymentSpec).template;
      const { labels = {}, annotations = {} } = template.metadata ?? {};
      const own = labels[INJECT] ?? annotations[INJECT];
      return {
        namespace,
        name,
        pod: podName(namespace, name),
        serviceAccount: template.spec.serviceAccountName ?? 'default',
        labels,
        containers: template.spec.containers.map((container) => ({
          name: container.name,
          image: container.image,
          ports: (container.ports ?? []).map(({ containerPort }) => containerPort),
          command: container.command ?? [],
          args: container.args ?? [],
        })),
        injected: own === undefined ? enabled.has(namespace) : own === 'true',
        gateway: false,
        created: creationTimestamp,
      };
    });
  return [INGRESS_GATEWAY, ...workloads];
}

const INJECT = 'sidecar.istio.io/inject';

interface DeploymentSpec {
  template: {
    metadata?: { labels?: Record<string, string>; annotations?: Record<string, string> };
    spec: {
      serviceAccountName?: string;
      containers: {
        name: string;
        image: string;
        ports?: { containerPort: number }[];
        command?: string[];
        args?: string[];
      }[];
    };
  };
}

function injects(labels: Record<string, string>): boolean {
  return labels['istio-injection'] === 'enabled' || labels['istio.io/rev'] !== undefined;
}

/** The services of the resources. */
export function servicesOf(
  resources: readonly StoredResource[],
  workloads: readonly Workload[],
): Service[] {
  return resources
    .filter(({ kind }) => kind === 'Service')
    .map((service): Service => {
      const { name, namespace = 'default' } = service.metadata;
      const spec = service.spec as unknown as ServiceSpec;
      const selector = Object.entries(spec.selector ?? {});
      return {
        namespace,
        name,
        host: `${name}.${namespace}.${DOMAIN}`,
        ports: (spec.ports ?? []).map((port) => ({
          port: port.port,
          target: typeof port.targetPort === 'number' ? port.targetPort : port.port,
          protocol: protocolOf(port.appProtocol ?? port.name ?? ''),
        })),
        workloads: workloads.filter(
          (workload) =>
            workload.namespace === namespace &&
            selector.length > 0 &&
            selector.every(([key, value]) => workload.labels[key] === value),
        ),
      };
    });
}

interface ServiceSpec {
  selector?: Record<string, string>;
  ports?: { name?: string; port: number; targetPort?: number | string; appProtocol?: string }[];
}

/** Istio's protocol selection: the port's name up to its first dash, or appProtocol. */
function protocolOf(name: string): 'http' | 'tcp' {
  return /^(http|http2|grpc|grpc-web)(-|$)/.test(name) ? 'http' : 'tcp';
}

/** What a workload's container port carries: HTTP where a service says so. */
export function protocolAt(
  workload: Workload,
  port: number,
  services: readonly Service[],
): 'http' | 'tcp' {
  const ports = services
    // A pod that runs remembers its workload as it was read when it was started.
    .filter((service) => service.workloads.some((one) => idOf(one) === idOf(workload)))
    .flatMap((service) => service.ports)
    .filter(({ target }) => target === port);
  return ports.length > 0 && ports.every(({ protocol }) => protocol === 'tcp') ? 'tcp' : 'http';
}

/** The same name for the same workload: people paste it. */
function podName(namespace: string, name: string): string {
  const alphabet = 'bcdfghjklmnpqrstvwxz2456789';
  const digest = createHash('sha256').update(`${namespace}/${name}`).digest();
  const letters = [...digest].map((byte) => alphabet[byte % alphabet.length]).join('');
  return `${name}-${letters.slice(0, 10)}-${letters.slice(10, 15)}`;
}
