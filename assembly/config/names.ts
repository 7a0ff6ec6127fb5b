// Names as Kubernetes takes them: RFC 1123.
import { Span, byteAt, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { Problems } from "./problems";

const MAX_LABEL: usize = 63;
const MAX_SUBDOMAIN: usize = 253;
const HYPHEN: u8 = 0x2d;
const DOT: u8 = 0x2e;

/** Reports a name that is missing, or that the API server would refuse. `hasDots`: labels joined by dots (a DNS subdomain). */
export function checkName(key: Span, name: Span, hasDots: bool, problems: Problems): void {
  if (lengthOf(name) == 0) {
    problems.addAt(key, "missing");
    return;
  }
  if (isName(name, hasDots)) return;
  problems.addAt(
    key,
    hasDots
      ? "must be a name: lowercase letters, digits, hyphens and dots, at most 253 of them"
      : "must be a name: lowercase letters, digits and hyphens, at most 63 of them",
  );
}

/** Hyphens and dots stand between letters and digits alone. */
function isName(name: Span, hasDots: bool): bool {
  const length = lengthOf(name);
  if (length > (hasDots ? MAX_SUBDOMAIN : MAX_LABEL)) return false;
  let wasInner = false;
  for (let i: usize = 0; i < length; i++) {
    const c = byteAt(name, i);
    const isInner = (c >= 0x61 && c <= 0x7a) || (c >= 0x30 && c <= 0x39);
    if (!isInner && !(c == HYPHEN && i > 0) && !(c == DOT && hasDots && wasInner)) return false;
    if (!isInner && i + 1 == length) return false;
    // After a dot a label begins, and before it one ends.
    if (c == DOT && byteAt(name, i + 1) == HYPHEN) return false;
    wasInner = isInner;
  }
  return true;
}

/** Characters of a UTF-8 text, as OpenAPI counts them. */
export function charactersOf(text: Span): i32 {
  let count = 0;
  for (let i: usize = 0; i < lengthOf(text); i++) {
    if ((byteAt(text, i) & 0xc0) != 0x80) count++;
  }
  return count;
}
