// The pods of a mesh: for each workload its app, and in front of it an Envoy where it has a sidecar.
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Authority } from '../certificates.ts';
import type { Address } from '../config/types.ts';
import { type Service, type Workload, idOf, namesOf, principalOf } from './model.ts';
import { commandsOf, podFolder } from './mesh-files.ts';
import { ADMIN_PORT, FIRST_TCP_PORT, OUTBOUND_PORT } from './ports.ts';
import { type MeshView, type ProxyPlace, proxyFiles, tcpServices } from './proxy-config.ts';
import { MeshProxy } from './proxy.ts';
import type { Apps, Runtime } from './runtime.ts';

/** What pods are made with. */
export interface PodEnvironment {
  module: string;
  /** The folder of the mesh. */
  folder: string;
  runtime: Runtime;
  authority: Authority;
}

/** One pod. */
export class Pod {
  readonly workload: Workload;
  readonly address: string;
  readonly folder: string;
  readonly proxy: MeshProxy | undefined;
  private readonly apps: Apps;

  private constructor(
    workload: Workload,
    address: string,
    folder: string,
    apps: Apps,
    proxy: MeshProxy | undefined,
  ) {
    this.workload = workload;
    this.address = address;
    this.folder = folder;
    this.apps = apps;
    this.proxy = proxy;
  }

  /** Starts the app and the sidecar. */
  static async start(
    workload: Workload,
    environment: PodEnvironment,
    view: MeshView,
  ): Promise<Pod> {
    const { folder: mesh, runtime, authority } = environment;
    const address = runtime.address(workload);
    const folder = podFolder(mesh, workload);
    await rm(folder, { recursive: true, force: true });
    await mkdir(commandsOf(folder), { recursive: true });
    const apps = await runtime.startApps(workload, folder);
    let proxy: MeshProxy | undefined;
    try {
      if (workload.injected) {
        proxy = await MeshProxy.start(
          (args) => runtime.envoy(workload, folder, args),
          folder,
          proxyFiles(placeOf(workload, address, folder, environment, apps), view),
          await authority.issueClient([`spiffe://${principalOf(workload)}`]),
          authority.certificate,
        );
      }
      await apps.join();
      return new Pod(workload, address, folder, apps, proxy);
    } catch (error) {
      await apps.stop();
      await proxy?.envoy.stop();
      throw error;
    }
  }

  /** The place of its proxy, for a configuration of it. */
  place(environment: PodEnvironment): ProxyPlace {
    return placeOf(this.workload, this.address, this.folder, environment, this.apps);
  }

  /** Writes what commands that run as this pod find: a curl that knows the services of the mesh by their names. */
  async writeCommands(
    services: readonly Service[],
    endpoint: MeshView['endpoint'],
    curl: string,
  ): Promise<void> {
    const lines = services.flatMap((service) =>
      service.ports.flatMap(({ port, target, protocol }) => {
        const to = this.destination(service, port, target, protocol, services, endpoint);
        return namesOf(service, this.workload.namespace).map(
          (name) => `connect-to = "${name}:${port}:${to.address}:${to.port}"`,
        );
      }),
    );
    const configuration = join(commandsOf(this.folder), 'curl.conf');
    // Its own address is what others see.
    await writeFile(configuration, [`interface = "${this.address}"`, ...lines, ''].join('\n'));
    const script = join(commandsOf(this.folder), 'curl');
    await writeFile(script, `#!/bin/sh\nexec '${curl}' -K '${configuration}' "$@"\n`);
    await chmod(script, 0o755);
  }

  /** Where a connection to a service's port goes: to the sidecar, or without one to the first pod of the service. */
  private destination(
    service: Service,
    port: number,
    target: number,
    protocol: 'http' | 'tcp',
    services: readonly Service[],
    endpoint: MeshView['endpoint'],
  ): Address {
    const { address } = this;
    if (this.workload.injected) {
      if (protocol === 'http') return { address, port: OUTBOUND_PORT };
      const index = tcpServices(services).findIndex(
        (one) => one.service.host === service.host && one.port === port,
      );
      return { address, port: FIRST_TCP_PORT + index };
    }
    const [workload] = service.workloads;
    // Nobody listens there: as in a cluster, the connection is refused.
    return workload === undefined ? { address, port: 1 } : endpoint(workload, target).address;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    await this.apps.stop();
    await this.proxy?.envoy.stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}

function placeOf(
  workload: Workload,
  address: string,
  folder: string,
  { module, runtime }: PodEnvironment,
  apps: Apps,
): ProxyPlace {
  return {
    workload,
    address,
    folder,
    module,
    admin: { address, port: ADMIN_PORT },
    app: (port) => apps.address(port),
    bound: (port) => runtime.boundPort(workload, port),
  };
}

/** `namespace/name` */
export function podId(pod: Pod): string {
  return idOf(pod.workload);
}
