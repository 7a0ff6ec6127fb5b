// The query of a path as Envoy reads it: `&` between parameters, `=` after the name, percent-encoding decoded, `+` left as it is.
import {
  ABSENT,
  EMPTY,
  Span,
  addressOf,
  allocate,
  byteAt,
  equals,
  indexOf,
  lengthOf,
  slice,
  span,
} from "as-proxy-wasm-sdk/assembly";

/** Walks over the parameters of a path. */
export class QueryCursor {
  /** The parameter as it stands, `name=value`. */
  raw: Span = EMPTY;
  /** Its name, decoded. */
  name: Span = EMPTY;
  /** Its value, decoded; EMPTY without `=`. */
  value: Span = EMPTY;
  private rest: Span = ABSENT;

  /** Begins with a path's query; one without `?` has no parameters. */
  start(path: Span): void {
    const mark = indexOf(path, 0x3f, 0);
    this.rest = mark < 0 ? ABSENT : slice(path, mark + 1, lengthOf(path));
  }

  /** Goes to the next parameter; false when there is none. */
  next(): bool {
    if (this.rest == ABSENT) return false;
    const end = indexOf(this.rest, 0x26, 0);
    this.raw = end < 0 ? this.rest : slice(this.rest, 0, end);
    this.rest = end < 0 ? ABSENT : slice(this.rest, end + 1, lengthOf(this.rest));
    const equal = indexOf(this.raw, 0x3d, 0);
    const nameEnd = equal < 0 ? lengthOf(this.raw) : <usize>equal;
    this.name = decoded(slice(this.raw, 0, nameEnd));
    this.value = equal < 0 ? EMPTY : decoded(slice(this.raw, nameEnd + 1, lengthOf(this.raw)));
    return true;
  }
}

/** The first value of a query parameter, decoded; ABSENT when there is none. */
export function queryParameter(path: Span, name: Span, cursor: QueryCursor): Span {
  cursor.start(path);
  while (cursor.next()) {
    if (equals(cursor.name, name)) return cursor.value;
  }
  return ABSENT;
}

/**
 * A path without any parameter of this name, every other byte as it was; the `?` goes with the last parameter. With
 * `keepName` the name stays and its value goes. ABSENT when the callback's memory is used up.
 */
export function withoutParameter(
  path: Span,
  name: Span,
  keepName: bool,
  cursor: QueryCursor,
): Span {
  const mark = indexOf(path, 0x3f, 0);
  if (mark < 0) return path;
  const out = allocate(lengthOf(path));
  if (out == 0) return ABSENT;
  memory.copy(out, addressOf(path), mark);
  let to = out + mark;
  let separator: u8 = 0x3f;
  cursor.start(path);
  while (cursor.next()) {
    let part = cursor.raw;
    if (equals(cursor.name, name)) {
      if (!keepName) continue;
      const equal = indexOf(part, 0x3d, 0);
      if (equal >= 0) part = slice(part, 0, equal + 1);
    }
    store<u8>(to++, separator);
    separator = 0x26;
    memory.copy(to, addressOf(part), lengthOf(part));
    to += lengthOf(part);
  }
  return span(out, to - out);
}

function decoded(text: Span): Span {
  if (indexOf(text, 0x25, 0) < 0) return text;
  const length = lengthOf(text);
  const out = allocate(length);
  if (out == 0) return text;
  let to = out;
  for (let i: usize = 0; i < length; i++) {
    const c = byteAt(text, i);
    const high = hex(byteAt(text, i + 1));
    const low = hex(byteAt(text, i + 2));
    if (c == 0x25 && high >= 0 && low >= 0) {
      store<u8>(to++, <u8>((high << 4) | low));
      i += 2;
    } else {
      store<u8>(to++, c);
    }
  }
  return span(out, to - out);
}

function hex(c: u8): i32 {
  const lower = c | 0x20;
  if (c - 0x30 <= 9) return c - 0x30;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
