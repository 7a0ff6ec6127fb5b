// The local replies, in Envoy's words: status, body, headers, response code details.
import {
  ABSENT,
  EMPTY,
  MapType,
  PairsBuilder,
  Span,
  Status,
  StreamType,
  addressOf,
  allocate,
  closeStream,
  constant,
  encode,
  getProperty,
  isPresent,
  lengthOf,
  replaceHeader,
  sendLocalReply,
  setProperty,
  propertyPath,
  propertyPathOf,
  slice,
  span,
} from "as-proxy-wasm-sdk/assembly";
import { withoutPort } from "./bytes/ip";
import { Authenticator } from "./authn/authenticator";
import { Decision } from "./authz/engine";
import { Rule } from "./authz/rule";
import { ExtAuthzAnswer } from "./ext-authz/answer";
import { ExtAuthzProvider } from "./ext-authz/provider";
import { MAX_REALM_PATH_BYTES } from "./limits";
import { RESET } from "./config/peer-rejection";
import { Connection } from "./peer/connection";
import { SourcedMode } from "./peer/peer-authentication";
import { Security, nameOfSecurity } from "./peer/security";
import { Request } from "./request";
import { JwtStatus, reasonOfStatus, textOfStatus } from "./status";

const WWW_AUTHENTICATE = constant("www-authenticate");
const FORWARDED_PROTO = constant("x-forwarded-proto");
const ORIGINAL_PATH = constant("x-envoy-original-path");
const EXT_AUTHZ_DENIED_DETAILS = constant("ext_authz_denied");
const EXT_AUTHZ_ERROR_DETAILS = constant("ext_authz_error");
const TOO_LARGE_DETAILS = constant("request_payload_too_large");
const TOO_LARGE_BODY = constant("Payload Too Large");
const RBAC_BODY = constant("RBAC: access denied");
const UNDECIDED_BODY = constant("portcullis: the request could not be read");
const UNDECIDED_DETAILS = constant("portcullis_host_call_failed");
const FACT_MISSING_DETAILS = constant("portcullis_connection_fact_missing");
const PEER_REFUSED_BODY = constant("PeerAuthentication: mutual TLS required");
const PEER_REFUSED_DETAILS = constant("portcullis_peer_authentication");
/** Filter state `wasm.portcullis.peer`, of a connection that the network filter has seen. */
const PEER = propertyPathOf(["portcullis.peer"]);
/** Filter state `wasm.portcullis.direct_address`, the same. */
const DIRECT_ADDRESS = propertyPathOf(["portcullis.direct_address"]);
const SOURCE_ADDRESS = propertyPath("source.address");
const NOT_CONFIGURED_BODY = constant("portcullis: no valid configuration is in force");
const NOT_CONFIGURED_DETAILS = constant("portcullis_not_configured");
/** Filter state `wasm.portcullis.decision`, for access logs. Absent: nothing was refused. */
const DECISION = propertyPathOf(["portcullis.decision"]);
/** Filter state `wasm.portcullis.passed` and `wasm.portcullis.connection_passed`. */
const PASSED = propertyPathOf(["portcullis.passed"]);
const CONNECTION_PASSED = propertyPathOf(["portcullis.connection_passed"]);
const YES = constant("yes");
/** Filter state `wasm.portcullis.matched`: the conditions by which a rule refuses. */
const MATCHED = propertyPathOf(["portcullis.matched"]);
const ALLOWED = constant("allow");
const HOST_CALL_FAILED = constant("error reason=host_call_failed");
const DEBUG_HEADER = constant("x-portcullis-decision");
/** Filter state `wasm.portcullis.audit` and `wasm.portcullis.dry_run`. Absent: nothing to say. */
const AUDIT = propertyPathOf(["portcullis.audit"]);
const DRY_RUN = propertyPathOf(["portcullis.dry_run"]);
const DRY_RUN_REFUSED = constant("deny policy=none");

