// The schema of a whole resource: unknown fields are errors, wherever the CRD does not ask for them.
import type { Crd, CrdSchema } from './crd.ts';
import { CRDS } from './crds.gen.ts';
import { METADATA } from './metadata.ts';

const schemas = new Map<string, CrdSchema>();

/** The kind's CRD; undefined for what is none of Istio's kinds that lint knows. */
export function crdOf(kind: string): Crd | undefined {
  return Object.hasOwn(CRDS, kind) ? CRDS[kind] : undefined;
}

/** Every kind that lint knows. */
export const KINDS: readonly string[] = Object.keys(CRDS);

/** The groups of those kinds. */
export const GROUPS: readonly string[] = [
  ...new Set(Object.values(CRDS).map(({ group }) => group)),
];

/** The schema of a resource of a kind. */
export function resourceSchema(kind: string): CrdSchema | undefined {
  const known = schemas.get(kind);
  const crd = crdOf(kind);
  if (known !== undefined || crd === undefined) return known;
  const schema: CrdSchema = {
    type: 'object',
    properties: {
      apiVersion: { type: 'string' },
      kind: { type: 'string' },
      metadata: METADATA,
      spec: crd.spec,
      status: { 'x-kubernetes-preserve-unknown-fields': true },
    },
  };
  schemas.set(kind, schema);
  return schema;
}
