// Which workloads a policy is for.
import type { Resource } from '../load.ts';

/** A workload's namespace and labels. */
export interface Labelled {
  namespace: string;
  labels: Record<string, string>;
}

/** The workloads of a namespace, or of all, that have these labels. */
export interface Scope {
  namespace: string;
  /** In the root namespace: for workloads of all. */
  isRoot: boolean;
  labels: Record<string, string>;
}

/** The scope of a policy, by its namespace and its selector. */
export function scopeOf({ namespace, value }: Resource, rootNamespace: string): Scope {
  const { selector } = (value.spec ?? {}) as {
    selector?: { matchLabels?: Record<string, string> | null } | null;
  };
  return { namespace, isRoot: namespace === rootNamespace, labels: selector?.matchLabels ?? {} };
}

/** Whether a workload is in the scope. */
export function includes(scope: Scope, workload: Labelled): boolean {
  if (!scope.isRoot && scope.namespace !== workload.namespace) return false;
  return Object.entries(scope.labels).every(([key, value]) => workload.labels[key] === value);
}

/** Whether every workload of `b` is one of `a`. */
export function covers(a: Scope, b: Scope): boolean {
  if (!a.isRoot && (b.isRoot || a.namespace !== b.namespace)) return false;
  return Object.entries(a.labels).every(([key, value]) => b.labels[key] === value);
}

/** Whether a workload can be in both. */
export function overlap(a: Scope, b: Scope): boolean {
  if (!a.isRoot && !b.isRoot && a.namespace !== b.namespace) return false;
  return Object.entries(a.labels).every(
    ([key, value]) => b.labels[key] === undefined || b.labels[key] === value,
  );
}

/** Whether both are the same. */
export function equal(a: Scope, b: Scope): boolean {
  return covers(a, b) && covers(b, a);
}

/** `app=httpbin,version=v1` */
export function labelText(labels: Record<string, string>): string {
  return Object.entries(labels)
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}
