// Istio's matching of one string (pilot/pkg/security/authz/matcher): exact, `prefix*`, `*suffix`, or `*`.
import {
  ABSENT,
  Region,
  Span,
  addressOf,
  byteAt,
  indexOf,
  isPresent,
  lengthOf,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { IndexKeys } from "./rule-index";

const STAR: u8 = 0x2a;

namespace Form {
  export const Exact: u32 = 0;
  export const Prefix: u32 = 1;
  export const Suffix: u32 = 2;
  /** Envoy's regular expression `.+`: not empty, and no line feed, which its `.` does not match. */
  export const NotEmpty: u32 = 3;
  /** Present, empty or not. */
  export const Present: u32 = 4;
}

/** A pattern. Its text lives in the region that it was made with. */
export class StringMatcher {
  private constructor(
    private form: u32,
    private text: Span,
    private ignoreCase: bool,
  ) {}

  /** Matches this text alone, `*` included. */
  static exact(text: string, region: Region): StringMatcher {
    return new StringMatcher(Form.Exact, region.text(text), false);
  }

  /** Matches what ends in this text. */
  static suffix(text: string, region: Region): StringMatcher {
    return new StringMatcher(Form.Suffix, region.text(text), false);
  }

  /** Matches what begins with this text. */
  static prefix(text: string, region: Region): StringMatcher {
    return new StringMatcher(Form.Prefix, region.text(text), false);
  }

  /** Matches every text that is not empty. */
  static notEmpty(): StringMatcher {
    return new StringMatcher(Form.NotEmpty, ABSENT, false);
  }

  /** For claims and paths, where Istio generates `.+` for `*`. */
  static of(pattern: string, region: Region): StringMatcher {
    return StringMatcher.withStar(region.text(pattern), Form.NotEmpty, false);
  }

  /** For headers, where Istio asks for presence alone for `*`, and for what ignores (ASCII) case, as hosts do. */
  static ofHeaderIgnoringCase(pattern: string, region: Region): StringMatcher {
    return StringMatcher.withStar(region.text(asciiLowerCase(pattern)), Form.Present, true);
  }

  /** `of` for the bytes of a value, which are copied. */
  static ofBytes(pattern: Span, region: Region): StringMatcher {
    return StringMatcher.withStar(region.keep(pattern), Form.NotEmpty, false);
  }

  /** For headers, with their case: the bytes of a value, which are copied. */
  static ofHeaderBytes(pattern: Span, region: Region): StringMatcher {
    return StringMatcher.withStar(region.keep(pattern), Form.Present, false);
  }

  /** The pattern is in the region already. */
  private static withStar(pattern: Span, star: u32, ignoreCase: bool): StringMatcher {
    const length = lengthOf(pattern);
    if (byteAt(pattern, 0) == STAR) {
      const text = slice(pattern, 1, length);
      return new StringMatcher(length == 1 ? star : Form.Suffix, text, ignoreCase);
    }
    if (byteAt(pattern, length - 1) == STAR) {
      return new StringMatcher(Form.Prefix, slice(pattern, 0, length - 1), ignoreCase);
    }
    return new StringMatcher(Form.Exact, pattern, ignoreCase);
  }

  /** Files the pattern under what a value must be or begin with; false for a pattern that says neither. */
  addKey(to: IndexKeys): bool {
    if (this.form == Form.Exact) to.addExact(this.text);
    else if (this.form == Form.Prefix && lengthOf(this.text) > 0) to.addPrefix(this.text);
    else return false;
    return true;
  }

  /** Whether the value matches; an absent one never does. */
  matches(value: Span): bool {
    if (!isPresent(value)) return false;
    const size = lengthOf(this.text);
    const length = lengthOf(value);
    switch (this.form) {
      case Form.Exact:
        return length == size && this.same(addressOf(value), size);
      case Form.Prefix:
        return length >= size && this.same(addressOf(value), size);
      case Form.Suffix:
        return length >= size && this.same(addressOf(value) + length - size, size);
      case Form.NotEmpty:
        return length > 0 && indexOf(value, 0x0a, 0) < 0;
      default:
        return true;
    }
  }

  private same(address: usize, size: usize): bool {
    const text = addressOf(this.text);
    if (!this.ignoreCase) return memory.compare(address, text, size) == 0;
    for (let i: usize = 0; i < size; i++) {
      let c = load<u8>(address + i);
      if (c - 0x41 < 26) c |= 0x20;
      if (c != load<u8>(text + i)) return false;
    }
    return true;
  }
}

function asciiLowerCase(text: string): string {
  const units: i32[] = [];
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    units.push(c - 0x41 < 26 && c >= 0x41 ? c | 0x20 : c);
  }
  return String.fromCharCodes(units);
}
