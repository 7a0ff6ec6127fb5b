// A claim as the text of a header (`outputClaimToHeaders`), as Envoy 1.40 writes it.
import { ABSENT, Span, constant, encode, indexOf, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { encodeBase64 } from "../bytes/base64";
import { ByteWriter } from "../bytes/byte-writer";
import { fixedText } from "../json/double-text";
import { numberOf } from "../json/number";
import { Kind, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { writeJson } from "../json/writer";

const TRUE = constant("true");
const FALSE = constant("false");
const COMMA: u8 = 0x2c;
/** 2^64: whole numbers below, and not negative, go without decimals. */
const TWO_64: f64 = 18446744073709551616.0;

/** The value at a path of members, or NO_NODE. */
export function claimAt(payload: Node, path: StaticArray<Span>): Node {
  let node = payload;
  for (let i = 0; i < path.length; i++) node = member(node, unchecked(path[i]));
  return node;
}

/**
 * Strings as they are, numbers and booleans as text, lists and objects as padded base64 of their JSON. With `joinLists`, a list
 * of strings, numbers and booleans goes as its elements, joined by commas. ABSENT for null, an empty string, and no claim;
 * UNREADABLE when the callback's memory has ended.
 */
export function claimText(node: Node, joinLists: bool): Span {
  switch (kindOf(node)) {
    case Kind.String:
      return lengthOf(textOf(node)) == 0 ? ABSENT : textOf(node);
    case Kind.Number:
      return encode(numberText(numberOf(textOf(node))));
    case Kind.True:
      return TRUE;
    case Kind.False:
      return FALSE;
    case Kind.Array:
      return joinLists && isFlat(node) ? joined(node) : encodeBase64(writeJson(node));
    case Kind.Object:
      return encodeBase64(writeJson(node));
    default:
      return ABSENT;
  }
}

function numberText(value: f64): string {
  const isWhole = value >= 0 && value < TWO_64 && Math.floor(value) == value;
  return isWhole ? (<u64>value).toString() : fixedText(value);
}

/** Whether no element is a list, an object, null, or has a comma of its own, which could not be told from ours. */
function isFlat(list: Node): bool {
  let element = firstOf(list);
  for (let i = countOf(list); i > 0; i--) {
    const kind = kindOf(element);
    if (kind == Kind.Null || kind > Kind.String) return false;
    if (indexOf(textOf(element), COMMA, 0) >= 0) return false;
    element = after(element);
  }
  return true;
}

function joined(list: Node): Span {
  if (countOf(list) == 0) return ABSENT;
  const out = new ByteWriter();
  let element = firstOf(list);
  for (let i = countOf(list); i > 0; i--) {
    out.bytes(claimText(element, false));
    if (i > 1) out.byte(COMMA);
    element = after(element);
  }
  return out.written();
}
