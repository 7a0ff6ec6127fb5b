// A rule of an AuthorizationPolicy: sources ORed, operations ORed, the fields within each ANDed, and every `when`.
import { Span, constant } from "as-proxy-wasm-sdk/assembly";
import { Request } from "../request";
import { Condition } from "./condition";

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
  ) {
    this.id = constant(name);
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
