// A mesh, as processes or as containers: keeps resources, and keeps what runs in step with them.
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Resource, loadResources } from '../../istio/load.ts';
import { Authority } from '../certificates.ts';
import { EnvironmentError, messageOf } from '../errors.ts';
import { checkResources } from './check.ts';
import type { Endpoint } from './clusters.ts';
import { KINDS } from './kinds.ts';
import { type Service, type Workload, idOf, principalOf } from './model.ts';
import {
  type Outcome,
  type Plan,
  Refused,
  missingNamespaces,
  planOf,
  refused,
  withoutNamespace,
} from './plan.ts';
import { authorityOf, moduleOf } from './mesh-files.ts';
import { Pod, type PodEnvironment, podId } from './pods.ts';
import type { Runtime } from './runtime.ts';
import { type MeshView, proxyFiles } from './proxy-config.ts';
import type { Part } from './proxy.ts';
import { type Packet, Relay } from './relay.ts';
import { type Change, Store, type StoredResource } from './store.ts';
import { Web } from './web.ts';

/** Certificates live for a day; they are renewed long before. */
const ROTATION_MS = 8 * 3_600_000;
/** How often it is looked whether every proxy still runs. */
const WATCH_MS = 500;

/** What a mesh is started with. */
export interface MeshOptions {
  /** Where it keeps everything; its own. */
  folder: string;
  /** What workloads run as. */
  runtime: Runtime;
  /** Path of the module. */
  module: string;
  /** Is told what happens. */
  progress: (line: string) => void;
}

export class Mesh {
  private readonly options: MeshOptions;
  private readonly store: Store;
  private readonly environment: PodEnvironment;
  private readonly module: WebAssembly.Module;
  readonly web: Web;
  private readonly pods = new Map<string, Pod>();
  /** Relays in the path of ports: `namespace/name port`. */
  private readonly relays = new Map<string, Relay>();
  private plan: Plan;
  /** The plan that every proxy has taken last. */
  private inForce: Plan;
  private queue: Promise<unknown> = Promise.resolve();
  private readonly timers: NodeJS.Timeout[] = [];
  private isStopping = false;
  /** Why what was applied last is not in force in every proxy. */
  failure: string | undefined;

  private constructor(
    options: MeshOptions,
    store: Store,
    environment: PodEnvironment,
    module: WebAssembly.Module,
    web: Web,
    plan: Plan,
  ) {
    this.options = options;
    this.store = store;
    this.environment = environment;
    this.module = module;
    this.web = web;
    this.plan = plan;
    this.inForce = plan;
  }

  /** Starts a mesh: the ingress gateway, and what its folder remembers. */
  static async start(options: MeshOptions): Promise<Mesh> {
    const { folder } = options;
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const store = await Store.open(join(folder, 'resources.json'));
    const authority = await Authority.create('cluster.local');
    const caFile = authorityOf(folder);
    await writeFile(caFile, authority.certificate);
    const web = await Web.start(authority, caFile, options.runtime.hostAddress);
    const copy = moduleOf(folder);
    await copyFile(options.module, copy);
    const module = await WebAssembly.compile(await readFile(copy));
    const environment = { ...options, module: copy, authority };
    const mesh = new Mesh(options, store, environment, module, web, {
      resources: [],
      workloads: [],
      services: [],
      mutual: new Set(),
      plaintext: new Set(),
      warnings: [],
    });
    try {
      await mesh.serially(async () => mesh.enact(mesh.planOf([...store.all])));
    } catch (error) {
      await mesh.stop();
      throw error;
    }
    mesh.timers.push(
      setInterval(() => void mesh.serially(() => mesh.watch()), WATCH_MS),
      setInterval(() => void mesh.serially(() => mesh.rotate()), ROTATION_MS),
    );
    return mesh;
  }

  /** Applies resources as `kubectl apply` does: all of them, or with a problem none. */
  apply(sources: { file: string; text: string }[], namespace: string): Promise<Outcome> {
    return this.serially(async () => {
      const kinds = KINDS.map(({ kind }) => kind);
      const loaded = loadResources(sources, namespace, kinds);
      const resources = loaded.resources.map(withoutNamespace);
      const problems = [...loaded.problems, ...checkResources(resources)];
      if (problems.length > 0) return refused(problems);
      const applied = this.store.applied(resources.map(({ value }) => value));
      const missing = missingNamespaces(resources, applied.resources);
      if (missing.length > 0) return refused(missing);
      return this.change(applied.resources, applied.changes, resources);
    });
  }

