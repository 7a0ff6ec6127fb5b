// `connectionFacts`: the properties where a connection's facts are found that Wasm itself cannot see.
import { ABSENT, Span, getProperty, isPresent } from "as-proxy-wasm-sdk/assembly";

/** Property paths; ABSENT where not declared. */
export class FactSources {
  /** The direct peer's address. */
  directAddress: Span = ABSENT;
  /** The peer's certificate, as `%DOWNSTREAM_PEER_CERT%` writes it: in the place of the two lists, which cannot tell every name apart. */
  peerCertificate: Span = ABSENT;
  /** All URI SANs of the peer's certificate, as `%DOWNSTREAM_PEER_URI_SAN%` writes them. */
  peerUris: Span = ABSENT;
  /** In their place: no certificate has more than one (X.509-SVID, SPIFFE), and that one Wasm sees. */
  hasSingleUri: bool = false;
  /** All its DNS SANs, as `%DOWNSTREAM_PEER_DNS_SAN%` writes them. */
  peerDns: Span = ABSENT;
  /** All URI SANs of the proxy's own certificate, as `%DOWNSTREAM_LOCAL_URI_SAN%` writes them. */
  localUris: Span = ABSENT;

  /** Whether the declared fact of the connection in effect that tells of its identities is there, be it that there are none. */
  get isIdentityThere(): bool {
    if (this.hasSingleUri) return true;
    const path = this.peerCertificate == ABSENT ? this.peerUris : this.peerCertificate;
    return path != ABSENT && isPresent(getProperty(path));
  }

  /** Whether all URI SANs of the peer are told of, and all DNS SANs. */
  get tellsUris(): bool {
    return this.peerUris != ABSENT || this.peerCertificate != ABSENT;
  }

  get tellsHosts(): bool {
    return this.peerDns != ABSENT || this.peerCertificate != ABSENT;
  }

  /** Whether anything says who is at the other end. */
  get hasIdentities(): bool {
    return this.hasSingleUri || this.tellsUris;
  }
}
