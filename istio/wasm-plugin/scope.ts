// Whom a WasmPlugin is for, and which policies can concern them.
import type { Resource } from '../load.ts';

/** Istio's, where the MeshConfig names no other. */
export const DEFAULT_ROOT_NAMESPACE = 'istio-system';

/** The proxies that a WasmPlugin is for. */
export type Scope =
  | { kind: 'mesh' }
  | { kind: 'namespace'; namespace: string }
  | { kind: 'workload'; namespace: string; labels: Record<string, string> };

/** Where the WasmPlugin lives: istiod takes one in the root namespace without selector for the whole mesh. */
export function namespaceOf(scope: Scope, rootNamespace: string): string {
  return scope.kind === 'mesh' ? rootNamespace : scope.namespace;
}

/** The resources that can concern a proxy of the scope, and those that cannot. */
export function relevant(
  resources: Resource[],
  scope: Scope,
  rootNamespace: string,
): { kept: Resource[]; left: Resource[] } {
  const kept = resources.filter((resource) => concerns(resource, scope, rootNamespace));
  return { kept, left: resources.filter((resource) => !kept.includes(resource)) };
}

function concerns(resource: Resource, scope: Scope, rootNamespace: string): boolean {
  if (scope.kind === 'mesh') return true;
  if (![rootNamespace, scope.namespace].includes(resource.namespace)) return false;
  if (scope.kind === 'namespace') return true;
  const { selector } = (resource.value.spec ?? {}) as {
    selector?: { matchLabels?: Record<string, unknown> | null } | null;
  };
  // A pod may have more labels than those by which the workload is named.
  return Object.entries(selector?.matchLabels ?? {}).every(
    ([key, value]) => scope.labels[key] === undefined || scope.labels[key] === value,
  );
}
