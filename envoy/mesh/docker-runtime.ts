// Workloads as containers: one for each app and each sidecar, in one network; an app shares its sidecar's network, as in a pod.
import { mkdir, open, readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EnvironmentError } from '../errors.ts';
import { Supervised } from '../runtime/supervised.ts';
import { docker } from './docker.ts';
import { ensureImage, usualEnvoyImage } from './docker-images.ts';
import { type Workload, idOf } from './model.ts';
import { authorityOf, commandsOf, moduleOf, podFolder } from './mesh-files.ts';
import type { Apps, Runtime } from './runtime.ts';

const LABEL = 'portcullis.mesh';
const FIRST_NETWORK = 64;
const LAST_NETWORK = 95;
/** The first address of a pod; the one before is this machine's. */
const FIRST_HOST = 10;
/** What is added to a port by the sidecar: the app has the port itself. */
const SIDECAR_OFFSET = 10_000;
const START_LIMIT_MS = 60_000;

/** What containers are made with. */
export interface DockerOptions {
  mesh: string;
  folder: string;
  /** Envoy's image; without it the released one, or ours where it alone is here. */
  envoyImage?: string;
}

export class DockerRuntime implements Runtime {
  /** As our own image of sleep has it, and curl's. */
  readonly curl = '/usr/bin/curl';
  private readonly options: Required<DockerOptions>;
  private readonly network: number;
  private readonly addresses = new Map<string, string>();

  private constructor(options: Required<DockerOptions>, network: number) {
    this.options = options;
    this.network = network;
  }

  /** Makes the network of the mesh; what a mesh of this name has left behind is removed. Throws EnvironmentError without Docker, or Envoy's image. */
  static async start(options: DockerOptions): Promise<DockerRuntime> {
    await docker('version', '--format', '{{.Server.Version}}');
    const envoyImage = options.envoyImage ?? (await usualEnvoyImage());
    await ensureImage(envoyImage);
    await removeAll(options.mesh);
    for (let network = FIRST_NETWORK; network <= LAST_NETWORK; network++) {
      const subnet = `10.${network}.64.0/24`;
      try {
        await docker(
          ...['network', 'create', '--subnet', subnet, '--label', `${LABEL}=${options.mesh}`],
          networkName(options.mesh),
        );
        return new DockerRuntime({ ...options, envoyImage }, network);
      } catch (error) {
        if (!/[Pp]ool overlaps|conflicts with network/.test(String(error))) throw error;
      }
    }
    throw new EnvironmentError('no network of its own is free for the mesh: docker network ls');
  }

  address(workload: Workload): string {
    const id = idOf(workload);
    let address = this.addresses.get(id);
    if (address === undefined) {
      address = `10.${this.network}.64.${FIRST_HOST + this.addresses.size}`;
      this.addresses.set(id, address);
    }
    return address;
  }

  get hostAddress(): string {
    return `10.${this.network}.64.1`;
  }

  boundPort({ gateway, injected }: Workload, port: number): number {
    return injected && !gateway ? port + SIDECAR_OFFSET : port;
  }

  relay(): { address: string; keepsClients: boolean } {
    return { address: this.hostAddress, keepsClients: false };
  }

  refuses(): undefined {
    return undefined;
  }

  async startApps(workload: Workload, folder: string): Promise<Apps> {
    const running: Supervised[] = [];
    const start = async (): Promise<void> => {
      for (const [i, container] of workload.containers.entries()) {
        const own = ['--network', networkName(this.options.mesh), '--ip', this.address(workload)];
        // A pod's containers have one network: the sidecar's, or without one the first container's.
        const shared =
          workload.injected || i > 0
            ? [
                '--network',
                `container:${this.nameOf(workload, workload.injected ? 'istio-proxy' : workload.containers[0]!.name)}`,
              ]
            : own;
        const { name, image, command, args } = container;
        await ensureImage(image);
        const [entry, ...rest] = [...command, ...args];
        running.push(
          await this.runContainer(workload, name, join(folder, `${name}.log`), [
            ...shared,
            ...['--volume', `${commandsOf(folder)}:${commandsOf(folder)}:ro`],
            ...(entry === undefined ? [] : ['--entrypoint', entry]),
            // Whatever a manifest says comes behind it, and is no option.
            ...['--', image],
            ...(entry === undefined ? [] : rest),
          ]),
        );
        for (const port of container.ports) await this.awaitPort(workload, port, running.at(-1)!);
        if (container.ports.length === 0) {
          await this.awaitContainer(this.nameOf(workload, name), running.at(-1)!);
        }
      }
    };
    if (!workload.injected) await start();
    return {
      address: (port) => ({ address: '127.0.0.1', port }),
      join: async () => {
        if (workload.injected) await start();
      },
      stop: async () => {
        const names = workload.containers.map(({ name }) => this.nameOf(workload, name));
        if (names.length > 0) await docker('rm', '-f', ...names).catch(() => undefined);
        await Promise.all(running.map((one) => one.stop()));
      },
    };
  }

