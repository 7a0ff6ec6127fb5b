// ObjectMeta, as far as somebody writes it by hand: Kubernetes knows it without any CustomResourceDefinition.
import type { CrdSchema } from './crd.ts';

const anything: CrdSchema = { 'x-kubernetes-preserve-unknown-fields': true };
const text: CrdSchema = { type: 'string' };
const texts: CrdSchema = { type: 'object', additionalProperties: text };

/** `metadata`: what the API server itself fills in may stand there, too. */
export const METADATA: CrdSchema = {
  type: 'object',
  properties: {
    name: text,
    namespace: text,
    labels: texts,
    annotations: texts,
    ...Object.fromEntries(
      [
        ...['creationTimestamp', 'deletionGracePeriodSeconds', 'deletionTimestamp', 'finalizers'],
        ...['generateName', 'generation', 'managedFields', 'ownerReferences', 'resourceVersion'],
        ...['selfLink', 'uid'],
      ].map((name) => [name, anything]),
    ),
  },
};
