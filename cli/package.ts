import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { messageOf } from '../envoy/errors.ts';
import { type ImageLayout, imageLayout, layoutArchive } from '../istio/oci/image.ts';
import { type Component, sbom } from '../istio/oci/sbom.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { MODULE_PATH, packageFile } from './package-files.ts';
import { packageVersion } from './version.ts';

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

const LICENSE = 'Apache-2.0';

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
  const module = await readFile(wasm).catch((error: unknown) => {
    throw new Failure(ExitCode.Usage, `${wasm}: ${messageOf(error)}`);
  });
  if (!WebAssembly.validate(module)) {
    throw new Failure(ExitCode.Usage, `${wasm}: is no WebAssembly module`);
  }
  const sha256 = createHash('sha256').update(module).digest('hex');
  const created = sourceDateEpoch();
  const layout = imageLayout({
    files: {
      'plugin.wasm': module,
      LICENSE: await readFile(packageFile('LICENSE')),
      'sbom.spdx.json': await sbomOf(sha256, created),
    },
    labels: labelsOf(sha256),
    ...(tag === undefined ? {} : { tag }),
    created,
  });
  await write(out, layout, created);
  print({ image: layout.digest, module: `sha256:${sha256}`, out }, output);
}

/** https://reproducible-builds.org/specs/source-date-epoch/; 1970 unless told. */
function sourceDateEpoch(): number {
  const text = process.env.SOURCE_DATE_EPOCH ?? '0';
  if (/^\d{1,10}$/.test(text)) return Number(text);
  throw new Failure(
    ExitCode.Usage,
    `SOURCE_DATE_EPOCH=${text}: expected seconds since the Unix epoch`,
  );
}

function labelsOf(sha256: string): Record<string, string> {
  const label = (name: string): string => `org.opencontainers.image.${name}`;
  return {
    [label('title')]: 'portcullis',
    [label('description')]: "Istio's security policies on any Envoy, in one Wasm module",
    [label('version')]: packageVersion(),
    [label('licenses')]: LICENSE,
    'portcullis.module.sha256': sha256,
  };
}

async function sbomOf(sha256: string, created: number): Promise<string> {
  const version = packageVersion();
  const { devDependencies } = JSON.parse(await readFile(packageFile('package.json'), 'utf8')) as {
    devDependencies: Record<string, string>;
  };
  const sdk = JSON.parse(await readFile(packageFile('sdk/package.json'), 'utf8')) as {
    version: string;
  };
  const parts: Component[] = [
    { name: 'as-proxy-wasm-sdk', version: sdk.version, license: LICENSE },
    // Its standard library and runtime are compiled in.
    { name: 'assemblyscript', version: devDependencies.assemblyscript!, license: LICENSE },
  ];
  const time = new Date(created * 1000).toISOString().replace('.000Z', 'Z');
  return sbom({ name: 'portcullis', version, license: LICENSE, sha256 }, parts, time);
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
      await writeFile(file, layoutArchive(layout, created));
      await rename(file, target);
      return;
    }
    const folder = join(temporary, 'image');
    for (const [name, data] of layout.files) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), data);
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
