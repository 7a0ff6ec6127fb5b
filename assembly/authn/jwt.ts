// One token: JWS compact serialization (RFC 7515 §7.1) with JWT claims (RFC 7519), read in the order of Envoy's
// jwt_authn, so that the first thing wrong is the one that both name. Strict where Envoy is not: docs/differences.md.
import {
  ABSENT,
  EMPTY,
  Span,
  constant,
  indexOf,
  lengthOf,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { decodeBase64Url } from "../bytes/base64url";
import { numberOf } from "../json/number";
import { parseJson } from "../json/parser";
import { Kind, NO_NODE, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { JwtStatus } from "../status";
import { Algorithm, NO_ALGORITHM, algorithmOf } from "./algorithm";

const ALG = constant("alg");
const KID = constant("kid");
const CRIT = constant("crit");
const ISS = constant("iss");
const SUB = constant("sub");
const IAT = constant("iat");
const NBF = constant("nbf");
const EXP = constant("exp");
const JTI = constant("jti");
const AUD = constant("aud");
const CNF = constant("cnf");
const X5T_S256 = constant("x5t#S256");

/** 2^64: claims of time from here on are out of range. */
const TWO_64: f64 = 18446744073709551616.0;

/** A token that has been read, but not verified. Its spans live until the callback ends. */
export class Jwt {
  algorithm: Algorithm = NO_ALGORITHM;
  /** `kid`, of no bytes when there is none. */
  kid: Span = EMPTY;
  /** What is signed: header and payload as sent. */
  signed: Span = EMPTY;
  signature: Span = EMPTY;
  /** `iss` and `sub`, ABSENT when there is none. */
  issuer: Span = ABSENT;
  subject: Span = ABSENT;
  /** `nbf`, `exp` and `iat` in seconds since the Unix epoch, whole; 0 when there is none, as for Envoy. */
  notBefore: u64 = 0;
  expiry: u64 = 0;
  issuedAt: u64 = 0;
  /** `cnf.x5t#S256` (RFC 8705 §3.1): which client certificate the token is bound to; ABSENT when to none. */
  thumbprint: Span = ABSENT;
  /** All claims. */
  payload: Node = NO_NODE;
  private headerText: Span = EMPTY;
  private payloadText: Span = EMPTY;
  private signatureText: Span = EMPTY;

  /** Reads a token; the first thing wrong with it, or Ok. */
  read(token: Span): i32 {
    let status = this.split(token);
    if (status == JwtStatus.Ok) status = this.readHeader();
    if (status == JwtStatus.Ok) status = this.readPayload();
    return status == JwtStatus.Ok ? this.readSignature() : status;
  }

  /** Reads a JWS of any payload, which need not be a JWT's. */
  readJws(token: Span): i32 {
    let status = this.split(token);
    if (status == JwtStatus.Ok) status = this.readHeader();
    if (status != JwtStatus.Ok) return status;
    if (decodeBase64Url(this.payloadText) == ABSENT) return JwtStatus.PayloadBadBase64;
    return this.readSignature();
  }

  private split(token: Span): i32 {
    const first = indexOf(token, 0x2e, 0);
    // Of a token without a dot it finds none here, either.
    const second = indexOf(token, 0x2e, first + 1);
    if (second < 0 || indexOf(token, 0x2e, second + 1) >= 0) return JwtStatus.BadFormat;
    this.headerText = slice(token, 0, first);
    this.payloadText = slice(token, first + 1, second);
    this.signatureText = slice(token, second + 1, lengthOf(token));
    this.signed = slice(token, 0, second);
    const isWhole =
      lengthOf(this.headerText) > 0 &&
      lengthOf(this.payloadText) > 0 &&
      lengthOf(this.signatureText) > 0;
    return isWhole ? JwtStatus.Ok : JwtStatus.BadFormat;
  }

  private readSignature(): i32 {
    this.signature = decodeBase64Url(this.signatureText);
    return this.signature == ABSENT ? JwtStatus.SignatureBadBase64 : JwtStatus.Ok;
  }

  private readHeader(): i32 {
    const bytes = decodeBase64Url(this.headerText);
    if (bytes == ABSENT) return JwtStatus.HeaderBadBase64;
    const header = parseJson(bytes);
    if (kindOf(header) != Kind.Object) return JwtStatus.HeaderBadJson;
    const alg = member(header, ALG);
    if (kindOf(alg) != Kind.String) return JwtStatus.HeaderBadAlg;
    this.algorithm = algorithmOf(textOf(alg));
    if (this.algorithm == NO_ALGORITHM) return JwtStatus.HeaderNotImplementedAlg;
    const kid = member(header, KID);
    if (kid != NO_NODE && kindOf(kid) != Kind.String) return JwtStatus.HeaderBadKid;
    this.kid = textOf(kid);
    return member(header, CRIT) == NO_NODE ? JwtStatus.Ok : JwtStatus.HeaderCritical;
  }

  private readPayload(): i32 {
    const bytes = decodeBase64Url(this.payloadText);
    if (bytes == ABSENT) return JwtStatus.PayloadBadBase64;
    const payload = parseJson(bytes);
    if (kindOf(payload) != Kind.Object) return JwtStatus.PayloadBadJson;

    const iss = member(payload, ISS);
    if (iss != NO_NODE && kindOf(iss) != Kind.String) return JwtStatus.IssNotString;
    this.issuer = iss == NO_NODE ? ABSENT : textOf(iss);
    const sub = member(payload, SUB);
    if (sub != NO_NODE && kindOf(sub) != Kind.String) return JwtStatus.SubNotString;
    this.subject = sub == NO_NODE ? ABSENT : textOf(sub);

    const iat = member(payload, IAT);
    let status = timeStatus(iat, JwtStatus.IatNotInteger, JwtStatus.IatOutOfRange);
    if (status != JwtStatus.Ok) return status;
    this.issuedAt = wholeOf(iat);
    const nbf = member(payload, NBF);
    status = timeStatus(nbf, JwtStatus.NbfNotInteger, JwtStatus.NbfOutOfRange);
    if (status != JwtStatus.Ok) return status;
    this.notBefore = wholeOf(nbf);
    const exp = member(payload, EXP);
    status = timeStatus(exp, JwtStatus.ExpNotInteger, JwtStatus.ExpOutOfRange);
    if (status != JwtStatus.Ok) return status;
    this.expiry = wholeOf(exp);

    const jti = member(payload, JTI);
    if (jti != NO_NODE && kindOf(jti) != Kind.String) return JwtStatus.JtiNotString;
    if (!isAudience(member(payload, AUD))) return JwtStatus.AudNotString;
    this.payload = payload;
    const thumbprint = member(member(payload, CNF), X5T_S256);
    this.thumbprint = kindOf(thumbprint) == Kind.String ? textOf(thumbprint) : ABSENT;
    return JwtStatus.Ok;
  }
}

/** The claims of a token that has been read before; NO_NODE when the callback's memory is used up. */
export function payloadOf(token: Span): Node {
  const bytes = decodeBase64Url(payloadSection(token));
  return bytes == ABSENT ? NO_NODE : parseJson(bytes);
}

/** The second section of a token that has three. */
export function payloadSection(token: Span): Span {
  const first = indexOf(token, 0x2e, 0);
  const second = indexOf(token, 0x2e, first + 1);
  return slice(token, first + 1, second);
}

/** `aud` of a payload that was read. */
export function audienceOf(payload: Node): Node {
  return member(payload, AUD);
}

function wholeOf(claim: Node): u64 {
  return claim == NO_NODE ? 0 : <u64>numberOf(textOf(claim));
}

/** Whether a claim of time is absent or a number from 0 up to below 2^64; fractions are cut off later. */
function timeStatus(node: Node, notInteger: i32, outOfRange: i32): i32 {
  if (node == NO_NODE) return JwtStatus.Ok;
  if (kindOf(node) != Kind.Number) return notInteger;
  const value = numberOf(textOf(node));
  return value >= 0 && value < TWO_64 ? JwtStatus.Ok : outOfRange;
}

/** Whether `aud` is absent, a string, or a list of strings (RFC 7519 §4.1.3). */
function isAudience(node: Node): bool {
  const kind = kindOf(node);
  if (kind == Kind.None || kind == Kind.String) return true;
  if (kind != Kind.Array) return false;
  let element = firstOf(node);
  for (let i = countOf(node); i > 0; i--) {
    if (kindOf(element) != Kind.String) return false;
    element = after(element);
  }
  return true;
}
