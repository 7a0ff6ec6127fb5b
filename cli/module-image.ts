// The module as an OCI image, with its licence and its SBOM: `package` writes it, and a WasmPlugin names it by its digest.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { messageOf } from '../envoy/errors.ts';
import { type ImageLayout, imageLayout } from '../istio/oci/image.ts';
import { type Component, sbom } from '../istio/oci/sbom.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { packageFile } from './package-files.ts';
import { packageVersion } from './package-version.ts';

const LICENSE = 'Apache-2.0';

/** The image of a module. */
export interface ModuleImage {
  layout: ImageLayout;
  /** Of the module itself, hexadecimal. */
  sha256: string;
  /** Seconds since the Unix epoch. */
  created: number;
}

/** The image of the module in a file; the same bytes for the same module. Throws Failure. */
export async function moduleImage(wasm: string, tag?: string): Promise<ModuleImage> {
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
  return { layout, sha256, created };
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
