// A JSON value as text again: compact, with the escapes and the numbers that Envoy (protobuf) writes. Members keep the order
// of the document, which Envoy does not. For output headers, not for the path of every request.
import { Span, addressOf, lengthOf, span } from "as-proxy-wasm-sdk/assembly";
import { ByteWriter } from "../bytes/byte-writer";
import { shortText } from "./double-text";
import { numberOf } from "./number";
import { Kind, Node, after, countOf, firstOf, kindOf, textOf } from "./tape";

const QUOTE: u8 = 0x22;
const BACKSLASH: u8 = 0x5c;
const COMMA: u8 = 0x2c;
const COLON: u8 = 0x3a;

/** The compact text of a value, UTF-8, in the callback's memory; UNREADABLE when that has ended. */
export function writeJson(node: Node): Span {
  const out = new ByteWriter();
  writeValue(node, out);
  return out.written();
}

// The depth is the parser's: MAX_JSON_DEPTH.
function writeValue(node: Node, out: ByteWriter): void {
  switch (kindOf(node)) {
    case Kind.True:
      return out.text("true");
    case Kind.False:
      return out.text("false");
    case Kind.Number:
      return out.text(shortText(numberOf(textOf(node))));
    case Kind.String:
      return writeString(textOf(node), out);
    case Kind.Array:
      return writeList(node, out);
    case Kind.Object:
      return writeObject(node, out);
    default:
      return out.text("null");
  }
}

function writeList(node: Node, out: ByteWriter): void {
  out.byte(0x5b);
  let element = firstOf(node);
  for (let i = countOf(node); i > 0; i--) {
    writeValue(element, out);
    if (i > 1) out.byte(COMMA);
    element = after(element);
  }
  out.byte(0x5d);
}

function writeObject(node: Node, out: ByteWriter): void {
  out.byte(0x7b);
  let key = firstOf(node);
  for (let i = countOf(node); i > 0; i--) {
    const value = after(key);
    writeString(textOf(key), out);
    out.byte(COLON);
    writeValue(value, out);
    if (i > 1) out.byte(COMMA);
    key = after(value);
  }
  out.byte(0x7d);
}

/** `text` is well-formed UTF-8: the parser takes no other. */
function writeString(text: Span, out: ByteWriter): void {
  out.byte(QUOTE);
  const end = addressOf(text) + lengthOf(text);
  // What needs no escape goes in one piece.
  let plain = addressOf(text);
  let at = plain;
  while (at < end) {
    const size = sizeOfSequence(load<u8>(at));
    const point = codePoint(at, size);
    const short = shortEscape(point);
    if (short != 0 || needsEscape(point)) {
      out.bytes(span(plain, at - plain));
      if (short != 0) {
        out.byte(BACKSLASH);
        out.byte(short);
      } else {
        writeHexEscape(point, out);
      }
      plain = at + size;
    }
    at += size;
  }
  out.bytes(span(plain, end - plain));
  out.byte(QUOTE);
}

/** Bytes of a UTF-8 sequence by its first, RFC 3629 §3. */
function sizeOfSequence(first: u8): usize {
  return first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
}

function codePoint(at: usize, size: usize): u32 {
  const first = <u32>load<u8>(at);
  if (size == 1) return first;
  let point = first & (0x7f >> (<u32>size));
  for (let i: usize = 1; i < size; i++) point = (point << 6) | (load<u8>(at + i) & 0x3f);
  return point;
}

/** The character after the backslash, or 0 when there is no short escape. */
function shortEscape(point: u32): u8 {
  switch (point) {
    case 0x08:
      return 0x62;
    case 0x09:
      return 0x74;
    case 0x0a:
      return 0x6e;
    case 0x0c:
      return 0x66;
    case 0x0d:
      return 0x72;
    case QUOTE:
    case BACKSLASH:
      return <u8>point;
    default:
      return 0;
  }
}

/** Characters that protobuf escapes for the sake of HTML and of what cannot be seen. */
// prettier-ignore
const ESCAPED_RANGES: StaticArray<u32> = [
  0x00, 0x1f, 0x3c, 0x3c, 0x3e, 0x3e, 0x7f, 0x9f, 0xad, 0xad, 0x600, 0x603, 0x6dd, 0x6dd, 0x70f, 0x70f,
  0x17b4, 0x17b5, 0x200b, 0x200f, 0x2028, 0x202e, 0x2060, 0x2064, 0x206a, 0x206f, 0xfeff, 0xfeff,
  0xfff9, 0xfffb, 0x1d173, 0x1d17a, 0xe0001, 0xe0001, 0xe0020, 0xe007f,
];

function needsEscape(point: u32): bool {
  for (let i = 0; i < ESCAPED_RANGES.length; i += 2) {
    if (point >= ESCAPED_RANGES[i] && point <= ESCAPED_RANGES[i + 1]) return true;
  }
  return false;
}

/** As UTF-16 code units: RFC 8259 §7 has two escapes for what is beyond U+FFFF. */
function writeHexEscape(point: u32, out: ByteWriter): void {
  if (point <= 0xffff) return writeUnit(point, out);
  writeUnit(0xd800 + ((point - 0x10000) >> 10), out);
  writeUnit(0xdc00 + ((point - 0x10000) & 0x3ff), out);
}

function writeUnit(unit: u32, out: ByteWriter): void {
  out.byte(BACKSLASH);
  out.byte(0x75);
  for (let shift = 12; shift >= 0; shift -= 4) {
    const digit = <u8>((unit >> shift) & 15);
    out.byte(digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}
