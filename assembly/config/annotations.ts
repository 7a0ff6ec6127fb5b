// `metadata.annotations`, as far as Istio gives them a meaning for these resources.
import { constant, toText } from "as-proxy-wasm-sdk/assembly";
import { NO_NODE, Node, member, textOf } from "../json/tape";
import { Problems } from "./problems";
import { Resource } from "./resources";

const METADATA = constant("metadata");
const ANNOTATIONS = constant("annotations");
const DRY_RUN = constant("istio.io/dry-run");

/** Go's strconv.ParseBool. */
const TRUES: string[] = ["1", "t", "T", "TRUE", "true", "True"];
const FALSES: string[] = ["0", "f", "F", "FALSE", "false", "False"];

/** Refuses `istio.io/dry-run` where Istio does not know it: it must not be silently dropped. */
export function checkNoDryRun(metadata: Node, problems: Problems): void {
  if (dryRunOf(metadata) == NO_NODE) return;
  report(problems, "unsupported annotation istio.io/dry-run, please remove the annotation");
}

/** Whether an AuthorizationPolicy is to be tried, not enforced. `isKnown`: its action is one that can be. */
export function isDryRun(
  resource: Resource,
  isKnown: bool,
  action: string,
  problems: Problems,
): bool {
  const annotation = dryRunOf(resource.metadata);
  if (annotation == NO_NODE) return false;
  const value = toText(textOf(annotation));
  if (!TRUES.includes(value) && !FALSES.includes(value)) {
    report(
      problems,
      "annotation istio.io/dry-run with invalid value (" + value + "): neither true nor false",
    );
  }
  if (!isKnown) {
    report(
      problems,
      "the annotation istio.io/dry-run currently only supports action ALLOW/DENY, found action " +
        action,
    );
  }
  return TRUES.includes(value);
}

function report(problems: Problems, message: string): void {
  problems.enter(METADATA);
  problems.enter(ANNOTATIONS);
  problems.addAt(DRY_RUN, message);
  problems.leave();
  problems.leave();
}

function dryRunOf(metadata: Node): Node {
  return member(member(metadata, ANNOTATIONS), DRY_RUN);
}
