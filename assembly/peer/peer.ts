// Who is at the other end of a connection, by the names in its certificate.
import {
  Region,
  Span,
  UNREADABLE,
  getProperty,
  isPresent,
  lengthOf,
  propertyPath,
} from "as-proxy-wasm-sdk/assembly";
import { MAX_PEER_BYTES, MAX_PEER_NAMES } from "../limits";
import { FactSources } from "./fact-sources";
import { peerHosts, peerUris } from "./names";

const SUBJECT = propertyPath("connection.subject_peer_certificate");

/** The names of a peer, in the order in which Envoy tries them: URI SANs, DNS SANs, subject. They live as long as this object. */
export class Peer {
  private names: Span[] = [];
  private region: Region = new Region();

  /** How many names there are. */
  get count(): i32 {
    return this.names.length;
  }

  /** A name at a position below `count`. */
  name(i: i32): Span {
    return this.names[i];
  }

  /**
   * Reads the names of the connection in effect, whose client has presented a certificate. Null when something is not there, cannot be
   * read, or cannot be trusted.
   */
  static read(sources: FactSources): Peer | null {
    const names = peerUris(sources);
    const hosts = peerHosts(sources);
    const subject = getProperty(SUBJECT);
    if (names === null || hosts === null || subject == UNREADABLE) return null;
    for (let i = 0; i < hosts.length; i++) names.push(hosts[i]);
    if (isPresent(subject)) names.push(subject);
    return Peer.of(names);
  }

  /** Null where there are too many names, or too long ones. */
  private static of(names: Span[]): Peer | null {
    if (names.length > MAX_PEER_NAMES) return null;
    let size: usize = 0;
    for (let i = 0; i < names.length; i++) size += lengthOf(names[i]);
    if (size > MAX_PEER_BYTES) return null;
    const peer = new Peer();
    for (let i = 0; i < names.length; i++) peer.names.push(peer.region.keep(names[i]));
    return peer;
  }
}
