// `connectionFacts`: the properties where a connection's facts are found that Wasm itself cannot see.
import { ABSENT, Span } from "as-proxy-wasm-sdk/assembly";

/** Property paths; ABSENT where not declared. */
export class FactSources {
  /** The direct peer's address. */
  directAddress: Span = ABSENT;
  /** All URI SANs of the peer's certificate, as `%DOWNSTREAM_PEER_URI_SAN%` writes them. */
  peerUris: Span = ABSENT;
  /** In their place: no certificate has more than one (X.509-SVID, SPIFFE), and that one Wasm sees. */
  hasSingleUri: bool = false;
  /** All its DNS SANs, as `%DOWNSTREAM_PEER_DNS_SAN%` writes them. */
  peerDns: Span = ABSENT;
  /** All URI SANs of the proxy's own certificate, as `%DOWNSTREAM_LOCAL_URI_SAN%` writes them. */
  localUris: Span = ABSENT;

  /** Whether anything says who is at the other end. */
  get hasIdentities(): bool {
    return this.hasSingleUri || this.peerUris != ABSENT;
  }
}
