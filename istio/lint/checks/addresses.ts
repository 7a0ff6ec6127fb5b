// Addresses: of the connection's other end (ipBlocks), and of the client behind proxies (remoteIpBlocks).
import type { Finding } from '../check.ts';
import type { Scope } from '../scope.ts';
import type { World } from '../world.ts';

/** Ranges that belong to nobody's clients on the internet: RFC 1918, 6598, 3927, 4193, 4291, loopback, everything. */
const PRIVATE =
  /^(0\.0\.0\.0|10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::|f[cd]|fe[89ab])/i;

/** PC0318. */
export function addresses({ policies }: World): Finding[] {
  return policies.flatMap(({ resource, scope, rules }) => {
    const atIngress = isIngress(scope);
    return rules
      .flatMap(({ fields }) => fields)
      .flatMap(({ name, values, path }): Finding[] => {
        if (name !== 'ipBlocks' && name !== 'source.ip') return [];
        const meant = name === 'ipBlocks' ? 'remoteIpBlocks' : 'remote.ip';
        if (atIngress) {
          const message = `behind a load balancer, the other end of a gateway's connections is the load balancer; did you mean ${meant}?`;
          return [{ code: 'PC0318', resource, path, message }];
        }
        const index = values.findIndex((value) => !PRIVATE.test(value));
        if (index < 0) return [];
        const message = `${values[index]} is no address of a pod: the other end of a sidecar's connections is another pod, or the gateway; did you mean ${meant}?`;
        return [{ code: 'PC0318', resource, path: `${path}[${index}]`, message }];
      });
  });
}

/** Whether a policy selects a gateway that the world outside connects to, by the labels that Istio's charts and istiod give it. */
function isIngress({ labels }: Scope): boolean {
  return Object.entries(labels).some(([key, value]) => {
    if (value.includes('egress')) return false;
    if (/(^|\/)gateway-name$/.test(key)) return true;
    return key === 'istio'
      ? /gateway|^ingress/.test(value)
      : /^istio-.*(gateway|ingress)/.test(value);
  });
}
