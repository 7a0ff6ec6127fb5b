// The connection of a request: what of it never changes, read when first asked for, and once.
import {
  ABSENT,
  EMPTY,
  Span,
  getIntegerProperty,
  getProperty,
  isTrueProperty,
  lengthOf,
  propertyPath,
} from "as-proxy-wasm-sdk/assembly";
import { IpAddress } from "../bytes/ip";
import { OwnedBytes } from "../bytes/owned-bytes";
import { FactSources } from "./fact-sources";
import { NO_NAMES } from "./names";
import { Peer } from "./peer";
import { Security } from "./security";
import { Tally } from "./tallies";
import { xfccElement } from "./xfcc-element";

const TLS_VERSION = propertyPath("connection.tls_version");
const MTLS = propertyPath("connection.mtls");
const DESTINATION_PORT = propertyPath("destination.port");

const FIRST_URI = propertyPath("connection.uri_san_peer_certificate");

const UNKNOWN_PORT: i32 = -1;
const NOBODY = new Peer();

/** One connection; every method may be called only while it, or one of its streams, is in effect. */
export class Connection {
  /** `Security`: how it is secured, as far as its handshake has come. */
  security: i32 = Security.Plaintext;
  /** Where its requests are counted; null until the first. */
  tally: Tally | null = null;
  /** The declared fact was asked for and was not there, or cannot be trusted: no decision may rest on it. */
  isAddressMissing: bool = false;
  isPeerMissing: bool = false;
  private port: i32 = UNKNOWN_PORT;
  private direct: IpAddress | null = null;
  private names: Peer | null = null;
  private element: OwnedBytes | null = null;

  constructor(private sources: FactSources) {}

  /** Reads how it is secured; again where a TLS handshake may have come to its end. */
  readSecurity(): void {
    if (getProperty(TLS_VERSION) == ABSENT) this.security = Security.Plaintext;
    else this.security = isTrueProperty(MTLS) ? Security.Mtls : Security.Tls;
  }

  /** The local port, or -1 when the host does not tell. */
  destinationPort(): i32 {
    if (this.port == UNKNOWN_PORT) {
      this.port = <i32>getIntegerProperty(DESTINATION_PORT, UNKNOWN_PORT);
    }
    return this.port;
  }

  /** The address at the other end, whatever headers say; no address, and `isAddressMissing`, where the fact is not there. */
  directAddress(): IpAddress {
    let direct = this.direct;
    if (direct === null) {
      direct = new IpAddress();
      if (!direct.parse(factAt(this.sources.directAddress))) this.isAddressMissing = true;
      this.direct = direct;
    }
    return direct;
  }

  /** The same as text, without port; of no bytes where the fact is not declared or not there. */
  directAddressText(): Span {
    const text = factAt(this.sources.directAddress);
    return text == ABSENT ? EMPTY : text;
  }

  /** Whether `peer` can be asked. */
  get hasPeerFact(): bool {
    return this.sources.hasIdentities;
  }

  /** Who is at the other end, by its certificate: nobody without one, and nobody, and `isPeerMissing`, where the fact is not there. */
  peer(): Peer {
    let names = this.names;
    if (names !== null) return names;
    const uris = this.sources.hasSingleUri ? firstUri() : factAt(this.sources.peerUris);
    // A fact that is declared is there on plaintext, too.
    if (uris != ABSENT) {
      names = this.security == Security.Mtls ? Peer.read(uris, this.sources.peerDns) : NOBODY;
    }
    this.isPeerMissing = names === null;
    const known = names === null ? NOBODY : names;
    this.names = known;
    return known;
  }

  /** The element of X-Forwarded-Client-Cert for it; ABSENT where a fact that it needs is not there. */
  xfcc(details: u32): Span {
    const element = this.element;
    if (element !== null) return element.span;
    const made = xfccElement(this.sources, details);
    if (made == ABSENT) return ABSENT;
    const owned = new OwnedBytes(made);
    this.element = owned;
    return owned.span;
  }
}

/** The one URI SAN of the peer's certificate, in the form of a fact. */
function firstUri(): Span {
  const uri = getProperty(FIRST_URI);
  return uri == ABSENT || lengthOf(uri) == 0 ? NO_NAMES : uri;
}

function factAt(path: Span): Span {
  return path == ABSENT ? ABSENT : getProperty(path);
}
