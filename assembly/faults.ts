// Faults on demand, in test builds alone (`--use FAULTS=1`): the shipped module has none of this.
import {
  ANY_VERSION,
  MapType,
  Span,
  constant,
  equals,
  getFirstHeader,
  getShared,
  isPresent,
  lengthOf,
  setShared,
  slice,
} from "as-proxy-wasm-sdk/assembly";

const TRAP = constant("x-portcullis-trap");
const TRIED = constant("portcullis faults: tried");

/** A request with the header `x-portcullis-trap` traps the VM. */
export function injectFault(): void {
  if (!isPresent(getFirstHeader(MapType.RequestHeaders, TRAP))) return;
  // This trap is meant.
  unreachable();
}

/** A configuration with that word in it traps every VM but the first that gets it, which is the one of Envoy's trial. */
export function injectConfigurationFault(text: Span): void {
  if (!contains(text, TRAP)) return;
  const wasTried = isPresent(getShared(TRIED));
  setShared(TRIED, TRAP, ANY_VERSION);
  if (!wasTried) return;
  // This trap is meant.
  unreachable();
}

function contains(text: Span, word: Span): bool {
  const size = lengthOf(word);
  for (let i: usize = 0; i + size <= lengthOf(text); i++) {
    if (equals(slice(text, i, i + size), word)) return true;
  }
  return false;
}
