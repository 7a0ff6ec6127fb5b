// From a field's path to its place in a YAML document.
import { type Node, type Pair, type YAMLMap, isMap, isScalar, isSeq } from 'yaml';

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
  const members = membersOf(parent.node);
  let end = path.length;
  while (end > 0 && !members.has(path.slice(0, end))) {
    end = Math.max(path.lastIndexOf('.', end - 1), path.lastIndexOf('[', end - 1));
  }
  const pair = members.get(path.slice(0, Math.max(end, 0)));
  if (pair === undefined) return undefined;
  const node = (pair.value as Node | null | undefined) ?? null;
  return {
    place: { pair, node, parent, offset: (pair.key as Node).range?.[0] ?? parent.offset },
    rest: path.slice(end).replace(/^\./, ''),
  };
}

/** Members by name; documents stay as they were read. */
const known = new WeakMap<YAMLMap, Map<string, Pair>>();

function membersOf(map: YAMLMap): Map<string, Pair> {
  let members = known.get(map);
  if (members === undefined) {
    members = new Map();
    for (const pair of map.items) {
      const name = nameOf(pair);
      if (name !== undefined) members.set(name, pair);
    }
    known.set(map, members);
  }
  return members;
}

/** The name of a member, as JSON would have it; undefined where it can have none. */
export function nameOf(pair: Pair): string | undefined {
  const value: unknown = isScalar(pair.key) ? pair.key.value : undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}
