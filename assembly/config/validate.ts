// Holds a document against its shape: unknown fields, wrong types, fields that are not enforced yet.
import { Span, toText } from "as-proxy-wasm-sdk/assembly";
import { Kind, Node, after, countOf, firstOf, kindOf, textOf } from "../json/tape";
import { hintFor } from "./hint";
import { Problems } from "./problems";
import { Field, Shape, Type } from "./schema";

/** Validates one document. Null counts as absent, as in Kubernetes, except as an element of a list. */
export class Validator {
  private shapes: Shape[] = [];
  private names: string[] = [];

  constructor(private problems: Problems) {}

  /** Validates the object `node`, which stands under the name `name`. True when nothing was wrong with it. */
  validate(node: Node, shape: Shape, name: string): bool {
    const before = this.problems.count;
    this.object(node, shape, name);
    return this.problems.count == before;
  }

  private object(node: Node, shape: Shape, name: string): void {
    if (kindOf(node) != Kind.Object) {
      this.problems.add("must be an object, not " + nameOfKind(kindOf(node)));
      return;
    }
    this.shapes.push(shape);
    this.names.push(name);
    let key = firstOf(node);
    for (let i = countOf(node); i > 0; i--) {
      const value = after(key);
      const text = textOf(key);
      const field = shape.find(text);
      this.problems.enter(text);
      if (field === null) {
        this.problems.add("unknown field" + hintFor(text, node, this.shapes, this.names));
      } else {
        this.value(value, field);
      }
      this.problems.leave();
      key = after(value);
    }
    this.shapes.pop();
    this.names.pop();
  }

  private value(node: Node, field: Field): void {
    const kind = kindOf(node);
    if (kind == Kind.Null) return;
    if (!field.enforced) {
      this.problems.add("not supported yet");
      return;
    }
    const shape = field.shape;
    switch (field.type) {
      case Type.Text:
        this.expect(kind == Kind.String, "a string", kind);
        break;
      case Type.Number:
        this.expect(kind == Kind.Number, "a number", kind);
        break;
      case Type.Boolean:
        this.expect(kind == Kind.True || kind == Kind.False, "true or false", kind);
        break;
      case Type.TextList:
        this.texts(node);
        break;
      case Type.TextMap:
        this.textMap(node);
        break;
      case Type.Object:
        if (shape !== null) this.object(node, shape, field.name);
        break;
      case Type.ObjectList:
        if (shape !== null) this.objects(node, shape, field.name);
        break;
      case Type.ObjectMap:
        if (shape !== null) this.objectMap(node, shape);
        break;
      default:
        break;
    }
  }

  private expect(fits: bool, wanted: string, kind: u32): void {
    if (!fits) this.problems.add("must be " + wanted + ", not " + nameOfKind(kind));
  }

  private texts(node: Node): void {
    if (kindOf(node) != Kind.Array) {
      this.problems.add("must be a list of strings, not " + nameOfKind(kindOf(node)));
      return;
    }
    let element = firstOf(node);
    for (let i = 0; i < countOf(node); i++) {
      if (kindOf(element) != Kind.String) {
        this.problems.enterIndex(i);
        this.problems.add("must be a string, not " + nameOfKind(kindOf(element)));
        this.problems.leave();
      }
      element = after(element);
    }
  }

  private textMap(node: Node): void {
    if (kindOf(node) != Kind.Object) {
      this.problems.add("must be a map of strings, not " + nameOfKind(kindOf(node)));
      return;
    }
    let key = firstOf(node);
    for (let i = countOf(node); i > 0; i--) {
      const value = after(key);
      if (kindOf(value) != Kind.String) {
        this.problems.addAt(textOf(key), "must be a string, not " + nameOfKind(kindOf(value)));
      }
      key = after(value);
    }
  }

  private objectMap(node: Node, shape: Shape): void {
    if (kindOf(node) != Kind.Object) {
      this.problems.add("must be a map of objects, not " + nameOfKind(kindOf(node)));
      return;
    }
    let key = firstOf(node);
    for (let i = countOf(node); i > 0; i--) {
      const value = after(key);
      this.problems.enter(textOf(key));
      this.object(value, shape, toText(textOf(key)));
      this.problems.leave();
      key = after(value);
    }
  }

  private objects(node: Node, shape: Shape, name: string): void {
    if (kindOf(node) != Kind.Array) {
      this.problems.add("must be a list, not " + nameOfKind(kindOf(node)));
      return;
    }
    let element = firstOf(node);
    for (let i = 0; i < countOf(node); i++) {
      this.problems.enterIndex(i);
      this.object(element, shape, name);
      this.problems.leave();
      element = after(element);
    }
  }
}

/** A kind of JSON value, for messages. */
export function nameOfKind(kind: u32): string {
  switch (kind) {
    case Kind.None:
      return "nothing";
    case Kind.Null:
      return "null";
    case Kind.False:
    case Kind.True:
      return "a boolean";
    case Kind.Number:
      return "a number";
    case Kind.String:
      return "a string";
    case Kind.Array:
      return "a list";
    default:
      return "an object";
  }
}

/** A text value for a message, in quotes. */
export function quoted(text: Span): string {
  return '"' + toText(text) + '"';
}
