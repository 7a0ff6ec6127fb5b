// What policies ask of a connection that an HTTP filter of Istio's Envoy cannot see by itself.
import type { Resource } from '../load.ts';

/** The filter state that our network filter leaves for the HTTP filter behind it. */
export const DIRECT_ADDRESS = 'wasm.portcullis.direct_address';

interface Rule {
  from?: { source?: Record<string, unknown> | null }[] | null;
  when?: { key?: unknown }[] | null;
}

/** Whether a policy asks for the address of the direct peer: `ipBlocks`, `notIpBlocks`, `source.ip`. */
export function needsDirectAddress(resources: Resource[]): boolean {
  return resources.some(({ kind, value }) => {
    if (kind !== 'AuthorizationPolicy') return false;
    const { rules } = (value.spec ?? {}) as { rules?: (Rule | null)[] | null };
    return (rules ?? []).some(
      (rule) =>
        (rule?.from ?? []).some(
          (from) => from?.source?.ipBlocks !== undefined || from?.source?.notIpBlocks !== undefined,
        ) || (rule?.when ?? []).some((condition) => condition?.key === 'source.ip'),
    );
  });
}
