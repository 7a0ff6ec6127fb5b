// What the manifests beside the policies tell of the cluster: workloads, Services, namespaces.
import type { Resource } from '../load.ts';
import type { Effort } from './effort.ts';
import type { Labelled } from './scope.ts';

/** Pods that a manifest makes. */
export interface Workload extends Labelled {
  /** `Deployment foo/httpbin` */
  title: string;
  /** Ports that its containers declare. */
  containerPorts: { number: number; name?: string }[];
}

/** A port of a Service. */
export interface ServicePort {
  number: number;
  /** The container's, by number; undefined where a name leads to no port that is known. */
  target?: number;
  isTcp: boolean;
}

/** A Service, and the workloads behind it. */
export interface Service {
  namespace: string;
  name: string;
  workloads: Workload[];
  ports: ServicePort[];
}

/** Everything that is known. */
export interface Cluster {
  workloads: Workload[];
  services: Service[];
  namespaces: Set<string>;
}

/** Kinds whose pods are those of `spec.template`. */
const TEMPLATED = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'Rollout'];

/** Kinds that tell of the cluster. */
export const CLUSTER_KINDS = [...TEMPLATED, 'Pod', 'Service', 'Namespace'];

type Json = Record<string, unknown>;

/** Reads the cluster from those of the resources that tell of it. */
export function clusterOf(resources: Resource[], effort: Effort): Cluster {
  const workloads = resources.flatMap((resource) => workloadOf(resource) ?? []);
  return {
    workloads,
    services: resources
      .filter(({ kind }) => kind === 'Service')
      .filter(() => effort.affords(workloads.length))
      .map((service) => serviceOf(service, workloads)),
    namespaces: new Set(
      resources.filter(({ kind }) => kind === 'Namespace').map(({ name }) => name),
    ),
  };
}

function workloadOf({ kind, namespace, name, value }: Resource): Workload | undefined {
  const pod = TEMPLATED.includes(kind)
    ? objectAt(value, 'spec', 'template')
    : kind === 'Pod'
      ? value
      : undefined;
  if (pod === undefined) return undefined;
  return {
    title: `${kind} ${namespace}/${name}`,
    namespace,
    labels: textsOf(objectAt(pod, 'metadata', 'labels')),
    containerPorts: objectsOf(objectAt(pod, 'spec')?.containers).flatMap((container) =>
      objectsOf(container.ports).map(({ containerPort, name: portName }) => ({
        number: Number(containerPort),
        ...(typeof portName === 'string' ? { name: portName } : {}),
      })),
    ),
  };
}

function serviceOf({ namespace, name, value }: Resource, all: Workload[]): Service {
  const selector = textsOf(objectAt(value, 'spec', 'selector'));
  const isSelected = (workload: Workload): boolean =>
    workload.namespace === namespace &&
    Object.keys(selector).length > 0 &&
    Object.entries(selector).every(([key, label]) => workload.labels[key] === label);
  const workloads = all.filter(isSelected);
  const ports = objectsOf(objectAt(value, 'spec')?.ports).map((port) => portOf(port, workloads));
  return { namespace, name, workloads, ports };
}

function portOf(port: Json, workloads: Workload[]): ServicePort {
  const number = Number(port.port);
  const { targetPort } = port;
  const target =
    targetPort === undefined || targetPort === null
      ? number
      : typeof targetPort === 'number'
        ? targetPort
        : workloads
            .flatMap(({ containerPorts }) => containerPorts)
            .find((declared) => declared.name === targetPort)?.number;
  return { number, isTcp: isTcp(port), ...(target === undefined ? {} : { target }) };
}

/** Istio's explicit protocol selection: what is neither named nor known to be HTTP may be either, and is not counted as TCP. */
function isTcp({ name, appProtocol, protocol }: Json): boolean {
  if (protocol === 'UDP') return false;
  const word =
    typeof appProtocol === 'string'
      ? appProtocol
      : (typeof name === 'string' ? name : '').split('-')[0]!;
  return ['tcp', 'mongo', 'mysql', 'redis', 'tls', 'https'].includes(word.toLowerCase());
}

function objectAt(value: unknown, ...names: string[]): Json | undefined {
  let at = value;
  for (const name of names) at = isObject(at) ? at[name] : undefined;
  return isObject(at) ? at : undefined;
}

function objectsOf(value: unknown): Json[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function textsOf(value: Json | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(value ?? {}).filter((entry): entry is [string, string] => {
      return typeof entry[1] === 'string';
    }),
  );
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