  /** Deletes resources; what is not there is named. */
  delete(kind: string, namespace: string, names: string[] | 'all'): Promise<Outcome> {
    return this.serially(async () => {
      const { namespaced, plural, group } = KINDS.find((one) => one.kind === kind)!;
      const there = this.store.list(kind, namespaced ? namespace : undefined);
      const chosen =
        names === 'all' ? there : there.filter(({ metadata }) => names.includes(metadata.name));
      const missing = (names === 'all' ? [] : names).filter(
        (name) => !chosen.some(({ metadata }) => metadata.name === name),
      );
      const problems = missing.map(
        (name) =>
          `Error from server (NotFound): ${plural}${group === '' ? '' : `.${group}`} "${name}" not found`,
      );
      const { resources, changes } = this.store.without(chosen);
      const outcome = await this.change(resources, changes, []);
      return { ...outcome, problems: [...outcome.problems, ...problems] };
    });
  }

  /** Ends a pod and starts it again. */
  restart(workload: Workload): Promise<void> {
    return this.serially(async () => {
      const id = idOf(workload);
      const pod = this.pods.get(id);
      this.pods.delete(id);
      await pod?.stop();
      await this.enact(this.plan);
    });
  }

  /** Serves a file in the place of a URL. */
  serve(url: string, file: string): Promise<void> {
    return this.serially(async () => {
      await this.web.serve(url, file);
      await this.enact(this.planOf([...this.store.all]));
    });
  }

  /**
   * Puts a relay into the path of a workload's port, and tells what passes; for a workload without sidecar as well. What is returned
   * takes it out again.
   */
  async capture(
    workload: Workload,
    port: number,
    seen: (packet: Packet) => void,
  ): Promise<() => Promise<void>> {
    const { runtime } = this.options;
    const target = {
      address: runtime.address(workload),
      port: runtime.boundPort(workload, port),
    };
    const { address, keepsClients } = runtime.relay(workload);
    const relay = await Relay.start(target, address, keepsClients, seen);
    const key = `${idOf(workload)} ${port}`;
    const redirect = (): Promise<void> => this.serially(() => this.enact(this.plan));
    this.relays.set(key, relay);
    await redirect();
    return async () => {
      if (this.relays.get(key) === relay) this.relays.delete(key);
      relay.stop();
      if (!this.isStopping) await redirect();
    };
  }

  get resources(): readonly StoredResource[] {
    return this.store.all;
  }

  get workloads(): readonly Workload[] {
    return this.plan.workloads;
  }

  get services(): readonly Service[] {
    return this.plan.services;
  }

  /** Whether a workload takes plaintext at a port. */
  takesPlaintext(workload: Workload, port: number): boolean {
    return this.plan.plaintext.has(`${idOf(workload)} ${port}`);
  }

  /** The pod of a workload. */
  pod(workload: Workload): Pod | undefined {
    return this.pods.get(idOf(workload));
  }

  get authorityFile(): string {
    return authorityOf(this.options.folder);
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    this.isStopping = true;
    for (const timer of this.timers) clearInterval(timer);
    await this.queue.catch(() => undefined);
    await Promise.all([...this.pods.values()].map((pod) => pod.stop()));
    await this.web.stop();
    await this.options.runtime.release();
  }

  /** One thing after the other. */
  private serially<T>(task: () => Promise<T>): Promise<T> {
    const result = this.queue.then(task);
    this.queue = result.catch(() => undefined);
    return result;
  }

  private async change(
    resources: StoredResource[],
    changes: Change[],
    given: Resource[],
  ): Promise<Outcome> {
    let plan: Plan;
    try {
      plan = this.planOf(resources, given);
    } catch (error) {
      if (error instanceof Refused) return error.outcome;
      throw error;
    }
    // Kept first: what cannot be kept is not enacted.
    await this.store.keep(resources);
    try {
      await this.enact(plan);
    } catch (error) {
      throw new EnvironmentError(
        `kept, but not in force in every proxy:\n${messageOf(error)}\nThe next apply tries again, also where it says "unchanged".`,
      );
    }
    return { changes, problems: [], warnings: plan.warnings };
  }

  private planOf(resources: StoredResource[], given: Resource[] = []): Plan {
    return planOf(resources, given, { runtime: this.options.runtime, module: this.module });
  }

