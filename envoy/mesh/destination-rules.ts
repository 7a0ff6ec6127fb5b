// DestinationRule: how clients speak to a service, where it is not left to automatic mutual TLS.
import { ROOT_NAMESPACE, type Service, fullHost } from './model.ts';
import type { StoredResource } from './store.ts';

/** `trafficPolicy.tls.mode`; AUTO: mutual TLS towards every workload that takes it, plaintext towards the rest. */
export type ClientTls = 'AUTO' | 'DISABLE' | 'SIMPLE' | 'ISTIO_MUTUAL';

interface Spec {
  host: string;
  trafficPolicy?: {
    tls?: { mode?: ClientTls };
    portLevelSettings?: { port: { number: number }; tls?: { mode?: ClientTls } }[];
  };
}

/**
 * How clients in `namespace` speak to a port of a service. Istio looks into the client's namespace first, then into the service's,
 * then into the root namespace; a rule for exactly this host goes before one with a wildcard.
 */
export function clientTls(
  rules: readonly StoredResource[],
  namespace: string,
  service: Service,
  port: number,
): ClientTls {
  for (const where of [namespace, service.namespace, ROOT_NAMESPACE]) {
    const here = rules
      .filter(({ metadata }) => metadata.namespace === where)
      .map(({ spec }) => spec as unknown as Spec)
      .filter(({ host }) => matches(fullHost(host, where), service.host))
      .sort((a, b) => b.host.replace(/^\*/, '').length - a.host.replace(/^\*/, '').length);
    const rule = here.find(({ host }) => !host.startsWith('*')) ?? here[0];
    if (rule === undefined) continue;
    const settings = rule.trafficPolicy?.portLevelSettings?.find((one) => one.port.number === port);
    return settings?.tls?.mode ?? rule.trafficPolicy?.tls?.mode ?? 'AUTO';
  }
  return 'AUTO';
}

function matches(pattern: string, host: string): boolean {
  return pattern.startsWith('*') ? host.endsWith(pattern.slice(1)) : pattern === host;
}
