// What workloads run as: the options of `mesh up` and `mesh replay`.
import { type Command, Option } from 'commander';
import { findEnvoy } from '../../envoy/binary.ts';
import { DockerRuntime } from '../../envoy/mesh/docker-runtime.ts';
import { ProcessRuntime } from '../../envoy/mesh/process-runtime.ts';
import type { Runtime } from '../../envoy/mesh/runtime.ts';
import { findCommand } from './find-command.ts';

/** The values of the options. */
export interface RuntimeOptions {
  runtime: 'process' | 'docker';
  envoyImage?: string;
}

/** Adds the options to a command. */
export function withRuntime(command: Command): Command {
  return command
    .addOption(
      new Option('--runtime <runtime>', 'what workloads run as')
        .choices(['process', 'docker'])
        .default('process'),
    )
    .addOption(
      new Option(
        '--envoy-image <image>',
        "Envoy's image, where workloads run as containers; envoyproxy/envoy:v1.40-latest, or portcullis/envoy of make images where that alone is here",
      ).env('PORTCULLIS_ENVOY_IMAGE'),
    );
}

/** Starts the runtime of a mesh. Throws EnvironmentError with what is missing. */
export async function startRuntime(
  { runtime, envoyImage }: RuntimeOptions,
  mesh: string,
  folder: string,
): Promise<Runtime> {
  return runtime === 'docker'
    ? DockerRuntime.start({ mesh, folder, ...(envoyImage === undefined ? {} : { envoyImage }) })
    : ProcessRuntime.start((await findEnvoy()).path, findCommand('curl'));
}
