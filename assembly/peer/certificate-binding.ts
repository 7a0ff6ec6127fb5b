// Tokens that are bound to the client's certificate, RFC 8705 §3.
import {
  ABSENT,
  Span,
  addressOf,
  byteAt,
  getProperty,
  isTrueProperty,
  lengthOf,
  propertyPath,
} from "as-proxy-wasm-sdk/assembly";
import { decodeBase64Url } from "../bytes/base64url";

const MTLS = propertyPath("connection.mtls");
const PEER_DIGEST = propertyPath("connection.sha256_peer_certificate_digest");

/** Bytes of a SHA-256 digest. */
const DIGEST: usize = 32;

/**
 * Whether `x5t#S256` (base64url of the SHA-256 of the certificate's DER) is that of the certificate that the peer of this
 * connection has presented. False without one, or without TLS.
 */
export function isBoundToPeer(thumbprint: Span): bool {
  if (thumbprint == ABSENT || !isTrueProperty(MTLS)) return false;
  const wanted = decodeBase64Url(thumbprint);
  if (wanted == ABSENT || lengthOf(wanted) != DIGEST) return false;
  const seen = getProperty(PEER_DIGEST);
  if (seen == ABSENT || lengthOf(seen) != DIGEST * 2) return false;
  for (let i: usize = 0; i < DIGEST; i++) {
    const byte = (hexDigit(byteAt(seen, i * 2)) << 4) | hexDigit(byteAt(seen, i * 2 + 1));
    if (byte != <i32>load<u8>(addressOf(wanted) + i)) return false;
  }
  return true;
}

/** The value of a hexadecimal digit; beyond any byte's for what is none. */
function hexDigit(c: u8): i32 {
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  const lower = c | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : 0x100;
}
