// `jwtRules[].audiences`: any of them must be the token's, compared as Envoy does: without `http://` or `https://` in front, and
// without one slash at the end, on both sides.
import { Span, byteAt, constant, equals, lengthOf, slice } from "as-proxy-wasm-sdk/assembly";
import { Kind, Node, after, countOf, firstOf, kindOf, textOf } from "../json/tape";

const HTTP = constant("http://");
const HTTPS = constant("https://");

export class Audiences {
  private allowed: Span[] = [];

  /** Adds an audience; the span must live as long as the rule. */
  add(audience: Span): void {
    this.allowed.push(normalized(audience));
  }

  /** Whether a token with this `aud` is meant for us; with none configured every one is. */
  allow(aud: Node): bool {
    if (this.allowed.length == 0) return true;
    if (kindOf(aud) == Kind.String) return this.has(textOf(aud));
    if (kindOf(aud) != Kind.Array) return false;
    let element = firstOf(aud);
    for (let i = countOf(aud); i > 0; i--) {
      if (this.has(textOf(element))) return true;
      element = after(element);
    }
    return false;
  }

  private has(audience: Span): bool {
    const text = normalized(audience);
    for (let i = 0; i < this.allowed.length; i++) {
      if (equals(this.allowed[i], text)) return true;
    }
    return false;
  }
}

function normalized(audience: Span): Span {
  let start: usize = 0;
  if (equals(slice(audience, 0, lengthOf(HTTPS)), HTTPS)) start = lengthOf(HTTPS);
  else if (equals(slice(audience, 0, lengthOf(HTTP)), HTTP)) start = lengthOf(HTTP);
  let end = lengthOf(audience);
  // Where a scheme is all there is nothing is left, with its last slash or without.
  if (byteAt(audience, end - 1) == 0x2f) end--;
  return slice(audience, start, end);
}
