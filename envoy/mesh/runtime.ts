// What differs between workloads as processes and as containers. Everything else of a mesh is the same.
import type { Address } from '../config/types.ts';
import type { Workload } from './model.ts';

/** The apps of one workload. */
export interface Apps {
  /** Where a container port is reached by the sidecar, or without one by everybody. */
  address(port: number): Address;
  /** Starts what needs the sidecar to be there first. */
  join(): Promise<void>;
  stop(): Promise<void>;
}

/** How workloads run. */
export interface Runtime {
  /** The addresses of the mesh: those of pods, and this machine's as pods see it. */
  address(workload: Workload): string;
  readonly hostAddress: string;
  /** The port at a pod's address where a container port is bound by its sidecar, or without one by its app. */
  boundPort(workload: Workload, port: number): number;
  /** Where a relay in the path of a workload listens, and whether it can keep the addresses of clients. */
  relay(workload: Workload): { address: string; keepsClients: boolean };
  /** Why an image cannot be run; undefined when it can. */
  refuses(image: string): string | undefined;
  /** Starts the apps of a workload; `folder` is the pod's. */
  startApps(workload: Workload, folder: string): Promise<Apps>;
  /** The command that runs Envoy with these arguments as the sidecar of a workload; `folder` is the pod's. */
  envoy(workload: Workload, folder: string, args: string[]): { program: string; args: string[] };
  /** The process number of a sidecar's Envoy on this machine; `own` is that of the command that runs it. */
  envoyPid(workload: Workload, own: number): Promise<number>;
  /** What stands in front of a command that runs as a workload, and of its options. */
  execPrefix(workload: Workload): string[];
  /** curl, as commands of a workload find it. */
  readonly curl: string;
  /** Gives everything back. */
  release(): Promise<void>;
}
