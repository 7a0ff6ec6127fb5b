// `filterStateClaims` of the plugin configuration: claims for later filters and access logs (docs/access-log.md).
import { Region, Span, isPresent, joinPath, setProperty } from "as-proxy-wasm-sdk/assembly";
import { claimAt, claimText } from "./claim-text";
import { Token } from "./token";

/** One claim that goes to filter state `wasm.portcullis.claim.<name>`. */
export class ClaimState {
  private property: Span;

  /** `name` as configured; `path` leads to it through nested objects. */
  constructor(
    name: string,
    private path: StaticArray<Span>,
    private joinLists: bool,
    region: Region,
  ) {
    this.property = region.text(joinPath(["portcullis.claim." + name]));
  }

  /** Writes the claim's text, as `outputClaimToHeaders` would; nothing where the token has no such claim. */
  write(token: Token): void {
    const text = claimText(claimAt(token.claims(), this.path), this.joinLists);
    if (isPresent(text)) setProperty(this.property, text);
  }
}
