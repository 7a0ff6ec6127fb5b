// Which documents lint looks at: Istio's resources that it knows, and what tells of the cluster. Others are passed over.
import type { KindJudge } from '../load.ts';
import { GROUPS, KINDS, crdOf } from '../schema/resource-schema.ts';
import { CLUSTER_KINDS } from './cluster.ts';
import { editDistance, nearest } from './nearest.ts';

/** Istio's kinds that say nothing of security, and that no mesh here reads. */
const OTHERS = [
  ...['EnvoyFilter', 'ProxyConfig', 'Sidecar', 'Telemetry', 'TrafficExtension'],
  ...['WorkloadEntry', 'WorkloadGroup'],
];

/** Names that kinds of other groups have as well. */
const SHARED = ['Gateway', 'ServiceEntry', 'VirtualService'];

/** The judge of `lint`. */
export const lintKinds: KindJudge = (kind, apiVersion, looksLikeResource) => {
  if (typeof kind !== 'string' || kind === '') return looksLikeResource ? 'there is no kind' : null;
  const group = typeof apiVersion === 'string' ? apiVersion.split('/')[0]! : undefined;
  const isIstio = group === undefined || /istio/.test(group);
  if (crdOf(kind) !== undefined) return isIstio || !SHARED.includes(kind) ? true : null;
  if (CLUSTER_KINDS.includes(kind)) return true;
  const near = nearest(kind, KINDS);
  const meant = near === undefined ? '' : `; did you mean "${near}"?`;
  if (group !== undefined && (GROUPS.includes(group) || group.endsWith('istio.io'))) {
    return OTHERS.includes(kind) ? null : `kind "${kind}" is unknown${meant}`;
  }
  const isSlip = near !== undefined && editDistance(kind.toLowerCase(), near.toLowerCase()) <= 2;
  return isSlip ? `kind "${kind}" is unknown${meant}` : null;
};
