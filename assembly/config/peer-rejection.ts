// `peerRejection` of the plugin configuration: what plaintext gets under STRICT where only the HTTP filter is there to refuse it.
import { Span, constant, equals } from "as-proxy-wasm-sdk/assembly";
import { decimalOf } from "../json/number";
import { Kind, Node, kindOf, member, textOf } from "../json/tape";
import { Problems } from "./problems";

const PEER_REJECTION = constant("peerRejection");
const RESET_WORD: Span = constant("RESET");

/** The stream is reset: what Istio's listener does to the connection. */
export const RESET: u32 = 0;

/** RESET, or an HTTP status. */
export function readPeerRejection(root: Node, problems: Problems): u32 {
  const node = member(root, PEER_REJECTION);
  if (kindOf(node) <= Kind.Null || equals(textOf(node), RESET_WORD)) return RESET;
  const status = kindOf(node) == Kind.Number ? decimalOf(textOf(node)) : 0;
  if (status < 400 || status > 599) {
    problems.addAt(PEER_REJECTION, "must be RESET or an HTTP status from 400 to 599");
  }
  return status;
}
