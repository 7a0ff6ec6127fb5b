// From what was meant to the change of the text that says it. Comments and layout stay as they are; where a change would have to
// guess, there is none.
import { type Node, type Pair, type YAMLMap, isMap, isScalar, isSeq } from 'yaml';
import type { Resource } from '../load.ts';
import { type Place, nameOf } from '../place.ts';
import { type Edit, columnOf, commentStart, lineEnd, lineStart, shiftLines } from './edits.ts';
import type { Intent } from './intent.ts';

/** The edits that make `intent` true of what stands at `path`; undefined where that is not clear. */
export function fixOf(resource: Resource, path: string, intent: Intent): Edit[] | undefined {
  const place = resource.at(path);
  const { text } = resource.source;
  if (place === undefined) return undefined;
  switch (intent.kind) {
    case 'replace':
      return replaced(place.node, text, intent.by);
    case 'quote':
      return quoted(place.node, text);
    case 'rename':
      return intent.isSure ? renamed(place, text, intent.to) : undefined;
    case 'list':
      return asList(place, text);
    case 'indent':
      return indented(place, text, intent);
    case 'un-indent':
      return unIndented(place, text, intent.to);
    case 'move':
      return undefined;
  }
}

/** The edit that puts a plain word into quotes. */
export function quoted(node: Node | null, text: string): Edit[] | undefined {
  if (!isScalar(node) || node.type !== 'PLAIN' || !node.range) return undefined;
  const [start, end] = node.range;
  return [{ start, end, text: JSON.stringify(text.slice(start, end)) }];
}

