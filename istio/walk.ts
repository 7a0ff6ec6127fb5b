// Through a YAML document without the library's own `visit`, which copies the path to every node: half of the time that lint takes for a
// large file went there.
import {
  type Alias,
  type Scalar,
  type YAMLMap,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
} from 'yaml';

/** What is done at the nodes of a kind, in the order of the text. */
export interface Visitor {
  map?: (map: YAMLMap) => void;
  /** `isKey`: it is the name of a field. */
  scalar?: (scalar: Scalar, isKey: boolean) => void;
  alias?: (alias: Alias) => void;
}

/** Shows every node from `node` down to the visitor: parents first. The depth of documents is bounded. */
export function walk(node: unknown, visitor: Visitor, isKey = false): void {
  if (isScalar(node)) return visitor.scalar?.(node, isKey);
  if (isAlias(node)) return visitor.alias?.(node);
  if (isMap(node)) {
    visitor.map?.(node);
    for (const { key, value } of node.items) {
      walk(key, visitor, true);
      walk(value, visitor);
    }
  } else if (isSeq(node)) {
    for (const item of node.items) {
      if (isPair(item)) walk(item.key, visitor, true);
      walk(isPair(item) ? item.value : item, visitor);
    }
  }
}