  /** Makes what runs fit a plan. Throws EnvironmentError where a proxy does not take it. */
  private async enact(plan: Plan): Promise<void> {
    this.plan = plan;
    this.failure = 'it is being put into force';
    try {
      // What a failed attempt has wanted is not what servers take.
      await this.bringAbout(this.inForce, plan);
      this.inForce = plan;
      this.failure = undefined;
    } catch (error) {
      this.failure = messageOf(error);
      throw error;
    }
  }

  private async bringAbout(before: Plan, plan: Plan): Promise<void> {
    const wanted = new Map(plan.workloads.map((workload) => [idOf(workload), workload]));
    for (const [id, pod] of [...this.pods]) {
      const workload = wanted.get(id);
      if (workload !== undefined && isSamePod(workload, pod.workload)) continue;
      this.pods.delete(id);
      await pod.stop();
    }
    const view = this.viewOf(plan);
    const fresh = plan.workloads.filter((workload) => !this.pods.has(idOf(workload)));
    const started = await Promise.allSettled(
      fresh.map(async (workload) => {
        this.options.progress(
          `${idOf(workload)}${workload.injected ? '' : ' (without a sidecar)'}`,
        );
        const pod = await Pod.start(workload, this.environment, view);
        this.pods.set(podId(pod), pod);
      }),
    );
    // None is still on its way when the next change begins: it would be started twice.
    const missing = started.flatMap((one, i) =>
      one.status === 'rejected' ? [`${idOf(fresh[i]!)}: ${messageOf(one.reason)}`] : [],
    );
    if (missing.length > 0) throw new EnvironmentError(missing.join('\n'));
    await this.updateProxies(before, plan);
    await Promise.all(
      [...this.pods.values()].map((pod) =>
        pod.writeCommands(plan.services, view.endpoint, this.options.runtime.curl),
      ),
    );
  }

  /** Clients must never speak in a way that a server has stopped to take, or does not take yet. */
  private async updateProxies(before: Plan, after: Plan): Promise<void> {
    const proxies = [...this.pods.values()].filter(({ proxy }) => proxy !== undefined);
    const each = async (mutual: Set<string>, ...parts: Part[]): Promise<void> => {
      const view = this.viewOf({ ...after, mutual });
      const errors = await Promise.all(
        proxies.map(async (pod) => {
          const next = proxyFiles(pod.place(this.environment), view);
          const own = await pod
            .proxy!.update(next, ...parts)
            .catch((error: unknown) => [messageOf(error)]);
          return own.map((line) => `${podId(pod)}: ${line}`);
        }),
      );
      const notInForce = errors.flat();
      if (notInForce.length > 0) throw new EnvironmentError(notInForce.join('\n'));
    };
    // Mutual TLS where both the old and the new plan take it, plaintext elsewhere; keys can be fetched from now on.
    const both = new Set([...after.mutual].filter((port) => before.mutual.has(port)));
    await each(both, 'clusters', 'routes');
    await each(after.mutual, 'plugins', 'listeners');
    await each(after.mutual, 'clusters', 'routes');
  }

  private viewOf({ resources, services, mutual }: Plan): MeshView {
    const { runtime } = this.options;
    const endpoint: Endpoint = (workload, port) => {
      const key = `${idOf(workload)} ${port}`;
      const relay = this.relays.get(key);
      const address = relay?.address ?? {
        address: runtime.address(workload),
        port: runtime.boundPort(workload, port),
      };
      return { address, mutual: mutual.has(key) };
    };
    return { resources, services, endpoint, jwksRoute: (uri) => this.web.route(uri) };
  }

  /** Starts again what has died. */
  private async watch(): Promise<void> {
    if (this.isStopping) return;
    const dead = [...this.pods.values()].filter(
      ({ proxy }) => proxy !== undefined && !proxy.envoy.running,
    );
    for (const pod of dead) {
      this.options.progress(`${podId(pod)}: its Envoy has ended; it is started again`);
      this.pods.delete(podId(pod));
      await pod.stop();
    }
    if (dead.length === 0) return;
    await this.enact(this.plan).catch((error: unknown) => this.options.progress(messageOf(error)));
  }

  /** Gives every workload a new certificate; connections that are there keep the one that they began with. */
  async rotate(): Promise<void> {
    const { authority } = this.environment;
    for (const { workload, proxy } of this.pods.values()) {
      const certificate = await authority.issueClient([`spiffe://${principalOf(workload)}`]);
      await proxy?.rotate(certificate, authority.certificate);
    }
  }
}

function isSamePod(a: Workload, b: Workload): boolean {
  return JSON.stringify({ ...a, created: '' }) === JSON.stringify({ ...b, created: '' });
}
