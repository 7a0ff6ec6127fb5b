// Labels of the metrics that tell who speaks to the workload, and how.
import {
  Span,
  addressOf,
  constant,
  equals,
  lengthOf,
  slice,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { MAX_LABEL_BYTES } from "../limits";
import { Connection } from "./connection";
import { Security, nameOfSecurity } from "./security";

const SPIFFE = constant("spiffe://");
/** In the place of a name, for all that are beyond the number that is counted by name. */
const OTHER = "other";
const UNKNOWN = "unknown";

/**
 * `;security=…;port=…;source=…`; `port` is the workload's. The source is the peer's identity without
 * `spiffe://` (as in `principals`), and without one its address; `named` false: all of them together.
 */
export function labelsOf(connection: Connection, port: i32, named: bool): string {
  return (
    ";security=" +
    nameOfSecurity(connection.security) +
    ";port=" +
    port.toString() +
    ";source=" +
    (named ? sourceOf(connection) : OTHER)
  );
}

function sourceOf(connection: Connection): string {
  if (connection.security == Security.Mtls && connection.hasPeerFact) {
    const peer = connection.peer();
    if (peer.count > 0) return labelText(withoutScheme(peer.name(0)));
  }
  const address = connection.directAddressText();
  return lengthOf(address) == 0 ? UNKNOWN : labelText(address);
}

function withoutScheme(name: Span): Span {
  const length = lengthOf(SPIFFE);
  return equals(slice(name, 0, length), SPIFFE) ? slice(name, length, lengthOf(name)) : name;
}

/** A label's value stands between semicolons in the name of the metric. */
function labelText(value: Span): string {
  return toText(slice(value, 0, MAX_LABEL_BYTES)).replaceAll(";", "_");
}
