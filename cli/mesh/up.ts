// `portcullis mesh up` and `down`.
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { EnvironmentError } from '../../envoy/errors.ts';
import { NoMesh, callControl } from '../../envoy/mesh/control.ts';
import { type MeshStatus, MeshServer } from '../../envoy/mesh/server.ts';
import { ExitCode, Failure } from '../exit-codes.ts';
import { list } from '../policy-inputs.ts';
import { MODULE_PATH, packageFile, shippedModule } from '../package-files.ts';
import { readInput } from '../read-input.ts';
import { type RuntimeOptions, startRuntime, withRuntime } from './runtime.ts';
import { meshFolder, meshOption } from './place.ts';

const EXAMPLES = `Examples:
  portcullis mesh up                       # httpbin and sleep in foo, bar (with sidecars) and legacy (without)
  portcullis mesh up --detach -f mine.yaml # your own manifests instead, in the background
  portcullis mesh up --bare                # nothing but the ingress gateway
`;

/** Set where the command runs in the background, and nobody can press Ctrl-C. */
const DETACHED = 'PORTCULLIS_MESH_DETACHED';

/** How long a mesh in the background may take to start, in milliseconds. */
const START_LIMIT_MS = 120_000;

/** How long a mesh may take to end, in milliseconds. */
const DOWN_LIMIT_MS = 60_000;

function lives(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

interface Options extends RuntimeOptions {
  mesh: string;
  filename?: string[];
  bare?: boolean;
  detach?: boolean;
  serve?: string[];
}

export function upCommand(): Command {
  const command = new Command('up')
    .summary('starts a mesh of real Envoys')
    .description(
      'Starts a mesh on this machine: every workload with a sidecar gets an Envoy of its own, with the module and a SPIFFE certificate, ' +
        'and an ingress gateway stands in istio-system. It lasts until Ctrl-C, or with --detach until `mesh down`.',
    )
    .option('-f, --filename <file…>', 'manifests in the place of the default mesh', list)
    .option('--bare', 'no workloads but the ingress gateway')
    .option('--detach', 'returns when the mesh is ready, and leaves it running')
    .option('--serve <URL=FILE>', 'serves a file in the place of a URL, with TLS', list)
    .addOption(meshOption())
    .addHelpText('before', EXAMPLES)
    .action(up);
  return withRuntime(command);
}

export function downCommand(): Command {
  return new Command('down')
    .summary('ends a mesh, and forgets what was applied')
    .description('Ends every process of the mesh, and removes its folder.')
    .addOption(meshOption())
    .addHelpText('before', 'Examples:\n  portcullis mesh down\n')
    .action(async ({ mesh }: { mesh: string }) => {
      const folder = meshFolder(mesh);
      let was = 'is down';
      try {
        const { pid } = await callControl<MeshStatus>(folder, 'status');
        await callControl(folder, 'down');
        for (const end = Date.now() + DOWN_LIMIT_MS; lives(pid); await sleep(20)) {
          if (Date.now() > end) throw new EnvironmentError(`process ${pid} does not end`);
        }
      } catch (error) {
        // What a crash has left is removed all the same.
        if (!(error instanceof NoMesh)) throw error;
        was = 'was not running';
      }
      await rm(folder, { recursive: true, force: true });
      process.stderr.write(`mesh "${mesh}" ${was}\n`);
    });
}

async function up(options: Options): Promise<void> {
  const folder = meshFolder(options.mesh);
  if (await isRunning(folder)) {
    throw new EnvironmentError(
      `the mesh "${options.mesh}" is running already: portcullis mesh down ends it, --mesh NAME starts another one beside it`,
    );
  }
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (options.detach === true) return detached(folder, options.mesh);
  await foreground(options, folder);
}

async function foreground(options: Options, folder: string): Promise<void> {
  const begin = Date.now();
  const progress = (line: string): void => void process.stderr.write(`${line}\n`);
  const remembered = await readdir(folder);
  const isFresh = !remembered.includes('resources.json');
  const sources = isFresh ? await manifestsOf(options) : [];
  await shippedModule();
  const server = await MeshServer.start({
    folder,
    runtime: await startRuntime(options, options.mesh, folder),
    module: MODULE_PATH,
    progress,
  });
  let isOver = false;
  const ended = new Promise<void>((done) => {
    const end = (): void => {
      if (isOver) return;
      isOver = true;
      done();
    };
    server.onDown = end;
    process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
  });
  try {
    for (const { url, file } of (options.serve ?? []).map(served)) {
      await callControl(folder, 'serve', { url, file });
    }
    for (const { file, text, namespace } of sources) {
      const { problems } = await server.apply([{ file, text }], namespace);
      if (problems.length > 0) throw new Failure(ExitCode.Findings, ...problems);
    }
    if (!isFresh) progress('the resources that were applied before are in force again');
    const status = await callControl<MeshStatus>(folder, 'status');
    const seconds = ((Date.now() - begin) / 1000).toFixed(1);
    progress(
      `mesh "${options.mesh}" is up after ${seconds} s: ${status.pods.length} pods, ingress gateway at ${status.ingressHost}`,
    );
    const which = options.mesh === 'default' ? '' : ` --mesh ${options.mesh}`;
    progress(
      `try: portcullis mesh matrix${which}; portcullis mesh exec${which} sleep.foo -- curl http://httpbin.bar:8000/ip`,
    );
    const down = `portcullis mesh down${which}`;
    progress(
      process.env[DETACHED] === undefined
        ? `Ctrl-C ends it, and so does: ${down}`
        : `it runs on until: ${down}`,
    );
    await ended;
  } finally {
    await server.stop();
    // Whoever ends it in the foreground has seen enough of it.
    await rm(folder, { recursive: true, force: true });
  }
}

/** The mesh in the background: this very command in a session of its own. */
async function detached(folder: string, mesh: string): Promise<void> {
  const path = join(folder, 'mesh.log');
  // Read by what is open: a mesh that does not start takes its folder along.
  const log = await open(path, 'w+');
  const own = process.argv.slice(1).filter((argument) => argument !== '--detach');
  const child = spawn(process.execPath, own, {
    detached: true,
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, [DETACHED]: '1' },
  });
  let shown = 0;
  let text = '';
  const show = async (): Promise<void> => {
    const { buffer, bytesRead } = await log.read(Buffer.alloc(65_536), 0, 65_536, shown);
    const piece = buffer.toString('utf8', 0, bytesRead);
    process.stderr.write(piece);
    text += piece;
    shown += bytesRead;
  };
  try {
    for (const end = Date.now() + START_LIMIT_MS; Date.now() < end; await sleep(50)) {
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      await show();
      if (text.includes(`mesh "${mesh}" is up after`) && text.includes('it runs on until')) {
        child.unref();
        return;
      }
      if (hasEnded) {
        await rm(folder, { recursive: true, force: true });
        throw new Failure(
          child.exitCode || ExitCode.Environment,
          ...(text === '' ? ['the mesh has ended without a word'] : []),
        );
      }
    }
    child.kill('SIGTERM');
    throw new EnvironmentError(
      `the mesh has not started in ${START_LIMIT_MS / 1000} s: see ${path}`,
    );
  } finally {
    await log.close();
  }
}

