// An element of X-Forwarded-Client-Cert, byte for byte as Envoy's connection manager writes it (config_impl and
// mutateXfccRequestHeader): By, Hash, Subject, URI, DNS.
import {
  ABSENT,
  EMPTY,
  Span,
  UNREADABLE,
  addressOf,
  allocate,
  constant,
  getProperty,
  isPresent,
  lengthOf,
  propertyPath,
  span,
} from "as-proxy-wasm-sdk/assembly";
import { FactSources } from "./fact-sources";
import { listed, peerHosts, peerUris } from "./names";

/** `set_current_client_cert_details`, as bits. */
export namespace XfccDetail {
  export const Subject: u32 = 1;
  export const Uri: u32 = 2;
  export const Dns: u32 = 4;
}

const DIGEST = propertyPath("connection.sha256_peer_certificate_digest");
const SUBJECT = propertyPath("connection.subject_peer_certificate");
const FIRST_LOCAL_URI = propertyPath("connection.uri_san_local_certificate");

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
  const local = listed(sources.localUris, getProperty(FIRST_LOCAL_URI));
  if (local === null) return ABSENT;
  for (let i = 0; i < local.length; i++) addPart(parts, BY, local[i], EMPTY);
  const digest = getProperty(DIGEST);
  if (digest == UNREADABLE) return ABSENT;
  if (lengthOf(digest) > 0) addPart(parts, HASH, digest, EMPTY);
  if ((details & XfccDetail.Subject) != 0) {
    const subject = getProperty(SUBJECT);
    if (subject == UNREADABLE) return ABSENT;
    addPart(parts, SUBJECT_EQUALS, isPresent(subject) ? subject : EMPTY, QUOTE);
  }
  if ((details & XfccDetail.Uri) != 0) {
    const uris = peerUris(sources);
    if (uris === null) return ABSENT;
    for (let i = 0; i < uris.length; i++) addPart(parts, URI, uris[i], EMPTY);
    // Envoy writes the key alone where there is none.
    if (uris.length == 0) addPart(parts, URI, EMPTY, EMPTY);
  }
  if ((details & XfccDetail.Dns) != 0) {
    const hosts = peerHosts(sources);
    if (hosts === null) return ABSENT;
    for (let i = 0; i < hosts.length; i++) addPart(parts, DNS, hosts[i], EMPTY);
  }
  return concatenated(parts);
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
