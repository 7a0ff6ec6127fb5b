// What the package itself ships.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ExitCode, Failure } from './exit-codes.ts';

/** The module, beside the compiled command: build/js/cli → build. */
export const MODULE_PATH = fileURLToPath(new URL('../../portcullis.wasm', import.meta.url));

/** The module's bytes, compiled. */
export async function shippedModule(): Promise<WebAssembly.Module> {
  const bytes = await readFile(MODULE_PATH).catch(() => {
    throw new Failure(ExitCode.Environment, `${MODULE_PATH} is missing: run \`make build\``);
  });
  return WebAssembly.compile(bytes);
}
