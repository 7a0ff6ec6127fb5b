import { statsTags } from './stats-tags.ts';
import { type Address, type JsonObject, type Node, socketAddress } from './types.ts';

/** What makes up a proxy. */
export interface Bootstrap {
  id: string;
  node: Node;
  admin: Address;
  listeners: JsonObject[];
  clusters: JsonObject[];
}

/** The configuration that Envoy starts with. Deterministic: equal input, equal output. */
export function bootstrap({ id, node, admin, listeners, clusters }: Bootstrap): JsonObject {
  return {
    node: {
      id,
      cluster: id,
      metadata: { NAMESPACE: node.namespace, LABELS: sorted(node.labels) },
    },
    admin: { address: socketAddress(admin) },
    stats_config: statsTags(),
    static_resources: { listeners, clusters },
  };
}

function sorted(labels: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1)));
}
