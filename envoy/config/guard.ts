// What stands behind the module and lets nothing through that it has not marked. Where a worker's VM is lost while it is configured, Envoy
// skips the filter, whatever its failure policy (measured: 1.36 to 1.40): then nothing is marked, and the guard refuses.
import { PASSED, onlyMarked } from '../../istio/wasm-plugin/guard.ts';
import { type JsonObject, typed } from './types.ts';

/** HTTP filters see the state of the connection, too: it must not pass for a request's. */
const CONNECTION_PASSED = 'wasm.portcullis.connection_passed';

/** The guard of requests: an HTTP filter, 403 with the details `rbac_access_denied_matched_policy[none]`. */
export function requestGuard(): JsonObject {
  return {
    name: 'portcullis-guard',
    typed_config: typed('envoy.extensions.filters.http.rbac.v3.RBAC', {
      rules: onlyMarked(PASSED) as JsonObject,
      rules_stat_prefix: 'portcullis_guard.',
    }),
  };
}

/** The guard of connections: a network filter, which looks when the client has said something, as the module does. */
export function connectionGuard(): JsonObject {
  return {
    name: 'portcullis-guard',
    typed_config: typed('envoy.extensions.filters.network.rbac.v3.RBAC', {
      stat_prefix: 'portcullis_guard.',
      rules: onlyMarked(CONNECTION_PASSED) as JsonObject,
    }),
  };
}