/** 401 for a token that was refused, 403 for one that is good but not for us, as Envoy's jwt_authn answers them. */
export function replyUnauthenticated(
  request: Request,
  status: i32,
  authenticator: Authenticator,
): void {
  const body = textOfStatus(status);
  const challenge = join3(
    encode('Bearer realm="'),
    originalUri(request, authenticator),
    encode('", error="invalid_token"'),
  );
  setProperty(DECISION, encode("unauthenticated reason=" + reasonOfStatus(status)));
  const isForbidden =
    status == JwtStatus.AudienceNotAllowed || status == JwtStatus.SubjectNotAllowed;
  sendLocalReply(
    isForbidden ? 403 : 401,
    join3(encode("jwt_authn_access_denied{"), body, encode("}")),
    body,
    new PairsBuilder().add(WWW_AUTHENTICATE, challenge),
  );
}

/** 403 for a request that a rule refuses, or that no ALLOW rule matches, as Envoy's rbac answers it. */
export function replyDenied(decision: Decision, request: Request): void {
  recordDenied(decision, request);
  sendLocalReply(
    403,
    join3(encode("rbac_access_denied_matched_policy["), decision.id, encode("]")),
    RBAC_BODY,
  );
}

/** Leaves word of a request or connection that a rule refuses, or that no ALLOW rule matches. */
export function recordDenied(decision: Decision, request: Request): void {
  setProperty(DECISION, join3(encode("deny policy="), decision.id, EMPTY));
  const rule = decision.by;
  if (rule !== null) setProperty(MATCHED, encode(rule.reasons(request)));
}

/** Leaves word of a connection that cannot be decided. */
export function recordConnectionError(reason: string): void {
  setProperty(DECISION, encode("error reason=" + reason));
}

/**
 * Leaves the address at the other end of a connection, for the HTTP filter behind: there Envoy has
 * put what X-Forwarded-For claims in its place.
 */
export function recordAddress(): void {
  const address = withoutPort(getProperty(SOURCE_ADDRESS));
  if (isPresent(address)) setProperty(DIRECT_ADDRESS, address);
}

/** Leaves word of who is at the other end of a connection, for access logs. */
export function recordPeer(connection: Connection): void {
  const security = nameOfSecurity(connection.security);
  const isNamed = connection.security == Security.Mtls && connection.hasPeerFact;
  const peer = isNamed ? connection.peer() : null;
  const name = peer !== null && peer.count > 0 ? peer.name(0) : EMPTY;
  setProperty(PEER, join3(encode(lengthOf(name) == 0 ? security : security + " "), name, EMPTY));
}

/** Leaves word of a request or connection that PeerAuthentication refuses. */
export function recordPeerRefused(mode: SourcedMode, security: i32): void {
  const reason = "unauthenticated reason=peer_" + nameOfSecurity(security);
  setProperty(DECISION, encode(reason + " policy=" + mode.source + " mode=" + mode.name));
}

/** A request that PeerAuthentication refuses: `peerRejection`. */
export function replyPeerRefused(mode: SourcedMode, security: i32, rejection: u32): void {
  recordPeerRefused(mode, security);
  if (rejection == RESET) closeStream(StreamType.HttpRequest);
  else sendLocalReply(rejection, PEER_REFUSED_DETAILS, PEER_REFUSED_BODY);
}

/** Leaves word of a request that may pass, and by which rule. */
export function recordAllowed(decision: Decision): void {
  const rule = decision.by;
  setProperty(DECISION, rule === null ? ALLOWED : join3(encode("allow policy="), rule.id, EMPTY));
}

/**
 * `guard`: says to the filter behind that this request has been looked at and may pass. False when the host refuses to note it.
 */
export function markPassed(): bool {
  return setProperty(PASSED, YES) == Status.Ok;
}

/** The same for a connection. HTTP filters see the connection's state, too: it has another name, lest it pass for a request's. */
export function markConnectionPassed(): bool {
  return setProperty(CONNECTION_PASSED, YES) == Status.Ok;
}

/** `debugHeaders`: tells the client what was decided, and by what. */
export function showDecision(): void {
  const decision = getProperty(DECISION);
  if (!isPresent(decision)) return;
  const matched = getProperty(MATCHED);
  const text = !isPresent(matched) ? decision : join3(decision, encode(" matched="), matched);
  replaceHeader(MapType.ResponseHeaders, DEBUG_HEADER, text);
}

