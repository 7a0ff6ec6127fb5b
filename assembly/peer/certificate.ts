// The names in a certificate, from the certificate itself: DER (X.690) of RFC 5280, as Envoy's `%DOWNSTREAM_PEER_CERT%` writes it, PEM
// in URL encoding. Envoy has verified it; what is read here are its subject alternative names (§4.2.1.6), each by itself: in Envoy's
// lists of them, a comma in a name cannot be told from one between two.
import {
  ABSENT,
  Span,
  addressOf,
  allocate,
  byteAt,
  constant,
  equals,
  indexOf,
  isPresent,
  lengthOf,
  slice,
  span,
} from "as-proxy-wasm-sdk/assembly";
import { MAX_PEER_NAMES } from "../limits";

const SEQUENCE: u8 = 0x30;
const OBJECT_IDENTIFIER: u8 = 0x06;
const OCTET_STRING: u8 = 0x04;
/** `extensions [3]` of a TBSCertificate. */
const EXTENSIONS: u8 = 0xa3;
/** GeneralName: `dNSName [2]`, `uniformResourceIdentifier [6]`. */
const DNS_NAME: u8 = 0x82;
const URI_NAME: u8 = 0x86;
/** id-ce-subjectAltName, 2.5.29.17. */
const SUBJECT_ALT_NAME = memory.data<u8>([0x55, 0x1d, 0x11]);

const BEGIN = constant("-----BEGIN CERTIFICATE-----");
const END = constant("-----END CERTIFICATE-----");

/** A value in DER, and where the next begins. */
class Element {
  tag: u8 = 0;
  content: Span = 0;
  private rest: Span = 0;

  /** Begins with the values in `bytes`. */
  begin(bytes: Span): void {
    this.rest = bytes;
  }

  /** Goes to the next; false at the end, and where what comes is no DER: `isBroken` tells. */
  next(): bool {
    const length = lengthOf(this.rest);
    if (length == 0) return false;
    this.isBroken = true;
    this.tag = byteAt(this.rest, 0);
    let size: usize = byteAt(this.rest, 1);
    let header: usize = 2;
    if (size >= 0x80) {
      // Lengths of up to three bytes: 16 MiB.
      const count = size & 0x7f;
      if (count == 0 || count > 3) return false;
      size = 0;
      for (let i: usize = 0; i < count; i++) size = (size << 8) | byteAt(this.rest, 2 + i);
      header += count;
    }
    if (header > length || size > length - header) return false;
    this.isBroken = false;
    this.content = slice(this.rest, header, header + size);
    this.rest = slice(this.rest, header + size, length);
    return true;
  }

  /** What stands there is no DER. */
  isBroken: bool = false;

  /** Goes to the next, which must have this tag; its content, or ABSENT. */
  take(tag: u8): Span {
    return this.next() && this.tag == tag ? this.content : ABSENT;
  }
}

/** The subject alternative names of a certificate: spans of the callback's memory. */
export class CertificateNames {
  readonly uris: Span[] = [];
  readonly hosts: Span[] = [];

  /** Reads the names of the certificate in `text` (URL-encoded PEM); false where it is none, or has too many names. */
  read(text: Span): bool {
    const der = derOf(text);
    if (!isPresent(der)) return false;
    const element = new Element();
    element.begin(der);
    const certificate = element.take(SEQUENCE);
    element.begin(certificate);
    const signed = element.take(SEQUENCE);
    if (!isPresent(certificate) || !isPresent(signed)) return false;
    element.begin(signed);
    while (element.next()) {
      if (element.tag == EXTENSIONS) return this.readExtensions(element.content);
    }
    return !element.isBroken;
  }

  private readExtensions(content: Span): bool {
    const list = new Element();
    list.begin(content);
    const all = list.take(SEQUENCE);
    if (!isPresent(all)) return false;
    list.begin(all);
    let isRead = false;
    while (list.next()) {
      const part = new Element();
      part.begin(list.content);
      const id = part.take(OBJECT_IDENTIFIER);
      if (!isPresent(id)) return false;
      if (!equals(id, span(SUBJECT_ALT_NAME, 3))) continue;
      // BoringSSL takes a certificate with two of them for one without any.
      if (isRead) return false;
      isRead = true;
      // In between stands whether it is critical.
      while (part.next() && part.tag != OCTET_STRING) continue;
      if (part.isBroken || part.tag != OCTET_STRING || !this.readNames(part.content)) return false;
    }
    return !list.isBroken;
  }

  private readNames(content: Span): bool {
    const list = new Element();
    list.begin(content);
    const names = list.take(SEQUENCE);
    if (!isPresent(names)) return false;
    list.begin(names);
    while (list.next()) {
      if (this.uris.length + this.hosts.length == MAX_PEER_NAMES) return false;
      if (list.tag == URI_NAME) this.uris.push(list.content);
      else if (list.tag == DNS_NAME) this.hosts.push(list.content);
    }
    return !list.isBroken;
  }
}

/** The bytes of the certificate; ABSENT where the text is none. */
function derOf(text: Span): Span {
  const pem = unescaped(text);
  if (!equals(slice(pem, 0, lengthOf(BEGIN)), BEGIN)) return ABSENT;
  const body = slice(pem, lengthOf(BEGIN), lengthOf(pem));
  const end = indexOf(body, 0x2d, 0);
  if (end < 0 || !equals(slice(body, end, <usize>end + lengthOf(END)), END)) return ABSENT;
  return decoded(slice(body, 0, end));
}

function unescaped(text: Span): Span {
  const length = lengthOf(text);
  const out = allocate(length);
  if (out == 0) return ABSENT;
  let to = out;
  for (let i: usize = 0; i < length; i++) {
    const c = byteAt(text, i);
    const high = hex(byteAt(text, i + 1));
    const low = hex(byteAt(text, i + 2));
    if (c == 0x25 && high >= 0 && low >= 0) {
      store<u8>(to++, <u8>((high << 4) | low));
      i += 2;
    } else {
      store<u8>(to++, c);
    }
  }
  return span(out, to - out);
}

/** base64 (RFC 4648 §4), in lines; ABSENT for anything else. */
function decoded(text: Span): Span {
  const length = lengthOf(text);
  const out = allocate((length / 4 + 1) * 3);
  if (out == 0) return ABSENT;
  let to = out;
  let bits: u32 = 0;
  let count = 0;
  let padding = 0;
  for (let i: usize = 0; i < length; i++) {
    const c = byteAt(text, i);
    if (c == 0x0a || c == 0x0d) continue;
    const value = c == 0x3d ? 0 : sextet(c);
    if (value < 0 || (padding > 0 && c != 0x3d)) return ABSENT;
    if (c == 0x3d) padding++;
    bits = (bits << 6) | value;
    if (++count < 4) continue;
    store<u8>(to++, <u8>(bits >> 16));
    store<u8>(to++, <u8>(bits >> 8));
    store<u8>(to++, <u8>bits);
    bits = 0;
    count = 0;
  }
  if (count != 0 || padding > 2) return ABSENT;
  return span(out, to - out - padding);
}

function sextet(c: u8): i32 {
  if (c - 0x41 < 26) return c - 0x41;
  if (c - 0x61 < 26) return c - 0x61 + 26;
  if (c - 0x30 < 10) return c - 0x30 + 52;
  return c == 0x2b ? 62 : c == 0x2f ? 63 : -1;
}

function hex(c: u8): i32 {
  if (c - 0x30 <= 9) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
