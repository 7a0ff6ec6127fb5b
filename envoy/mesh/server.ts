// The commands that a running mesh understands.
import type { Server } from 'node:http';
import { join } from 'node:path';
import { readFile } from 'node:fs/promises';
import { PassThrough, type Readable } from 'node:stream';
import { appliesTo } from './selection.ts';
import { isReachable, serveControl } from './control.ts';
import type { Address } from '../config/types.ts';
import { gatewayPort, ingressPorts } from './ingress.ts';
import { commandsOf } from './mesh-files.ts';
import { inboundPorts } from './proxy-config.ts';
import { firstBytes, packetText } from './relay.ts';
import { Mesh, type MeshOptions } from './mesh.ts';
import type { Outcome } from './plan.ts';
import { INGRESS_GATEWAY, type Workload } from './model.ts';
import type { StoredResource } from './store.ts';
import type { Source } from '../../istio/load.ts';

/** A pod, as `mesh status` and `get pods` show it. */
export interface PodStatus {
  namespace: string;
  name: string;
  pod: string;
  address: string;
  labels: Record<string, string>;
  containers: string[];
  sidecar: boolean;
  gateway: boolean;
  created: string;
  running: boolean;
  /** Memory of its Envoy that it shares with nobody, and its part of what it shares (PSS), in KiB; 0 without one. */
  pssKib: number;
}

/** All that `mesh status` shows. */
export interface MeshStatus {
  pid: number;
  folder: string;
  /** Where the ingress gateway listens; absent while no Gateway has been applied. */
  ingress?: { host: string; port: number };
  ingressHost: string;
  pods: PodStatus[];
  services: { namespace: string; name: string; ports: number[] }[];
  /** Why what was applied last is not in force in every proxy; absent where it is. */
  notInForce?: string;
  /** The PSS of this process, which is that of the apps. */
  pssKib: number;
}

/** What a command that runs as a pod needs. */
export interface ExecPlace {
  pod: string;
  /** Goes before PATH. */
  bin: string;
  address: string;
  /** The command that runs commands there, with its arguments; none: they run on this machine. */
  prefix: string[];
}

/** What one source has sent to one workload, by the module's counters. */
export interface PeerCount {
  workload: string;
  port: number;
  security: string;
  source: string;
  requests: number;
  /** Connections, and requests, that PeerAuthentication has refused. */
  refused: number;
  /** Whether the port takes plaintext as things are. */
  takesPlaintext: boolean;
}

/** How often it is looked whether commands can still come. */
const WATCH_MS = 500;

/** A mesh that listens for commands. */
export class MeshServer {
  private readonly mesh: Mesh;
  private readonly options: MeshOptions;
  private control: Server | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Is called by `down`. */
  onDown: () => void = () => undefined;

  private constructor(mesh: Mesh, options: MeshOptions) {
    this.mesh = mesh;
    this.options = options;
  }

  static async start(options: MeshOptions): Promise<MeshServer> {
    const server = new MeshServer(await Mesh.start(options), options);
    try {
      server.control = await serveControl(options.folder, (command, body) =>
        server.handle(command, body as never),
      );
    } catch (error) {
      await server.mesh.stop();
      throw error;
    }
    server.timer = setInterval(() => server.endUnreachable(), WATCH_MS);
    return server;
  }

  /** Whoever removes the folder of a mesh cannot end it any more: it ends itself. */
  private endUnreachable(): void {
    if (isReachable(this.options.folder)) return;
    clearInterval(this.timer);
    this.options.progress(`${this.options.folder} has been removed: the mesh ends`);
    this.onDown();
  }

  /** Applies resources; see Mesh. */
  apply(sources: Source[], namespace: string): Promise<Outcome> {
    return this.mesh.apply(sources, namespace);
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.control?.closeAllConnections();
    this.control?.close();
    await this.mesh.stop();
  }

