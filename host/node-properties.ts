// The node, as `xds.node.…` shows it.
import { encodePairs } from './pairs.ts';
import { toUtf8 } from './text.ts';

/** Envoy's node: what Istio's agent writes into its metadata. */
export interface Node {
  /** `router~…` for a gateway, `sidecar~…` for a sidecar. */
  id?: string;
  namespace?: string;
  /** As bytes: what a host might hand over that has lost its way. */
  labels?: Record<string, string> | Uint8Array;
}

/** A property of the node, or undefined. Strings are raw, maps are pairs. */
export function nodeProperty(node: Node, path: string): Uint8Array | undefined {
  switch (path) {
    case 'xds.node.id':
      return node.id === undefined ? undefined : toUtf8(node.id);
    case 'xds.node.metadata.NAMESPACE':
      return node.namespace === undefined ? undefined : toUtf8(node.namespace);
    case 'xds.node.metadata.LABELS':
      if (node.labels === undefined || node.labels instanceof Uint8Array) return node.labels;
      return encodePairs(Object.entries(node.labels));
    default:
      return undefined;
  }
}
