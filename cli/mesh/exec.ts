// `portcullis mesh exec`: a command as a workload: its address, its sidecar, the names of the mesh's services.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { Command } from 'commander';
import { callControl } from '../../envoy/mesh/control.ts';
import type { ExecPlace } from '../../envoy/mesh/server.ts';
import { labelText } from '../../istio/lint/scope.ts';
import { ExitCode, Failure } from '../exit-codes.ts';
import { parseWorkload } from '../workload.ts';
import { capture } from './capture.ts';
import { meshFolder, meshOption } from './place.ts';

export function execCommand(): Command {
  return new Command('exec')
    .summary('runs a command as a workload')
    .description(
      'Runs a command of this machine as a workload of the mesh: curl reaches the services of the mesh by their names, through the ' +
        "workload's sidecar where it has one. The exit code is the command's.",
    )
    .argument('<workload>', 'NAME.NAMESPACE, or a pod with -n')
    .argument('<command...>', 'the command, behind --')
    .option('-n, --namespace <namespace>')
    .option('-c, --container <name>', 'is taken, and of no meaning: a pod has one')
    .option('-i, --stdin', 'is taken: standard input is always there')
    .option('-t, --tty', 'is taken')
    .addOption(meshOption())
    .addHelpText(
      'before',
      `Examples:
  portcullis mesh exec sleep.foo -- curl -s http://httpbin.bar:8000/headers
  portcullis mesh exec sleep.legacy -- curl http://httpbin.foo:8000/ip -s -o /dev/null -w '%{http_code}\\n'
`,
    )
    .action(
      async (
        workload: string,
        command: string[],
        options: { mesh: string; namespace?: string },
      ) => {
        const code = await runAs(meshFolder(options.mesh), workload, options.namespace, command);
        if (code !== 0) throw new Failure(code, `command terminated with exit code ${code}`);
      },
    );
}

/** The workload that a text means: `NAME.NAMESPACE`, a name of a namespace that is told, or `NAMESPACE/k=v,…`, which names it by labels. */
export function workloadNamed(
  text: string,
  namespace: string | undefined,
): { name: string; namespace: string } {
  if (text.includes('=')) {
    const { namespace: of, labels } = parseWorkload(text);
    return { name: labelText(labels), namespace: of };
  }
  const plain = text.replace(/^(pods?|po|deploy(ment)?s?(\.apps)?)\//, '');
  if (namespace !== undefined) return { name: plain, namespace };
  const dot = plain.lastIndexOf('.');
  if (dot > 0) return { name: plain.slice(0, dot), namespace: plain.slice(dot + 1) };
  return { name: plain, namespace: 'default' };
}

/**
 * Runs a command as a workload with this terminal; its exit code. There is nobody to become with sudo; tcpdump, which a pod's sidecar has
 * in the pages, is `capture`.
 */
export async function runAs(
  folder: string,
  workload: string,
  namespace: string | undefined,
  [program, ...args]: string[],
): Promise<number> {
  if (program === undefined) throw new Failure(ExitCode.Usage, 'exec: which command?');
  if (program === 'sudo' && args.length > 0) return runAs(folder, workload, namespace, args);
  if (program === 'tcpdump') {
    const port = /\bport (\d+)/.exec(args.join(' '))?.[1];
    const at = workloadNamed(workload, namespace);
    const chosen = { ...at, port: port === undefined ? undefined : Number(port) };
    await capture(folder, chosen, Infinity, true);
    return 0;
  }
  const place = await callControl<ExecPlace>(folder, 'exec', workloadNamed(workload, namespace));
  const env = { HOSTNAME: place.pod, POD_IP: place.address };
  const [container, ...options] = place.prefix;
  const child =
    container === undefined
      ? spawn(program, args, {
          stdio: 'inherit',
          env: { ...process.env, ...env, PATH: `${place.bin}:${process.env.PATH ?? ''}` },
        })
      : spawn(container, [...options, program, ...args], { stdio: 'inherit' });
  return new Promise((done, failed) => {
    child.on('error', (error: NodeJS.ErrnoException) =>
      failed(error.code === 'ENOENT' ? new Failure(127, `exec: ${program}: not found`) : error),
    );
    child.on('exit', (code, signal) =>
      done(code ?? 128 + (constants.signals[signal ?? 'SIGKILL'] ?? 0)),
    );
  });
}
