// Where one rule's tokens are looked for (`fromHeaders`, `fromParams`, `fromCookies`, or Istio's default locations), as Envoy
// reads them, and how one is taken out of a request.
import {
  ABSENT,
  EMPTY,
  Pairs,
  Span,
  addressOf,
  allocate,
  byteAt,
  constant,
  equals,
  isPresent,
  lengthOf,
  slice,
  span,
} from "as-proxy-wasm-sdk/assembly";
import { compareBytes } from "../bytes/compare";
import { cookieValue } from "../bytes/cookies";
import { QueryCursor, queryParameter, withoutParameter } from "../bytes/query";
import { MAX_TOKENS } from "../limits";
import { Request } from "../request";
import { RequestChanges } from "./request-changes";

const AUTHORIZATION = constant("authorization");
const BEARER = constant("Bearer ");
const ACCESS_TOKEN = constant("access_token");
const COOKIE = constant("cookie");

/** A header, and what stands before the token in it: maybe nothing. */
class HeaderLocation {
  constructor(
    readonly name: Span,
    readonly prefix: Span,
  ) {}
}

/** The tokens of a request, in the order in which Envoy finds them, and where each was. */
export class FoundTokens {
  count: i32 = 0;
  /** There were more than MAX_TOKENS. */
  tooMany: bool = false;
  private texts: StaticArray<Span> = new StaticArray<Span>(MAX_TOKENS);
  /** The header or parameter to remove; of a cookie, which stays, ABSENT. */
  private names: StaticArray<Span> = new StaticArray<Span>(MAX_TOKENS);
  private inQuery: StaticArray<bool> = new StaticArray<bool>(MAX_TOKENS);

  clear(): void {
    this.count = 0;
    this.tooMany = false;
  }

  add(text: Span, name: Span, inQuery: bool): void {
    if (this.count == MAX_TOKENS) {
      this.tooMany = true;
      return;
    }
    unchecked((this.texts[this.count] = text));
    unchecked((this.names[this.count] = name));
    unchecked((this.inQuery[this.count] = inQuery));
    this.count++;
  }

  /** The token at a position below `count`. */
  text(i: i32): Span {
    return unchecked(this.texts[i]);
  }

  /** Takes a token, and all others at its place, out of the request. */
  remove(i: i32, changes: RequestChanges): void {
    const name = unchecked(this.names[i]);
    if (name == ABSENT) return;
    if (unchecked(this.inQuery[i])) changes.removeParameter(name);
    else changes.remove(name);
  }
}

export class TokenLocations {
  private headers: HeaderLocation[] = [];
  private parameters: Span[] = [];
  private cookies: Span[] = [];
  private query: QueryCursor = new QueryCursor();

  /** Looks in a header (name in lower case), after `prefix`. */
  addHeader(name: Span, prefix: Span): void {
    this.headers.push(new HeaderLocation(name, prefix));
  }

  addParameter(name: Span): void {
    this.parameters.push(name);
  }

  addCookie(name: Span): void {
    this.cookies.push(name);
  }

  /** To be called when all are added: the default locations where there are none, and Envoy's order, each place once. */
  finish(): void {
    if (this.headers.length + this.parameters.length + this.cookies.length == 0) {
      this.addHeader(AUTHORIZATION, BEARER);
      this.addParameter(ACCESS_TOKEN);
    }
    this.headers.sort(compareLocations);
    for (let i = this.headers.length - 1; i > 0; i--) {
      if (compareLocations(this.headers[i], this.headers[i - 1]) == 0) this.headers.splice(i, 1);
    }
    unique(this.parameters);
    unique(this.cookies);
  }

  /** Whether the same places are looked into, in the same way. */
  isSameAs(other: TokenLocations): bool {
    if (this.headers.length != other.headers.length) return false;
    for (let i = 0; i < this.headers.length; i++) {
      if (!equals(this.headers[i].name, other.headers[i].name)) return false;
      if (!equals(this.headers[i].prefix, other.headers[i].prefix)) return false;
    }
    return areSame(this.parameters, other.parameters) && areSame(this.cookies, other.cookies);
  }

