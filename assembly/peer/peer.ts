// Who is at the other end of a connection, by the names in its certificate.
import { ABSENT, Span, getProperty, lengthOf, propertyPath } from "as-proxy-wasm-sdk/assembly";
import { OwnedBytes } from "../bytes/owned-bytes";
import { MAX_PEER_NAMES } from "../limits";
import { addNames } from "./names";

const FIRST_URI = propertyPath("connection.uri_san_peer_certificate");
const FIRST_DNS = propertyPath("connection.dns_san_peer_certificate");
const SUBJECT = propertyPath("connection.subject_peer_certificate");

/** The names of a peer, in the order in which Envoy tries them: URI SANs, DNS SANs, subject. They live as long as this object. */
export class Peer {
  private names: Span[] = [];
  private bytes: OwnedBytes[] = [];

  /** How many names there are. */
  get count(): i32 {
    return this.names.length;
  }

  /** A name at a position below `count`. */
  name(i: i32): Span {
    return unchecked(this.names[i]);
  }

  /**
   * Reads the names of the connection in effect, whose client has presented a certificate: `uris` as `%DOWNSTREAM_PEER_URI_SAN%`
   * writes them, DNS SANs at the property `dnsPath`. Null when either is not there, or cannot be trusted. Where no path is
   * declared the first DNS SAN counts: Wasm sees no other.
   */
  static read(uris: Span, dnsPath: Span): Peer | null {
    const peer = new Peer();
    const names: Span[] = [];
    if (!addNames(uris, getProperty(FIRST_URI), names)) return null;
    const dns = getProperty(FIRST_DNS);
    if (dnsPath != ABSENT) {
      if (!addNames(getProperty(dnsPath), dns, names)) return null;
    } else if (dns != ABSENT && lengthOf(dns) > 0) {
      names.push(dns);
    }
    const subject = getProperty(SUBJECT);
    if (subject != ABSENT) names.push(subject);
    if (names.length > MAX_PEER_NAMES) return null;
    for (let i = 0; i < names.length; i++) {
      const owned = new OwnedBytes(names[i]);
      peer.bytes.push(owned);
      peer.names.push(owned.span);
    }
    return peer;
  }
}
