// PeerAuthentication → the mode of each port: mesh, namespace, workload, port; the narrower wins, UNSET inherits, and of several
// for the same workloads the oldest counts alone (istiod: ComposePeerAuthentication).
import { Span, constant, equals, isPresent, toText } from "as-proxy-wasm-sdk/assembly";
import { decimalOf } from "../json/number";
import { Kind, NO_NODE, Node, after, countOf, firstOf, kindOf, member, textOf } from "../json/tape";
import { MtlsMode, PeerAuthentication, SourcedMode } from "../peer/peer-authentication";
import { checkNoDryRun } from "./annotations";
import { Compiled, textMember } from "./compile";
import { NO_TIME, creationTimeOf } from "./creation-time";
import { Problems } from "./problems";
import { Resource, SPEC } from "./resources";
import { quoted } from "./validate";

const SELECTOR = constant("selector");
const MATCH_LABELS = constant("matchLabels");
const MTLS = constant("mtls");
const MODE = constant("mode");
const PORT_LEVEL_MTLS = constant("portLevelMtls");
const UNSET = constant("UNSET");
const DISABLE = constant("DISABLE");
const PERMISSIVE = constant("PERMISSIVE");
const STRICT = constant("STRICT");

/** `mode` is absent or UNSET: what is wider decides. */
const INHERITED: i32 = -1;

/** The one resource of a scope that counts so far. */
class Scope {
  spec: Node = NO_NODE;
  name: string = "";
  time: i64 = NO_TIME;

  /** Puts a resource against the one that counts; says what is not going to count. */
  offer(resource: Resource, time: i64, warnings: string[]): void {
    const name = toText(resource.namespace) + "/" + toText(resource.name);
    if (this.name.length == 0) {
      this.take(resource, name, time);
      return;
    }
    const isTimeKnown = time != NO_TIME && this.time != NO_TIME;
    // Equal times: istiod lists by name then.
    const wins = isTimeKnown && (time < this.time || (time == this.time && name < this.name));
    const loser = wins ? this.name : name;
    if (wins) this.take(resource, name, time);
    warnings.push(
      "config: PeerAuthentication " +
        loser +
        " is ignored: " +
        this.name +
        (isTimeKnown
          ? " is for the same workloads, and older"
          : " is for the same workloads, and stands first; which is older (metadata.creationTimestamp) is not said"),
    );
  }

  private take(resource: Resource, name: string, time: i64): void {
    this.spec = resource.spec;
    this.name = name;
    this.time = time;
  }
}

/** The PeerAuthentications that apply to the workload, by scope. */
export class PeerScopes {
  private mesh: Scope = new Scope();
  private namespace: Scope = new Scope();
  private workload: Scope = new Scope();

  /** Adds a resource that applies. */
  add(resource: Resource, time: i64, warnings: string[]): void {
    const hasSelector = hasLabels(resource.spec);
    if (resource.isInRoot && hasSelector) {
      warnings.push(
        "config: PeerAuthentication " +
          toText(resource.namespace) +
          "/" +
          toText(resource.name) +
          " is ignored: it has a selector, and Istio takes none in the root namespace",
      );
      return;
    }
    if (hasSelector) this.workload.offer(resource, time, warnings);
    else if (resource.isInRoot) this.mesh.offer(resource, time, warnings);
    else this.namespace.offer(resource, time, warnings);
  }

  /** What they want of connections. */
  resolve(): PeerAuthentication {
    let mode = new SourcedMode(MtlsMode.Permissive, "");
    mode = narrowed(mode, this.mesh);
    mode = narrowed(mode, this.namespace);
    mode = narrowed(mode, this.workload);
    const resolved = new PeerAuthentication(mode);
    const ports = member(this.workload.spec, PORT_LEVEL_MTLS);
    let key = firstOf(ports);
    for (let i = countOf(ports); i > 0; i--) {
      const value = after(key);
      const own = modeOf(value);
      const port = <i32>decimalOf(textOf(key));
      resolved.setPort(port, own == INHERITED ? mode : new SourcedMode(own, this.workload.name));
      key = after(value);
    }
    return resolved;
  }
}

/** Validates the resource, and keeps it where it applies. */
export function compilePeerAuthentication(
  resource: Resource,
  compiled: Compiled,
  problems: Problems,
): void {
  checkNoDryRun(resource.metadata, problems);
  const time = creationTimeOf(resource.metadata, problems);
  problems.enter(SPEC);
  problems.enter(MTLS);
  checkMode(member(resource.spec, MTLS), problems);
  problems.leave();
  const ports = member(resource.spec, PORT_LEVEL_MTLS);
  problems.enter(PORT_LEVEL_MTLS);
  if (kindOf(ports) == Kind.Object) checkPorts(ports, hasLabels(resource.spec), problems);
  problems.leave();
  problems.leave();
  if (resource.applies) compiled.peerScopes.add(resource, time, compiled.warnings);
}

function checkPorts(ports: Node, hasSelector: bool, problems: Problems): void {
  if (!hasSelector) {
    problems.add(
      "mesh/namespace peer authentication cannot have port level mTLS; set spec.selector",
    );
  }
  if (countOf(ports) == 0) {
    problems.add("port level mTLS, if defined, must have at least one element");
  }
  let key = firstOf(ports);
  for (let i = countOf(ports); i > 0; i--) {
    const value = after(key);
    const port = decimalOf(textOf(key));
    problems.enter(textOf(key));
    if (port == 0 || port > 65535) problems.add("port must be in range 1..65535");
    checkMode(value, problems);
    problems.leave();
    key = after(value);
  }
}

function checkMode(mtls: Node, problems: Problems): void {
  const mode = textMember(mtls, MODE);
  if (!isPresent(mode) || equals(mode, UNSET) || modeOf(mtls) != INHERITED) return;
  problems.addAt(MODE, "must be one of UNSET, DISABLE, PERMISSIVE, STRICT, not " + quoted(mode));
}

function modeOf(mtls: Node): i32 {
  const mode: Span = textMember(mtls, MODE);
  if (equals(mode, DISABLE)) return MtlsMode.Disable;
  if (equals(mode, PERMISSIVE)) return MtlsMode.Permissive;
  return equals(mode, STRICT) ? MtlsMode.Strict : INHERITED;
}

function narrowed(wider: SourcedMode, scope: Scope): SourcedMode {
  const own = modeOf(member(scope.spec, MTLS));
  return own == INHERITED ? wider : new SourcedMode(own, scope.name);
}

function hasLabels(spec: Node): bool {
  return countOf(member(member(spec, SELECTOR), MATCH_LABELS)) > 0;
}
