// Identities come from mutual TLS: who speaks plaintext has none.
import type { Finding } from '../check.ts';
import { covers } from '../scope.ts';
import type { World } from '../world.ts';

const IDENTITY = ['principals', 'namespaces', 'serviceAccounts', 'trustDomains'];

/** PC0333. */
export function identity({ policies, peerAuthentications }: World): Finding[] {
  const strict = peerAuthentications.filter(({ mode }) => mode === 'STRICT');
  return policies.flatMap(({ resource, action, scope, rules }): Finding[] => {
    if (action !== 'DENY' || strict.some((peer) => covers(peer.scope, scope))) return [];
    return rules.flatMap((rule) => {
      const field = [...rule.from, ...rule.when]
        .flatMap(({ fields }) => fields)
        .find(({ name, negated }) => !negated && IDENTITY.includes(singular(name)));
      if (field === undefined) return [];
      const message =
        'who speaks plaintext has no identity, and is not denied by this: no PeerAuthentication here is STRICT for these workloads';
      return [{ code: 'PC0333' as const, resource, path: field.path, message }];
    });
  });
}

/** `source.principal` in `when` is `principals` in `from`. */
function singular(name: string): string {
  return name.startsWith('source.') ? `${name.slice('source.'.length)}s` : name;
}
