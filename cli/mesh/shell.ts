// `portcullis mesh shell`: functions for a shell, so that the lines of Istio's tasks run as they are printed.
import { Command } from 'commander';
import { callControl } from '../../envoy/mesh/control.ts';
import type { MeshStatus } from '../../envoy/mesh/server.ts';
import { meshFolder, meshOption } from './place.ts';

export function shellCommand(): Command {
  return new Command('shell')
    .summary('functions kubectl and istioctl for your shell')
    .description(
      'Prints functions for `eval`: kubectl and istioctl speak to the mesh then, and INGRESS_HOST and INGRESS_PORT are its ingress gateway.',
    )
    .addOption(meshOption())
    .addHelpText('before', 'Examples:\n  eval "$(portcullis mesh shell)"\n')
    .action(async ({ mesh }: { mesh: string }) => {
      const status = await callControl<MeshStatus>(meshFolder(mesh), 'status');
      process.stdout.write(shellFunctions(mesh, status.ingressHost));
    });
}

/** The functions, for bash and zsh. */
export function shellFunctions(mesh: string, ingressHost: string): string {
  const own = [process.execPath, process.argv[1]!].map(quoted).join(' ');
  return `export PORTCULLIS_MESH=${quoted(mesh)}
export INGRESS_HOST=${quoted(ingressHost)}
export INGRESS_PORT=8080
kubectl() { ${own} mesh kubectl "$@"; }
istioctl() { ${own} mesh istioctl "$@"; }
`;
}

/** A word for a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
