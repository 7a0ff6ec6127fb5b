// What Kubernetes knows of a custom resource: the part of a CustomResourceDefinition that lint reads.

/** An OpenAPI v3 schema, as structural as Kubernetes wants it. */
export interface CrdSchema {
  type?: string;
  properties?: Record<string, CrdSchema>;
  items?: CrdSchema;
  additionalProperties?: CrdSchema;
  enum?: unknown[];
  'x-kubernetes-preserve-unknown-fields'?: boolean;
  'x-kubernetes-int-or-string'?: boolean;
  'x-kubernetes-validations'?: { rule: string; message?: string }[];
  [keyword: string]: unknown;
}

/** A kind: its group, the versions that are served, and the schema of `spec`, the same in each of them. */
export interface Crd {
  group: string;
  versions: string[];
  spec: CrdSchema;
}
