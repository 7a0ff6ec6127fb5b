// Strict JSON, RFC 8259, into a tape: no extensions, no duplicate keys, no invalid UTF-8, bounded depth. Iterative: an
// attacker chooses the nesting of a token's payload.
import { ABSENT, Span, addressOf, allocate, equals, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { hashOf } from "../bytes/hash";
import { MAX_JSON_DEPTH } from "../limits";
import { numberEnd } from "./number";
import { Kind, NODE_SIZE, NO_NODE, Node, after, firstOf, textOf } from "./tape";
import { readText, textEnd } from "./text";

/** Above this many members, duplicates are looked for by hash instead of pair by pair. */
const MANY_MEMBERS: i32 = 16;

/** Open containers. A stack of the module's own: no callback is ever inside another one's parse. */
const OPEN: usize = heap.alloc(<usize>MAX_JSON_DEPTH * sizeof<usize>());

/** Position of the first error of the last `parseJson`, in bytes from the start of the document. */
export let errorOffset: usize = 0;

let tapeEnd: usize = 0;

/** Parses a document. NO_NODE when it is malformed or the callback's memory is used up; see `errorOffset`. */
export function parseJson(document: Span): Node {
  const start = addressOf(document);
  const end = start + lengthOf(document);
  errorOffset = 0;
  // Two characters are the least that a further value takes: itself, and a comma or a bracket.
  const tape = allocate((lengthOf(document) / 2 + 2) * NODE_SIZE);
  if (tape == 0) return NO_NODE;
  tapeEnd = tape;
  const stop = parseValue(start, end);
  if (stop == 0) {
    errorOffset -= start;
    return NO_NODE;
  }
  const rest = skipSpace(stop, end);
  if (rest != end) {
    errorOffset = rest - start;
    return NO_NODE;
  }
  return tape;
}

/** Parses one value with all it holds; returns the address after it, or 0 with `errorOffset` as an address. */
function parseValue(start: usize, end: usize): usize {
  let at = start;
  let depth = 0;
  // True where a key must come next.
  let wantsKey = false;
  while (true) {
    at = skipSpace(at, end);
    errorOffset = at;
    if (at >= end) return 0;
    const c = load<u8>(at);

    if (wantsKey) {
      if (c != 0x22) return 0;
      at = putText(at, end);
      if (at == 0) return 0;
      at = skipSpace(at, end);
      errorOffset = at;
      if (at >= end || load<u8>(at) != 0x3a) return 0;
      at++;
      wantsKey = false;
      continue;
    }

    if (c == 0x7b || c == 0x5b) {
      if (depth >= MAX_JSON_DEPTH) return 0;
      const isObject = c == 0x7b;
      store<usize>(OPEN + depth * sizeof<usize>(), tapeEnd);
      depth++;
      put(isObject ? Kind.Object : Kind.Array, 0, 0);
      at = skipSpace(at + 1, end);
      errorOffset = at;
      if (at >= end) return 0;
      if (load<u8>(at) != (isObject ? 0x7d : 0x5d)) {
        wantsKey = isObject;
        continue;
      }
    } else {
      at = putScalar(c, at, end);
      if (at == 0) return 0;
      if (depth == 0) return at;
      countChild(depth);
    }

    // A value has ended, or an empty container is about to: close what closes here.
    while (true) {
      at = skipSpace(at, end);
      errorOffset = at;
      if (at >= end) return 0;
      const open = load<usize>(OPEN + (depth - 1) * sizeof<usize>());
      const isObject = load<u32>(open) == Kind.Object;
      const separator = load<u8>(at);
      if (separator == 0x2c) {
        at++;
        wantsKey = isObject;
        break;
      }
      if (separator != (isObject ? 0x7d : 0x5d)) return 0;
      at++;
      store<u32>(open, <u32>(tapeEnd - open), 12);
      if (isObject && hasDuplicateKey(open)) return 0;
      depth--;
      if (depth == 0) return at;
      countChild(depth);
    }
  }
}

function putScalar(c: u8, at: usize, end: usize): usize {
  switch (c) {
    case 0x22:
      return putText(at, end);
    case 0x6e:
      return putWord(Kind.Null, at, end, 0x6c6c_756e, 4);
    case 0x74:
      return putWord(Kind.True, at, end, 0x6575_7274, 4);
    case 0x66:
      return putWord(Kind.False, at + 1, end, 0x6573_6c61, 4);
    default: {
      const stop = numberEnd(at, end);
      if (stop != 0) put(Kind.Number, at, stop - at);
      return stop;
    }
  }
}

function putWord(kind: u32, at: usize, end: usize, word: u32, size: usize): usize {
  if (at + size > end || load<u32>(at) != word) return 0;
  put(kind, 0, 0);
  return at + size;
}

function putText(at: usize, end: usize): usize {
  const text = readText(at + 1, end);
  if (text == ABSENT) return 0;
  put(Kind.String, addressOf(text), lengthOf(text));
  return textEnd;
}

// @ts-ignore: decorator
@inline
function put(kind: u32, address: usize, length: usize): void {
  store<u32>(tapeEnd, kind);
  store<u32>(tapeEnd, <u32>address, 4);
  store<u32>(tapeEnd, <u32>length, 8);
  store<u32>(tapeEnd, <u32>NODE_SIZE, 12);
  tapeEnd += NODE_SIZE;
}

// @ts-ignore: decorator
@inline
function countChild(depth: i32): void {
  const open = load<usize>(OPEN + (depth - 1) * sizeof<usize>());
  store<u32>(open, load<u32>(open, 8) + 1, 8);
}

function skipSpace(start: usize, end: usize): usize {
  let at = start;
  while (at < end) {
    const c = load<u8>(at);
    if (c != 0x20 && c != 0x0a && c != 0x0d && c != 0x09) break;
    at++;
  }
  return at;
}

function hasDuplicateKey(object: Node): bool {
  const count = load<i32>(object, 8);
  if (count > MANY_MEMBERS) return hasDuplicateKeyByHash(object, count);
  let key = firstOf(object);
  for (let i = 1; i < count; i++) {
    let other = after(after(key));
    for (let j = i; j < count; j++) {
      if (equals(textOf(key), textOf(other))) return true;
      other = after(after(other));
    }
    key = after(after(key));
  }
  return false;
}

function hasDuplicateKeyByHash(object: Node, count: i32): bool {
  const slots = 1 << (33 - clz<i32>(count));
  const table = allocate(<usize>slots * sizeof<u32>());
  // No memory to be sure with: treated as a duplicate, and so refused.
  if (table == 0) return true;
  memory.fill(table, 0, <usize>slots * sizeof<u32>());
  let key = firstOf(object);
  for (let i = 0; i < count; i++) {
    const text = textOf(key);
    let slot = (<i32>hashOf(text)) & (slots - 1);
    while (true) {
      const other = load<u32>(table + ((<usize>slot) << 2));
      if (other == 0) break;
      if (equals(textOf(other), text)) return true;
      slot = (slot + 1) & (slots - 1);
    }
    store<u32>(table + ((<usize>slot) << 2), <u32>key);
    key = after(after(key));
  }
  return false;
}
