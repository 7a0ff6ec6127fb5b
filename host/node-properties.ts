// The node, as `xds.node.…` shows it.
import { encodePairs } from './pairs.ts';
import { toUtf8 } from './text.ts';

/** Envoy's node: what Istio's agent writes into its metadata. */
export interface Node {
  /** `router~…` for a gateway, `sidecar~…` for a sidecar. */
  id?: string;
  namespace?: string;
  labels?: Record<string, string>;
}

/** A property of the node, or undefined. Strings are raw, maps are pairs. */
export function nodeProperty(node: Node, path: string): Uint8Array | undefined {
  switch (path) {
    case 'xds.node.id':
      return node.id === undefined ? undefined : toUtf8(node.id);
    case 'xds.node.metadata.NAMESPACE':
      return node.namespace === undefined ? undefined : toUtf8(node.namespace);
    case 'xds.node.metadata.LABELS':
      return node.labels === undefined ? undefined : encodePairs(Object.entries(node.labels));
    default:
      return undefined;
  }
}
