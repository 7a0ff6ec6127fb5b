// The Cookie header as Envoy reads it (RFC 6265 §4.2.1): pairs between semicolons, the first of a name counts.
import {
  ABSENT,
  Pairs,
  Span,
  byteAt,
  constant,
  equals,
  indexOf,
  lengthOf,
  slice,
} from "as-proxy-wasm-sdk/assembly";

const COOKIE = constant("cookie");

/** The value of a cookie, without quotes around it; ABSENT when there is none. */
export function cookieValue(headers: Pairs, name: Span): Span {
  for (let i = headers.find(COOKIE); i >= 0; i = headers.find(COOKIE, i + 1)) {
    const value = valueIn(headers.value(i), name);
    if (value != ABSENT) return value;
  }
  return ABSENT;
}

function valueIn(cookies: Span, name: Span): Span {
  let rest = cookies;
  while (lengthOf(rest) > 0) {
    const end = indexOf(rest, 0x3b, 0);
    const pair = end < 0 ? rest : slice(rest, 0, end);
    rest = end < 0 ? 0 : slice(rest, end + 1, lengthOf(rest));
    let start: usize = 0;
    while (byteAt(pair, start) == 0x20) start++;
    const equal = indexOf(pair, 0x3d, start);
    if (equal < 0 || !equals(slice(pair, start, equal), name)) continue;
    return unquoted(slice(pair, equal + 1, lengthOf(pair)));
  }
  return ABSENT;
}

function unquoted(value: Span): Span {
  const length = lengthOf(value);
  const isQuoted = length >= 2 && byteAt(value, 0) == 0x22 && byteAt(value, length - 1) == 0x22;
  return isQuoted ? slice(value, 1, length - 1) : value;
}
