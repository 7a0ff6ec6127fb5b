// All AuthorizationPolicies that apply to the workload, and what they decide.
import { Span, addressOf, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { Request } from "../request";
import { Rule } from "./rule";

export class AuthorizationEngine {
  private deny: StaticArray<Rule>;

  /** `deny`: the rules of all DENY policies, in any order. */
  constructor(deny: Rule[]) {
    // Envoy walks its policies in the order of their names: of several that match, this names the same one.
    deny.sort((a, b) => compare(a.id, b.id));
    this.deny = StaticArray.fromArray<Rule>(deny);
  }

  /** The rule that refuses the request, or null when it may pass. */
  refuses(request: Request): Rule | null {
    for (let i = 0; i < this.deny.length; i++) {
      const rule = unchecked(this.deny[i]);
      if (rule.matches(request)) return rule;
    }
    return null;
  }
}

function compare(a: Span, b: Span): i32 {
  const order = memory.compare(addressOf(a), addressOf(b), min(lengthOf(a), lengthOf(b)));
  return order != 0 ? order : <i32>lengthOf(a) - <i32>lengthOf(b);
}
