// All AuthorizationPolicies that apply to the workload, and what they decide.
import { LogLevel, Span, constant, log } from "as-proxy-wasm-sdk/assembly";
import { compareBytes } from "../bytes/compare";
import { Doubt, Request } from "../request";
import { Rule } from "./rule";
import { RuleIndex } from "./rule-index";

/** Istio's name for what refuses where no ALLOW rule matches. */
export const NO_RULE = "none";
const NO_RULE_ID = constant(NO_RULE);

/** The policies of one action. */
export class Policies {
  /** Whether there is any, be it one without rules. */
  isPresent: bool = false;
  rules: Rule[] = [];
  /** How many values the rules have, all together. */
  values: i32 = 0;
}

/** The rules of one action, in Envoy's order. */
class RuleList {
  readonly isPresent: bool;
  private rules: StaticArray<Rule>;
  private index: RuleIndex = new RuleIndex(new StaticArray<Rule>(0));

  constructor(policies: Policies) {
    // Envoy walks its policies in the order of their names: of several that match, this names the same one.
    policies.rules.sort((a, b) => compareBytes(a.id, b.id));
    this.isPresent = policies.isPresent;
    this.rules = StaticArray.fromArray<Rule>(policies.rules);
    this.index = new RuleIndex(this.rules);
  }

  /** Writes a line of the log about every rule: `trace ACTION RULE yes|no: CONDITION,…`. */
  trace(action: string, request: Request): void {
    for (let i = 0; i < this.rules.length; i++) {
      const rule = unchecked(this.rules[i]);
      const matches = rule.matches(request);
      const why = matches ? rule.reasons(request) : rule.failures(request);
      log(
        LogLevel.Trace,
        "trace " + action + " " + rule.name + (matches ? " yes: " : " no: ") + why,
      );
    }
  }

  /** The first rule that matches, or null. */
  first(request: Request): Rule | null {
    return this.index.first(request);
  }
}

/** What the CUSTOM policies want of a request. */
export namespace Custom {
  /** Nothing. */
  export const None: i32 = 0;
  /** Its external authorizer is to be asked, because of `customRule`. */
  export const Ask: i32 = 1;
  /** What a rule asks for is not known: nobody may pass by it. */
  export const Undecided: i32 = 2;
}

/** What was decided. */
export class Decision {
  constructor(
    /** What a rule asked for is not known (`Request.doubt`): no rule has refused the request, and none may let it pass. */
    readonly isUndecided: bool = false,
  ) {
    this.allowed = !isUndecided;
  }

  /** False, too, where nothing could be decided. */
  allowed: bool;
  /** The rule that decided; of no request: NO_RULE when ALLOW policies are there, and none matched. */
  rule: string = "";
  id: Span = 0;
  /** The rule itself; null where none has decided. */
  by: Rule | null = null;
  /** What the AUDIT policies and the policies that are only tried say; empty when nothing. */
  audit: Rule | null = null;
  dryRunDeny: Rule | null = null;
  /** The ALLOW policies that are only tried would refuse the request. */
  dryRunRefuses: bool = false;
}

export class AuthorizationEngine {
  private decision: Decision = new Decision();
  private undecided: Decision = new Decision(true);
  private deny: RuleList;
  private allow: RuleList;
  private audit: RuleList;
  private dryRunDeny: RuleList;
  private dryRunAllow: RuleList;
  private customs: RuleList;

  /** The policies by action; those that are only tried apart. */
  constructor(
    deny: Policies = new Policies(),
    allow: Policies = new Policies(),
    audit: Policies = new Policies(),
    dryRunDeny: Policies = new Policies(),
    dryRunAllow: Policies = new Policies(),
    custom: Policies = new Policies(),
  ) {
    this.deny = new RuleList(deny);
    this.allow = new RuleList(allow);
    this.audit = new RuleList(audit);
    this.dryRunDeny = new RuleList(dryRunDeny);
    this.dryRunAllow = new RuleList(dryRunAllow);
    this.customs = new RuleList(custom);
  }

  /** Whether no policy at all decides about anything. */
  get isEmpty(): bool {
    return !this.deny.isPresent && !this.allow.isPresent;
  }

  /** The CUSTOM rule of the latest `custom` that said Ask. */
  customRule: Rule | null = null;

  /** Whether a CUSTOM rule sends the request to its external authorizer (`Custom`). Asked before tokens are looked at. */
  custom(request: Request): i32 {
    this.customRule = this.customs.first(request);
    if (request.doubt != Doubt.None) return Custom.Undecided;
    return this.customRule === null ? Custom.None : Custom.Ask;
  }

  /**
   * Decides: DENY before ALLOW; where ALLOW policies are there, one of their rules must match. AUDIT and dry-run policies are
   * judged as istiod's filters judge them, and change nothing. The result is good until the next call.
   */
  decide(request: Request): Decision {
    const decision = this.decision;
    this.judge(request, decision);
    // What is not known was taken for absent.
    if (request.doubt != Doubt.None) return this.undecided;
    this.observe(request, decision);
    return decision;
  }

  private judge(request: Request, decision: Decision): void {
    decision.allowed = true;
    decision.by = this.deny.first(request);
    const denied = decision.by;
    if (denied !== null) {
      decision.allowed = false;
      decision.rule = denied.name;
      decision.id = denied.id;
      return;
    }
    if (!this.allow.isPresent) return;
    decision.by = this.allow.first(request);
    if (decision.by === null) {
      decision.allowed = false;
      decision.rule = NO_RULE;
      decision.id = NO_RULE_ID;
    }
  }

  /** What the policies say that change nothing; where one of them asks for what is not known, they say nothing, either. */
  private observe(request: Request, decision: Decision): void {
    const audit = this.audit.first(request);
    const denied = this.dryRunDeny.first(request);
    // What a DENY rule refuses does not come to istiod's filter for ALLOW.
    const isRefused =
      (decision.allowed || decision.by === null) &&
      this.dryRunAllow.isPresent &&
      this.dryRunAllow.first(request) === null;
    const isKnown = request.doubt == Doubt.None;
    decision.audit = isKnown ? audit : null;
    decision.dryRunDeny = isKnown ? denied : null;
    decision.dryRunRefuses = isKnown && isRefused;
  }

  /** Says in the log of each rule whether it matches the request and why: what `portcullis explain` prints. */
  trace(request: Request): void {
    this.audit.trace("AUDIT", request);
    this.dryRunDeny.trace("DRY-RUN-DENY", request);
    this.deny.trace("DENY", request);
    this.dryRunAllow.trace("DRY-RUN-ALLOW", request);
    this.allow.trace("ALLOW", request);
  }

  /** The same for the CUSTOM rules, which are judged before tokens are looked at. */
  traceCustom(request: Request): void {
    this.customs.trace("CUSTOM", request);
  }
}
