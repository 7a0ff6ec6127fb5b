import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_BYTES_IN_ALL } from '../../istio/bounded-yaml.ts';
import type { Source } from '../../istio/load.ts';
import { ExitCode, Failure } from '../exit-codes.ts';
import { packageFile } from '../package-files.ts';
import { readInput, tooMuch } from '../read-input.ts';

const MANIFEST = /\.(ya?ml|json)$/;

/**
 * Files, and of folders the manifests in them, as kubectl takes them. Throws Failure where one cannot be read or a folder has none, and
 * InputBoundError.
 */
export async function readManifests(files: readonly string[]): Promise<Source[]> {
  const sources: Source[] = [];
  let bytes = 0;
  for (const file of (await Promise.all(files.map(manifestsIn))).flat()) {
    const source = { file, text: await readManifest(file) };
    bytes += Buffer.byteLength(source.text);
    if (bytes > MAX_BYTES_IN_ALL) throw tooMuch(file);
    sources.push(source);
  }
  return sources;
}

async function manifestsIn(path: string): Promise<string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return [path];
  const names = (await readdir(path)).filter((name) => MANIFEST.test(name)).sort();
  if (names.length === 0) {
    throw new Failure(ExitCode.Usage, `${path}: no .yaml, .yml or .json in this folder`);
  }
  return names.map((name) => join(path, name));
}

/** The text of a file; of one of Istio's samples that is not there, ours of the same name. */
export async function readManifest(file: string): Promise<string> {
  if (/^samples\/[\w-]+\/[\w-]+\.ya?ml$/.test(file)) {
    const there = await readFile(file, 'utf8').catch(() => undefined);
    if (there !== undefined) return there;
    const own = packageFile(file);
    const text = await readFile(own, 'utf8').catch(() => {
      throw new Failure(
        ExitCode.Usage,
        `${file}: not here, and the package has no sample of this name`,
      );
    });
    process.stderr.write(`${file} is not here: ${own} is taken\n`);
    return text;
  }
  return readInput(file);
}
