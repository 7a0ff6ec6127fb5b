// Who is at the other end of a connection, by the names in its certificate.
import {
  ABSENT,
  EMPTY,
  Span,
  constant,
  equals,
  getProperty,
  indexOf,
  isTrueProperty,
  lengthOf,
  propertyPath,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { MAX_PEER_NAMES } from "../limits";

const MTLS = propertyPath("connection.mtls");
const FIRST_URI = propertyPath("connection.uri_san_peer_certificate");
const FIRST_DNS = propertyPath("connection.dns_san_peer_certificate");
const SUBJECT = propertyPath("connection.subject_peer_certificate");
/** What Envoy writes for no URI at all. */
const NONE = constant("-");
const SEPARATOR: u8 = 0x2c;

/** The names of the current request's peer, in the order in which Envoy tries them: URI SANs, DNS SAN, subject. */
export class Peer {
  count: i32 = 0;
  private names: StaticArray<Span> = new StaticArray<Span>(MAX_PEER_NAMES);

  /**
   * Reads them; `uris` are all URI SANs, separated by commas, as Envoy's `%DOWNSTREAM_PEER_URI_SAN%` writes them. Nobody, when no
   * certificate was presented. False when the fact is not there, or cannot be trusted: a URI that contains the separator.
   */
  read(uris: Span): bool {
    this.count = 0;
    if (uris == ABSENT) return false;
    if (!isTrueProperty(MTLS)) return true;
    if (!equals(uris, NONE)) {
      const first = getProperty(FIRST_URI);
      if (first == ABSENT || indexOf(first, SEPARATOR, 0) >= 0) return false;
      let rest = uris;
      while (lengthOf(rest) > 0) {
        const end = indexOf(rest, SEPARATOR, 0);
        if (!this.add(end < 0 ? rest : slice(rest, 0, end))) return false;
        rest = end < 0 ? EMPTY : slice(rest, end + 1, lengthOf(rest));
      }
    }
    const dns = getProperty(FIRST_DNS);
    if (dns != ABSENT && lengthOf(dns) > 0 && !this.add(dns)) return false;
    const subject = getProperty(SUBJECT);
    return subject == ABSENT || this.add(subject);
  }

  /** A name at a position below `count`. */
  name(i: i32): Span {
    return unchecked(this.names[i]);
  }

  private add(name: Span): bool {
    if (this.count == MAX_PEER_NAMES) return false;
    unchecked((this.names[this.count] = name));
    this.count++;
    return true;
  }
}
