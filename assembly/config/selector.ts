// `spec.selector`, with what Istio's webhook refuses of it.
import { constant, indexOf, lengthOf, toText } from "as-proxy-wasm-sdk/assembly";
import { Node, after, countOf, firstOf, member, textOf } from "../json/tape";
import { charactersOf } from "./names";
import { Problems } from "./problems";

const SELECTOR = constant("selector");
const MATCH_LABELS = constant("matchLabels");

/** What the CRD allows. */
const MAX_LABELS: i32 = 4096;
const MAX_LABEL_VALUE: i32 = 63;

/** Reports what is wrong with a selector's labels. */
export function checkSelector(selector: Node, problems: Problems): void {
  const labels = member(selector, MATCH_LABELS);
  problems.enter(SELECTOR);
  problems.enter(MATCH_LABELS);
  if (countOf(labels) > MAX_LABELS) problems.add("must have at most 4096 members");
  let key = firstOf(labels);
  for (let i = countOf(labels); i > 0; i--) {
    const value = after(key);
    if (lengthOf(textOf(key)) == 0) {
      problems.add("empty key is not supported in selector: " + pairText(key, value));
    }
    if (indexOf(textOf(key), 0x2a, 0) >= 0 || indexOf(textOf(value), 0x2a, 0) >= 0) {
      problems.add("wildcard is not supported in selector: " + pairText(key, value));
    }
    if (charactersOf(textOf(value)) > MAX_LABEL_VALUE) {
      problems.addAt(textOf(key), "must have at most 63 characters");
    }
    key = after(value);
  }
  problems.leave();
  problems.leave();
}

function pairText(key: Node, value: Node): string {
  return '"' + toText(textOf(key)) + "=" + toText(textOf(value)) + '"';
}
