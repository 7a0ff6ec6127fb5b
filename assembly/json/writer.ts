// A JSON value as text again: compact, with the escapes and the numbers that Envoy (protobuf) writes. Members keep the order
// of the document, which Envoy does not. For output headers, not for the path of every request.
import { Span, addressOf, encode, lengthOf, toText } from "as-proxy-wasm-sdk/assembly";
import { shortText } from "./double-text";
import { numberOf } from "./number";
import { Kind, Node, after, countOf, firstOf, kindOf, textOf } from "./tape";

/** The compact text of a value, UTF-8, in the callback's memory. */
export function writeJson(node: Node): Span {
  return encode(textOfValue(node));
}

// The depth is the parser's: MAX_JSON_DEPTH.
function textOfValue(node: Node): string {
  switch (kindOf(node)) {
    case Kind.True:
      return "true";
    case Kind.False:
      return "false";
    case Kind.Number:
      return shortText(numberOf(textOf(node)));
    case Kind.String:
      return quoted(textOf(node));
    case Kind.Array:
      return listText(node);
    case Kind.Object:
      return objectText(node);
    default:
      return "null";
  }
}

function listText(node: Node): string {
  const parts: string[] = [];
  let element = firstOf(node);
  for (let i = countOf(node); i > 0; i--) {
    parts.push(textOfValue(element));
    element = after(element);
  }
  return "[" + parts.join(",") + "]";
}

function objectText(node: Node): string {
  const parts: string[] = [];
  let key = firstOf(node);
  for (let i = countOf(node); i > 0; i--) {
    const value = after(key);
    parts.push(quoted(textOf(key)) + ":" + textOfValue(value));
    key = after(value);
  }
  return "{" + parts.join(",") + "}";
}

function quoted(text: Span): string {
  if (isPlain(text)) return '"' + toText(text) + '"';
  const characters = toText(text);
  let out = '"';
  for (let i = 0; i < characters.length; i++) {
    const point = <u32>characters.codePointAt(i);
    const units = point > 0xffff ? 2 : 1;
    const escape = shortEscape(point);
    if (escape.length > 0) {
      out += escape;
    } else if (needsEscape(point)) {
      for (let j = 0; j < units; j++) out += hexEscape(characters.charCodeAt(i + j));
    } else {
      out += characters.substr(i, units);
    }
    i += units - 1;
  }
  return out + '"';
}

function isPlain(text: Span): bool {
  for (let i: usize = 0; i < lengthOf(text); i++) {
    const c = load<u8>(addressOf(text) + i);
    if (c < 0x20 || c > 0x7e || c == 0x22 || c == 0x5c || c == 0x3c || c == 0x3e) return false;
  }
  return true;
}

function shortEscape(point: u32): string {
  switch (point) {
    case 0x08:
      return "\\b";
    case 0x09:
      return "\\t";
    case 0x0a:
      return "\\n";
    case 0x0c:
      return "\\f";
    case 0x0d:
      return "\\r";
    case 0x22:
      return '\\"';
    case 0x5c:
      return "\\\\";
    default:
      return "";
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

function hexEscape(unit: i32): string {
  return "\\u" + ("000" + unit.toString(16)).slice(-4);
}
