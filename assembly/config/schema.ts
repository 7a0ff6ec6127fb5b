// The shape of a configuration: which fields an object has, of which type, and which of them this version enforces.
import { Span, constant, equals } from "as-proxy-wasm-sdk/assembly";

/** Types of field. */
export namespace Type {
  export const Text: u32 = 0;
  export const Boolean: u32 = 1;
  export const Number: u32 = 2;
  export const TextList: u32 = 3;
  /** An object with any keys and texts as values. */
  export const TextMap: u32 = 4;
  export const Object: u32 = 5;
  export const ObjectList: u32 = 6;
  /** Not looked into: what Kubernetes itself writes, or what is judged elsewhere. */
  export const Anything: u32 = 7;
  /** An object with any keys and objects of one shape as values. */
  export const ObjectMap: u32 = 8;
}

/** One field of an object. */
export class Field {
  readonly key: Span;
  constructor(
    readonly name: string,
    readonly type: u32,
    /** The shape of the object, or of a list's objects. */
    readonly shape: Shape | null,
    /** False: Istio knows it, this version does not enforce it, and so refuses it. */
    readonly enforced: bool,
  ) {
    // Made once: the shapes are the module's own.
    this.key = constant(name);
  }
}

/** The fields of an object. */
export class Shape {
  fields: Field[] = [];

  /** Adds a field of a simple type. */
  of(type: u32, names: string): Shape {
    return this.append(type, names, null, true);
  }

  /** Adds a field that holds an object, or a list of them. */
  nested(type: u32, name: string, shape: Shape): Shape {
    return this.append(type, name, shape, true);
  }

  /** Adds fields, separated by blanks, that are known and refused. */
  notYet(names: string): Shape {
    return this.append(Type.Anything, names, null, false);
  }

  /** The field with this key, or null. */
  find(key: Span): Field | null {
    for (let i = 0; i < this.fields.length; i++) {
      if (equals(this.fields[i].key, key)) return this.fields[i];
    }
    return null;
  }

  private append(type: u32, names: string, shape: Shape | null, enforced: bool): Shape {
    const list = names.split(" ");
    for (let i = 0; i < list.length; i++) {
      this.fields.push(new Field(list[i], type, shape, enforced));
    }
    return this;
  }
}
