// The connection of a request: what of it never changes, read when first asked for, and once.
import {
  ABSENT,
  EMPTY,
  Span,
  UNREADABLE,
  addressOf,
  getProperty,
  isPresent,
  lengthOf,
  propertyPath,
} from "as-proxy-wasm-sdk/assembly";
import { IpAddress } from "../bytes/ip";
import { OwnedBytes } from "../bytes/owned-bytes";
import { MAX_PEER_BYTES } from "../limits";
import { FactSources } from "./fact-sources";
import { Peer } from "./peer";
import { Security } from "./security";
import { Tally } from "./tallies";
import { xfccElement } from "./xfcc-element";

const TLS_VERSION = propertyPath("connection.tls_version");
const MTLS = propertyPath("connection.mtls");
const DESTINATION_PORT = propertyPath("destination.port");

/** There is no port: a socket without one. */
const NO_PORT: i32 = -1;
/** The host could not tell it. */
export const UNREADABLE_PORT: i32 = -2;
const NOT_ASKED: i32 = -3;
const NOBODY = new Peer();
const NO_ADDRESS = new IpAddress();

/** One connection; every method may be called only while it, or one of its streams, is in effect. */
export class Connection {
  /** `Security`: how it is secured, as far as its handshake has come. */
  security: i32 = Security.Plaintext;
  /** Where its requests are counted; null until the first. */
  tally: Tally | null = null;
  /** The host could not tell how it is secured: nobody may be judged by it. */
  isUnreadable: bool = false;
  /** The declared fact was asked for and was not there, or cannot be trusted: no decision may rest on it. */
  isAddressMissing: bool = false;
  isPeerMissing: bool = false;
  private port: i32 = NOT_ASKED;
  private direct: IpAddress | null = null;
  private names: Peer | null = null;
  private element: OwnedBytes | null = null;

  constructor(private sources: FactSources) {}

  /** Reads how it is secured; again where a TLS handshake may have come to its end. */
  readSecurity(): void {
    const version = getProperty(TLS_VERSION);
    const mtls = version == ABSENT ? ABSENT : getProperty(MTLS);
    this.isUnreadable = version == UNREADABLE || mtls == UNREADABLE;
    if (version == ABSENT) this.security = Security.Plaintext;
    else this.security = isTrue(mtls) ? Security.Mtls : Security.Tls;
  }

  /** The local port; -1 when there is none, UNREADABLE_PORT when the host cannot tell. */
  destinationPort(): i32 {
    if (this.port < NO_PORT) {
      const value = getProperty(DESTINATION_PORT);
      if (value == UNREADABLE) this.port = UNREADABLE_PORT;
      else if (value == ABSENT || lengthOf(value) != 8) this.port = NO_PORT;
      else this.port = <i32>load<i64>(addressOf(value));
    }
    return this.port;
  }

  /** The address at the other end, whatever headers say; no address, and `isAddressMissing`, where the fact is not there. */
  directAddress(): IpAddress {
    const known = this.direct;
    if (known !== null) return known;
    const direct = new IpAddress();
    this.isAddressMissing = !direct.parse(factAt(this.sources.directAddress));
    // What is not there now may be there for the next request.
    if (this.isAddressMissing) return NO_ADDRESS;
    this.direct = direct;
    return direct;
  }

  /** The same as text, without port; of no bytes where the fact is not declared or not there. */
  directAddressText(): Span {
    const text = factAt(this.sources.directAddress);
    return isPresent(text) ? text : EMPTY;
  }

  /** Whether `peer` can be asked. */
  get hasPeerFact(): bool {
    return this.sources.hasIdentities;
  }

  /** Who is at the other end, by its certificate: nobody without one, and nobody, and `isPeerMissing`, where the fact is not there. */
  peer(): Peer {
    const known = this.names;
    if (known !== null) return known;
    const read = this.readPeer();
    this.isPeerMissing = read === null;
    if (read === null) return NOBODY;
    this.names = read;
    return read;
  }

  /** Null where the facts are not there, cannot be read, or cannot be trusted. */
  private readPeer(): Peer | null {
    // A fact that is declared is there on plaintext, too.
    if (!this.sources.isIdentityThere) return null;
    return this.security == Security.Mtls ? Peer.read(this.sources) : NOBODY;
  }

  /** The element of X-Forwarded-Client-Cert for it; ABSENT where a fact that it needs is not there. */
  xfcc(details: u32): Span {
    const element = this.element;
    if (element !== null) return element.span;
    const made = xfccElement(this.sources, details);
    if (made == ABSENT || lengthOf(made) > MAX_PEER_BYTES) return ABSENT;
    const owned = new OwnedBytes(made);
    this.element = owned;
    return owned.span;
  }
}

function isTrue(value: Span): bool {
  return isPresent(value) && lengthOf(value) == 1 && load<u8>(addressOf(value)) == 1;
}

function factAt(path: Span): Span {
  return path == ABSENT ? ABSENT : getProperty(path);
}
