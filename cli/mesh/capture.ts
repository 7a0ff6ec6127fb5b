// `portcullis mesh capture`: the bytes on the wire of a workload's port.
import { Command } from 'commander';
import { streamControl } from '../../envoy/mesh/control.ts';
import { ExitCode, Failure } from '../exit-codes.ts';
import { parsePort } from '../workload.ts';
import { workloadNamed } from './exec.ts';
import { meshFolder, meshOption } from './place.ts';

export function captureCommand(): Command {
  return new Command('capture')
    .summary('the bytes on the wire of a port')
    .description(
      "Shows what passes at a workload's port, as `tcpdump -A` would, with the first bytes of every piece as hexadecimal: plaintext can be " +
        'read, a TLS record begins with 16 or 17. A relay stands in the path meanwhile; connections that are there already are not seen.',
    )
    .argument('<workload>', 'NAME.NAMESPACE, or a pod with -n')
    .option('-n, --namespace <namespace>')
    .option('--port <port>', "the container's port; its first, unless told")
    .option('--seconds <n>', 'how long; until Ctrl-C, unless told')
    .addOption(meshOption())
    .action(
      async (
        workload: string,
        options: { mesh: string; namespace?: string; port?: string; seconds?: string },
      ) => {
        const seconds = Number(options.seconds ?? Infinity);
        if (!(seconds > 0)) {
          throw new Failure(ExitCode.Usage, `--seconds ${options.seconds}: expected a number`);
        }
        const port = options.port === undefined ? undefined : parsePort(options.port);
        const at = workloadNamed(workload, options.namespace);
        await capture(meshFolder(options.mesh), { ...at, port }, seconds);
      },
    );
}

/** Prints what passes at a port, until the time is over or Ctrl-C comes. */
export async function capture(
  folder: string,
  at: { namespace: string; name: string; port?: number },
  seconds: number,
): Promise<void> {
  const abort = new AbortController();
  const end = (): void => abort.abort();
  process.on('SIGINT', end).on('SIGTERM', end);
  const timer = Number.isFinite(seconds) ? setTimeout(end, seconds * 1000) : undefined;
  await streamControl(
    folder,
    'capture',
    at,
    (text) => void process.stdout.write(text),
    abort.signal,
  );
  clearTimeout(timer);
}
