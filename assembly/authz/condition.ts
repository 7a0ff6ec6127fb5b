// One field of a source or an operation: its values ORed, negated for the `not…` fields.
import { Request } from "../request";
import { Span, indexOf, lengthOf, slice } from "as-proxy-wasm-sdk/assembly";
import { IpAddress, IpRange } from "../bytes/ip";
import { Kind, Node, after, countOf, firstOf, kindOf, textOf } from "../json/tape";
import { IdentityMatcher } from "./identity-matcher";
import { PathTemplate } from "./path-template";
import { RequestPrincipalMatcher } from "./request-principal";
import { Dimension, IndexKeys } from "./rule-index";
import { StringMatcher } from "./string-matcher";

export abstract class Condition {
  constructor(
    /** Its name in the policy, within its source, operation or rule: `notPaths`, `when[0].values`. */
    readonly field: string,
    private negated: bool,
  ) {}

  /** Whether the request meets it. A `not…` field holds where no value matches, absent ones included. */
  matches(request: Request): bool {
    return this.anyValue(request) != this.negated;
  }

  /** Whether a connection that carries no HTTP cannot be asked for it. */
  get isHttpOnly(): bool {
    return false;
  }

  /** What a rule with this condition can be filed under. */
  get dimension(): i32 {
    return Dimension.Other;
  }

  /** Files its values; false where that says nothing of which requests can match: negated, or with a wildcard in front. */
  addKeysTo(keys: IndexKeys): bool {
    return !this.negated && this.addKeys(keys);
  }

  protected addKeys(keys: IndexKeys): bool {
    return false;
  }

  /** Whether any of the values matches. */
  protected abstract anyValue(request: Request): bool;
}

/** `operation.paths` and `notPaths`: the path without query and fragment, case-sensitive. */
export class PathCondition extends Condition {
  constructor(
    field: string,
    negated: bool,
    private values: StaticArray<StringMatcher>,
    private templates: StaticArray<PathTemplate>,
  ) {
    super(field, negated);
  }

  override get isHttpOnly(): bool {
    return true;
  }

  override get dimension(): i32 {
    return Dimension.Path;
  }

  protected override addKeys(keys: IndexKeys): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (!unchecked(this.values[i]).addKey(keys)) return false;
    }
    for (let i = 0; i < this.templates.length; i++) {
      if (!unchecked(this.templates[i]).addKey(keys)) return false;
    }
    return true;
  }

  protected override anyValue(request: Request): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (unchecked(this.values[i]).matches(request.pathOnly)) return true;
    }
    for (let i = 0; i < this.templates.length; i++) {
      if (unchecked(this.templates[i]).matches(request.pathOnly)) return true;
    }
    return false;
  }
}

/** `operation.methods` and `notMethods`: case-sensitive. */
export class MethodCondition extends Condition {
  constructor(
    field: string,
    negated: bool,
    private values: StaticArray<StringMatcher>,
  ) {
    super(field, negated);
  }

  override get isHttpOnly(): bool {
    return true;
  }

  override get dimension(): i32 {
    return Dimension.Method;
  }

  protected override addKeys(keys: IndexKeys): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (!unchecked(this.values[i]).addKey(keys)) return false;
    }
    return true;
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
    field: string,
    negated: bool,
    private values: StaticArray<StringMatcher>,
  ) {
    super(field, negated);
  }

  override get isHttpOnly(): bool {
    return true;
  }

  override get dimension(): i32 {
    return Dimension.Host;
  }

  protected override addKeys(keys: IndexKeys): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (!unchecked(this.values[i]).addKey(keys)) return false;
    }
    return true;
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
    field: string,
    negated: bool,
    private values: StaticArray<i32>,
  ) {
    super(field, negated);
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
    field: string,
    negated: bool,
    private values: StaticArray<RequestPrincipalMatcher>,
  ) {
    super(field, negated);
  }

  override get isHttpOnly(): bool {
    return true;
  }

  override get dimension(): i32 {
    return Dimension.Subject;
  }

  protected override addKeys(keys: IndexKeys): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (!unchecked(this.values[i]).addKey(keys)) return false;
    }
    return true;
  }

  protected override anyValue(request: Request): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (unchecked(this.values[i]).matches(request.issuer, request.subject)) return true;
    }
    return false;
  }
}

/** `when` with `request.headers[NAME]`: every value of the header is matched by itself; `*` wants it to be there. */
export class HeaderCondition extends Condition {
  constructor(
    field: string,
    negated: bool,
    /** In lower case. */
    private name: Span,
    private values: StaticArray<StringMatcher>,
  ) {
    super(field, negated);
  }