  envoy(workload: Workload, folder: string, args: string[]): { program: string; args: string[] } {
    const module = moduleOf(this.options.folder);
    const authority = authorityOf(this.options.folder);
    return {
      program: 'docker',
      args: [
        ...this.runArguments(workload, 'istio-proxy'),
        ...['--network', networkName(this.options.mesh), '--ip', this.address(workload)],
        ...['--user', `${process.getuid?.() ?? 0}:${process.getgid?.() ?? 0}`],
        ...['--volume', `${folder}:${folder}`],
        ...[module, authority].flatMap((file) => ['--volume', `${file}:${file}:ro`]),
        ...['--entrypoint', 'envoy', '--', this.options.envoyImage],
        ...args,
      ],
    };
  }

  async envoyPid(workload: Workload): Promise<number> {
    const name = this.nameOf(workload, 'istio-proxy');
    const init = await docker('inspect', '--format', '{{.State.Pid}}', name);
    // The first process of the container is the one that --init puts there; Envoy is its child.
    const children = await readFile(`/proc/${init}/task/${init}/children`, 'utf8').catch(() => '');
    return Number(children.split(' ')[0]);
  }

  execPrefix(workload: Workload): string[] {
    const name = this.nameOf(workload, workload.containers[0]?.name ?? 'istio-proxy');
    const folder = podFolder(this.options.folder, workload);
    const path = `PATH=${commandsOf(folder)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    return ['docker', 'exec', '-i', '--env', path, name];
  }

  async release(): Promise<void> {
    await removeAll(this.options.mesh);
  }

  /** Runs a container that ends with this process. */
  private async runContainer(
    workload: Workload,
    container: string,
    logFile: string,
    more: string[],
  ): Promise<Supervised> {
    await mkdir(dirname(logFile), { recursive: true });
    const log = await open(logFile, 'a');
    const args = [...this.runArguments(workload, container), ...more];
    const child = Supervised.start('docker', args, log.fd);
    await log.close();
    return child;
  }

  private runArguments(workload: Workload, container: string): string[] {
    return [
      ...['run', '--rm', '--init', '--pull', 'never'],
      ...['--name', this.nameOf(workload, container)],
      ...['--label', `${LABEL}=${this.options.mesh}`],
    ];
  }

  private nameOf(workload: Workload, container: string): string {
    return `portcullis-${this.options.mesh}-${workload.namespace}-${workload.name}-${container}`;
  }

  private async awaitPort(workload: Workload, port: number, child: Supervised): Promise<void> {
    for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await sleep(50)) {
      if (await accepts(this.address(workload), port)) return;
      if (!child.running) break;
    }
    throw new EnvironmentError(
      `${idOf(workload)}: nobody listens on port ${port}; see docker logs, and the log in its folder`,
    );
  }

  private async awaitContainer(name: string, child: Supervised): Promise<void> {
    for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await sleep(50)) {
      const state = await docker('inspect', '--format', '{{.State.Running}}', name).catch(() => '');
      if (state === 'true') return;
      if (!child.running) break;
    }
    throw new EnvironmentError(
      `the container ${name} does not start: see docker logs, and the log in its folder`,
    );
  }
}

function networkName(mesh: string): string {
  return `portcullis-${mesh}`;
}

async function removeAll(mesh: string): Promise<void> {
  const filter = ['--filter', `label=${LABEL}=${mesh}`];
  const containers = (await docker('ps', '--all', '--quiet', ...filter))
    .split('\n')
    .filter(Boolean);
  if (containers.length > 0) await docker('rm', '-f', ...containers).catch(() => undefined);
  const networks = (await docker('network', 'ls', '--quiet', ...filter))
    .split('\n')
    .filter(Boolean);
  if (networks.length > 0) await docker('network', 'rm', ...networks);
}

function accepts(address: string, port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect(port, address);
    const end = (is: boolean): void => {
      socket.destroy();
      done(is);
    };
    socket.setTimeout(1000, () => end(false));
    socket.on('connect', () => end(true)).on('error', () => end(false));
  });
}
