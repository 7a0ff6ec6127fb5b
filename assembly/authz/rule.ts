// A rule of an AuthorizationPolicy: sources ORed, operations ORed, the fields within each ANDed, and every `when`.
import { Region, Span } from "as-proxy-wasm-sdk/assembly";
import { MAX_REASONS } from "../limits";
import { Request } from "../request";
import { Condition } from "./condition";
import { Dimension, IndexKeys } from "./rule-index";

export class Rule {
  /** The name again, as bytes. */
  readonly id: Span;

  constructor(
    /** `ns[NAMESPACE]-policy[NAME]-rule[INDEX]`, as Istio names it. */
    readonly name: string,
    /** `from`; no element means any source. */
    private sources: StaticArray<StaticArray<Condition>>,
    /** `to`; no element means any operation. */
    private operations: StaticArray<StaticArray<Condition>>,
    /** `when`: all of them. */
    private when: StaticArray<Condition>,
    region: Region,
  ) {
    this.id = region.text(name);
  }

  /**
   * Leaves out what only HTTP has, which widens the rule: for connections that carry none. False when an ALLOW rule has any such
   * condition: it goes as a whole then (istiod: checkError).
   */
  reduceToTcp(isAllow: bool): bool {
    const hasHttp = anyIsHttp(this.sources) || anyIsHttp(this.operations) || hasHttpOnly(this.when);
    if (!hasHttp) return true;
    if (isAllow) return false;
    this.sources = withoutHttp(this.sources);
    this.operations = withoutHttp(this.operations);
    this.when = kept(this.when);
    return true;
  }

  /** Adds what a request must have in the keys' dimension to match; false, or no keys, where that cannot be said. */
  addKeysTo(keys: IndexKeys): bool {
    const isOfSource = keys.dimension == Dimension.Subject;
    return addAllKeys(isOfSource ? this.sources : this.operations, keys);
  }

  /**
   * Which parts of the rule hold for a request that matches it, in the policy's words: `from[0].source.principals`; of `from` and
   * `to` the first element that does. Empty for a rule without any.
   */
  reasons(request: Request): string {
    const parts: string[] = [];
    addHolding(this.sources, "from", "source", request, parts);
    addHolding(this.operations, "to", "operation", request, parts);
    for (let i = 0; i < this.when.length; i++) addReason(parts, this.when[i].field);
    return parts.join(",");
  }

  /** The first condition that fails of each element of `from` or `to` where none holds, and of `when`. */
  failures(request: Request): string {
    const parts: string[] = [];
    addFailing(this.sources, "from", "source", request, parts);
    addFailing(this.operations, "to", "operation", request, parts);
    const when = firstFailing(this.when, request);
    if (when !== null) parts.push(when.field);
    return parts.join(",");
  }

  /** Whether the request matches. */
  matches(request: Request): bool {
    return (
      anyHolds(this.sources, request) &&
      anyHolds(this.operations, request) &&
      allHold(this.when, request)
    );
  }
}

function hasHttpOnly(conditions: StaticArray<Condition>): bool {
  for (let i = 0; i < conditions.length; i++) {
    if (unchecked(conditions[i]).isHttpOnly) return true;
  }
  return false;
}

function anyIsHttp(alternatives: StaticArray<StaticArray<Condition>>): bool {
  for (let i = 0; i < alternatives.length; i++) {
    if (hasHttpOnly(unchecked(alternatives[i]))) return true;
  }
  return false;
}

function withoutHttp(
  alternatives: StaticArray<StaticArray<Condition>>,
): StaticArray<StaticArray<Condition>> {
  const all = new StaticArray<StaticArray<Condition>>(alternatives.length);
  for (let i = 0; i < alternatives.length; i++) all[i] = kept(alternatives[i]);
  return all;
}

function kept(conditions: StaticArray<Condition>): StaticArray<Condition> {
  const list: Condition[] = [];
  for (let i = 0; i < conditions.length; i++) {
    if (!conditions[i].isHttpOnly) list.push(conditions[i]);
  }
  return StaticArray.fromArray<Condition>(list);
}

function anyHolds(alternatives: StaticArray<StaticArray<Condition>>, request: Request): bool {
  if (alternatives.length == 0) return true;
  for (let i = 0; i < alternatives.length; i++) {
    if (allHold(unchecked(alternatives[i]), request)) return true;
  }
  return false;
}

function allHold(conditions: StaticArray<Condition>, request: Request): bool {
  for (let i = 0; i < conditions.length; i++) {
    if (!unchecked(conditions[i]).matches(request)) return false;
  }
  return true;
}

/** Every element must say something in this dimension: any of them may be the one that matches. Where there is none, no key is added. */
function addAllKeys(alternatives: StaticArray<StaticArray<Condition>>, keys: IndexKeys): bool {
  for (let i = 0; i < alternatives.length; i++) {
    const conditions = unchecked(alternatives[i]);
    let isFiled = false;
    for (let j = 0; j < conditions.length && !isFiled; j++) {
      isFiled = unchecked(conditions[j]).addKeysTo(keys);
    }
    if (!isFiled) return false;
  }
  return true;
}

function firstFailing(conditions: StaticArray<Condition>, request: Request): Condition | null {
  for (let i = 0; i < conditions.length; i++) {
    const condition = unchecked(conditions[i]);
    if (!condition.matches(request)) return condition;
  }
  return null;
}

function addHolding(
  alternatives: StaticArray<StaticArray<Condition>>,
  list: string,
  inner: string,
  request: Request,
  to: string[],
): void {
  for (let i = 0; i < alternatives.length; i++) {
    const conditions = unchecked(alternatives[i]);
    if (!allHold(conditions, request)) continue;
    for (let j = 0; j < conditions.length; j++) {
      addReason(to, place(list, i, inner, conditions[j]));
    }
    return;
  }
}

function addFailing(
  alternatives: StaticArray<StaticArray<Condition>>,
  list: string,
  inner: string,
  request: Request,
  to: string[],
): void {
  if (anyHolds(alternatives, request)) return;
  for (let i = 0; i < alternatives.length; i++) {
    const failing = firstFailing(unchecked(alternatives[i]), request);
    if (failing !== null) addReason(to, place(list, i, inner, failing));
  }
}

/** A policy may have thousands of conditions, and a record is made of them for every request that is refused. */
function addReason(to: string[], reason: string): void {
  if (to.length < MAX_REASONS) to.push(reason);
}

function place(list: string, index: i32, inner: string, condition: Condition): string {
  return list + "[" + index.toString() + "]." + inner + "." + condition.field;
}
