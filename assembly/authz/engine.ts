// All AuthorizationPolicies that apply to the workload, and what they decide.
import { compareBytes } from "../bytes/compare";
import { Request } from "../request";
import { Rule } from "./rule";

export class AuthorizationEngine {
  private deny: StaticArray<Rule>;

  /** `deny`: the rules of all DENY policies, in any order. */
  constructor(deny: Rule[]) {
    // Envoy walks its policies in the order of their names: of several that match, this names the same one.
    deny.sort((a, b) => compareBytes(a.id, b.id));
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
