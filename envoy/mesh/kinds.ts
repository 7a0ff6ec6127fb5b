// The kinds of resources that a mesh keeps, with the names that kubectl knows them by.

/** One kind. */
export interface Kind {
  kind: string;
  plural: string;
  group: string;
  versions: string[];
  short: string[];
  namespaced: boolean;
}

const SECURITY = 'security.istio.io';
const NETWORKING = 'networking.istio.io';
const V1 = ['v1', 'v1beta1'];
const NETWORKING_VERSIONS = ['v1', 'v1beta1', 'v1alpha3'];

/** All kinds, in the order in which kubectl would list them. */
export const KINDS: Kind[] = [
  kind('Namespace', '', ['v1'], ['ns'], false),
  kind('ServiceAccount', '', ['v1'], ['sa']),
  kind('Service', '', ['v1'], ['svc']),
  kind('Deployment', 'apps', ['v1'], ['deploy']),
  kind('PeerAuthentication', SECURITY, V1, ['pa']),
  kind('RequestAuthentication', SECURITY, V1, ['ra']),
  kind('AuthorizationPolicy', SECURITY, V1, ['ap']),
  kind('DestinationRule', NETWORKING, NETWORKING_VERSIONS, ['dr']),
  kind('Gateway', NETWORKING, NETWORKING_VERSIONS, ['gw']),
  kind('VirtualService', NETWORKING, NETWORKING_VERSIONS, ['vs']),
];

function kind(
  name: string,
  group: string,
  versions: string[],
  short: string[],
  namespaced = true,
): Kind {
  const lower = name.toLowerCase();
  const plural =
    lower.endsWith('y') && !lower.endsWith('ay') ? `${lower.slice(0, -1)}ies` : `${lower}s`;
  return { kind: name, plural, group, versions, short, namespaced };
}

/** The kind that `kubectl get NAME` means: singular, plural or short, with or without its group; undefined when there is none. */
export function kindNamed(name: string): Kind | undefined {
  const [first, ...group] = name.toLowerCase().split('.');
  return KINDS.find(
    (one) =>
      [one.kind.toLowerCase(), one.plural, ...one.short].includes(first ?? '') &&
      (group.length === 0 || group.join('.') === one.group),
  );
}

/** `deployment.apps/httpbin`, as kubectl names a resource that it has changed. */
export function resourceName(kindName: string, name: string): string {
  const one = KINDS.find((candidate) => candidate.kind === kindName)!;
  return `${one.kind.toLowerCase()}${one.group === '' ? '' : `.${one.group}`}/${name}`;
}
