// The resources of a mesh, as kubectl's user sees them: created, configured, unchanged, deleted; kept in a file.
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { EnvironmentError, messageOf } from '../errors.ts';
import { writeWhole } from '../whole-file.ts';
import { KINDS } from './kinds.ts';

/** A resource as it was applied, with the metadata that a cluster adds. */
export interface StoredResource {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    creationTimestamp: string;
    resourceVersion: string;
    [field: string]: unknown;
  };
  spec?: Record<string, unknown>;
  [field: string]: unknown;
}

/** What became of one resource. */
export interface Change {
  kind: string;
  namespace: string;
  name: string;
  action: 'created' | 'configured' | 'unchanged' | 'deleted';
}

/** A set of resources that can be changed as a whole, or not at all. */
export class Store {
  private readonly file: string;
  private resources: StoredResource[];
  private version: number;

  private constructor(file: string, resources: StoredResource[]) {
    this.file = file;
    this.resources = resources;
    this.version = newestOf(resources, 0);
  }

  /** Opens what was kept; nothing is there at first. Throws EnvironmentError where it cannot be read, or is not what was written. */
  static async open(file: string): Promise<Store> {
    try {
      const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
        if (error.code === 'ENOENT') return '[]';
        throw error;
      });
      const resources: unknown = JSON.parse(text);
      if (!Array.isArray(resources)) throw new Error('is no list of resources');
      return new Store(file, resources as StoredResource[]);
    } catch (error) {
      throw new EnvironmentError(
        `${file}, what the mesh had applied: ${messageOf(error)}; remove the file to begin with nothing`,
      );
    }
  }

  /** All of them, oldest first. */
  get all(): readonly StoredResource[] {
    return this.resources;
  }

  /** What the store would hold with these resources applied; nothing is kept yet. */
  applied(values: Record<string, unknown>[]): { resources: StoredResource[]; changes: Change[] } {
    const resources = new Map(this.resources.map((one) => [keyOf(identityOf(one)), one]));
    let version = this.version;
    const changes = values.map((value): Change => {
      const { kind, namespace, name } = identityOf(value);
      const key = keyOf({ kind, namespace, name });
      const old = resources.get(key);
      const metadata = value.metadata as StoredResource['metadata'];
      const stored = {
        ...value,
        metadata: {
          ...metadata,
          creationTimestamp: old?.metadata.creationTimestamp ?? now(),
          resourceVersion: String(version + 1),
        },
      } as StoredResource;
      const change = { kind, namespace, name };
      if (old === undefined) {
        version++;
        resources.set(key, stored);
        return { ...change, action: 'created' };
      }
      if (isDeepStrictEqual(comparable(old), comparable(stored))) {
        return { ...change, action: 'unchanged' };
      }
      version++;
      resources.set(key, stored);
      return { ...change, action: 'configured' };
    });
    return { resources: [...resources.values()], changes };
  }

  /** What the store would hold without these; a namespace takes along what is in it. */
  without(gone: readonly StoredResource[]): { resources: StoredResource[]; changes: Change[] } {
    const namespaces = new Set(
      gone.filter(({ kind }) => kind === 'Namespace').map(({ metadata }) => metadata.name),
    );
    const without = new Set(gone);
    const resources = this.resources.filter(
      (one) => !without.has(one) && !namespaces.has(one.metadata.namespace ?? ''),
    );
    const changes = gone.map((one): Change => ({ ...identityOf(one), action: 'deleted' }));
    return { resources, changes };
  }

  /** Keeps what `applied` or `without` has made: written beside and renamed over, so that a full disk loses nothing. */
  async keep(resources: StoredResource[]): Promise<void> {
    await writeWhole(this.file, JSON.stringify(resources, null, 2));
    this.resources = resources;
    this.version = newestOf(resources, this.version);
  }

  /** Those of a kind, of one namespace or of all. */
  list(kind: string, namespace?: string): StoredResource[] {
    return this.resources.filter(
      (one) =>
        one.kind === kind && (namespace === undefined || one.metadata.namespace === namespace),
    );
  }
}

/** What makes a resource the same as another. */
export function identityOf(value: Record<string, unknown>): {
  kind: string;
  namespace: string;
  name: string;
} {
  const metadata = value.metadata as { name: string; namespace?: string };
  const kind = String(value.kind);
  const { namespaced } = KINDS.find((one) => one.kind === kind)!;
  return { kind, namespace: namespaced ? (metadata.namespace ?? '') : '', name: metadata.name };
}

/** The highest version, and `least` at least. */
function newestOf(resources: readonly StoredResource[], least: number): number {
  return resources.reduce(
    (newest, { metadata }) => Math.max(newest, Number(metadata.resourceVersion)),
    least,
  );
}

function keyOf({ kind, namespace, name }: ReturnType<typeof identityOf>): string {
  return `${kind} ${namespace}/${name}`;
}

/** Without what the store itself has added. */
function comparable({ metadata, ...rest }: StoredResource): unknown {
  const { creationTimestamp, resourceVersion, ...own } = metadata;
  void creationTimestamp;
  void resourceVersion;
  return { ...rest, metadata: own };
}

/** As Kubernetes writes it: whole seconds. */
function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
