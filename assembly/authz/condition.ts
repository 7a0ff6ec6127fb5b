// One field of a source or an operation: its values ORed, negated for the `not…` fields.
import { Request } from "../request";
import { RequestPrincipalMatcher } from "./request-principal";
import { StringMatcher } from "./string-matcher";

export abstract class Condition {
  constructor(private negated: bool) {}

  /** Whether the request meets it. A `not…` field holds where no value matches, absent ones included. */
  matches(request: Request): bool {
    return this.anyValue(request) != this.negated;
  }

  /** Whether any of the values matches. */
  protected abstract anyValue(request: Request): bool;
}

/** `operation.paths` and `notPaths`: the path without query and fragment, case-sensitive. */
export class PathCondition extends Condition {
  constructor(
    negated: bool,
    private values: StaticArray<StringMatcher>,
  ) {
    super(negated);
  }

  protected override anyValue(request: Request): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (unchecked(this.values[i]).matches(request.pathOnly)) return true;
    }
    return false;
  }
}

/** `operation.methods` and `notMethods`: case-sensitive. */
export class MethodCondition extends Condition {
  constructor(
    negated: bool,
    private values: StaticArray<StringMatcher>,
  ) {
    super(negated);
  }

  protected override anyValue(request: Request): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (unchecked(this.values[i]).matches(request.method)) return true;
    }
    return false;
  }
}

/** `operation.hosts` and `notHosts`: `:authority` with its port, ignoring case. */
export class HostCondition extends Condition {
  constructor(
    negated: bool,
    private values: StaticArray<StringMatcher>,
  ) {
    super(negated);
  }

  protected override anyValue(request: Request): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (unchecked(this.values[i]).matches(request.authority)) return true;
    }
    return false;
  }
}

/** `operation.ports` and `notPorts`: the workload's port. */
export class PortCondition extends Condition {
  constructor(
    negated: bool,
    private values: StaticArray<i32>,
  ) {
    super(negated);
  }

  protected override anyValue(request: Request): bool {
    const port = request.destinationPort();
    for (let i = 0; i < this.values.length; i++) {
      if (unchecked(this.values[i]) == port) return true;
    }
    return false;
  }
}

/** `source.requestPrincipals` and `notRequestPrincipals`: the claims of the verified token. */
export class RequestPrincipalCondition extends Condition {
  constructor(
    negated: bool,
    private values: StaticArray<RequestPrincipalMatcher>,
  ) {
    super(negated);
  }

  protected override anyValue(request: Request): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (unchecked(this.values[i]).matches(request.issuer, request.subject)) return true;
    }
    return false;
  }
}
