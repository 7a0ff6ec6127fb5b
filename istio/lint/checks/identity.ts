// Identities come from mutual TLS: who speaks plaintext has none.
import type { Finding } from '../check.ts';
import type { Effort } from '../effort.ts';
import { type Scope, covers, overlap } from '../scope.ts';
import type { PeerAuthentication, World } from '../world.ts';

const IDENTITY = ['principals', 'namespaces', 'serviceAccounts', 'trustDomains'];

/** PC0333. */
export function identity({ policies, peerAuthentications, effort }: World): Finding[] {
  // Istio ignores a selector in the root namespace (PC0309).
  const peers = peerAuthentications.filter(
    ({ scope }) => !scope.isRoot || Object.keys(scope.labels).length === 0,
  );
  return policies.flatMap(({ resource, action, scope, rules }): Finding[] => {
    if (action !== 'DENY') return [];
    const why = effort.affords(2 * peers.length) ? whyNotStrict(scope, peers, effort) : undefined;
    if (why === undefined) return [];
    return rules.flatMap((rule) => {
      const field = [...rule.from, ...rule.when]
        .flatMap(({ fields }) => fields)
        .find(({ name, negated }) => !negated && IDENTITY.includes(singular(name)));
      if (field === undefined) return [];
      const message = `who speaks plaintext has no identity, and is not denied by this: ${why}`;
      return [{ code: 'PC0333' as const, resource, path: field.path, message }];
    });
  });
}

/** Why mutual TLS is not required of every workload in the scope; undefined where it is. The narrower PeerAuthentication wins. */
function whyNotStrict(
  scope: Scope,
  peers: PeerAuthentication[],
  effort: Effort,
): string | undefined {
  const strict = peers.filter((peer) => peer.mode === 'STRICT' && covers(peer.scope, scope));
  const lax = peers.filter(
    ({ mode, scope: own }) => (mode === 'PERMISSIVE' || mode === 'DISABLE') && overlap(own, scope),
  );
  if (!effort.affords(strict.length * lax.length)) return undefined;
  const overruling = strict.map(({ scope: wide }) =>
    lax.find(({ scope: own }) => covers(wide, own) && !covers(own, wide)),
  );
  if (overruling.includes(undefined)) return undefined;
  const [peer] = overruling;
  if (peer === undefined) return 'no PeerAuthentication here is STRICT for these workloads';
  const { namespace, name } = peer.resource;
  return `PeerAuthentication ${namespace}/${name} makes some of these workloads ${peer.mode}`;
}

/** `source.principal` in `when` is `principals` in `from`. */
function singular(name: string): string {
  return name.startsWith('source.') ? `${name.slice('source.'.length)}s` : name;
}
