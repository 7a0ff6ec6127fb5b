// `portcullis mesh capture`: the bytes on the wire of a workload's port.
import { spawn } from 'node:child_process';
import { Command } from 'commander';
import type { Address } from '../../envoy/config/types.ts';
import { callControl, streamControl } from '../../envoy/mesh/control.ts';
import { ExitCode, Failure } from '../exit-codes.ts';
import { parsePort } from '../workload.ts';
import { workloadNamed } from './exec.ts';
import { meshFolder, meshOption } from './place.ts';

export function captureCommand(): Command {
  return new Command('capture')
    .summary('the bytes on the wire of a port')
    .description(
      "Shows what passes at a workload's port: by `tcpdump -A` where it is there and permitted. Otherwise a relay stands in the path meanwhile " +
        'and shows the same, with the first bytes of every piece as hexadecimal (a TLS record begins with 16 or 17); connections that are ' +
        'there already are not seen then.',
    )
    .argument('<workload>', 'NAME.NAMESPACE, or a pod with -n')
    .option('-n, --namespace <namespace>')
    .option('--port <port>', "the container's port; its first, unless told")
    .option('--relay', 'by a relay, even where tcpdump is there')
    .option('--seconds <n>', 'how long; until Ctrl-C, unless told')
    .addOption(meshOption())
    .addHelpText('before', 'Examples:\n  portcullis mesh capture httpbin.foo --seconds 10\n')
    .action(
      async (
        workload: string,
        options: {
          mesh: string;
          namespace?: string;
          port?: string;
          seconds?: string;
          relay?: boolean;
        },
      ) => {
        const seconds = Number(options.seconds ?? Infinity);
        if (!(seconds > 0)) {
          throw new Failure(ExitCode.Usage, `--seconds ${options.seconds}: expected a number`);
        }
        const port = options.port === undefined ? undefined : parsePort(options.port);
        const at = workloadNamed(workload, options.namespace);
        const folder = meshFolder(options.mesh);
        await capture(folder, { ...at, port }, seconds, options.relay !== true);
      },
    );
}

/** Prints what passes at a port, until the time is over or Ctrl-C comes; by tcpdump if that is wanted, there and permitted. */
export async function capture(
  folder: string,
  at: { namespace: string; name: string; port?: number },
  seconds: number,
  byTcpdump: boolean,
): Promise<void> {
  const abort = new AbortController();
  const end = (): void => abort.abort();
  process.on('SIGINT', end).on('SIGTERM', end);
  const timer = Number.isFinite(seconds) ? setTimeout(end, seconds * 1000) : undefined;
  try {
    if (byTcpdump && (await tcpdump(folder, at, abort.signal))) return;
    const print = (text: string): void => void process.stdout.write(text);
    await streamControl(folder, 'capture', at, print, abort.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** False when tcpdump is not there, or is not permitted to listen. */
async function tcpdump(
  folder: string,
  at: { namespace: string; name: string; port?: number },
  signal: AbortSignal,
): Promise<boolean> {
  const { address, port } = await callControl<Address>(folder, 'port', at);
  const expression = `host ${address} and tcp port ${port}`;
  // Pods of the loopback network are seen on its interface; of those in containers any will do.
  const device = address.startsWith('127.') ? 'lo' : 'any';
  const child = spawn('tcpdump', ['-i', device, '-A', '-n', '-l', expression], {
    stdio: ['ignore', 'inherit', 'pipe'],
  });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
    // Until it listens, what it says may be why it cannot.
    if (said.includes('listening on')) {
      process.stderr.write(said);
      said = '';
    }
  });
  signal.addEventListener('abort', () => child.kill('SIGINT'));
  const code = await new Promise<number>((done) => {
    child.on('error', () => done(-1));
    child.on('exit', (status) => done(status ?? 0));
  });
  return code === 0 || signal.aborted;
}