interface Manifest {
  file: string;
  text: string;
  namespace: string;
}

/** The default mesh, or the manifests given. */
async function manifestsOf({ filename, bare }: Options): Promise<Manifest[]> {
  if (filename !== undefined) {
    const read = async (file: string): Promise<Manifest> => ({
      file,
      text: await readInput(file),
      namespace: 'default',
    });
    return Promise.all(filename.map(read));
  }
  if (bare === true) return [];
  const sample = async (name: string, namespace: string): Promise<Manifest> => {
    const file = packageFile(`samples/${name}/${name}.yaml`);
    return { file, text: await readFile(file, 'utf8'), namespace };
  };
  const namespaces = ['foo', 'bar', 'legacy']
    .map(
      (name) =>
        `apiVersion: v1\nkind: Namespace\nmetadata:\n  name: ${name}\n${name === 'legacy' ? '' : '  labels: { istio-injection: enabled }\n'}`,
    )
    .join('---\n');
  // In one piece, so that everything starts side by side.
  const parts = [];
  for (const namespace of ['foo', 'bar', 'legacy']) {
    for (const name of ['httpbin', 'sleep']) parts.push(await sample(name, namespace));
  }
  const text = parts.map(({ text: one, namespace }) =>
    one.replace(/^metadata:\n/gm, `metadata:\n  namespace: ${namespace}\n`),
  );
  return [{ file: 'the default mesh', text: [namespaces, ...text].join('---\n'), namespace: '' }];
}

/** Whether a mesh answers in a folder. */
async function isRunning(folder: string): Promise<boolean> {
  try {
    await callControl(folder, 'status');
    return true;
  } catch (error) {
    if (error instanceof NoMesh) return false;
    throw error;
  }
}

/** Reads `URL=FILE`. */
export function served(text: string): { url: string; file: string } {
  const equal = text.lastIndexOf('=');
  const url = text.slice(0, Math.max(equal, 0));
  if (!url.startsWith('https://') || !URL.canParse(url) || equal === text.length - 1) {
    throw new Failure(
      ExitCode.Usage,
      `--serve ${text}: expected URL=FILE, the URL beginning with https://`,
    );
  }
  return { url, file: resolve(text.slice(equal + 1)) };
}
