// What a cluster would hold of the lab's workloads: nobody schedules pods here, or finds out where they are.
import { stringify } from 'yaml';
import type { KubeObject } from './kube.ts';

/** A port of a workload: the Service's, and the container's. */
export interface Port {
  name: string;
  port: number;
  target: number;
}

/** A pod and the Service in front of it, of one name. */
export interface Workload {
  name: string;
  namespace: string;
  labels: Record<string, string>;
  address: string;
  ports: Port[];
}

/** Without them istiod and its proxies do not begin. `meshConfig`: Istio's MeshConfig, the fields that matter to a test. */
export function controlPlaneObjects(meshConfig: object): KubeObject[] {
  return [
    namespace('istio-system'),
    namespace('foo'),
    serviceAccount('istiod', 'istio-system'),
    { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node' } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'istio', namespace: 'istio-system' },
      data: {
        mesh: stringify({
          defaultConfig: { discoveryAddress: 'istiod.istio-system.svc:15012' },
          ...meshConfig,
        }),
      },
    },
  ];
}

/** A workload with an account of its own, which has its name. */
export function workloadObjects(workload: Workload): KubeObject[] {
  const { name, namespace, labels, address, ports } = workload;
  return [
    serviceAccount(name, namespace),
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace, labels: { ...labels } },
      spec: {
        nodeName: 'node',
        serviceAccountName: name,
        containers: [
          { name, image: 'none', ports: ports.map(({ target }) => ({ containerPort: target })) },
        ],
      },
      status: {
        phase: 'Running',
        podIP: address,
        podIPs: [{ ip: address }],
        conditions: [{ type: 'Ready', status: 'True' }],
      },
    },
    service(name, namespace, ports, labels),
    endpoints(name, namespace, address, ports, { kind: 'Pod', name, namespace }),
  ];
}

/** A Service without a pod: what this machine serves. */
export function serviceObjects(
  name: string,
  namespace: string,
  address: string,
  port: Port,
): KubeObject[] {
  return [service(name, namespace, [port]), endpoints(name, namespace, address, [port])];
}

function namespace(name: string): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
}

function serviceAccount(name: string, namespace: string): KubeObject {
  return { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } };
}

function service(
  name: string,
  namespace: string,
  ports: Port[],
  selector?: Record<string, string>,
): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: {
      ...(selector ? { selector } : {}),
      ports: ports.map(({ target, ...port }) => ({ ...port, targetPort: target })),
    },
  };
}

function endpoints(
  name: string,
  namespace: string,
  address: string,
  ports: Port[],
  targetRef?: object,
): KubeObject {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name, namespace, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    ports: ports.map(({ name, target }) => ({ name, port: target, protocol: 'TCP' })),
    endpoints: [
      { addresses: [address], conditions: { ready: true }, ...(targetRef ? { targetRef } : {}) },
    ],
  };
}
