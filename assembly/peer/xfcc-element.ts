// An element of X-Forwarded-Client-Cert, byte for byte as Envoy's connection manager writes it (config_impl and
// mutateXfccRequestHeader): By, Hash, Subject, URI, DNS.
import {
  ABSENT,
  EMPTY,
  Span,
  addressOf,
  allocate,
  constant,
  getProperty,
  lengthOf,
  propertyPath,
  span,
} from "as-proxy-wasm-sdk/assembly";
import { FactSources } from "./fact-sources";
import { addNames } from "./names";

/** `set_current_client_cert_details`, as bits. */
export namespace XfccDetail {
  export const Subject: u32 = 1;
  export const Uri: u32 = 2;
  export const Dns: u32 = 4;
}

const DIGEST = propertyPath("connection.sha256_peer_certificate_digest");
const SUBJECT = propertyPath("connection.subject_peer_certificate");
const FIRST_LOCAL_URI = propertyPath("connection.uri_san_local_certificate");
const FIRST_URI = propertyPath("connection.uri_san_peer_certificate");
const FIRST_DNS = propertyPath("connection.dns_san_peer_certificate");

const BY = constant("By=");
const HASH = constant("Hash=");
const SUBJECT_EQUALS = constant('Subject="');
const QUOTE = constant('"');
const URI = constant("URI=");
const DNS = constant("DNS=");
const SEMICOLON = constant(";");

/** The element for the connection in effect, in the callback's memory; ABSENT where a fact that it needs is not there. */
export function xfccElement(sources: FactSources, details: u32): Span {
  const parts: Span[] = [];
  const local = namesAt(sources.localUris, FIRST_LOCAL_URI);
  if (local === null) return ABSENT;
  for (let i = 0; i < local.length; i++) addPart(parts, BY, local[i], EMPTY);
  const digest = getProperty(DIGEST);
  if (digest != ABSENT && lengthOf(digest) > 0) addPart(parts, HASH, digest, EMPTY);
  if ((details & XfccDetail.Subject) != 0) {
    const subject = getProperty(SUBJECT);
    addPart(parts, SUBJECT_EQUALS, subject == ABSENT ? EMPTY : subject, QUOTE);
  }
  if ((details & XfccDetail.Uri) != 0) {
    const uris = namesAt(sources.peerUris, FIRST_URI);
    if (uris === null) return ABSENT;
    for (let i = 0; i < uris.length; i++) addPart(parts, URI, uris[i], EMPTY);
    // Envoy writes the key alone where there is none.
    if (uris.length == 0) addPart(parts, URI, EMPTY, EMPTY);
  }
  if ((details & XfccDetail.Dns) != 0) {
    const hosts = namesAt(sources.peerDns, FIRST_DNS);
    if (hosts === null) return ABSENT;
    for (let i = 0; i < hosts.length; i++) addPart(parts, DNS, hosts[i], EMPTY);
  }
  return concatenated(parts);
}

function namesAt(path: Span, first: Span): Span[] | null {
  const names: Span[] = [];
  if (path == ABSENT || !addNames(getProperty(path), getProperty(first), names)) return null;
  return names;
}

function addPart(parts: Span[], key: Span, value: Span, end: Span): void {
  if (parts.length > 0) parts.push(SEMICOLON);
  parts.push(key);
  parts.push(value);
  parts.push(end);
}

/** The texts, one after the other, in the callback's memory; ABSENT when that is used up. */
export function concatenated(parts: Span[]): Span {
  let size: usize = 0;
  for (let i = 0; i < parts.length; i++) size += lengthOf(parts[i]);
  const out = allocate(max<usize>(size, 1));
  if (out == 0) return ABSENT;
  let at = out;
  for (let i = 0; i < parts.length; i++) {
    memory.copy(at, addressOf(parts[i]), lengthOf(parts[i]));
    at += lengthOf(parts[i]);
  }
  return span(out, size);
}
