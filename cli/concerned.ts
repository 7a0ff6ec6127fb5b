// Whether any policy concerns the workload that is meant: a typo in --workload must not leave a door open.
import { nearest } from '../istio/lint/nearest.ts';
import { type Labelled, type Scope, includes, labelText, scopeOf } from '../istio/lint/scope.ts';
import type { Resource } from '../istio/load.ts';
import type { MeshConfig } from '../istio/mesh-config.ts';
import { DEFAULT_ROOT_NAMESPACE } from '../istio/wasm-plugin/scope.ts';
import { ExitCode, Failure } from './exit-codes.ts';

/** Says that none of the policies concerns a workload, and which one may have been meant; undefined where one does. */
export function unconcerned(
  resources: Resource[],
  workload: Labelled,
  { settings: { rootNamespace = DEFAULT_ROOT_NAMESPACE } }: MeshConfig,
  gateway: boolean,
): string | undefined {
  // PeerAuthentication says nothing of an edge proxy.
  const about = gateway ? resources.filter(({ kind }) => kind !== 'PeerAuthentication') : resources;
  if (about.some((resource) => includes(scopeOf(resource, rootNamespace), workload)))
    return undefined;
  const none =
    about.length === 0
      ? 'there is no policy that could concern it'
      : about.length === 1
        ? 'the policy does not concern it'
        : `none of the ${about.length} policies concerns it`;
  const meant = meantWorkload(about, workload, rootNamespace);
  return `--workload ${workloadText(workload)}: ${none}, and every request would pass${meant}`;
}

/** `; did you mean foo/app=httpbin?`, where a policy concerns a workload that reads nearly like this one. */
export function meantWorkload(
  resources: Resource[],
  workload: Labelled,
  rootNamespace: string,
): string {
  const meant = nearest(
    workloadText(workload),
    resources.flatMap((resource) => candidates(scopeOf(resource, rootNamespace), workload)),
  );
  return meant === undefined ? '' : `; did you mean ${meant}?`;
}

/** Throws Failure where none of the policies concerns a workload. */
export function refuseUnconcerned(...given: Parameters<typeof unconcerned>): void {
  const none = unconcerned(...given);
  if (none === undefined) return;
  throw new Failure(ExitCode.Usage, none, 'if that is what you want: --allow-no-policies');
}

/** Which workload a policy would concern: by its selector alone, and with the labels that the selector does not speak of. */
function candidates(scope: Scope, workload: Labelled): string[] {
  const namespace = scope.isRoot ? workload.namespace : scope.namespace;
  return [scope.labels, { ...workload.labels, ...scope.labels }].map((labels) =>
    workloadText({ namespace, labels }),
  );
}

function workloadText({ namespace, labels }: Labelled): string {
  return Object.keys(labels).length === 0 ? namespace : `${namespace}/${labelText(labels)}`;
}
