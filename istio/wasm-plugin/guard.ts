// The EnvoyFilter that puts a guard behind the module in Istio's proxies: what the module has not marked is refused. Where a worker's VM
// is lost while it is configured, Envoy skips a Wasm filter, whatever its failStrategy.
import type { KubernetesObject } from './object.ts';
import { type Scope, namespaceOf } from './scope.ts';

/** Filter state that the module writes for every request that may pass (`guard: true`): nobody outside of the proxy can. */
export const PASSED = 'wasm.portcullis.passed';

/** The rules of an RBAC filter that lets pass what is marked at a key of filter state (envoy.config.rbac.v3.RBAC). */
export function onlyMarked(key: string): Record<string, unknown> {
  const marked = { filter_state: { key, string_match: { exact: 'yes' } } };
  return {
    action: 'ALLOW',
    policies: { marked: { permissions: [{ any: true }], principals: [marked] } },
  };
}

/** The EnvoyFilter for the proxies of a scope; `gateway`: they are gateways. */
export function guardFilter(
  name: string,
  scope: Scope,
  rootNamespace: string,
  gateway: boolean,
): KubernetesObject {
  return {
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: `${name}-guard`, namespace: namespaceOf(scope, rootNamespace) },
    spec: {
      ...(scope.kind === 'workload' ? { workloadSelector: { labels: scope.labels } } : {}),
      configPatches: [
        {
          applyTo: 'HTTP_FILTER',
          match: {
            context: gateway ? 'GATEWAY' : 'SIDECAR_INBOUND',
            listener: {
              filterChain: {
                filter: {
                  name: 'envoy.filters.network.http_connection_manager',
                  subFilter: { name: 'envoy.filters.http.router' },
                },
              },
            },
          },
          patch: {
            operation: 'INSERT_BEFORE',
            value: {
              name: 'portcullis-guard',
              typed_config: {
                '@type': 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC',
                rules: onlyMarked(PASSED),
                rules_stat_prefix: 'portcullis_guard.',
              },
            },
          },
        },
      ],
    },
  };
}
