// How long a stream may stand still: what ends a request that a trap has stranded.
import type { JsonObject } from '../envoy/config/types.ts';

function managers(bootstrap: JsonObject): JsonObject[] {
  const { listeners } = bootstrap.static_resources as unknown as {
    listeners: { filter_chains: { filters: { typed_config: JsonObject }[] }[] }[];
  };
  return listeners.map(({ filter_chains }) => filter_chains[0]!.filters.at(-1)!.typed_config);
}

/** The stream_idle_timeout of each connection manager of a bootstrap. */
export function idleTimeouts(bootstrap: JsonObject): unknown[] {
  return managers(bootstrap).map((manager) => manager.stream_idle_timeout);
}

/** Sets it in all of them. */
export function setIdleTimeout(bootstrap: JsonObject, timeout: string): void {
  for (const manager of managers(bootstrap)) manager.stream_idle_timeout = timeout;
}