  /** Looks for tokens, in what `changes` has left. */
  find(request: Request, changes: RequestChanges, found: FoundTokens): void {
    found.clear();
    for (let i = 0; i < this.headers.length; i++) {
      const location = this.headers[i];
      if (!changes.hasRemoved(location.name)) findInHeader(request.headers, location, found);
    }
    for (let i = 0; i < this.parameters.length; i++) {
      const name = this.parameters[i];
      const value = queryParameter(changes.path, name, this.query);
      if (isPresent(value)) found.add(value, name, true);
    }
    if (changes.hasRemoved(COOKIE)) return;
    for (let i = 0; i < this.cookies.length; i++) {
      const value = cookieValue(request.headers, this.cookies[i]);
      if (isPresent(value)) found.add(value, ABSENT, false);
    }
  }

  /** A path without the values of the parameters that may hold a token: for messages, where one must never be. */
  blanked(path: Span): Span {
    let text = path;
    for (let i = 0; i < this.parameters.length; i++) {
      text = withoutParameter(text, this.parameters[i], true, this.query);
      if (text == ABSENT) return EMPTY;
    }
    return text;
  }
}

function findInHeader(headers: Pairs, location: HeaderLocation, found: FoundTokens): void {
  if (equals(location.name, AUTHORIZATION)) {
    addToken(joined(headers, AUTHORIZATION), location, found);
    return;
  }
  let i = headers.find(location.name);
  while (i >= 0) {
    addToken(headers.value(i), location, found);
    i = headers.find(location.name, i + 1);
  }
}

function addToken(value: Span, location: HeaderLocation, found: FoundTokens): void {
  if (value == ABSENT) return;
  const token = lengthOf(location.prefix) == 0 ? value : afterPrefix(value, location.prefix);
  if (token != ABSENT) found.add(token, location.name, false);
}

/** All values of a header, joined by a comma as Envoy does with Authorization; ABSENT when there is none. */
function joined(headers: Pairs, name: Span): Span {
  const first = headers.find(name);
  if (first < 0) return ABSENT;
  if (headers.find(name, first + 1) < 0) return headers.value(first);
  let size: usize = 0;
  for (let i = first; i >= 0; i = headers.find(name, i + 1)) size += lengthOf(headers.value(i)) + 1;
  const out = allocate(size);
  // Refused as a malformed token rather than passed as a missing one.
  if (out == 0) return headers.value(first);
  let to = out;
  for (let i = first; i >= 0; i = headers.find(name, i + 1)) {
    if (i != first) store<u8>(to++, 0x2c);
    memory.copy(to, addressOf(headers.value(i)), lengthOf(headers.value(i)));
    to += lengthOf(headers.value(i));
  }
  return span(out, to - out);
}

/**
 * What follows the first `prefix` anywhere in the value, from the next character that a token can have; the
 * value itself where there is none. ABSENT when the prefix is missing: then this is no token.
 */
function afterPrefix(value: Span, prefix: Span): Span {
  const length = lengthOf(value);
  const size = lengthOf(prefix);
  for (let i: usize = 0; i + size <= length; i++) {
    if (!equals(slice(value, i, i + size), prefix)) continue;
    for (let at = i + size; at < length; at++) {
      if (isTokenCharacter(byteAt(value, at))) return slice(value, at, length);
    }
    return value;
  }
  return ABSENT;
}

function isTokenCharacter(c: u8): bool {
  const lower = c | 0x20;
  return (lower >= 0x61 && lower <= 0x7a) || c - 0x30 <= 9 || c == 0x2d || c == 0x5f || c == 0x2e;
}

/**
 * Which of two comes first: Envoy keeps them by name and prefix in one. Nothing is allocated, which could start a collection: while an
 * array of more than 48 objects is sorted, some of them stand where the garbage collector does not look.
 */
function compareLocations(a: HeaderLocation, b: HeaderLocation): i32 {
  const lengthOfA = lengthOf(a.name) + lengthOf(a.prefix);
  const lengthOfB = lengthOf(b.name) + lengthOf(b.prefix);
  const shared = min(lengthOfA, lengthOfB);
  for (let i: usize = 0; i < shared; i++) {
    const order = <i32>keyByte(a, i) - <i32>keyByte(b, i);
    if (order != 0) return order;
  }
  return <i32>lengthOfA - <i32>lengthOfB;
}

function keyByte(location: HeaderLocation, i: usize): u8 {
  const length = lengthOf(location.name);
  return i < length ? byteAt(location.name, i) : byteAt(location.prefix, i - length);
}

function unique(names: Span[]): void {
  names.sort(compareBytes);
  for (let i = names.length - 1; i > 0; i--) {
    if (equals(names[i], names[i - 1])) names.splice(i, 1);
  }
}

function areSame(a: Span[], b: Span[]): bool {
  if (a.length != b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (!equals(a[i], b[i])) return false;
  }
  return true;
}
