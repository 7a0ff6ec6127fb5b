// What was probably meant by an unknown field: most often it stands one level too far in or out.
import { Span, toText } from "as-proxy-wasm-sdk/assembly";
import { Kind, Node, kindOf, member } from "../json/tape";
import { Field, Shape, Type } from "./schema";

/**
 * The likely intent of `key`, which the innermost of `shapes` does not have, in the words of an error message; empty
 * when there is none. `object` is where it stands; `shapes` and `names` lead to it, outermost first.
 */
export function hintFor(key: Span, object: Node, shapes: Shape[], names: string[]): string {
  const here = shapes[shapes.length - 1];
  const child = childWith(key, object, here);
  if (child.length > 0) return '; did you mean to indent it under "' + child + '"?';
  for (let i = shapes.length - 2; i >= 0; i--) {
    if (shapes[i].find(key) !== null) {
      return '; did you mean to un-indent it, to the level of "' + names[i + 1] + '"?';
    }
  }
  for (let i = shapes.length - 2; i >= 0; i--) {
    const path = pathTo(key, shapes[i]);
    if (path.length > 0) return '; did you mean "' + path + '", beside "' + names[i + 1] + '"?';
  }
  const near = nearest(toText(key), here);
  return near.length > 0 ? '; did you mean "' + near + '"?' : "";
}

/** A field whose object has `key`: best one that stands there empty, as a slip of the indentation leaves it. */
function childWith(key: Span, object: Node, shape: Shape): string {
  let found = "";
  for (let i = 0; i < shape.fields.length; i++) {
    const field = shape.fields[i];
    const inner = field.shape;
    if (inner === null || inner.find(key) === null) continue;
    if (kindOf(member(object, field.key)) == Kind.Null) return field.name;
    if (found.length == 0) found = field.name;
  }
  return found;
}

/** The way to a field with this key: through the shapes, which end. */
function pathTo(key: Span, shape: Shape): string {
  for (let i = 0; i < shape.fields.length; i++) {
    const field = shape.fields[i];
    const inner = field.shape;
    if (inner === null) continue;
    const step = field.name + (field.type == Type.ObjectList ? "[]." : ".");
    if (inner.find(key) !== null) return step + toText(key);
    const rest = pathTo(key, inner);
    if (rest.length > 0) return step + rest;
  }
  return "";
}

/** The field whose name differs least from `name`, if by little. */
function nearest(name: string, shape: Shape): string {
  let best = "";
  let least = 1 + name.length / 3;
  for (let i = 0; i < shape.fields.length; i++) {
    const field: Field = shape.fields[i];
    const distance = editDistance(name.toLowerCase(), field.name.toLowerCase());
    if (distance <= least) {
      least = distance - 1;
      best = field.name;
    }
  }
  return best;
}

/** Levenshtein distance from `a` to the name of a field; what is beyond 64 characters is far from all of them. */
function editDistance(a: string, b: string): i32 {
  if (a.length > 64) return i32.MAX_VALUE;
  let row = new StaticArray<i32>(b.length + 1);
  for (let j = 0; j <= b.length; j++) row[j] = j;
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0];
    row[0] = i;
    for (let j = 1; j <= b.length; j++) {
      const above = row[j];
      const change = diagonal + (a.charCodeAt(i - 1) == b.charCodeAt(j - 1) ? 0 : 1);
      row[j] = min(change, min(above, row[j - 1]) + 1);
      diagonal = above;
    }
  }
  return row[b.length];
}
