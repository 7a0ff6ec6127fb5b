// Workloads as processes: the apps are programs of ours within this very process, the sidecars Envoys of this machine; pods have
// addresses of the loopback network, so that nobody needs root, and two meshes never meet.
import type { Server } from 'node:net';
import { createServer } from 'node:net';
import { startHttpbin } from '../apps/httpbin.ts';
import { listen, portOf, stopListening } from '../apps/listen.ts';
import { EnvironmentError } from '../errors.ts';
import { type Workload, idOf } from './model.ts';
import type { Apps, Runtime } from './runtime.ts';

/** What runs in the containers of an image; a workload of another one cannot run as a process. */
const PROGRAMS: [image: RegExp, program: 'httpbin' | 'none'][] = [
  [/(^|\/)(go-)?httpbin(:|@|$)/, 'httpbin'],
  [/(^|\/)(sleep|curl)(:|@|$)/, 'none'],
];

/** The port by which a mesh holds its network. */
const LOCK_PORT = 15000;
/** What is added to a port that only root may bind. */
const PRIVILEGED_OFFSET = 10_000;
const FIRST_NETWORK = 64;
const LAST_NETWORK = 126;

/** A network 127.N.0.0/16 that this mesh holds. */
export class ProcessRuntime implements Runtime {
  readonly curl: string;
  private readonly network: number;
  private readonly lock: Server;
  private readonly binary: string;
  private readonly addresses = new Map<string, string>();

  private constructor(network: number, lock: Server, binary: string, curl: string) {
    this.network = network;
    this.lock = lock;
    this.binary = binary;
    this.curl = curl;
  }

  /** Takes a network that no other mesh has. `binary`: Envoy's path; `curl`: curl's. */
  static async start(binary: string, curl: string): Promise<ProcessRuntime> {
    for (let network = FIRST_NETWORK; network <= LAST_NETWORK; network++) {
      const lock = createServer();
      try {
        await listen(lock, LOCK_PORT, `127.${network}.0.1`);
        return new ProcessRuntime(network, lock, binary, curl);
      } catch (error) {
        if (!(error instanceof EnvironmentError)) throw error;
      }
    }
    throw new EnvironmentError(
      `no network 127.${FIRST_NETWORK}.0.0/16 to 127.${LAST_NETWORK}.0.0/16 is free: are there meshes that nobody needs any more?`,
    );
  }

  address(workload: Workload): string {
    const id = idOf(workload);
    let address = this.addresses.get(id);
    if (address === undefined) {
      const n = this.addresses.size + 1;
      address = `127.${this.network}.${1 + (n >> 8)}.${n & 255}`;
      this.addresses.set(id, address);
    }
    return address;
  }

  get hostAddress(): string {
    return `127.${this.network}.0.2`;
  }

  boundPort({ gateway }: Workload, port: number): number {
    return port < 1024 && !gateway ? port + PRIVILEGED_OFFSET : port;
  }

  relay(workload: Workload): { address: string; keepsClients: boolean } {
    return { address: this.address(workload), keepsClients: true };
  }

  refuses(image: string): string | undefined {
    if (programFor(image) !== undefined) return undefined;
    return `there is no program for the image ${image}: as processes run httpbin, sleep and curl; anything else needs --runtime docker`;
  }

  async startApps(workload: Workload): Promise<Apps> {
    const servers = new Map<number, Server>();
    const stop = async (): Promise<void> => {
      await Promise.all([...servers.values()].map(stopListening));
    };
    try {
      for (const { image, ports } of workload.containers) {
        for (const port of programFor(image) === 'httpbin' ? ports : []) {
          // Behind a sidecar it is the sidecar that has the pod's address.
          const server = workload.injected
            ? await startHttpbin(0, '127.0.0.1')
            : await startHttpbin(this.boundPort(workload, port), this.address(workload));
          servers.set(port, server);
        }
      }
    } catch (error) {
      await stop();
      throw error;
    }
    return {
      // A port that no program listens on refuses connections.
      address: (port) => ({
        address: '127.0.0.1',
        port: servers.has(port) ? portOf(servers.get(port)!) : 1,
      }),
      join: () => Promise.resolve(),
      stop,
    };
  }

  envoy(_workload: Workload, _folder: string, args: string[]): { program: string; args: string[] } {
    return { program: this.binary, args };
  }

  envoyPid(_workload: Workload, own: number): Promise<number> {
    return Promise.resolve(own);
  }

  execPrefix(): string[] {
    return [];
  }

  release(): Promise<void> {
    this.lock.close();
    return Promise.resolve();
  }
}

function programFor(image: string): 'httpbin' | 'none' | undefined {
  return PROGRAMS.find(([pattern]) => pattern.test(image))?.[1];
}
