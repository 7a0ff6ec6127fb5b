// The names of a client's certificate, as the declared facts tell of them.
import {
  ABSENT,
  Span,
  UNREADABLE,
  byteAt,
  constant,
  equals,
  getProperty,
  indexOf,
  isPresent,
  lengthOf,
  propertyPath,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { CertificateNames } from "./certificate";
import { FactSources } from "./fact-sources";

const FIRST_URI = propertyPath("connection.uri_san_peer_certificate");
const FIRST_DNS = propertyPath("connection.dns_san_peer_certificate");

/** What Envoy writes for no name at all. */
const NO_NAMES = constant("-");
const SEPARATOR: u8 = 0x2c;

/**
 * The URI SANs of the connection in effect, whose client has presented a certificate. Null where the fact is not declared, not there,
 * cannot be read, or does not tell the names apart.
 */
export function peerUris(sources: FactSources): Span[] | null {
  const first = getProperty(FIRST_URI);
  if (first == UNREADABLE) return null;
  if (sources.hasSingleUri) return lengthOf(first) == 0 ? [] : [first];
  const names = certificateNames(sources);
  if (names !== null) return checked(names.uris, first);
  return sources.peerCertificate == ABSENT ? listed(sources.peerUris, first) : null;
}

/** Its DNS SANs, the same. Where none are declared the first one counts: Wasm sees no other. */
export function peerHosts(sources: FactSources): Span[] | null {
  const first = getProperty(FIRST_DNS);
  if (first == UNREADABLE) return null;
  const names = certificateNames(sources);
  if (names !== null) return checked(names.hosts, first);
  if (sources.peerCertificate != ABSENT) return null;
  if (sources.peerDns != ABSENT) return listed(sources.peerDns, first);
  return lengthOf(first) == 0 ? [] : [first];
}

function certificateNames(sources: FactSources): CertificateNames | null {
  if (sources.peerCertificate == ABSENT) return null;
  const text = getProperty(sources.peerCertificate);
  const names = new CertificateNames();
  return names.read(text) ? names : null;
}

/** Null where Envoy has another name for the first: then one of the two has read something else. */
function checked(names: Span[], first: Span): Span[] | null {
  const isFirst = names.length > 0 ? equals(names[0], first) : lengthOf(first) == 0;
  return isFirst ? names : null;
}

/**
 * The names of a list as Envoy's access-log operators write it, at a property; `first` is the first of them as Envoy gives it by itself.
 * Names are separated by commas, and may have some of their own, where an authority signs such a one: what follows the first name is
 * one name, or nobody can tell.
 */
export function listed(path: Span, first: Span): Span[] | null {
  const list = path == ABSENT ? ABSENT : getProperty(path);
  if (!isPresent(list)) return null;
  if (equals(list, NO_NAMES)) return [];
  const length = lengthOf(first);
  if (indexOf(first, SEPARATOR, 0) >= 0) return null;
  // No list begins with a first name that is not there.
  if (!equals(slice(list, 0, length), first)) return null;
  if (lengthOf(list) == length) return [first];
  const second = slice(list, length + 1, lengthOf(list));
  if (byteAt(list, length) != SEPARATOR || indexOf(second, SEPARATOR, 0) >= 0) return null;
  return [first, second];
}
