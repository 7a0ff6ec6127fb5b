// A parsed JSON document: its values in document order, 16 bytes each, in the callback's memory.
// A node is the address of such a record. An object's children are key, value, key, value…
import { Span, addressOf, lengthOf, sameBytes, span } from "as-proxy-wasm-sdk/assembly";

/** The address of a value's record; 0 is no value. */
export type Node = usize;

/** No such value. Every function below answers it with what an absent value has: Kind.None, no text, no children. */
export const NO_NODE: Node = 0;

/** Bytes of a record: u32 kind, u32 address of the text, u32 length of the text or number of children, u32 bytes to the next sibling. */
export const NODE_SIZE: usize = 16;

/** Kinds of JSON value. */
export namespace Kind {
  export const None: u32 = 0;
  export const Null: u32 = 1;
  export const False: u32 = 2;
  export const True: u32 = 3;
  export const Number: u32 = 4;
  export const String: u32 = 5;
  export const Array: u32 = 6;
  export const Object: u32 = 7;
}

/** The kind of a value. */
// @ts-ignore: decorator
@inline
export function kindOf(node: Node): u32 {
  return node == NO_NODE ? Kind.None : load<u32>(node);
}

/** A string's characters, unescaped, as UTF-8; a number's digits as written. */
// @ts-ignore: decorator
@inline
export function textOf(node: Node): Span {
  return node == NO_NODE || load<u32>(node) > Kind.String || load<u32>(node) < Kind.Number
    ? 0
    : span(load<u32>(node, 4), load<u32>(node, 8));
}

/** Number of elements of an array, of members of an object; 0 for other values. */
export function countOf(node: Node): i32 {
  const kind = kindOf(node);
  return kind == Kind.Array || kind == Kind.Object ? load<i32>(node, 8) : 0;
}

/** The first child record: meaningful when `countOf` is not 0. */
// @ts-ignore: decorator
@inline
export function firstOf(node: Node): Node {
  return node + NODE_SIZE;
}

/** The record after this value and all it holds. Of a key: its value. */
// @ts-ignore: decorator
@inline
export function after(node: Node): Node {
  return node + load<u32>(node, 12);
}

/** The value of a member, or NO_NODE. Of something that is no object: NO_NODE. */
export function member(node: Node, name: Span): Node {
  if (kindOf(node) != Kind.Object) return NO_NODE;
  const address = addressOf(name);
  const length = <u32>lengthOf(name);
  let key = firstOf(node);
  for (let i = load<i32>(node, 8); i > 0; i--) {
    // A key is a record without children.
    const value = key + NODE_SIZE;
    if (load<u32>(key, 8) == length && sameBytes(load<u32>(key, 4), address, length)) return value;
    key = after(value);
  }
  return NO_NODE;
}
