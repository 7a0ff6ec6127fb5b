// What the package itself ships.
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { ExitCode, Failure } from './exit-codes.ts';

/** The module, beside the compiled command (build/js/cli → build), or where tests run the sources. */
const MODULE = import.meta.url.endsWith('.ts')
  ? '../build/portcullis.wasm'
  : '../../portcullis.wasm';
export const MODULE_PATH = fileURLToPath(new URL(MODULE, import.meta.url));

let compiled: Promise<WebAssembly.Module> | undefined;

/** The module, compiled once. Throws Failure where it is missing. */
export function shippedModule(): Promise<WebAssembly.Module> {
  compiled ??= compileModule();
  return compiled;
}

async function compileModule(): Promise<WebAssembly.Module> {
  const bytes = await readFile(MODULE_PATH).catch(() => {
    throw new Failure(ExitCode.Environment, `${MODULE_PATH} is missing: run \`make build\``);
  });
  return WebAssembly.compile(bytes);
}

/** The root of the package, beside the sources or above the compiled command. */
const ROOT = import.meta.url.endsWith('.ts') ? '..' : '../../..';

/** The path of a file that the package ships. */
export function packageFile(path: string): string {
  return fileURLToPath(new URL(`${ROOT}/${path}`, import.meta.url));
}
