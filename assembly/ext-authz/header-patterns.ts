// A list of header names of an external authorizer's settings: exact, `prefix*` or `*suffix`, ignoring case.
import { Region, Span, byteAt } from "as-proxy-wasm-sdk/assembly";
import { StringMatcher } from "../authz/string-matcher";

export class HeaderPatterns {
  private patterns: StringMatcher[] = [];

  constructor(names: string[], region: Region) {
    for (let i = 0; i < names.length; i++) {
      this.patterns.push(StringMatcher.ofHeaderIgnoringCase(names[i], region));
    }
  }

  /** Whether nothing is listed. */
  get isEmpty(): bool {
    return this.patterns.length == 0;
  }

  /** Whether a header of this name is meant; a pseudo-header never is. */
  has(name: Span): bool {
    if (byteAt(name, 0) == 0x3a) return false;
    for (let i = 0; i < this.patterns.length; i++) {
      if (this.patterns[i].matches(name)) return true;
    }
    return false;
  }
}
