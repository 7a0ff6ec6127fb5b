// What the unit tests call, in a build of its own (`asc --target testing`): bytes in, bytes out, without a host.
// The shipped module contains none of this.
import {
  ABSENT,
  EMPTY,
  Region,
  Span,
  UNREADABLE,
  addressOf,
  encode,
  isPresent,
  lengthOf,
  span,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { allocate as allocateBytes } from "as-proxy-wasm-sdk/assembly";
import { CachedToken, TokenCache } from "./authn/token-cache";
import { Family } from "./authn/algorithm";
import { Jwt } from "./authn/jwt";
import { parseJwks } from "./authn/jwks";
import { IdentityMatcher } from "./authz/identity-matcher";
import { RequestPrincipalMatcher } from "./authz/request-principal";
import { StringMatcher } from "./authz/string-matcher";
import { decodeBase64Url } from "./bytes/base64url";
import { encodeBase64 } from "./bytes/base64";
import { ByteWriter } from "./bytes/byte-writer";
import { hashOf } from "./bytes/hash";
import { IpAddress, IpRange } from "./bytes/ip";
import { mapEntry } from "./bytes/protobuf";
import { QueryCursor, queryParameter, withoutParameter } from "./bytes/query";
import { parseDuration } from "./config/duration";
import { parseUri } from "./config/uri";
import { ecdsaSignature } from "./crypto/der";
import { verifyEd25519 } from "./crypto/ed25519";
import { beginHash, finishHash, updateHash } from "./crypto/hash";
import { verifyHmac } from "./crypto/hmac";
import { verifyPss } from "./crypto/pss";
import { rsaPublic } from "./crypto/rsa";
import { DEFAULT_MIN_RSA_BITS, MIN_RSA_BITS } from "./limits";
import { JwtStatus } from "./status";
import { signatureStatus } from "./authn/signature";
import { fixedText, shortText } from "./json/double-text";
import { numberOf } from "./json/number";
import { parseJson } from "./json/parser";
import { Kind, NO_NODE, Node, after, countOf, firstOf, kindOf, textOf } from "./json/tape";
import { writeJson } from "./json/writer";

export {
  proxy_on_memory_allocate as allocate,
  reset,
} from "as-proxy-wasm-sdk/assembly/memory/arena";

export * from "./testing-inputs";

/** A span's value for a text that was not given. */
export const absent: u64 = ABSENT;

export function base64url(address: usize, length: usize): Span {
  return decodeBase64Url(span(address, length));
}

/** The document again, written canonically from the tape; ABSENT when it was refused. */
export function json(address: usize, length: usize): Span {
  const root = parseJson(span(address, length));
  return root == NO_NODE ? ABSENT : encode(written(root));
}

function written(node: Node): string {
  switch (kindOf(node)) {
    case Kind.Null:
      return "null";
    case Kind.True:
      return "true";
    case Kind.False:
      return "false";
    case Kind.Number:
      return numberOf(textOf(node)).toString();
    case Kind.String:
      return quoted(textOf(node));
    default:
      return container(node);
  }
}

function container(node: Node): string {
  const isObject = kindOf(node) == Kind.Object;
  let text = isObject ? "{" : "[";
  let child = firstOf(node);
  for (let i = 0; i < countOf(node); i++) {
    if (i > 0) text += ",";
    if (isObject) {
      text += quoted(textOf(child)) + ":";
      child = after(child);
    }
    text += written(child);
    child = after(child);
  }
  return text + (isObject ? "}" : "]");
}

/** Hexadecimal, so that no escape of the test's own can hide a mistake. */
function quoted(text: Span): string {
  const characters = toText(text);
  let hex = '"';
  for (let i = 0; i < characters.length; i++) {
    hex += ("000" + characters.charCodeAt(i).toString(16)).slice(-4);
  }
  return hex + '"';
}

export function number(address: usize, length: usize): f64 {
  return numberOf(span(address, length));
}

export function duration(address: usize, length: usize): i64 {
  return parseDuration(span(address, length));
}

/** `error|host|port|authority|path` */
export function uri(address: usize, length: usize): Span {
  const parsed = parseUri(span(address, length));
  const port = parsed.port.toString();
  return encode(
    parsed.error + "|" + parsed.host + "|" + port + "|" + parsed.authority + "|" + parsed.path,
  );
}

export function parameter(
  address: usize,
  length: usize,
  nameAddress: usize,
  nameLength: usize,
): Span {
  return queryParameter(span(address, length), span(nameAddress, nameLength), new QueryCursor());
}

export function cut(
  address: usize,
  length: usize,
  nameAddress: usize,
  nameLength: usize,
  keepName: bool,
): Span {
  const name = span(nameAddress, nameLength);
  return withoutParameter(span(address, length), name, keepName, new QueryCursor());
}

const jwt = new Jwt();

/** The status of reading a token (JwtStatus). */
export function readToken(address: usize, length: usize): i32 {
  return jwt.read(span(address, length));
}

/** What `readToken` found: 0 nbf, 1 exp. */
export function tokenTime(which: i32): u64 {
  return which == 0 ? jwt.notBefore : jwt.expiry;
}

/** The DER key of the first usable key, or the reasons why there is none. */
export function firstKey(address: usize, length: usize): Span {
  const set = parseJwks(span(address, length), DEFAULT_MIN_RSA_BITS);
  if (set.error.length > 0) return encode(set.error + "|" + set.warnings.join("|"));
  return set.keys[0].material;
}

/** A hash of the bytes; `bits` is 256, 384 or 512. Given in two parts, to see that they join. */
export function digest(bits: i32, address: usize, length: usize, split: usize): Span {
  const out = allocateBytes(64);
  beginHash(bits);
  updateHash(bits, address, min(split, length));
  updateHash(bits, address + min(split, length), length - min(split, length));
  finishHash(bits, out);
  return span(out, bits >> 3);
}

export function hmac(bits: i32, key: Span, text: Span, code: Span): bool {
  return verifyHmac(bits, key, text, code);
}

/** `base` to the power of `exponent`, modulo `modulus`, written to `out`; whether there is an answer. */
export function rsa(out: usize, base: Span, modulus: Span, exponent: u32): bool {
  return rsaPublic(out, addressOf(base), addressOf(modulus), lengthOf(modulus), exponent);
}

export function pss(bits: i32, modulus: Span, exponent: u32, signature: Span, text: Span): bool {
  return verifyPss(bits, modulus, exponent, signature, text);
}

export function ed25519(key: Span, signature: Span, text: Span): bool {
  return verifyEd25519(key, signature, text);
}

/** The status of verifying a JWS of any payload by a key set: JwtStatus. -1 when the key set has no usable key. */
export function jws(keySet: Span, token: Span): i32 {
  const set = parseJwks(keySet, MIN_RSA_BITS);
  if (set.error.length > 0) return -1;
  const status = jwt.readJws(token);
  return status == JwtStatus.Ok ? signatureStatus(jwt, set.keys) : status;
}

/** Whether `signature` (r and s) is of `text` by the first key of the set, and by the algorithm of its curve. */
export function ecdsa(keySet: Span, signature: Span, text: Span): bool {
  const set = parseJwks(keySet, MIN_RSA_BITS);
  if (set.error.length > 0) return false;
  jwt.kid = EMPTY;
  jwt.algorithm = Family.Es * 3 + set.keys[0].curve;
  jwt.signed = text;
  jwt.signature = signature;
  return signatureStatus(jwt, set.keys) == JwtStatus.Ok;
}

export function ecdsaToDer(address: usize, length: usize): Span {
  return ecdsaSignature(span(address, length));
}

export function matchesPath(
  pattern: usize,
  patternLength: usize,
  value: usize,
  length: usize,
): bool {
  return StringMatcher.of(toText(span(pattern, patternLength)), new Region()).matches(
    span(value, length),
  );
}

export function matchesHost(
  pattern: usize,
  patternLength: usize,
  value: usize,
  length: usize,
): bool {
  const text = toText(span(pattern, patternLength));
  return StringMatcher.ofHeaderIgnoringCase(text, new Region()).matches(span(value, length));
}

/** `subject` of length -1: the token has none. */
export function matchesPrincipal(
  pattern: usize,
  patternLength: usize,
  issuer: usize,
  issuerLength: usize,
  subject: usize,
  subjectLength: i32,
): bool {
  const sub = subjectLength < 0 ? ABSENT : span(subject, subjectLength);
  const matcher = new RequestPrincipalMatcher(toText(span(pattern, patternLength)), new Region());
  return matcher.matches(span(issuer, issuerLength), sub);
}

/** The hash for tables that attackers choose the keys of. */
export function hash(address: usize, length: usize): u64 {
  return hashOf(span(address, length));
}

/** A value of `principals` (0), `namespaces` (1), `serviceAccounts` (2, of a policy in `foo`) or `trustDomains` (3). */
export function matchesIdentity(
  field: i32,
  pattern: usize,
  patternLength: usize,
  identity: usize,
  length: usize,
): bool {
  const value = toText(span(pattern, patternLength));
  return identityMatcher(field, value).matches(span(identity, length));
}

function identityMatcher(field: i32, value: string): IdentityMatcher {
  const region = new Region();
  if (field == 0) return IdentityMatcher.ofPrincipal(value, ["cluster.local"], region);
  if (field == 1) return IdentityMatcher.ofNamespace(value, region);
  if (field == 2) return IdentityMatcher.ofServiceAccount(value, "foo", region);
  return IdentityMatcher.ofTrustDomain(value, ["cluster.local"], region);
}

/** Whether an address with its port is in a block; -1 when the block is none. */
export function isInBlock(block: usize, blockLength: usize, address: usize, length: usize): i32 {
  const range = new IpRange();
  if (!range.parse(span(block, blockLength))) return -1;
  source.parseWithPort(span(address, length));
  return range.has(source) ? 1 : 0;
}

/** Read again for each address, as that of a request is. */
const source = new IpAddress();

let cache = new TokenCache(0, 0);

export function newCache(maxTokens: u32, maxBytes: u32): void {
  cache.free();
  cache = new TokenCache(maxTokens, maxBytes);
}

const cached = new CachedToken();

/** Adds a token that expires at `expiry`; its subject is its own text. */
export function cacheAdd(address: usize, length: usize, generation: u64, expiry: u64): void {
  const token = span(address, length);
  cache.find(token, cached);
  cached.rule = 0;
  cached.generation = generation;
  cached.jwt.issuer = EMPTY;
  cached.jwt.subject = token;
  cached.jwt.thumbprint = ABSENT;
  cached.jwt.expiry = expiry;
  cache.add(token, cached);
  cache.sweep();
}

/** The expiry of a token that was cached with this generation, or -1. */
export function cacheFind(address: usize, length: usize, generation: u64): i64 {
  const found = cache.find(span(address, length), cached) && cached.generation == generation;
  return found ? <i64>cached.jwt.expiry : -1;
}

/** The subject of the token found last. */
export function cachedSubject(): Span {
  return isPresent(cached.jwt.subject) ? cached.jwt.subject : EMPTY;
}

/** A double as Envoy writes it: in JSON, or `%f`. */
export function doubleText(value: f64, fixed: bool): Span {
  return encode(fixed ? fixedText(value) : shortText(value));
}

/** The document again, as the module writes JSON; ABSENT when it was refused. */
export function rewritten(address: usize, length: usize): Span {
  const root = parseJson(span(address, length));
  return root == NO_NODE ? ABSENT : writeJson(root);
}

export function base64(address: usize, length: usize): Span {
  return encodeBase64(span(address, length));
}

/** What an entry of a map has: field `field` of a message. */
export function entry(message: Span, field: u32, key: Span): Span {
  return mapEntry(message, field, key);
}

/** So many pieces in a row, after the first of which another is written that the host could not hand over, or none. */
export function pieces(piece: Span, times: i32, isUnreadable: bool): Span {
  const writer = new ByteWriter();
  for (let i = 0; i < times; i++) {
    writer.bytes(piece);
    if (isUnreadable && i == 0) writer.bytes(UNREADABLE);
  }
  return writer.written();
}

/** Pages of memory, to see that it does not grow. */
export function pages(): i32 {
  return memory.size();
}
