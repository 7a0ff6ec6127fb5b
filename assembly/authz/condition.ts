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

  /**
   * Files its values in the keys' dimension, which is that of sources where it stands in a source; false where that says nothing of which
   * requests can match: about something else, negated, or with a wildcard in front.
   */
  addKeysTo(keys: IndexKeys): bool {
    return !this.negated && this.addKeys(keys);
  }

  protected addKeys(keys: IndexKeys): bool {
    return false;
  }

  /** Whether any of the values matches. */
  protected abstract anyValue(request: Request): bool;
}

/** Whether any of the patterns matches. */
export function anyMatches(values: StaticArray<StringMatcher>, text: Span): bool {
  for (let i = 0; i < values.length; i++) {
    if (values[i].matches(text)) return true;
  }
  return false;
}

/** Files all of the patterns; false where one of them says nothing. */
function addAll(values: StaticArray<StringMatcher>, keys: IndexKeys): bool {
  for (let i = 0; i < values.length; i++) {
    if (!values[i].addKey(keys)) return false;
  }
  return true;
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

  protected override addKeys(keys: IndexKeys): bool {
    if (keys.dimension != Dimension.Path || !addAll(this.values, keys)) return false;
    for (let i = 0; i < this.templates.length; i++) {
      if (!this.templates[i].addKey(keys)) return false;
    }
    return true;
  }

  protected override anyValue(request: Request): bool {
    if (anyMatches(this.values, request.pathOnly)) return true;
    for (let i = 0; i < this.templates.length; i++) {
      if (this.templates[i].matches(request.pathOnly)) return true;
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

  protected override addKeys(keys: IndexKeys): bool {
    return keys.dimension == Dimension.Method && addAll(this.values, keys);
  }

  protected override anyValue(request: Request): bool {
    return anyMatches(this.values, request.method);
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

  protected override addKeys(keys: IndexKeys): bool {
    return keys.dimension == Dimension.Host && addAll(this.values, keys);
  }

  protected override anyValue(request: Request): bool {
    return anyMatches(this.values, request.authority);
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
    return this.values.includes(request.destinationPort());
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

  protected override addKeys(keys: IndexKeys): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (!this.values[i].addKey(keys)) return false;
    }
    return true;
  }

  protected override anyValue(request: Request): bool {
    for (let i = 0; i < this.values.length; i++) {
      if (this.values[i].matches(request.issuer, request.subject)) return true;
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
      if (anyMatches(this.values, headers.value(at))) return true;
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
    return anyMatches(this.values, request.requestedServerName());
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
        if (this.values[j].matches(peer.name(i))) return true;
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
    if (ranges[i].has(address)) return true;
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
      if (kindOf(element) == Kind.String && anyMatches(this.values, textOf(element))) return true;
      element = after(element);
    }
    return false;
  }

  /** A text of words, where the claim is one of those that Istio splits at blanks. */
  private matchesText(text: Span, request: Request): bool {
    if (!request.isSpaceDelimited(this.path)) return anyMatches(this.values, text);
    let words = 0;
    let start: usize = 0;
    while (start < lengthOf(text)) {
      const blank = indexOf(text, 0x20, start);
      const end = blank < 0 ? lengthOf(text) : <usize>blank;
      if (end > start) {
        words++;
        if (anyMatches(this.values, slice(text, start, end))) return true;
      }
      start = end + 1;
    }
    // A text without words stays what it is.
    return words == 0 && anyMatches(this.values, text);
  }
}
