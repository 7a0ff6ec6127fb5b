import { readFile } from 'node:fs/promises';
import { ExitCode, Failure } from '../exit-codes.ts';
import { packageFile } from '../package-files.ts';
import { readInput } from '../read-input.ts';

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
