// What a rule writes into the request when one of its tokens was verified: `outputPayloadToHeader`, `outputClaimToHeaders`.
import { ABSENT, Span, isPresent } from "as-proxy-wasm-sdk/assembly";
import { claimAt, claimText } from "./claim-text";
import { payloadSection } from "./jwt";
import { RequestChanges } from "./request-changes";
import { Token } from "./token";

class ClaimHeader {
  constructor(
    readonly header: Span,
    readonly path: StaticArray<Span>,
  ) {}
}

export class TokenOutputs {
  private payloadHeader: Span = ABSENT;
  private claims: ClaimHeader[] = [];

  /** `joinLists`: lists go to headers as their elements joined by commas, instead of as Envoy's base64. */
  constructor(private joinLists: bool) {}

  /** The header that gets the payload as the token has it, base64url. */
  setPayloadHeader(header: Span): void {
    this.payloadHeader = header;
  }

  /** A header that gets a claim; `path` leads to it through nested objects. */
  addClaim(header: Span, path: StaticArray<Span>): void {
    this.claims.push(new ClaimHeader(header, path));
  }

  /** The headers that only this rule may write. */
  get headers(): Span[] {
    const names: Span[] = [];
    if (this.payloadHeader != ABSENT) names.push(this.payloadHeader);
    for (let i = 0; i < this.claims.length; i++) names.push(this.claims[i].header);
    return names;
  }

  /** Takes back what was written before: Envoy has every rule begin with a clean request. */
  takeBack(changes: RequestChanges): void {
    if (this.payloadHeader != ABSENT) changes.takeBack(this.payloadHeader);
    for (let i = 0; i < this.claims.length; i++) changes.takeBack(this.claims[i].header);
  }

  /** Writes them. Where memory ends some are missing, and `memoryEnded` tells. */
  write(token: Token, changes: RequestChanges): void {
    if (this.payloadHeader != ABSENT) changes.add(this.payloadHeader, payloadSection(token.text));
    if (this.claims.length == 0) return;
    const claims = token.claims();
    for (let i = 0; i < this.claims.length; i++) {
      const claim = this.claims[i];
      const text = claimText(claimAt(claims, claim.path), this.joinLists);
      if (isPresent(text)) changes.add(claim.header, text);
    }
  }
}
