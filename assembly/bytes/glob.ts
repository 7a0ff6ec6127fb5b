// Texts with gaps, matched as a whole: what Istio writes as regular expressions of literals, `.*` and `.+`.
import { Region, Span, addressOf, lengthOf, sameBytes } from "as-proxy-wasm-sdk/assembly";

/** Two literals or more, with a gap of any characters between each two of them. */
export class Glob {
  private literals: Span[] = [];

  /** `least`: how many characters each gap has at least: 0 (`.*`) or 1 (`.+`). The literals live in `region`. */
  constructor(
    literals: string[],
    private least: usize,
    region: Region,
  ) {
    for (let i = 0; i < literals.length; i++) this.literals.push(region.text(literals[i]));
  }

  /** Whether the whole text matches. */
  matches(text: Span): bool {
    const count = this.literals.length;
    const first = this.literals[0];
    const last = this.literals[count - 1];
    const length = lengthOf(text);
    if (!isAt(text, 0, first)) return false;
    let at = lengthOf(first);
    // Each literal as early as it can be: if that does not do, later does not either.
    for (let i = 1; i < count - 1; i++) {
      const literal = this.literals[i];
      at += this.least;
      while (at + lengthOf(literal) <= length && !isAt(text, at, literal)) at++;
      if (at + lengthOf(literal) > length) return false;
      at += lengthOf(literal);
    }
    const end = at + this.least + lengthOf(last);
    return end <= length && isAt(text, length - lengthOf(last), last);
  }
}

function isAt(text: Span, at: usize, literal: Span): bool {
  const size = lengthOf(literal);
  return at + size <= lengthOf(text) && sameBytes(addressOf(text) + at, addressOf(literal), size);
}
