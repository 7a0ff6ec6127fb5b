// Which workloads a policy concerns: for people to see. What is enforced, the module works out by itself.
import { ROOT_NAMESPACE, type Workload } from './model.ts';
import type { StoredResource } from './store.ts';

const POLICIES = ['PeerAuthentication', 'RequestAuthentication', 'AuthorizationPolicy'];

/** Whether a policy concerns a workload with a sidecar, or a gateway. */
export function appliesTo(resource: StoredResource, workload: Workload): boolean {
  const { kind, metadata } = resource;
  if (!POLICIES.includes(kind)) return false;
  const selector = (resource.spec?.selector as { matchLabels?: Record<string, string> } | undefined)
    ?.matchLabels;
  const labels = Object.entries(selector ?? {});
  const isRoot = metadata.namespace === ROOT_NAMESPACE;
  // What Istio does not enforce concerns nobody.
  if (kind === 'PeerAuthentication' && (workload.gateway || (isRoot && labels.length > 0)))
    return false;
  return (
    (isRoot || metadata.namespace === workload.namespace) &&
    labels.every(([key, value]) => workload.labels[key] === value)
  );
}
