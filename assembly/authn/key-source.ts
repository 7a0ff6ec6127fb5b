// Where a rule's keys come from: written in the policy, or fetched.
import { Jwk } from "./jwk";
import { Jwks } from "./jwks";

/** The keys of one rule, whoever provides them. */
export abstract class KeySource {
  /** The keys to verify with; null when there are none yet. */
  abstract keys(): Jwk[] | null;

  /** Changes whenever `keys` does; tokens verified under another generation are verified again. */
  abstract generation(): u64;
}

/** `jwtRules[].jwks`: the keys stand in the policy. */
export class InlineKeys extends KeySource {
  constructor(private set: Jwks) {
    super();
  }

  override keys(): Jwk[] | null {
    return this.set.keys;
  }

  override generation(): u64 {
    return 1;
  }
}
