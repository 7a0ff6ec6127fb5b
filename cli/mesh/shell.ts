// `portcullis mesh shell`: functions for a shell, so that the lines of Istio's tasks run as they are printed.
import { basename } from 'node:path';
import { Command, Option } from 'commander';
import { NoMesh, callControl } from '../../envoy/mesh/control.ts';
import type { MeshStatus } from '../../envoy/mesh/server.ts';
import { meshFolder, meshOption } from './place.ts';

export function shellCommand(): Command {
  return new Command('shell')
    .summary('functions kubectl and istioctl for your shell')
    .description(
      'Prints functions for `eval`: kubectl and istioctl speak to the mesh then, and INGRESS_HOST and INGRESS_PORT are its ingress gateway.',
    )
    .addOption(
      new Option('--shell <shell>', 'which shell they are for').choices(SHELLS).default(ownShell()),
    )
    .addOption(meshOption())
    .addHelpText(
      'before',
      'Examples:\n  eval "$(portcullis mesh shell)"\n  portcullis mesh shell | source     # fish\n',
    )
    .action(async ({ mesh, shell }: { mesh: string; shell: Shell }) => {
      const folder = meshFolder(mesh);
      const text = shell === 'fish' ? fishFunctions : shellFunctions;
      try {
        const status = await callControl<MeshStatus>(folder, 'status');
        process.stdout.write(text(mesh, status.ingressHost));
      } catch (error) {
        // The lines that follow are for the mesh, and must not reach a real cluster.
        if (error instanceof NoMesh) process.stdout.write(text(mesh, undefined));
        throw error;
      }
    });
}

type Shell = (typeof SHELLS)[number];
const SHELLS = ['bash', 'zsh', 'fish'] as const;
/** What the mesh has of a cluster's commands. */
const CLUSTER_COMMANDS = ['kubectl', 'istioctl'];

function ownShell(): Shell {
  return basename(process.env.SHELL ?? '') === 'fish' ? 'fish' : 'bash';
}

/** The functions, for bash and zsh; without a mesh such as refuse. */
export function shellFunctions(mesh: string, ingressHost: string | undefined): string {
  if (ingressHost === undefined) {
    return CLUSTER_COMMANDS.map(
      (name) => `${name}() { echo ${quoted(refusal(name, mesh))} >&2; return 3; }\n`,
    ).join('');
  }
  const own = [process.execPath, process.argv[1]!].map(quoted).join(' ');
  return `export PORTCULLIS_MESH=${quoted(mesh)}
export INGRESS_HOST=${quoted(ingressHost)}
export INGRESS_PORT=8080
${CLUSTER_COMMANDS.map((name) => `${name}() { ${own} mesh ${name} "$@"; }\n`).join('')}`;
}

/** The same for fish. */
function fishFunctions(mesh: string, ingressHost: string | undefined): string {
  if (ingressHost === undefined) {
    return CLUSTER_COMMANDS.map(
      (name) => `function ${name}; echo ${fishQuoted(refusal(name, mesh))} >&2; return 3; end\n`,
    ).join('');
  }
  const own = [process.execPath, process.argv[1]!].map(fishQuoted).join(' ');
  return `set -gx PORTCULLIS_MESH ${fishQuoted(mesh)}
set -gx INGRESS_HOST ${fishQuoted(ingressHost)}
set -gx INGRESS_PORT 8080
${CLUSTER_COMMANDS.map((name) => `function ${name}; ${own} mesh ${name} $argv; end\n`).join('')}`;
}

function refusal(name: string, mesh: string): string {
  return `${name}: no mesh "${mesh}" was running when portcullis mesh shell was called; unset -f ${name} (fish: functions -e) gives your own back`;
}

/** A word for fish. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll(/[\\']/g, '\\$&')}'`;
}

/** A word for a POSIX shell. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