  override get isHttpOnly(): bool {
    return true;
  }

  protected override anyValue(request: Request): bool {
    const headers = request.headers;
    let at = headers.find(this.name);
    while (at >= 0) {
      for (let i = 0; i < this.values.length; i++) {
        if (unchecked(this.values[i]).matches(headers.value(at))) return true;
      }
      at = headers.find(this.name, at + 1);
    }
    return false;
  }
}

/** `when` with `connection.sni`. */
export class SniCondition extends Condition {
  constructor(
    field: string,
    negated: bool,
    private values: StaticArray<StringMatcher>,
  ) {
    super(field, negated);
  }

  protected override anyValue(request: Request): bool {
    const sni = request.requestedServerName();
    for (let i = 0; i < this.values.length; i++) {
      if (unchecked(this.values[i]).matches(sni)) return true;
    }
    return false;
  }
}

/** `source.remoteIpBlocks` and `remote.ip`: the client, as Envoy makes it out behind proxies. */
export class RemoteIpCondition extends Condition {
  constructor(
    field: string,
    negated: bool,
    private ranges: StaticArray<IpRange>,
  ) {
    super(field, negated);
  }

  protected override anyValue(request: Request): bool {
    return isInAny(request.remoteAddress(), this.ranges);
  }
}

/** `source.ipBlocks` and `source.ip`: the direct peer. */
export class DirectIpCondition extends Condition {
  constructor(
    field: string,
    negated: bool,
    private ranges: StaticArray<IpRange>,
  ) {
    super(field, negated);
  }

  protected override anyValue(request: Request): bool {
    return isInAny(request.directAddress(), this.ranges);
  }
}

/** `source.principals`, `namespaces`, `serviceAccounts` and `trustDomains`: any name of the peer's certificate. */
export class IdentityCondition extends Condition {
  constructor(
    field: string,
    negated: bool,
    private values: StaticArray<IdentityMatcher>,
  ) {
    super(field, negated);
  }

  protected override anyValue(request: Request): bool {
    const peer = request.identities();
    for (let i = 0; i < peer.count; i++) {
      for (let j = 0; j < this.values.length; j++) {
        if (unchecked(this.values[j]).matches(peer.name(i))) return true;
      }
    }
    return false;
  }
}

/** `destination.ip`: the connection's own address here. */
export class DestinationIpCondition extends Condition {
  constructor(
    field: string,
    negated: bool,
    private ranges: StaticArray<IpRange>,
  ) {
    super(field, negated);
  }

  protected override anyValue(request: Request): bool {
    return isInAny(request.destinationAddress(), this.ranges);
  }
}

function isInAny(address: IpAddress, ranges: StaticArray<IpRange>): bool {
  for (let i = 0; i < ranges.length; i++) {
    if (unchecked(ranges[i]).has(address)) return true;
  }
  return false;
}

/**
 * `when` with `request.auth.claims[…]`, `request.auth.audiences` and `request.auth.presenter`: a claim that is a text, or a list
 * with such a text in it. Numbers and booleans match nothing, as for Envoy.
 */
export class ClaimCondition extends Condition {
  constructor(
    field: string,
    negated: bool,
    private path: StaticArray<Span>,
    private values: StaticArray<StringMatcher>,
  ) {
    super(field, negated);
  }

  override get isHttpOnly(): bool {
    return true;
  }

  protected override anyValue(request: Request): bool {
    const claim = request.claim(this.path);
    if (kindOf(claim) == Kind.String) return this.matchesText(textOf(claim), request);
    if (kindOf(claim) != Kind.Array) return false;
    let element: Node = firstOf(claim);
    for (let i = countOf(claim); i > 0; i--) {
      if (kindOf(element) == Kind.String && this.matchesOne(textOf(element))) return true;
      element = after(element);
    }
    return false;
  }

  /** A text of words, where the claim is one of those that Istio splits at blanks. */
  private matchesText(text: Span, request: Request): bool {
    if (!request.isSpaceDelimited(this.path)) return this.matchesOne(text);
    let words = 0;
    let start: usize = 0;
    while (start < lengthOf(text)) {
      const blank = indexOf(text, 0x20, start);
      const end = blank < 0 ? lengthOf(text) : <usize>blank;
      if (end > start) {
        words++;
        if (this.matchesOne(slice(text, start, end))) return true;
      }
      start = end + 1;
    }
    // A text without words stays what it is.
    return words == 0 && this.matchesOne(text);
  }

  private matchesOne(text: Span): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (unchecked(this.values[i]).matches(text)) return true;
    }
    return false;
  }
}
