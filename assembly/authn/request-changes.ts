// What authentication does to a request's headers. It is written down first and done at the end, in order: a request that must
// wait for keys is looked at from the beginning again, and one that is refused is left as it was. Later rules see it as done.
import {
  ABSENT,
  MapType,
  Pairs,
  Span,
  addHeader,
  equals,
  removeHeader,
  replaceHeader,
  constant,
} from "as-proxy-wasm-sdk/assembly";
import { QueryCursor, withoutParameter } from "../bytes/query";
import { MAX_HEADER_CHANGES } from "../limits";

const PATH = constant(":path");

namespace Kind {
  export const Remove: u8 = 0;
  export const Add: u8 = 1;
  export const Nothing: u8 = 2;
}

export class RequestChanges {
  /** `:path`, without the parameters that were removed; ABSENT where memory has ended. */
  path: Span = ABSENT;
  /** Changes whenever something is taken out of the request. */
  version: i32 = 0;
  private original: Span = ABSENT;
  private count: i32 = 0;
  private kinds: StaticArray<u8> = new StaticArray<u8>(MAX_HEADER_CHANGES);
  private names: StaticArray<Span> = new StaticArray<Span>(MAX_HEADER_CHANGES);
  private values: StaticArray<Span> = new StaticArray<Span>(MAX_HEADER_CHANGES);
  private query: QueryCursor = new QueryCursor();
  private overflow: bool = false;

  /** Begins with a request as the client sent it. */
  begin(path: Span): void {
    this.path = path;
    this.original = path;
    this.count = 0;
    this.overflow = false;
    this.version = 0;
  }

  /** All values of a header go. */
  remove(name: Span): void {
    this.version++;
    this.note(Kind.Remove, name, ABSENT);
  }

  /** A header comes, beside others of its name. */
  add(name: Span, value: Span): void {
    this.note(Kind.Add, name, value);
  }

  /** A header that was to come does not. */
  takeBack(name: Span): void {
    for (let i = 0; i < this.count; i++) {
      if (unchecked(this.kinds[i]) == Kind.Add && equals(unchecked(this.names[i]), name)) {
        unchecked((this.kinds[i] = Kind.Nothing));
      }
    }
  }

  /** A query parameter goes; every other byte of the path stays. */
  removeParameter(name: Span): void {
    this.version++;
    this.path = withoutParameter(this.path, name, false, this.query);
  }

  /** Whether a header that the client sent has been removed. */
  hasRemoved(name: Span): bool {
    for (let i = 0; i < this.count; i++) {
      if (unchecked(this.kinds[i]) == Kind.Remove && equals(unchecked(this.names[i]), name))
        return true;
    }
    return false;
  }

  /**
   * Does it all, at the host and in `headers`, which is what policies see; false when the host refuses, or when there was more than
   * could be written down. Where memory ends `headers` lacks something, and `memoryEnded` tells. `isTrial`: in `headers` alone.
   */
  apply(headers: Pairs, isTrial: bool): bool {
    if (this.overflow) return false;
    for (let i = 0; i < this.count; i++) {
      const name = unchecked(this.names[i]);
      const kind = unchecked(this.kinds[i]);
      if (kind == Kind.Nothing) continue;
      if (kind == Kind.Remove) headers.remove(name);
      else headers.add(name, unchecked(this.values[i]));
      if (isTrial) continue;
      const status =
        kind == Kind.Remove
          ? removeHeader(MapType.RequestHeaders, name)
          : addHeader(MapType.RequestHeaders, name, unchecked(this.values[i]));
      if (status != 0) return false;
    }
    if (this.path == this.original) return true;
    headers.replace(PATH, this.path);
    return isTrial || replaceHeader(MapType.RequestHeaders, PATH, this.path) == 0;
  }

  private note(kind: u8, name: Span, value: Span): void {
    if (this.count == MAX_HEADER_CHANGES) {
      this.overflow = true;
      return;
    }
    unchecked((this.kinds[this.count] = kind));
    unchecked((this.names[this.count] = name));
    unchecked((this.values[this.count] = value));
    this.count++;
  }
}
