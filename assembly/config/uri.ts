// A jwksUri, taken apart for the fetch: RFC 3986, http and https alone.
import { Span, byteAt, indexOf, lengthOf, slice, toText } from "as-proxy-wasm-sdk/assembly";
import { decimalOf } from "../json/number";

/** Where a key set is. Its spans are kept for ever: a module has few of them. */
export class Uri {
  /** The whole text. */
  text: string = "";
  /** Host without brackets and port, in lower case. */
  host: string = "";
  port: u32 = 0;
  /** For the request: host, with the port unless it is the scheme's own. */
  authority: string = "";
  /** Path and query, at least `/`. */
  path: string = "";
  /** Why it cannot be used; empty when it can. */
  error: string = "";
}

/** Takes a URI apart. Never null: look at `error`. */
export function parseUri(text: Span): Uri {
  const uri = new Uri();
  uri.text = toText(text);
  const colon = indexOf(text, 0x3a, 0);
  const scheme = colon < 0 ? "" : toText(slice(text, 0, colon)).toLowerCase();
  if (scheme != "http" && scheme != "https") {
    uri.error = "url must have scheme http:// or https://";
    return uri;
  }
  if (byteAt(text, colon + 1) != 0x2f || byteAt(text, colon + 2) != 0x2f) {
    uri.error = "url must have scheme http:// or https://";
    return uri;
  }
  for (let i: usize = 0; i < lengthOf(text); i++) {
    const c = byteAt(text, i);
    if (c <= 0x20 || c >= 0x7f) {
      uri.error = "url must not contain blanks, control characters or anything beyond ASCII";
      return uri;
    }
  }
  const start = <usize>colon + 3;
  let end = start;
  while (end < lengthOf(text) && !endsAuthority(byteAt(text, end))) end++;
  const authority = slice(text, start, end);
  if (indexOf(authority, 0x40, 0) >= 0) {
    uri.error = "url must not contain credentials";
    return uri;
  }
  const rest = slice(text, end, lengthOf(text));
  const hash = indexOf(rest, 0x23, 0);
  const path = toText(hash < 0 ? rest : slice(rest, 0, hash));
  uri.path = path.startsWith("/") ? path : "/" + path;
  splitAuthority(uri, authority, scheme == "https" ? 443 : 80);
  return uri;
}

function endsAuthority(c: u8): bool {
  return c == 0x2f || c == 0x3f || c == 0x23;
}

function splitAuthority(uri: Uri, authority: Span, usualPort: u32): void {
  const isLiteral = byteAt(authority, 0) == 0x5b;
  const bracket = isLiteral ? indexOf(authority, 0x5d, 0) : 0;
  const colon = bracket < 0 ? -1 : indexOf(authority, 0x3a, <usize>bracket);
  const hostEnd = colon < 0 ? <i32>lengthOf(authority) : colon;
  // An address in brackets ends with its bracket, and nothing but a port comes behind.
  const isWhole = !isLiteral || bracket + 1 == hostEnd;
  uri.host = toText(
    slice(authority, isLiteral ? 1 : 0, isLiteral ? bracket : hostEnd),
  ).toLowerCase();
  uri.port = colon < 0 ? usualPort : decimalOf(slice(authority, colon + 1, lengthOf(authority)));
  if (uri.host.length == 0 || !isWhole) uri.error = "url has no host";
  else if (uri.port == 0 || uri.port > 65535) uri.error = "url has an invalid port";
  const host = isLiteral ? "[" + uri.host + "]" : uri.host;
  uri.authority = uri.port == usualPort ? host : host + ":" + uri.port.toString();
}
