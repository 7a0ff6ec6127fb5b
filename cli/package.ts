import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { messageOf } from '../envoy/errors.ts';
import { type ImageLayout, layoutArchive } from '../istio/oci/image.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { moduleImage } from './module-image.ts';
import { MODULE_PATH } from './package-files.ts';

interface Options {
  out: string;
  tag?: string;
  wasm: string;
  output: 'table' | 'json' | 'yaml';
}

const EXAMPLES = `Examples:
  portcullis package --out portcullis.tar
  skopeo copy oci-archive:portcullis.tar docker://registry.example/portcullis:0.1.0
  portcullis package --out image && skopeo copy oci:image docker://registry.example/portcullis:0.1.0
  portcullis package --out portcullis.tar --tag portcullis:0.1.0 && docker load -i portcullis.tar
`;

/** `portcullis package`. */
export function packageCommand(): Command {
  return new Command('package')
    .summary('an OCI image of the module')
    .description(
      'Writes the module as an OCI image that Istio’s agent accepts: one layer with plugin.wasm, the licence and an SBOM (SPDX). The same ' +
        'module gives the same bytes on every machine. Prints the digest of the manifest, by which a WasmPlugin and a registry name it.',
    )
    .option(
      '--out <DIR|FILE.tar>',
      'an OCI image layout, as a folder or in one file',
      'portcullis.tar',
    )
    .option('--tag <NAME:TAG>', 'the name that docker load gives it')
    .addOption(
      new Option('--wasm <file>', 'the module').default(MODULE_PATH, 'the one that is shipped'),
    )
    .addOption(
      new Option('-o, --output <format>', 'how the digests are written')
        .choices(['table', 'json', 'yaml'])
        .default('table'),
    )
    .addHelpText('before', EXAMPLES)
    .action(run);
}

async function run({ out, tag, wasm, output }: Options): Promise<void> {
  if (tag !== undefined && !/^[a-z0-9][a-z0-9._/:-]*:[\w][\w.-]{0,127}$/.test(tag)) {
    throw new Failure(ExitCode.Usage, `--tag ${tag}: expected NAME:TAG, the name in lower case`);
  }
  const { layout, sha256, created } = await moduleImage(wasm, tag);
  await write(out, layout, created);
  print({ image: layout.digest, module: `sha256:${sha256}`, out }, output);
}

/** Writes beside the target first, and moves it there whole. */
async function write(out: string, layout: ImageLayout, created: number): Promise<void> {
  const target = resolve(out);
  const temporary = await mkdtemp(join(dirname(target), `.${basename(target)}-`)).catch(
    (error: unknown) => {
      throw new Failure(ExitCode.Usage, `--out ${out}: ${messageOf(error)}`);
    },
  );
  try {
    if (out.endsWith('.tar')) {
      const file = join(temporary, 'image.tar');
      await writeFile(file, layoutArchive(layout, created), { flush: true });
      await rename(file, target);
      return;
    }
    const folder = join(temporary, 'image');
    for (const [name, data] of layout.files) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), data, { flush: true });
    }
    await removeLayout(target, out);
    await rename(folder, target);
  } catch (error) {
    if (error instanceof Failure) throw error;
    throw new Failure(ExitCode.Usage, `--out ${out}: ${messageOf(error)}`);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** An image that was written before makes room; anything else stays. */
async function removeLayout(target: string, out: string): Promise<void> {
  const entries = await readdir(target).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (entries === undefined) return;
  if (entries.length > 0 && !entries.includes('oci-layout')) {
    throw new Failure(ExitCode.Usage, `--out ${out}: there is something else in this folder`);
  }
  await rm(target, { recursive: true });
}

function print(result: Record<string, string>, output: Options['output']): void {
  if (output === 'json') process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  else if (output === 'yaml') process.stdout.write(stringify(result));
  else {
    for (const [name, value] of Object.entries(result)) {
      process.stdout.write(`${name.padEnd(6)}  ${value}\n`);
    }
  }
}
