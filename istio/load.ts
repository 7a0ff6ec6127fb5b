// Istio resources from YAML or JSON text, with the place of every field.
import {
  type Document,
  LineCounter,
  type Node,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  parseAllDocuments,
  visit,
} from 'yaml';
import type { Problem } from './problem.ts';

/** A file's name, for messages, and its text. */
export interface Source {
  file: string;
  text: string;
}

/** A resource as plain JSON, and where its parts stand. */
export interface Resource {
  file: string;
  kind: string;
  namespace: string;
  name: string;
  /** The resource, verbatim; `metadata.namespace` is filled in where it is missing. */
  value: Record<string, unknown>;
  /** Place of a path such as `spec.rules[0].from`; of the nearest enclosing one where there is none. */
  locate(path: string): { line: number; column: number };
}

/** What was read. Where there are problems, nothing may be applied. */
export interface Loaded {
  resources: Resource[];
  problems: Problem[];
}

/** The kinds of policies. */
export const POLICY_KINDS = ['AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication'];

/**
 * Loads resources: several documents, `List` kinds, comments. Aliases and merge keys are refused: what a policy says must
 * stand where it is read. `defaultNamespace` is what kubectl would take for a resource without one; another kind than `kinds` is a
 * problem.
 */
export function loadResources(
  sources: Source[],
  defaultNamespace = 'default',
  kinds: readonly string[] = POLICY_KINDS,
): Loaded {
  const loaded: Loaded = { resources: [], problems: [] };
  for (const source of sources) {
    const lines = new LineCounter();
    const documents = parseAllDocuments(source.text, {
      lineCounter: lines,
      // YAML 1.2 reads `y`, `no` and `on` as strings, as kubectl's own reader does.
      version: '1.2',
      uniqueKeys: true,
    });
    // With no document at all, the parser returns something that is not a list of documents.
    for (const document of Array.isArray(documents) ? documents : []) {
      loadDocument(source, document, lines, { defaultNamespace, kinds }, loaded);
    }
  }
  return loaded;
}

/** What is taken for granted, and what is taken at all. */
interface Expected {
  defaultNamespace: string;
  kinds: readonly string[];
}

function loadDocument(
  source: Source,
  document: Document.Parsed,
  lines: LineCounter,
  expected: Expected,
  loaded: Loaded,
): void {
  const place = (offset: number): { line: number; column: number } => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const report = (offset: number, message: string): void => {
    loaded.problems.push({ file: source.file, ...place(offset), message });
  };
  for (const error of [...document.errors, ...document.warnings]) {
    report(error.pos[0], error.message.split('\n')[0]!.replace(/ at line \d+, column \d+:?$/, ''));
  }
  visit(document, {
    Alias: (_key, node) => report(node.range?.[0] ?? 0, 'aliases are not allowed in a policy'),
  });
  if (document.errors.length > 0 || document.contents === null) return;
  addResources(document.contents, source, expected, loaded, place, report);
}

function addResources(
  node: Node,
  source: Source,
  expected: Expected,
  loaded: Loaded,
  place: (offset: number) => { line: number; column: number },
  report: (offset: number, message: string) => void,
): void {
  if (isAlias(node)) return;
  const offset = node.range?.[0] ?? 0;
  if (isScalar(node) && node.value === null) return;
  if (!isMap(node)) return report(offset, 'a resource must be an object');
  const kind = node.get('kind');
  const items = node.get('items', true);
  if (typeof kind === 'string' && kind.endsWith('List') && isSeq(items)) {
    for (const item of items.items) {
      addResources(item as Node, source, expected, loaded, place, report);
    }
    return;
  }
  const { kinds, defaultNamespace } = expected;
  if (typeof kind !== 'string' || !kinds.includes(kind)) {
    const seen =
      kind === undefined ? 'there is no kind' : `kind ${JSON.stringify(kind)} is unknown`;
    return report(offset, `${seen}: expected ${kinds.join(', ')}`);
  }
  const value = node.toJSON() as Record<string, unknown>;
  const metadata = (value.metadata ?? {}) as Record<string, unknown>;
  if (typeof metadata === 'object') {
    value.metadata = { ...metadata, namespace: metadata.namespace ?? defaultNamespace };
  }
  loaded.resources.push({
    file: source.file,
    kind,
    namespace: textOr(metadata.namespace, defaultNamespace),
    name: textOr(metadata.name, ''),
    value,
    locate: (path) => place(offsetOf(node, path)),
  });
}

/** For messages alone: what is no text, the module refuses. */
function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}

/** Offset of the key or element at a path, as deep as the document goes. */
function offsetOf(root: Node, path: string): number {
  let offset = root.range?.[0] ?? 0;
  let node: unknown = root;
  for (const [, key, index] of path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)) {
    if (key !== undefined && isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
      if (pair === undefined) break;
      offset = (pair.key as Node).range?.[0] ?? offset;
      node = pair.value;
    } else if (index !== undefined && isSeq(node)) {
      node = node.items[Number(index)];
      offset = (node as Node | undefined)?.range?.[0] ?? offset;
    } else {
      break;
    }
  }
  return offset;
}
