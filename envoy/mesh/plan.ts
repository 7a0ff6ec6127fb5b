// What would be: everything that follows from resources, before anything is changed.
import type { Resource } from '../../istio/load.ts';
import { locateErrors } from '../../istio/module-errors.ts';
import { type Problem, formatProblem } from '../../istio/problem.ts';
import { KINDS } from './kinds.ts';
import {
  INGRESS_GATEWAY,
  type Service,
  type Workload,
  idOf,
  protocolAt,
  servicesOf,
  workloadsOf,
} from './model.ts';
import { inboundPorts, policiesOf } from './proxy-config.ts';
import type { Runtime } from './runtime.ts';
import { type Change, type StoredResource, identityOf } from './store.ts';
import { judgeWorkload } from './workload-judge.ts';

/** What became of an `apply` or `delete`: changes, or problems, and then nothing has changed. */
export interface Outcome {
  changes: Change[];
  problems: string[];
  warnings: string[];
}

/** Resources, and what follows from them. */
export interface Plan {
  resources: StoredResource[];
  workloads: Workload[];
  services: Service[];
  /** Ports that take mutual TLS: `namespace/name port`. */
  mutual: Set<string>;
  /** Ports that take plaintext, in the same form. */
  plaintext: Set<string>;
  warnings: string[];
}

/** What follows from resources; throws Refused when the module does not take them. `given` have places in files. */
export function planOf(
  resources: StoredResource[],
  given: Resource[],
  { runtime, module }: { runtime: Runtime; module: WebAssembly.Module },
): Plan {
  const workloads = workloadsOf(resources);
  const services = servicesOf(resources, workloads);
  for (const { containers, namespace, name } of workloads) {
    for (const { image } of containers) {
      const reason = runtime.refuses(image);
      if (reason === undefined) continue;
      const message = `Deployment ${namespace}/${name}: ${reason}`;
      throw new Refused({ changes: [], problems: [message], warnings: [] });
    }
  }
  const places = new Map(given.map((one) => [placeKey(one), one]));
  const policies = policiesOf(resources).map((policy) => placed(policy, places));
  const mutual = new Set<string>();
  const plaintext = new Set<string>();
  const errors = new Set<string>();
  const warnings = new Set<string>();
  for (const workload of workloads.filter(({ injected }) => injected)) {
    const ports = inboundPorts(workload, resources);
    // Even where nothing listens the policies must be right.
    for (const port of ports.length === 0 ? [0] : ports) {
      const protocol = protocolAt(workload, port, services);
      const verdict = judgeWorkload(module, workload, port || 80, protocol, policies);
      for (const line of verdict.errors) errors.add(line);
      for (const line of verdict.warnings) warnings.add(line.replace(/^config: /, ''));
      if (verdict.mutual) mutual.add(`${idOf(workload)} ${port}`);
      if (verdict.plaintext) plaintext.add(`${idOf(workload)} ${port}`);
    }
  }
  if (errors.size > 0) throw new Refused(refused(locateErrors([...errors], policies)));
  return { resources, workloads, services, mutual, plaintext, warnings: [...warnings] };
}

/** Says why resources are not taken. */
export class Refused extends Error {
  readonly outcome: Outcome;

  constructor(outcome: Outcome) {
    super(outcome.problems.join('\n'));
    this.outcome = outcome;
  }
}

/** The outcome of what is wrong. */
export function refused(problems: Problem[]): Outcome {
  return { changes: [], problems: problems.map(formatProblem), warnings: [] };
}

/** A policy with the place of the file that it was given in, if it was given now. */
function placed(policy: Resource, places: ReadonlyMap<string, Resource>): Resource {
  const own = places.get(placeKey(policy));
  return own === undefined
    ? policy
    : { ...policy, file: own.file, locate: (path) => own.locate(path), at: (path) => own.at(path) };
}

function placeKey({ kind, namespace, name }: Resource): string {
  return `${kind} ${namespace}/${name}`;
}

/** Kinds without namespace have none. */
export function withoutNamespace(resource: Resource): Resource {
  const { namespaced } = KINDS.find(({ kind }) => kind === resource.kind)!;
  if (namespaced) return resource;
  const { namespace, ...metadata } = resource.value.metadata as Record<string, unknown>;
  void namespace;
  return { ...resource, value: { ...resource.value, metadata } };
}

/** Resources whose namespace is neither there nor given with them. */
export function missingNamespaces(
  given: Resource[],
  resources: readonly StoredResource[],
): Problem[] {
  const there = new Set([
    'default',
    INGRESS_GATEWAY.namespace,
    ...resources.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name),
  ]);
  return given
    .filter(({ value }) => {
      const { namespace } = identityOf(value);
      return namespace !== '' && !there.has(namespace);
    })
    .map((resource) => ({
      file: resource.file,
      ...resource.locate('metadata.namespace'),
      code: 'PC0401',
      level: 'error',
      resource: `${resource.kind} ${resource.namespace}/${resource.name}`,
      message: `namespaces "${resource.namespace}" not found; make it with \`mesh create namespace\`, or give another with -n`,
    }));
}
