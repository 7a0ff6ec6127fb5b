// `portcullis mesh status` and `matrix`: what there is, and who reaches whom.
import { execFile } from 'node:child_process';
import { Command, Option } from 'commander';
import { EnvironmentError } from '../../envoy/errors.ts';
import { callControl } from '../../envoy/mesh/control.ts';
import type { ExecPlace, MeshStatus, PodStatus } from '../../envoy/mesh/server.ts';
import { ADMIN_PORT } from '../../envoy/mesh/ports.ts';
import { meshFolder, meshOption } from './place.ts';
import { table } from './tables.ts';

type Format = 'table' | 'json';

function formatOption(): Option {
  return new Option('-o, --output <format>', 'how it is written')
    .choices(['table', 'json'])
    .default('table');
}

export function statusCommand(): Command {
  return new Command('status')
    .summary('shows the pods, and the memory that they take')
    .addOption(formatOption())
    .addOption(meshOption())
    .addHelpText(
      'before',
      'Examples:\n  portcullis mesh status\n  portcullis mesh status -o json\n',
    )
    .action(async ({ mesh, output }: { mesh: string; output: Format }) => {
      const status = await callControl<MeshStatus>(meshFolder(mesh), 'status');
      process.stdout.write(
        output === 'json' ? `${JSON.stringify(status, null, 2)}\n` : statusText(status),
      );
    });
}

function statusText(status: MeshStatus): string {
  const rows = status.pods.map((pod) => [
    pod.namespace,
    pod.name,
    pod.sidecar ? (pod.gateway ? 'gateway' : 'sidecar') : 'none',
    pod.running ? 'Running' : 'Failed',
    pod.address,
    pod.sidecar ? mib(pod.pssKib) : '',
  ]);
  const total = status.pods.reduce((sum, { pssKib }) => sum + pssKib, status.pssKib);
  const ingress =
    status.ingress === undefined
      ? `ingress gateway at ${status.ingressHost}: it listens as soon as there is a Gateway`
      : `ingress gateway at ${status.ingress.host}:${status.ingress.port}`;
  const trouble =
    status.notInForce === undefined
      ? ''
      : `What was applied last is not in force in every proxy:\n${status.notInForce}\n`;
  return `${table([['NAMESPACE', 'NAME', 'PROXY', 'STATUS', 'ADDRESS', 'PSS'], ...rows])}
${trouble}${ingress}
admin interfaces: port ${ADMIN_PORT} of each address (/stats, /listeners, /clusters, /certs)
memory: ${mib(total)} in all (PSS), ${mib(status.pssKib)} of it the apps and the mesh itself (process ${status.pid})
`;
}

function mib(kib: number): string {
  return `${(kib / 1024).toFixed(0)} MiB`;
}

export function matrixCommand(): Command {
  return new Command('matrix')
    .summary('who reaches whom: the table of the task pages')
    .description('Asks every httpbin from every sleep, as the loop of the task pages does.')
    .option('--path <path>', 'what is asked for', '/ip')
    .addOption(meshOption())
    .addHelpText(
      'before',
      'Examples:\n  portcullis mesh matrix\n  portcullis mesh matrix --path /headers\n',
    )
    .action(async ({ mesh, path }: { mesh: string; path: string }) => {
      const folder = meshFolder(mesh);
      const { pods, services } = await callControl<MeshStatus>(folder, 'status');
      const clients = pods.filter(({ name }) => name === 'sleep');
      const servers = services.filter(({ name, ports }) => name === 'httpbin' && ports.length > 0);
      for (const from of clients) {
        for (const to of servers) {
          const url = `http://${to.name}.${to.namespace}:${to.ports[0]}${path}`;
          const { code, status } = await curlAs(folder, from, url);
          const label = `${from.name}.${from.namespace} to ${to.name}.${to.namespace}: ${status}`;
          process.stdout.write(`${label}\n`);
          if (code !== 0) process.stdout.write(`command terminated with exit code ${code}\n`);
        }
      }
    });
}

async function curlAs(
  folder: string,
  pod: PodStatus,
  url: string,
): Promise<{ code: number; status: string }> {
  const place = await callControl<ExecPlace>(folder, 'exec', pod);
  const args = [url, '-s', '-o', '/dev/null', '-w', '%{http_code}', '--max-time', '10'];
  return new Promise((done, failed) => {
    const [program, ...before] = [...place.prefix, `${place.bin}/curl`];
    execFile(program, [...before, ...args], (error, stdout) => {
      // No exit code, but a program that is not there: its pod is still being made.
      if (typeof error?.code === 'string')
        failed(new EnvironmentError(`${pod.name}.${pod.namespace} does not run yet`));
      else done({ code: error?.code ?? 0, status: stdout });
    });
  });
}
