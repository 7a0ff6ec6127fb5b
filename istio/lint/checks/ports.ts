// Ports: the container's, not the Service's; and what they carry.
import type { Finding } from '../check.ts';
import type { Service } from '../cluster.ts';
import { type Field, type Policy, type Rule } from '../policy.ts';
import { type Scope, includes } from '../scope.ts';
import type { World } from '../world.ts';

/** PC0310, PC0312. */
export function ports(world: World): Finding[] {
  return [
    ...world.policies.flatMap((policy) => [
      ...policy.rules
        .flatMap(({ fields }) => fields)
        .filter(isPort)
        .flatMap(({ values, path }) =>
          values.flatMap((value, i) => servicePort(policy, Number(value), `${path}[${i}]`, world)),
        ),
      ...policy.rules.flatMap((rule) => httpOnTcp(policy, rule, world)),
    ]),
    ...world.peerAuthentications.flatMap((peer) =>
      peer.ports.flatMap((port) =>
        servicePort(peer, Number(port), `spec.portLevelMtls.${port}`, world),
      ),
    ),
  ];
}

function isPort({ name }: Field): boolean {
  return name === 'ports' || name === 'destination.port';
}

function servicesOf(scope: Scope, { cluster, effort }: World): Service[] {
  const pairs = cluster.services.reduce((sum, { workloads }) => sum + workloads.length, 0);
  if (!effort.affords(cluster.services.length + pairs)) return [];
  return cluster.services.filter(({ workloads }) =>
    workloads.some((workload) => includes(scope, workload)),
  );
}

function servicePort(
  { resource, scope }: Pick<Policy, 'resource' | 'scope'>,
  port: number,
  path: string,
  world: World,
): Finding[] {
  const services = servicesOf(scope, world);
  const workloads = services.flatMap((service) => service.workloads);
  const isContainers =
    workloads.some((workload) => workload.containerPorts.some(({ number }) => number === port)) ||
    services.some((service) => service.ports.some(({ target }) => target === port));
  if (isContainers) return [];
  for (const { namespace, name, ports: own } of services) {
    const target = own.find(({ number }) => number === port)?.target;
    if (target === undefined) continue;
    const message = `${port} is the port of Service ${namespace}/${name}; policies see the container's: did you mean ${target}?`;
    return [{ code: 'PC0310', resource, path, message }];
  }
  return [];
}

/** Conditions that only HTTP has. */
function isHttp({ name }: Field): boolean {
  return (
    ['hosts', 'methods', 'paths', 'requestPrincipals'].includes(name) || name.startsWith('request.')
  );
}

function httpOnTcp({ resource, action, scope }: Policy, rule: Rule, world: World): Finding[] {
  const fields = rule.fields;
  const http = fields.find(isHttp);
  if (http === undefined || (action !== 'ALLOW' && action !== 'DENY')) return [];
  const named = fields
    .filter((field) => isPort(field) && !field.negated)
    .flatMap(({ values }) => values);
  const tcp = servicesOf(scope, world).flatMap((service) =>
    service.ports
      .filter((port) => port.isTcp && port.target !== undefined)
      .map((port) => ({ service: `${service.namespace}/${service.name}`, target: port.target! })),
  );
  const hit = tcp.find(({ target }) => named.length === 0 || named.includes(String(target)));
  // An ALLOW rule without ports is for the HTTP ports, and takes nothing from the others that they had.
  if (hit === undefined || (action === 'ALLOW' && named.length === 0)) return [];
  const hasTcpCondition = fields.some((field) => !isHttp(field) && !isPort(field));
  if (action === 'DENY' && (hasTcpCondition || named.length > 0)) {
    const message = `port ${hit.target} of ${hit.service} carries TCP, where a DENY rule loses its HTTP conditions and denies by the rest alone`;
    return [{ code: 'PC0312', resource, path: http.path, message }];
  }
  const message =
    action === 'DENY'
      ? `port ${hit.target} of ${hit.service} carries TCP: there the rule loses its HTTP conditions and denies everything; name the HTTP ports in "ports"`
      : `port ${hit.target} of ${hit.service} carries TCP: there the rule is dropped, and allows nothing`;
  return [{ code: 'PC0312', resource, path: http.path, message }];
}
