// What is wrong with the resources of a mesh, before any of it is taken. Policies are the module's to judge: `workload-judge.ts`.
import type { Resource } from '../../istio/load.ts';
import type { Problem } from '../../istio/problem.ts';
import { KINDS } from './kinds.ts';
import { SPECS, shapeProblems } from './shapes.ts';

const TLS_MODES = ['DISABLE', 'SIMPLE', 'ISTIO_MUTUAL'];
/** RFC 1123, as Kubernetes wants names. */
const NAME = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

interface Found {
  path: string;
  message: string;
}

/** RFC 1123 labels, as Kubernetes wants the names of containers. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
/** A reference of an image: nothing that a command could take for an option, and no space. */
const IMAGE = /^[A-Za-z0-9][\w./:@-]{0,511}$/;

/** Problems of resources that are not policies, and of what all have in common. */
export function checkResources(resources: Resource[]): Problem[] {
  return resources.flatMap((resource) =>
    problemsOf(resource).map(({ path, message }) => ({
      file: resource.file,
      ...resource.locate(path),
      resource: `${resource.kind} ${KINDS.find(({ kind }) => kind === resource.kind)!.namespaced ? `${resource.namespace}/` : ''}${resource.name}`,
      path,
      code: 'PC0401' as const,
      level: 'error' as const,
      message,
    })),
  );
}

function problemsOf(resource: Resource): Found[] {
  const { kind, value } = resource;
  const known = KINDS.find((one) => one.kind === kind)!;
  const version = String(value.apiVersion);
  const versions = known.versions.map((one) =>
    known.group === '' ? one : `${known.group}/${one}`,
  );
  const found: Found[] = [];
  if (!versions.includes(version)) {
    found.push({ path: 'apiVersion', message: `must be ${versions.join(' or ')}` });
  }
  if (!NAME.test(resource.name)) {
    found.push({ path: 'metadata.name', message: 'must be a name in small letters' });
  }
  const shape = SPECS[kind];
  if (shape !== undefined) {
    found.push(...shapeProblems(value.spec ?? {}, shape, 'spec'));
    if (found.length === 0) found.push(...(RULES[kind]?.(value.spec as never) ?? []));
  }
  return found;
}

const RULES: Record<string, (spec: never) => Found[]> = {
  Deployment: (spec: {
    replicas?: number;
    template?: {
      spec?: {
        serviceAccountName?: string;
        containers?: { name?: string; image?: string; ports?: { containerPort?: number }[] }[];
      };
    };
  }) => [
    ...(spec.replicas !== undefined && spec.replicas !== 1
      ? [{ path: 'spec.replicas', message: 'the mesh runs one pod a Deployment' }]
      : []),
    ...((spec.template?.spec?.containers ?? []).length === 0
      ? [{ path: 'spec.template.spec.containers', message: 'missing' }]
      : []),
    ...(NAME.test(spec.template?.spec?.serviceAccountName ?? 'default')
      ? []
      : [
          {
            path: 'spec.template.spec.serviceAccountName',
            message: 'must be a name in small letters',
          },
        ]),
    ...(spec.template?.spec?.containers ?? []).flatMap(({ name, image, ports }, i) =>
      containerProblems(name, image, ports ?? [], `spec.template.spec.containers[${i}]`),
    ),
  ],
  DestinationRule: (spec: {
    host?: string;
    trafficPolicy?: { tls?: Tls; portLevelSettings?: { tls?: Tls; port?: { number?: number } }[] };
  }) => [
    ...(spec.host === undefined ? [{ path: 'spec.host', message: 'missing' }] : []),
    ...modeProblems(spec.trafficPolicy?.tls, 'spec.trafficPolicy.tls'),
    ...(spec.trafficPolicy?.portLevelSettings ?? []).flatMap((settings, i) => [
      ...modeProblems(settings.tls, `spec.trafficPolicy.portLevelSettings[${i}].tls`),
      ...(settings.port?.number === undefined
        ? [{ path: `spec.trafficPolicy.portLevelSettings[${i}].port.number`, message: 'missing' }]
        : []),
    ]),
  ],
  Gateway: (spec: { servers?: { port?: { number?: number; protocol?: string } }[] }) =>
    (spec.servers ?? []).flatMap(({ port }, i) =>
      port?.number === undefined || port.protocol?.toUpperCase() !== 'HTTP'
        ? [
            {
              path: `spec.servers[${i}].port`,
              message: 'must have a number, and the protocol HTTP: the mesh supports no other',
            },
          ]
        : [],
    ),
  VirtualService: (spec: {
    gateways?: string[];
    hosts?: string[];
    http?: { match?: { uri?: object }[]; route?: { destination?: { host?: string } }[] }[];
  }) => [
    ...((spec.gateways ?? ['mesh']).includes('mesh')
      ? [
          {
            path: 'spec.gateways',
            message:
              'must name gateways, and not "mesh": the mesh supports routes of gateways alone',
          },
        ]
      : []),
    ...((spec.hosts ?? []).length === 0 ? [{ path: 'spec.hosts', message: 'missing' }] : []),
    ...(spec.http ?? []).flatMap(({ route, match }, i) => [
      ...(route?.length !== 1 || route[0]?.destination?.host === undefined
        ? [{ path: `spec.http[${i}].route`, message: 'must have one destination with a host' }]
        : []),
      ...(match ?? []).flatMap(({ uri }, j) =>
        uri !== undefined && Object.keys(uri).length !== 1
          ? [{ path: `spec.http[${i}].match[${j}].uri`, message: 'must be exact or prefix' }]
          : [],
      ),
    ]),
  ],
};

function containerProblems(
  name: string | undefined,
  image: string | undefined,
  ports: { containerPort?: number }[],
  path: string,
): Found[] {
  const isPort = (port: number | undefined): boolean =>
    port !== undefined && Number.isInteger(port) && port > 0 && port < 65_536;
  return [
    ...(LABEL.test(name ?? '')
      ? []
      : [{ path: `${path}.name`, message: 'must be a name in small letters, without dots' }]),
    ...(IMAGE.test(image ?? '')
      ? []
      : [{ path: `${path}.image`, message: 'must be the reference of an image' }]),
    ...ports.flatMap(({ containerPort }, i) =>
      isPort(containerPort)
        ? []
        : [{ path: `${path}.ports[${i}].containerPort`, message: 'must be a port' }],
    ),
  ];
}

interface Tls {
  mode?: string;
}

function modeProblems(tls: Tls | undefined, path: string): Found[] {
  if (tls === undefined || TLS_MODES.includes(tls.mode ?? 'DISABLE')) return [];
  return [
    { path: `${path}.mode`, message: `must be one of ${TLS_MODES.join(', ')}, not "${tls.mode}"` },
  ];
}
