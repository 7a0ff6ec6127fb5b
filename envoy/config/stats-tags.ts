import type { JsonObject } from './types.ts';

/** The labels that the module's metric names carry as `;key=value` (assembly/metrics.ts). */
const LABELS = [
  'outcome',
  'reason',
  'policy',
  'result',
  'cluster',
  'provider',
  'security',
  'port',
  'source',
  'plugin',
  'decision',
  'enforced',
];

/** `stats_config` that turns those into labels of the Prometheus metrics. */
export function statsTags(): JsonObject {
  return {
    stats_tags: LABELS.map((label) => ({
      tag_name: label,
      regex: `(;${label}=([^;]+))`,
    })),
  };
}
