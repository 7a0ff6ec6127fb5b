// base64url without padding, RFC 4648 §5 and RFC 7515 §2, strictly: no padding, no white space, no other alphabet,
// and the unused bits of the last character zero, so that no two texts decode to the same bytes.
import {
  ABSENT,
  EMPTY,
  Span,
  addressOf,
  allocate,
  lengthOf,
  span,
} from "as-proxy-wasm-sdk/assembly";

const INVALID: u8 = 0xff;

/** Value of each character, INVALID outside of the alphabet. */
const VALUES: usize = table();

function table(): usize {
  const values = heap.alloc(256);
  memory.fill(values, INVALID, 256);
  for (let i: u8 = 0; i < 26; i++) {
    store<u8>(values + 65 + i, i);
    store<u8>(values + 97 + i, i + 26);
  }
  for (let i: u8 = 0; i < 10; i++) store<u8>(values + 48 + i, i + 52);
  store<u8>(values + 45, 62);
  store<u8>(values + 95, 63);
  return values;
}

/** Decodes `text` into the callback's memory; ABSENT when it is not canonical base64url. */
export function decodeBase64Url(text: Span): Span {
  const length = lengthOf(text);
  if (length == 0) return EMPTY;
  const rest = length & 3;
  if (rest == 1) return ABSENT;
  const size = (length >> 2) * 3 + (rest == 0 ? 0 : rest - 1);
  const out = allocate(size);
  if (out == 0) return ABSENT;

  let from = addressOf(text);
  let to = out;
  const end = from + (length & ~3);
  // One look at the end: a bit that is set only in INVALID stays set.
  let seen: u32 = 0;
  while (from < end) {
    const a: u32 = load<u8>(VALUES + load<u8>(from));
    const b: u32 = load<u8>(VALUES + load<u8>(from, 1));
    const c: u32 = load<u8>(VALUES + load<u8>(from, 2));
    const d: u32 = load<u8>(VALUES + load<u8>(from, 3));
    seen |= a | b | c | d;
    store<u8>(to, <u8>((a << 2) | (b >> 4)));
    store<u8>(to, <u8>((b << 4) | (c >> 2)), 1);
    store<u8>(to, <u8>((c << 6) | d), 2);
    from += 4;
    to += 3;
  }
  if (rest >= 2) {
    const a: u32 = load<u8>(VALUES + load<u8>(from));
    const b: u32 = load<u8>(VALUES + load<u8>(from, 1));
    seen |= a | b;
    store<u8>(to, <u8>((a << 2) | (b >> 4)));
    if (rest == 2) {
      if ((b & 15) != 0) return ABSENT;
    } else {
      const c: u32 = load<u8>(VALUES + load<u8>(from, 2));
      seen |= c;
      store<u8>(to, <u8>((b << 4) | (c >> 2)), 1);
      if ((c & 3) != 0) return ABSENT;
    }
  }
  return seen > 63 ? ABSENT : span(out, size);
}
