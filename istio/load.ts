// Istio resources from YAML or JSON text, with the place of every field.
import { type Document, type Node, isAlias, isMap, isScalar, isSeq } from 'yaml';
import { InputBudget, parseBounded, repeatedKeys } from './bounded-yaml.ts';
import type { Code } from './lint/codes.ts';
import type { Edit } from './lint/edits.ts';
import { type Place, placeOf } from './place.ts';
import type { Problem } from './problem.ts';
import { trapsOf } from './yaml-traps.ts';

/** A file's name, for messages, and its text. */
export interface Source {
  file: string;
  text: string;
  /** What kubectl would take for a resource without namespace, where it is another than usual. */
  namespace?: string;
  /** A step of a page: another step may bring the same resource again. */
  isStep?: boolean;
}

/** A resource as plain JSON, and where its parts stand. */
export interface Resource {
  file: string;
  kind: string;
  namespace: string;
  name: string;
  /** The resource, verbatim; `metadata.namespace` is filled in where it is missing. */
  value: Record<string, unknown>;
  source: Source;
  /** Place of a path such as `spec.rules[0].from`; of the nearest enclosing one where there is none. */
  locate(path: string): { line: number; column: number };
  /** What stands at a path; undefined where nothing does. */
  at(path: string): Place | undefined;
}

/** What was read. Where there are problems, nothing may be applied. */
export interface Loaded {
  resources: Resource[];
  problems: Problem[];
}

/** The kinds of policies. */
export const POLICY_KINDS = ['AuthorizationPolicy', 'PeerAuthentication', 'RequestAuthentication'];

/** Whether a kind is taken; the text of a problem where it is not, or null where it is passed over. */
export type KindJudge = (
  kind: unknown,
  apiVersion: unknown,
  looksLikeResource: boolean,
) => true | string | null;

/**
 * Loads resources: several documents, `List` kinds, comments. Aliases and merge keys are refused: what a policy says must
 * stand where it is read. So is what kubectl would read otherwise. `defaultNamespace` is what kubectl would take for a resource
 * without one; `kinds` are those that are taken, anything else is a problem. `budget` bounds what is read. Throws InputBoundError.
 */
export function loadResources(
  sources: Source[],
  defaultNamespace = 'default',
  kinds: readonly string[] | KindJudge = POLICY_KINDS,
  budget = new InputBudget(),
): Loaded {
  const loaded: Loaded = { resources: [], problems: [] };
  const judgeKind = typeof kinds === 'function' ? kinds : oneOf(kinds);
  for (const source of sources) {
    const { documents, lines } = parseBounded(source.text, source.file, budget);
    const place = (offset: number): { line: number; column: number } => {
      const { line, col } = lines.linePos(offset);
      return { line: Math.max(line, 1), column: Math.max(col, 1) };
    };
    const reading: Reading = {
      source,
      defaultNamespace: source.namespace ?? defaultNamespace,
      judgeKind,
      loaded,
      place,
      report: (offset, code, message, fix) => {
        const problem: Problem = {
          file: source.file,
          ...place(offset),
          code,
          level: 'error',
          message,
        };
        loaded.problems.push(fix === undefined ? problem : { ...problem, fix });
      },
    };
    for (const document of documents) loadDocument(document, reading);
  }
  return loaded;
}

/** One source while it is read. */
interface Reading {
  source: Source;
  defaultNamespace: string;
  judgeKind: KindJudge;
  loaded: Loaded;
  place: (offset: number) => { line: number; column: number };
  report: (offset: number, code: Code, message: string, fix?: Edit[]) => void;
}

function oneOf(kinds: readonly string[]): KindJudge {
  return (kind) => {
    if (typeof kind === 'string' && kinds.includes(kind)) return true;
    const seen =
      kind === undefined ? 'there is no kind' : `kind ${JSON.stringify(kind)} is unknown`;
    return `${seen}: expected ${kinds.join(', ')}`;
  };
}

/** Words of the parser's that are worth another code than a plain syntax error. */
const CODES: Record<string, Code> = { TAB_AS_INDENT: 'PC0003' };

function loadDocument(document: Document.Parsed, reading: Reading): void {
  const repeated = repeatedKeys(document);
  for (const offset of repeated) reading.report(offset, 'PC0002', 'Map keys must be unique');
  // The first one explains the others.
  for (const error of document.errors.slice(0, 1)) {
    const code = CODES[error.code] ?? 'PC0001';
    // One of them ends with the text that it is about, which may be the rest of the file.
    const message = error.message.split('\n')[0]!.replace(/ in YAML stream: .*$/, ' here');
    reading.report(error.pos[0], code, message);
  }
  for (const warning of document.warnings) {
    reading.report(warning.pos[0], 'PC0001', warning.message.split('\n')[0]!);
  }
  if (document.errors.length + repeated.length > 0 || document.contents === null) return;
  addResources(document.contents, reading);
}

function addResources(node: Node, reading: Reading): void {
  const { loaded, place, report, defaultNamespace, source } = reading;
  const offset = node.range?.[0] ?? 0;
  if (isAlias(node)) return report(offset, 'PC0004', 'aliases are not allowed in a policy');
  if (isScalar(node) && node.value === null) return;
  if (!isMap(node)) return report(offset, 'PC0006', 'a resource must be an object');
  const kind = node.get('kind');
  const items = node.get('items', true);
  if (typeof kind === 'string' && kind.endsWith('List') && isSeq(items)) {
    for (const item of items.items) addResources(item as Node, reading);
    return;
  }
  const looksLikeResource = ['apiVersion', 'kind', 'metadata', 'spec'].some((key) => node.has(key));
  const verdict = reading.judgeKind(kind, node.get('apiVersion'), looksLikeResource);
  if (verdict === null) return;
  if (verdict !== true) return report(placeOf(node, 'kind').offset, 'PC0007', verdict);
  const traps = trapsOf(node, source.text);
  for (const trap of traps) report(trap.offset, trap.code, trap.message, trap.fix);
  // An alias may stand for more than memory holds, a name that is no string for anything, and what is no Unicode is no JSON.
  if (traps.some(({ code }) => ['PC0004', 'PC0009', 'PC0012'].includes(code))) return;
  const value = node.toJSON() as Record<string, unknown>;
  const metadata = (value.metadata ?? {}) as Record<string, unknown>;
  if (typeof metadata === 'object' && !Array.isArray(metadata)) {
    value.metadata = { ...metadata, namespace: metadata.namespace ?? defaultNamespace };
  }
  loaded.resources.push({
    file: source.file,
    kind: kind as string,
    namespace: textOr(metadata.namespace, defaultNamespace),
    name: textOr(metadata.name, ''),
    value,
    source,
    locate: (path) => place(placeOf(node, path).offset),
    at: (path) => {
      const { isWhole, ...found } = placeOf(node, path);
      return isWhole ? found : undefined;
    },
  });
}

/** For messages alone: what is no text, the module refuses. */
function textOr(value: unknown, otherwise: string): string {
  return typeof value === 'string' ? value : otherwise;
}
