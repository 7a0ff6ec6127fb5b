// From a field's path to its place in a YAML document.
import { type Node, type Pair, isMap, isScalar, isSeq } from 'yaml';

/** What stands at a path: a member of an object, or an element of a list. */
export interface Place {
  /** The member, where it is one. */
  pair?: Pair;
  /** Its value, or the element; null where a member has none. */
  node: Node | null;
  /** What it is a part of; absent for the resource itself. */
  parent?: Place;
  /** Offset of the key, or of the element. */
  offset: number;
}

/**
 * The place of a path such as `spec.rules[0].from`, as deep as the document goes: `isWhole` tells whether that is all the
 * way. Names may hold dots and slashes, as those of labels and annotations do.
 */
export function placeOf(root: Node, path: string): Place & { isWhole: boolean } {
  let place: Place = { node: root, offset: root.range?.[0] ?? 0 };
  let rest = path;
  while (rest !== '') {
    const step = isSeq(place.node) ? elementAt(place, rest) : memberAt(place, rest);
    if (step === undefined) return { ...place, isWhole: false };
    place = step.place;
    rest = step.rest;
  }
  return { ...place, isWhole: true };
}

function elementAt(parent: Place, path: string): { place: Place; rest: string } | undefined {
  const [text, index] = /^\[(\d+)\]\.?/.exec(path) ?? [];
  const node = isSeq(parent.node) ? (parent.node.items[Number(index)] as Node | undefined) : null;
  if (text === undefined || node === undefined || node === null) return undefined;
  return {
    place: { node, parent, offset: node.range?.[0] ?? parent.offset },
    rest: path.slice(text.length),
  };
}

/** The member with the longest name that the path begins with. */
function memberAt(parent: Place, path: string): { place: Place; rest: string } | undefined {
  if (!isMap(parent.node)) return undefined;
  let found: { name: string; pair: Pair } | undefined;
  for (const pair of parent.node.items) {
    const name = nameOf(pair);
    if (name === undefined || name.length < (found?.name.length ?? 0)) continue;
    const isNext = path.startsWith(name) && /^($|[.[])/.test(path.slice(name.length));
    if (isNext) found = { name, pair };
  }
  if (found === undefined) return undefined;
  const { pair, name } = found;
  const node = (pair.value as Node | null | undefined) ?? null;
  return {
    place: { pair, node, parent, offset: (pair.key as Node).range?.[0] ?? parent.offset },
    rest: path.slice(name.length).replace(/^\./, ''),
  };
}

/** The name of a member, as JSON would have it; undefined where it can have none. */
export function nameOf(pair: Pair): string | undefined {
  const value: unknown = isScalar(pair.key) ? pair.key.value : undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