  private async handle(command: string, body: never): Promise<unknown> {
    const { mesh } = this;
    switch (command) {
      case 'apply': {
        const { sources, namespace } = body as { sources: Source[]; namespace: string };
        return mesh.apply(sources, namespace);
      }
      case 'delete': {
        const { kind, namespace, names } = body as {
          kind: string;
          namespace: string;
          names: string[] | 'all';
        };
        return mesh.delete(kind, namespace, names);
      }
      case 'resources':
        return mesh.resources.map((resource) => ({
          resource,
          appliesTo: this.appliesTo(resource),
        }));
      case 'restart': {
        const { namespace, name } = body as { namespace: string; name: string };
        const workload = this.find(namespace, name);
        await mesh.restart(workload);
        return workload.pod;
      }
      case 'serve': {
        const { url, file } = body as { url: string; file: string };
        return mesh.serve(url, file);
      }
      case 'status':
        return this.status();
      case 'exec':
        return this.execPlace(body);
      case 'web':
        return { endpoint: mesh.web.endpoint, hosts: mesh.web.hosts, ca: mesh.authorityFile };
      case 'logs':
        return this.logs(body);
      case 'peers':
        return this.peers();
      case 'port':
        return this.portOf(body);
      case 'capture':
        return this.capture(body);
      case 'down':
        setImmediate(this.onDown);
        return null;
      default:
        throw new Error(`the mesh does not know the command ${command}`);
    }
  }

  private find(namespace: string, name: string): Workload {
    const wanted = name.includes('=') ? name.split(',') : undefined;
    const isMeant = ({ name: own, pod, labels }: Workload): boolean =>
      wanted === undefined
        ? own === name || pod === name
        : wanted.every((pair) => {
            const equal = pair.indexOf('=');
            return labels[pair.slice(0, equal)] === pair.slice(equal + 1);
          });
    const [found, ...others] = this.mesh.workloads.filter(
      (one) => one.namespace === namespace && isMeant(one),
    );
    if (found === undefined)
      throw new Error(`pods "${name}" not found in namespace "${namespace}"`);
    if (others.length > 0) {
      const pods = [found, ...others].map(({ pod }) => pod).join(', ');
      throw new Error(`"${name}" is not one pod of namespace "${namespace}" but ${pods}`);
    }
    return found;
  }

  private execPlace({ namespace, name }: { namespace: string; name: string }): ExecPlace {
    const workload = this.find(namespace, name);
    const pod = this.mesh.pod(workload);
    if (pod === undefined) throw new Error(`${namespace}/${name} does not run`);
    return {
      pod: workload.pod,
      bin: commandsOf(pod.folder),
      address: pod.address,
      prefix: this.options.runtime.execPrefix(workload),
    };
  }

  private chosenPort({
    namespace,
    name,
    port,
  }: {
    namespace: string;
    name: string;
    port?: number;
  }): { workload: Workload; port: number } {
    const workload = this.find(namespace, name);
    const ports = inboundPorts(workload, this.mesh.resources);
    const chosen = port ?? ports[0];
    if (chosen === undefined || !ports.includes(chosen)) {
      throw new Error(
        `${namespace}/${name} has ${ports.length === 0 ? 'no ports' : `the ports ${ports.join(', ')}`}`,
      );
    }
    return { workload, port: chosen };
  }

  /** Where a container port is bound. */
  private portOf(at: { namespace: string; name: string; port?: number }): Address {
    const { runtime } = this.options;
    const { workload, port } = this.chosenPort(at);
    return { address: runtime.address(workload), port: runtime.boundPort(workload, port) };
  }

  /** What passes at a port, as text, until whoever reads it has gone. */
  private async capture({
    namespace,
    name,
    port,
  }: {
    namespace: string;
    name: string;
    port?: number;
  }): Promise<Readable> {
    const { workload, port: chosen } = this.chosenPort({ namespace, name, port });
    const text = new PassThrough();
    const stop = await this.mesh.capture(workload, chosen, (packet) => {
      text.write(`${packetText(packet, new Date())}        ${firstBytes(packet)}\n`);
    });
    text.on('close', () => void stop());
    text.write(
      `listening on port ${chosen} of ${name}.${namespace}, by a relay in its path; Ctrl-C ends it\n`,
    );
    return text;
  }

