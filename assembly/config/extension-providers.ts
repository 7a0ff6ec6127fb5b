// `extensionProviders`: MeshConfig's, verbatim. External authorizers over HTTP are understood; other kinds are named, no more.
import {
  Region,
  Span,
  byteAt,
  constant,
  isPresent,
  lengthOf,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { HeaderPatterns } from "../ext-authz/header-patterns";
import { BodySettings, ExtAuthzProvider, FixedHeader } from "../ext-authz/provider";
import { decimalOf, wholeNumberOf } from "../json/number";
import { Kind, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { MAX_CHECKED_BODY_BYTES } from "../limits";
import { compareBytes } from "../bytes/compare";
import { textMember } from "./compile";
import { parseDuration } from "./duration";
import { Problems } from "./problems";

const EXTENSION_PROVIDERS = constant("extensionProviders");
const NAME = constant("name");
const HTTP = constant("envoyExtAuthzHttp");
const GRPC = constant("envoyExtAuthzGrpc");
const SERVICE = constant("service");
const PORT = constant("port");
const TIMEOUT = constant("timeout");
const PATH_PREFIX = constant("pathPrefix");
const FAIL_OPEN = constant("failOpen");
const STATUS_ON_ERROR = constant("statusOnError");
const INCLUDED = constant("includeRequestHeadersInCheck");
const INCLUDED_OLD = constant("includeHeadersInCheck");
const ADDITIONAL = constant("includeAdditionalHeadersInCheck");
const BODY = constant("includeRequestBodyInCheck");
const MAX_REQUEST_BYTES = constant("maxRequestBytes");
const ALLOW_PARTIAL = constant("allowPartialMessage");
const UPSTREAM_ON_ALLOW = constant("headersToUpstreamOnAllow");
const DOWNSTREAM_ON_DENY = constant("headersToDownstreamOnDeny");
const DOWNSTREAM_ON_ALLOW = constant("headersToDownstreamOnAllow");

const MILLISECOND: i64 = 1_000_000;
/** Istio's: 600 s. */
const DEFAULT_TIMEOUT_MS: u32 = 600_000;
const MAX_NAME_LENGTH: i32 = 63;
/** The statuses of Envoy's StatusCode, in which there are gaps. */
const STATUSES =
  " 100 200 201 202 203 204 205 206 207 208 226 300 301 302 303 304 305 307 308 400 401 402 403 404 405 406 407 408 409 410 " +
  "411 412 413 414 415 416 417 421 422 423 424 426 428 429 431 500 501 502 503 504 505 506 507 508 510 511 ";

/** A provider that a policy may name. */
export class NamedProvider {
  constructor(
    readonly name: string,
    /** Null where it speaks gRPC. */
    readonly http: ExtAuthzProvider | null,
  ) {}
}

/** The provider of this name, or null. */
export function providerNamed(name: string, providers: NamedProvider[]): NamedProvider | null {
  for (let i = 0; i < providers.length; i++) {
    if (providers[i].name == name) return providers[i];
  }
  return null;
}

/** What to say of a name that no provider has. */
export function unknownProvider(name: string, providers: NamedProvider[]): string {
  const known: string[] = [];
  for (let i = 0; i < providers.length; i++) known.push(providers[i].name);
  const available = known.length == 0 ? "there is none" : "available are " + known.join(", ");
  return "extensionProviders has no external authorizer " + name + "; " + available;
}

/**
 * Reads the list. `holdsHeadersAlone`: Envoy's plugin has `allow_on_headers_stop_iteration`, without which no body can be had
 * before the headers have gone on.
 */
export function readExtensionProviders(
  root: Node,
  holdsHeadersAlone: bool,
  region: Region,
  problems: Problems,
): NamedProvider[] {
  const all: NamedProvider[] = [];
  const list = member(root, EXTENSION_PROVIDERS);
  problems.enter(EXTENSION_PROVIDERS);
  let element = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    problems.enterIndex(i);
    const http = member(element, HTTP);
    const isHttp = kindOf(http) == Kind.Object;
    if (isHttp || kindOf(member(element, GRPC)) == Kind.Object) {
      const name = nameOf(element, all, problems);
      let provider: ExtAuthzProvider | null = null;
      if (isHttp) {
        problems.enter(HTTP);
        provider = readHttp(name, http, holdsHeadersAlone, region, problems);
        problems.leave();
      }
      all.push(new NamedProvider(name, provider));
    }
    problems.leave();
    element = after(element);
  }
  problems.leave();
  return all;
}

function nameOf(element: Node, before: NamedProvider[], problems: Problems): string {
  const name = toText(textMember(element, NAME));
  if (name.length == 0) problems.addAt(NAME, "provider name cannot be empty");
  else if (providerNamed(name, before) !== null) problems.addAt(NAME, "is listed twice");
  else if (!isLabel(name)) {
    problems.addAt(NAME, "must be lowercase letters, digits and hyphens, at most 63 of them");
  }
  return name;
}

function isLabel(name: string): bool {
  if (name.length > MAX_NAME_LENGTH || name.startsWith("-") || name.endsWith("-")) return false;
  for (let i = 0; i < name.length; i++) {
    const c = name.charCodeAt(i);
    if (!(c >= 0x61 && c <= 0x7a) && !(c >= 0x30 && c <= 0x39) && c != 0x2d) return false;
  }
  return true;
}

function readHttp(
  name: string,
  node: Node,
  holdsHeadersAlone: bool,
  region: Region,
  problems: Problems,
): ExtAuthzProvider {
  const service = toText(textMember(node, SERVICE));
  const host = service.substring(service.indexOf("/") + 1);
  if (host.length == 0) problems.addAt(SERVICE, "must be [NAMESPACE/]HOST");
  const portNode = member(node, PORT);
  const port = kindOf(portNode) == Kind.Number ? wholeNumberOf(textOf(portNode)) : 0;
  if (port == 0 || port > 65535) {
    problems.addAt(PORT, "port must be in the range [1, 65535]");
  }
  const cluster = region.text("outbound|" + port.toString() + "||" + host);
  const provider = new ExtAuthzProvider(name, cluster, region);
  provider.timeout = timeoutOf(node, problems);
  const prefix = textMember(node, PATH_PREFIX);
  if (lengthOf(prefix) > 0) {
    if (byteAt(prefix, 0) != 0x2f) problems.addAt(PATH_PREFIX, "pathPrefix must begin with `/`");
    provider.pathPrefix = region.keep(prefix);
  }
  provider.failOpen = kindOf(member(node, FAIL_OPEN)) == Kind.True;
  provider.statusOnError = statusOf(node, problems);
  const isNew = countOf(member(node, INCLUDED)) > 0;
  provider.included = patterns(node, isNew ? INCLUDED : INCLUDED_OLD, region, problems);
  provider.upstreamOnAllow = patterns(node, UPSTREAM_ON_ALLOW, region, problems);
  provider.downstreamOnDeny = patterns(node, DOWNSTREAM_ON_DENY, region, problems);
  provider.downstreamOnAllow = patterns(node, DOWNSTREAM_ON_ALLOW, region, problems);
  provider.fixed = fixedHeaders(member(node, ADDITIONAL), region);
  provider.body = bodyOf(member(node, BODY), holdsHeadersAlone, problems);
  return provider;
}

function timeoutOf(node: Node, problems: Problems): u32 {
  const text = textMember(node, TIMEOUT);
  if (!isPresent(text)) return DEFAULT_TIMEOUT_MS;
  const value = parseDuration(text);
  if (value < MILLISECOND || value / MILLISECOND > <i64>i32.MAX_VALUE) {
    problems.addAt(TIMEOUT, 'must be a duration such as "5s", of at least 1ms');
    return DEFAULT_TIMEOUT_MS;
  }
  return <u32>(value / MILLISECOND);
}

function statusOf(node: Node, problems: Problems): u32 {
  const text = textMember(node, STATUS_ON_ERROR);
  if (lengthOf(text) == 0) return 403;
  const status = decimalOf(text);
  if (STATUSES.includes(" " + status.toString() + " ")) return status;
  problems.addAt(STATUS_ON_ERROR, "unsupported statusOnError " + toText(text));
  return 403;
}

function patterns(node: Node, key: Span, region: Region, problems: Problems): HeaderPatterns {
  const names: string[] = [];
  const list = member(node, key);
  let value = firstOf(list);
  for (let i = 0; i < countOf(list); i++) {
    const text = toText(textOf(value));
    if (text == "*" || text.length == 0) {
      problems.enter(key);
      problems.enterIndex(i);
      problems.add(
        text.length == 0
          ? "must not be empty"
          : 'a single wildcard ("*") is not supported, change it to either prefix or suffix match',
      );
      problems.leave();
      problems.leave();
    }
    names.push(text);
    value = after(value);
  }
  return new HeaderPatterns(names, region);
}

/** In the order of their names, as istiod lists them. */
function fixedHeaders(map: Node, region: Region): FixedHeader[] {
  const all: FixedHeader[] = [];
  let key = firstOf(map);
  for (let i = countOf(map); i > 0; i--) {
    const value = after(key);
    const name = toText(textOf(key)).toLowerCase();
    all.push(new FixedHeader(region.text(name), region.keep(textOf(value))));
    key = after(value);
  }
  all.sort((a, b) => compareBytes(a.name, b.name));
  return all;
}

function bodyOf(node: Node, holdsHeadersAlone: bool, problems: Problems): BodySettings | null {
  if (kindOf(node) != Kind.Object) return null;
  problems.enter(BODY);
  if (!holdsHeadersAlone) {
    problems.add(
      "needs allow_on_headers_stop_iteration in Envoy's PluginConfig, and allowOnHeadersStopIteration here: " +
        "without it no body comes before the headers have gone on",
    );
  }
  const bytes = member(node, MAX_REQUEST_BYTES);
  const most = kindOf(bytes) == Kind.Number ? wholeNumberOf(textOf(bytes)) : 0;
  if (most == 0 || most > MAX_CHECKED_BODY_BYTES) {
    problems.addAt(
      MAX_REQUEST_BYTES,
      "must be a whole number from 1 to " + MAX_CHECKED_BODY_BYTES.toString(),
    );
  }
  problems.leave();
  return new BodySettings(most, kindOf(member(node, ALLOW_PARTIAL)) == Kind.True);
}
