// A path with `{*}` and `{**}`: one segment, and any number of characters (Envoy's uri_template).
import {
  EMPTY,
  Region,
  Span,
  addressOf,
  byteAt,
  equals,
  indexOf,
  lengthOf,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { IndexKeys } from "./rule-index";

const ANY_SEGMENT = "{*}";
const REST = "{**}";

/** What matched segments may consist of: 1 for each such byte. Of literals of a template, Istio refuses `*`. */
const MATCHED: usize = table("-._~%!$&'()+,;:@=*");
const STAR: u8 = 0x2a;
const SLASH: u8 = 0x2f;

function table(punctuation: string): usize {
  const values = heap.alloc(256);
  memory.fill(values, 0, 256);
  for (let c = 0; c < 128; c++) {
    const lower = c | 0x20;
    const isLetter = lower >= 0x61 && lower <= 0x7a;
    const isDigit = c >= 0x30 && c <= 0x39;
    if (isLetter || isDigit || punctuation.includes(String.fromCharCode(c)))
      store<u8>(values + c, 1);
  }
  return values;
}

function isMatched(c: u8): bool {
  return load<u8>(MATCHED + c) == 1;
}

export class PathTemplate {
  /** The segments' texts, and which of them are `{*}`. */
  private segments: Span[] = [];
  private isAny: bool[] = [];
  private hasRest: bool = false;
  /** What stands behind `{**}`. */
  private tail: Span = EMPTY;

  /** Whether a value of `paths` is a template rather than a text. */
  static isTemplate(text: Span): bool {
    return indexOf(text, 0x7b, 0) >= 0 || indexOf(text, 0x7d, 0) >= 0;
  }

  /** What Istio's webhook or Envoy refuses of a template; empty when it is sound. `field`: `Paths` or `NotPaths`. */
  static problemOf(text: string, field: string): string {
    const refused = "invalid or unsupported path " + text + ", found in " + field + ". ";
    if (!text.startsWith("/")) return refused + "It does not begin with a slash";
    const parts = text.split("/");
    let hasRest = false;
    for (let i = 1; i < parts.length; i++) {
      const part = parts[i];
      if (part == ANY_SEGMENT || part == REST) {
        if (hasRest) return refused + "{**} is not the last operator";
        hasRest = part == REST;
      } else if (part.includes("{") || part.includes("}")) {
        return refused + "Contains '{' or '}' beyond a supported path template";
      } else if (!isSound(part) && (part.length > 0 || i < parts.length - 1)) {
        return refused + "Contains segment " + part + " with invalid string literal";
      }
    }
    return "";
  }

  /** What every matching path begins with, but for a slash at its end. */
  private begins: Span = EMPTY;

  /** A sound template; its texts live in `region`. */
  constructor(text: string, region: Region) {
    const head = text.substring(0, text.indexOf("{"));
    this.begins = region.text(head.endsWith("/") ? head.substring(0, head.length - 1) : head);
    const rest = text.indexOf(REST);
    this.hasRest = rest >= 0;
    // The slash in front of `{**}` is asked for by `matches`.
    const front = rest < 0 ? text : text.substring(0, rest - 1);
    if (rest >= 0) this.tail = region.text(text.substring(rest + REST.length));
    const parts = front.split("/");
    for (let i = 1; i < parts.length; i++) {
      this.isAny.push(parts[i] == ANY_SEGMENT);
      this.segments.push(region.text(parts[i]));
    }
  }

  /** Files the template under what it begins with; false where it begins with a wildcard. */
  addKey(to: IndexKeys): bool {
    if (lengthOf(this.begins) == 0) return false;
    to.addPrefix(this.begins);
    return true;
  }

  /** Whether a path (without query) matches. */
  matches(path: Span): bool {
    const length = lengthOf(path);
    let at: usize = 0;
    for (let i = 0; i < this.segments.length; i++) {
      if (byteAt(path, at) != SLASH) return false;
      const start = ++at;
      while (at < length && byteAt(path, at) != SLASH) at++;
      const segment = slice(path, start, at);
      if (unchecked(this.isAny[i])) {
        if (lengthOf(segment) == 0 || !areMatched(segment, false)) return false;
      } else if (!equals(segment, unchecked(this.segments[i]))) {
        return false;
      }
    }
    if (!this.hasRest) return at == length;
    if (byteAt(path, at++) != SLASH || at + lengthOf(this.tail) > length) return false;
    const end = length - lengthOf(this.tail);
    return areMatched(slice(path, at, end), true) && equals(slice(path, end, length), this.tail);
  }
}

function isSound(literal: string): bool {
  if (literal.length == 0) return false;
  for (let i = 0; i < literal.length; i++) {
    const c = literal.charCodeAt(i);
    if (c > 0x7f || c == STAR || !isMatched(<u8>c)) return false;
  }
  return true;
}

function areMatched(text: Span, withSlashes: bool): bool {
  for (let i: usize = 0; i < lengthOf(text); i++) {
    const c = load<u8>(addressOf(text) + i);
    if (!isMatched(c) && !(withSlashes && c == SLASH)) return false;
  }
  return true;
}
