// Names of a certificate as Envoy's access-log operators write them: separated by commas, `-` for none.
import {
  ABSENT,
  EMPTY,
  Span,
  constant,
  equals,
  indexOf,
  lengthOf,
  slice,
} from "as-proxy-wasm-sdk/assembly";
import { MAX_PEER_NAMES } from "../limits";

/** What Envoy writes for no name at all. */
export const NO_NAMES = constant("-");
const SEPARATOR: u8 = 0x2c;

/**
 * Appends the names of a list; `first` is the first of them as Envoy gives it by itself, ABSENT for none. False when the list
 * cannot be trusted: it is absent, too long, or a name contains the separator.
 */
export function addNames(list: Span, first: Span, to: Span[]): bool {
  if (list == ABSENT) return false;
  if (equals(list, NO_NAMES)) return true;
  if (first != ABSENT && indexOf(first, SEPARATOR, 0) >= 0) return false;
  let rest = list;
  while (lengthOf(rest) > 0) {
    if (to.length == MAX_PEER_NAMES) return false;
    const end = indexOf(rest, SEPARATOR, 0);
    to.push(end < 0 ? rest : slice(rest, 0, end));
    rest = end < 0 ? EMPTY : slice(rest, end + 1, lengthOf(rest));
  }
  return true;
}
