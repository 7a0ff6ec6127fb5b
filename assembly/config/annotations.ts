// `metadata.annotations`, as far as Istio gives them a meaning for these resources.
import { constant } from "as-proxy-wasm-sdk/assembly";
import { NO_NODE, Node, member } from "../json/tape";
import { Problems } from "./problems";

const ANNOTATIONS = constant("annotations");
const DRY_RUN = constant("istio.io/dry-run");

/** Refuses `istio.io/dry-run`: a policy that is meant to be tried must not be enforced, nor silently dropped. */
export function checkDryRun(metadata: Node, problems: Problems): void {
  if (member(member(metadata, ANNOTATIONS), DRY_RUN) == NO_NODE) return;
  problems.add("the annotation istio.io/dry-run is not supported yet");
}
