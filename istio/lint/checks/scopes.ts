// Whom a policy is for.
import type { Resource } from '../../load.ts';
import type { Finding } from '../check.ts';
import type { Effort } from '../effort.ts';
import { nearest } from '../nearest.ts';
import { type Scope, equal, includes, labelText, overlap } from '../scope.ts';
import type { World } from '../world.ts';

interface Scoped {
  resource: Resource;
  scope: Scope;
}

/** PC0307, PC0308, PC0309, PC0311, PC0327, PC0331, PC0332. */
export function scopes(world: World): Finding[] {
  const { policies, requestAuthentications, peerAuthentications } = world;
  const tokensAndRules: Scoped[] = [...policies, ...requestAuthentications];
  const all: Scoped[] = [...tokensAndRules, ...peerAuthentications];
  return [
    ...all.flatMap((scoped) => [
      ...withoutLabels(scoped),
      ...selectsNobody(scoped, world),
      ...unknownNamespace(scoped, world),
    ]),
    ...tokensAndRules.flatMap((scoped) => meshWide(scoped, world)),
    ...peerAuthentications.flatMap(ignoredSelector),
    ...peerAuthentications.flatMap((peer, i) =>
      secondPeer(peer, peerAuthentications.slice(0, i), world),
    ),
    ...twoProviders(world),
    ...unknownSources(world),
  ];
}

function withoutLabels({ resource, scope }: Scoped): Finding[] {
  const spec = resource.value.spec as { selector?: unknown } | null | undefined;
  const { selector } = spec ?? {};
  if (typeof selector !== 'object' || selector === null) return [];
  if (Object.keys(scope.labels).length > 0) return [];
  const message = `has no labels: the policy is for every workload ${scope.isRoot ? 'of the mesh' : `of the namespace ${scope.namespace}`}; leave it out to say so`;
  return [{ code: 'PC0327', resource, path: 'spec.selector', message }];
}

function selectsNobody({ resource, scope }: Scoped, { cluster, effort }: World): Finding[] {
  if (Object.keys(scope.labels).length === 0) return [];
  if (!effort.affords(cluster.workloads.length)) return [];
  const candidates = cluster.workloads.filter(
    ({ namespace }) => scope.isRoot || namespace === scope.namespace,
  );
  if (candidates.length === 0) return [];
  if (candidates.some((workload) => includes(scope, workload))) return [];
  const alike = candidates.map((workload) =>
    Object.fromEntries(Object.entries(workload.labels).filter(([key]) => key in scope.labels)),
  );
  const known = [...new Set(alike.map(labelText))].filter((text) => text !== '');
  const near = nearestOf(labelText(scope.labels), known, effort);
  const meant = near === undefined ? '' : `; did you mean ${near}?`;
  const message = `no workload ${scope.isRoot ? '' : `in ${scope.namespace} `}has the labels ${labelText(scope.labels)}${meant}`;
  return [{ code: 'PC0307', resource, path: 'spec.selector.matchLabels', message }];
}

function meshWide({ resource, scope }: Scoped, { cluster, mesh, effort }: World): Finding[] {
  if (!scope.isRoot) return [];
  const path = 'metadata.namespace';
  const root = mesh.rootNamespace;
  if (Object.keys(scope.labels).length === 0) {
    const message = `${root} is the root namespace: this is for every workload of the mesh`;
    return [{ code: 'PC0308', resource, path, message }];
  }
  if (!effort.affords(cluster.workloads.length)) return [];
  const selected = cluster.workloads.filter((workload) => includes(scope, workload));
  if (selected.length === 0 || selected.some(({ namespace }) => namespace === root)) return [];
  const names = selected.map(({ title }) => title).join(', ');
  const message = `${root} is the root namespace: this reaches into the others, and selects ${names}`;
  return [{ code: 'PC0308', resource, path, message }];
}

function ignoredSelector({ resource, scope }: Scoped): Finding[] {
  if (!scope.isRoot || Object.keys(scope.labels).length === 0) return [];
  const message =
    'Istio ignores a PeerAuthentication with a selector in the root namespace: put it into the namespace of the workload';
  return [{ code: 'PC0309', resource, path: 'spec.selector', message }];
}

function secondPeer({ resource, scope }: Scoped, before: Scoped[], { effort }: World): Finding[] {
  // The same name is the same resource, at another time.
  const first = before.find(
    (other) =>
      effort.affords(1) && equal(other.scope, scope) && other.resource.name !== resource.name,
  );
  if (first === undefined) return [];
  const message = `PeerAuthentication ${first.resource.namespace}/${first.resource.name} is for the same workloads: Istio takes the older one and ignores the other`;
  return [{ code: 'PC0311', resource, path: 'metadata.name', message }];
}

function twoProviders({ policies, effort }: World): Finding[] {
  const custom = policies.filter(({ action }) => action === 'CUSTOM');
  return custom.flatMap((policy, i): Finding[] => {
    const other = custom
      .slice(0, i)
      .find(
        ({ provider, scope }) =>
          effort.affords(1) && provider !== policy.provider && overlap(scope, policy.scope),
      );
    if (other === undefined) return [];
    const message = `AuthorizationPolicy ${other.resource.namespace}/${other.resource.name} has the provider "${other.provider}": where both are for one workload, Istio denies every request`;
    return [{ code: 'PC0332', resource: policy.resource, path: 'spec.provider.name', message }];
  });
}

function unknownNamespace(
  { resource, scope }: Scoped,
  { cluster, mesh, effort }: World,
): Finding[] {
  const { namespaces } = cluster;
  const { namespace } = scope;
  if (namespaces.size === 0 || namespaces.has(namespace) || namespace === mesh.rootNamespace)
    return [];
  const message = `there is no namespace ${namespace}${meant(namespace, namespaces, effort)}`;
  return [{ code: 'PC0331', resource, path: 'metadata.namespace', message }];
}

/** Namespaces that rules name. */
function unknownSources({ policies, cluster: { namespaces }, mesh, effort }: World): Finding[] {
  if (namespaces.size === 0) return [];
  return policies.flatMap(({ resource, rules }) =>
    rules
      .flatMap(({ fields }) => fields)
      .flatMap(({ name, values, path }) =>
        values.flatMap((value, i): Finding[] => {
          const namespace = namespaceIn(name, value);
          if (namespace === undefined || namespace.includes('*') || namespaces.has(namespace))
            return [];
          if (namespace === mesh.rootNamespace) return [];
          const message = `there is no namespace ${namespace}${meant(namespace, namespaces, effort)}`;
          return [{ code: 'PC0331', resource, path: `${path}[${i}]`, message }];
        }),
      ),
  );
}

function namespaceIn(name: string, value: string): string | undefined {
  switch (name) {
    case 'namespaces':
    case 'source.namespace':
      return value;
    case 'principals':
    case 'source.principal':
      return /^[^/]+\/ns\/([^/]+)\/sa\/[^/]+$/.exec(value)?.[1];
    case 'serviceAccounts':
    case 'source.serviceAccount':
      return /^([^/]+)\//.exec(value)?.[1];
    default:
      return undefined;
  }
}

function meant(name: string, namespaces: Set<string>, effort: Effort): string {
  const near = nearestOf(name, [...namespaces], effort);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}

/** A name that differs in some letters takes as many comparisons. */
const COMPARISONS_OF_NAMES = 50;

function nearestOf(name: string, known: string[], effort: Effort): string | undefined {
  return effort.affords(known.length * COMPARISONS_OF_NAMES) ? nearest(name, known) : undefined;
}
