// RequestAuthentication → the rules that apply to the workload.
import { constant } from "as-proxy-wasm-sdk/assembly";
import { after, countOf, firstOf, member } from "../json/tape";
import { checkNoDryRun } from "./annotations";
import { Compiled } from "./compile";
import { compileJwtRule } from "./jwt-rule";
import { Problems } from "./problems";
import { Resource, SPEC } from "./resources";

const JWT_RULES = constant("jwtRules");

/** What the CRD allows. */
const MAX_JWT_RULES: i32 = 4096;

/** Validates the resource, and compiles its rules where it applies. */
export function compileRequestAuthentication(
  resource: Resource,
  compiled: Compiled,
  problems: Problems,
): void {
  checkNoDryRun(resource.metadata, problems);
  const rules = member(resource.spec, JWT_RULES);
  problems.enter(SPEC);
  problems.enter(JWT_RULES);
  if (countOf(rules) > MAX_JWT_RULES) problems.add("must have at most 4096 items");
  let node = firstOf(rules);
  for (let i = 0; i < countOf(rules); i++) {
    problems.enterIndex(i);
    const rule = compileJwtRule(node, resource.applies, compiled, problems);
    if (rule !== null) compiled.addRule(rule, resource.isInRoot);
    problems.leave();
    node = after(node);
  }
  problems.leave();
  problems.leave();
}
