// One token of the current request: read once, whatever number of rules look at it.
import { EMPTY, Span, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { Node, NO_NODE } from "../json/tape";
import { MAX_TOKEN_BYTES } from "../limits";
import { JwtStatus } from "../status";
import { payloadOf } from "./jwt";
import { CachedToken, TokenCache } from "./token-cache";

export class Token extends CachedToken {
  text: Span = EMPTY;
  /** What is wrong with it, whatever the rule: JwtStatus. */
  status: i32 = JwtStatus.Ok;
  /** `spaceDelimitedClaims` of the rule that has verified it last. */
  spaceDelimited: Span[] = [];
  /** Whether the cache knew it; then only what every request needs is in `jwt`. */
  isCached: bool = false;

  /** Begins with a token as it was found in the request. */
  begin(text: Span, cache: TokenCache): void {
    this.text = text;
    this.jwt.payload = NO_NODE;
    this.isCached = cache.find(text, this);
    if (this.isCached) this.status = JwtStatus.Ok;
    else this.read();
  }

  /** Reads all of it: needed before its signature can be verified. */
  read(): void {
    this.isCached = false;
    this.status =
      lengthOf(this.text) > MAX_TOKEN_BYTES ? JwtStatus.BadFormat : this.jwt.read(this.text);
  }

  /** The claims of a token that was verified; NO_NODE when the callback's memory is used up. */
  claims(): Node {
    const jwt = this.jwt;
    if (jwt.payload == NO_NODE) jwt.payload = payloadOf(this.text);
    return jwt.payload;
  }
}