  private async logs({
    namespace,
    name,
    log,
  }: {
    namespace: string;
    name: string;
    log: string;
  }): Promise<string> {
    const pod = this.mesh.pod(this.find(namespace, name));
    if (pod?.proxy === undefined) throw new Error(`${namespace}/${name} has no sidecar`);
    return readFile(join(pod.folder, log), 'utf8').catch(() => '');
  }

  private appliesTo(resource: StoredResource): string[] {
    return this.mesh.workloads
      .filter((workload) => workload.injected && appliesTo(resource, workload))
      .map(({ namespace, name }) => `${name}.${namespace}`);
  }

  private async status(): Promise<MeshStatus> {
    const { mesh } = this;
    const ports = ingressPorts(mesh.resources);
    const host = mesh.pod(INGRESS_GATEWAY)?.address ?? '';
    return {
      pid: process.pid,
      folder: this.options.folder,
      ingressHost: host,
      ...(mesh.failure === undefined ? {} : { notInForce: mesh.failure }),
      ...(ports.length === 0 ? {} : { ingress: { host, port: gatewayPort(ports[0]!) } }),
      pods: await Promise.all(
        mesh.workloads.map(async (workload): Promise<PodStatus> => {
          const pod = mesh.pod(workload);
          const { namespace, name, labels, injected, gateway, created } = workload;
          return {
            namespace,
            name,
            pod: workload.pod,
            address: pod?.address ?? '',
            labels,
            containers: workload.containers.map((container) => container.name),
            sidecar: injected,
            gateway,
            created,
            running: pod !== undefined && (pod.proxy?.envoy.running ?? true),
            pssKib: await this.pssOfProxy(workload),
          };
        }),
      ),
      services: mesh.services.map(({ namespace, name, ports: list }) => ({
        namespace,
        name,
        ports: list.map(({ port }) => port),
      })),
      pssKib: await pssOf(process.pid),
    };
  }

  private async pssOfProxy(workload: Workload): Promise<number> {
    const envoy = this.mesh.pod(workload)?.proxy?.envoy;
    if (envoy?.running !== true) return 0;
    return pssOf(await this.options.runtime.envoyPid(workload, envoy.pid));
  }

  /** Who has sent requests to whom, and how, by the counters of the proxies. */
  private async peers(): Promise<PeerCount[]> {
    const names = new Map(
      this.mesh.workloads.map((workload) => [
        this.mesh.pod(workload)?.address ?? '',
        `${workload.name}.${workload.namespace}`,
      ]),
    );
    const pattern = /portcullis_peer_(requests|refused)_total/;
    const counted = await Promise.all(
      this.mesh.workloads.map(async (workload) => {
        const proxy = this.mesh.pod(workload)?.proxy;
        const stats = (await proxy?.envoy.admin.stats(pattern)) ?? new Map<string, string>();
        const peers = new Map<string, PeerCount>();
        for (const [name, value] of stats) {
          const [, metric, labels, security, port, source] = PEER_COUNT.exec(name) ?? [];
          if (security === undefined || source === undefined) continue;
          const peer = peers.get(labels!) ?? {
            workload: `${workload.name}.${workload.namespace}`,
            port: Number(port),
            security,
            source: names.get(source) ?? source,
            requests: 0,
            refused: 0,
            takesPlaintext: this.mesh.takesPlaintext(workload, Number(port)),
          };
          peers.set(labels!, peer);
          peer[metric as 'requests' | 'refused'] += Number(value);
        }
        return [...peers.values()];
      }),
    );
    return counted.flat();
  }
}

/** A counter of the module, by its name: what it counts, and of whom. */
const PEER_COUNT =
  /portcullis_peer_(requests|refused)_total(;security=([^;]+);port=([^;]+);source=(.+))$/;

/** Proportional set size of a process, in KiB (Linux). */
async function pssOf(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB$/m.exec(text)?.[1] ?? 0);
}