function replaced(node: Node | null, text: string, by: string): Edit[] | undefined {
  if (!isScalar(node) || !node.range || !/^[\w./*:-]+$/.test(by)) return undefined;
  const [start, end] = node.range;
  const written = text.slice(start, end);
  const quote = /^(["']).*\1$/s.exec(written)?.[1] ?? '';
  return [{ start, end, text: quote + by + quote }];
}

function renamed({ pair, parent }: Place, text: string, to: string): Edit[] | undefined {
  if (pair === undefined || !isMap(parent?.node)) return undefined;
  if (memberOf(parent.node, to) !== undefined) return undefined;
  return replaced(pair.key as Node, text, to);
}

/** `a: x` becomes `a: [x]`, and a block beneath `a:` the only element of a list. */
function asList({ node }: Place, text: string): Edit[] | undefined {
  if (!node?.range) return undefined;
  const [start, end] = node.range;
  if (isScalar(node) && node.type !== 'BLOCK_FOLDED' && node.type !== 'BLOCK_LITERAL') {
    return [
      { start, end: start, text: '[' },
      { start: end, end, text: ']' },
    ];
  }
  if (!isMap(node) || node.flow === true || !isFirstOnLine(text, start)) return undefined;
  const rest = shiftLines(text, lineEnd(text, start), endOf(text, node), 2);
  return [{ start, end: start, text: '- ' }, ...rest];
}

function indented(
  { pair, node, parent }: Place,
  text: string,
  { under, isList }: { under: string; isList: boolean },
): Edit[] | undefined {
  const map = parent?.node;
  const key = pair?.key as Node | undefined;
  if (!key?.range || !isMap(map) || map.flow === true) return undefined;
  const start = key.range[0];
  const end = node === null ? lineEnd(text, start) : endOf(text, node);
  const column = columnOf(text, start);
  const own = (by: number): Edit[] => shiftLines(text, lineEnd(text, start), end, by);
  const sibling = memberOf(map, under);
  if (sibling === undefined) {
    const opening = isList
      ? `${under}:\n${' '.repeat(column)}- `
      : `${under}:\n${' '.repeat(column + 2)}`;
    return [{ start, end: start, text: opening }, ...own(2)];
  }
  // Only what follows the sibling at once can become a part of it by being shifted.
  if (map.items.indexOf(sibling) + 1 !== map.items.indexOf(pair!)) return undefined;
  if (!isFirstOnLine(text, start)) return undefined;
  const value = sibling.value as Node | null;
  if (isEmpty(value)) {
    if (isList) return [{ start, end: start, text: '- ' }, ...own(2)];
    const by = columnOf(text, (sibling.key as Node).range![0]) + 2 - column;
    return by > 0 ? shiftLines(text, commentStart(text, start), end, by) : undefined;
  }
  // What follows a list belongs to its last element.
  const object = isList && isSeq(value) && value.flow !== true ? value.items.at(-1) : value;
  if (!isMap(object) || object.flow === true) return undefined;
  if (memberOf(object, nameOf(pair!)!) !== undefined) return undefined;
  const first = (object.items[0]?.key as Node | undefined)?.range?.[0];
  const by = first === undefined ? 0 : columnOf(text, first) - column;
  return by > 0 ? shiftLines(text, commentStart(text, start), end, by) : undefined;
}

function unIndented({ pair, node, parent }: Place, text: string, to: string): Edit[] | undefined {
  const key = pair?.key as Node | undefined;
  const map = parent?.node;
  if (!key?.range || !isMap(map) || map.flow === true) return undefined;
  const start = key.range[0];
  // Without it, nothing would be left of the member around it: what that means is not clear.
  if (map.items.length < 2 || !isFirstOnLine(text, start)) return undefined;
  const outer = ancestorNamed(parent, to);
  const outerStart = (outer?.pair?.key as Node | undefined)?.range?.[0];
  if (outer === undefined || outerStart === undefined || !isMap(outer.parent?.node))
    return undefined;
  if (memberOf(outer.parent.node, nameOf(pair!)!) !== undefined) return undefined;
  const end = node === null || isEmpty(node) ? lineEnd(text, start) : endOf(text, node);
  const column = columnOf(text, outerStart);
  const by = column - columnOf(text, start);
  if (by >= 0) return undefined;
  const behind = text.slice(end, endOf(text, outer.node!));
  const isLast = withoutComments(behind) === '';
  // The rest of the list around it becomes its own: `to:` too far in, with its operations in the right place.
  const takesRest = isEmpty(node) && firstColumn(behind) === column && /^\s*-\s/.test(behind);
  if (isLast || takesRest) return shiftLines(text, commentStart(text, start), end, by);
  const from = commentStart(text, start);
  const moved = text.slice(from, end);
  const shifted = moved
    .split('\n')
    .map((line) => line.slice(Math.min(-by, Math.max(line.search(/[^ ]/), 0))))
    .join('\n');
  const target = endOf(text, outer.node!);
  const needsFeed = target > 0 && text[target - 1] !== '\n';
  return [
    { start: from, end, text: '' },
    { start: target, end: target, text: needsFeed ? `\n${shifted.replace(/\n$/, '')}` : shifted },
  ];
}

/** The member `name` that a place is within. */
function ancestorNamed(from: Place | undefined, name: string): Place | undefined {
  for (let place = from; place !== undefined; place = place.parent) {
    if (place.pair !== undefined && nameOf(place.pair) === name) return place;
  }
  return undefined;
}

function memberOf(map: YAMLMap, name: string): Pair | undefined {
  return map.items.find((pair) => nameOf(pair) === name);
}

function isEmpty(node: Node | null): boolean {
  return node === null || (isScalar(node) && node.value === null);
}

function isFirstOnLine(text: string, offset: number): boolean {
  return text.slice(lineStart(text, offset), offset).trim() === '';
}

/** Offset behind the last line of a value. */
function endOf(text: string, node: Node): number {
  let [, end] = node.range!;
  const last = isMap(node) || isSeq(node) ? lastOf(node) : undefined;
  if (last?.range && !(node as YAMLMap).flow) return endOf(text, last);
  // A block's range ends behind its line feed.
  if (end > 0 && text[end - 1] === '\n') end--;
  return lineEnd(text, end);
}

function lastOf(node: Node): Node | undefined {
  if (isSeq(node)) return node.items.at(-1) as Node | undefined;
  if (!isMap(node)) return undefined;
  const pair = node.items.at(-1);
  return ((pair?.value ?? pair?.key) as Node | undefined) ?? undefined;
}

function withoutComments(text: string): string {
  return text.replace(/^\s*#.*$/gm, '').trim();
}

function firstColumn(text: string): number {
  return /^(?:\s*\n)*( *)/.exec(text)![1]!.length;
}