/** What an external authorizer has answered in the place of the upstream, as Envoy's ext_authz passes it on. */
export function replyExtAuthzDenied(
  rule: Rule,
  provider: ExtAuthzProvider,
  answer: ExtAuthzAnswer,
): void {
  const policy = join3(encode("deny policy="), rule.id, EMPTY);
  setProperty(DECISION, join3(policy, encode(" provider="), encode(provider.name)));
  sendLocalReply(
    answer.status,
    EXT_AUTHZ_DENIED_DETAILS,
    answer.body,
    answer.denialHeaders(provider),
  );
}

/** `statusOnError`, where the external authorizer gives no answer. */
export function replyExtAuthzFailed(provider: ExtAuthzProvider): void {
  setProperty(DECISION, encode("error reason=ext_authz_error provider=" + provider.name));
  sendLocalReply(provider.statusOnError, EXT_AUTHZ_ERROR_DETAILS, EMPTY);
}

/** Leaves word that a request has passed because its authorizer gave no answer: `failOpen`. */
export function recordFailOpen(provider: ExtAuthzProvider): void {
  setProperty(DECISION, encode("fail_open provider=" + provider.name));
}

/** 413 for a body that is longer than what may go to the external authorizer. */
export function replyTooLarge(): void {
  setProperty(DECISION, encode("error reason=request_payload_too_large"));
  sendLocalReply(413, TOO_LARGE_DETAILS, TOO_LARGE_BODY);
}

/** 403 where a policy asks for a fact of the connection that was declared and is not there: `connectionFacts`. */
export function replyFactMissing(): void {
  setProperty(DECISION, encode("error reason=connection_fact_missing"));
  sendLocalReply(403, FACT_MISSING_DETAILS, RBAC_BODY);
}

/** Leaves what AUDIT and dry-run policies say as filter state: it is for access logs, and changes nothing. */
export function recordObserved(decision: Decision): void {
  const audit = decision.audit;
  if (audit !== null) setProperty(AUDIT, audit.id);
  const denied = decision.dryRunDeny;
  if (denied !== null) setProperty(DRY_RUN, join3(encode("deny policy="), denied.id, EMPTY));
  else if (decision.dryRunRefuses) setProperty(DRY_RUN, DRY_RUN_REFUSED);
}

/** 500 where the host does not tell what a decision needs: closed, and told apart from a policy's no. */
export function replyUndecided(): void {
  // No text is made: there may be no memory for one.
  setProperty(DECISION, HOST_CALL_FAILED);
  sendLocalReply(500, UNDECIDED_DETAILS, UNDECIDED_BODY);
}

/** 500 while no configuration is in force: a door that nobody has set up is shut. */
export function replyNotConfigured(): void {
  setProperty(DECISION, encode("error reason=not_configured"));
  sendLocalReply(500, NOT_CONFIGURED_DETAILS, NOT_CONFIGURED_BODY);
}

/** `<scheme>://<authority><path>` as the client sent it, the path cut as Envoy cuts it, and no token in it. */
function originalUri(request: Request, authenticator: Authenticator): Span {
  const scheme = request.headers.first(FORWARDED_PROTO);
  const original = request.headers.first(ORIGINAL_PATH);
  const path = authenticator.blanked(original == ABSENT ? request.path : original);
  const cut = slice(path, 0, min(lengthOf(path), MAX_REALM_PATH_BYTES));
  const origin = join3(scheme == ABSENT ? EMPTY : scheme, encode("://"), request.authority);
  return join3(origin, cut, EMPTY);
}

function join3(a: Span, b: Span, c: Span): Span {
  const size = lengthOf(a) + lengthOf(b) + lengthOf(c);
  const out = allocate(size);
  if (out == 0) return EMPTY;
  memory.copy(out, addressOf(a), lengthOf(a));
  memory.copy(out + lengthOf(a), addressOf(b), lengthOf(b));
  memory.copy(out + lengthOf(a) + lengthOf(b), addressOf(c), lengthOf(c));
  return span(out, size);
}
