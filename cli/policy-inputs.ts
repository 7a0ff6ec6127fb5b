// What `render`, `explain` and `test` read beside the policies.
import { messageOf } from '../envoy/errors.ts';
import { InputBoundError } from '../istio/bounded-yaml.ts';
import { type MeshConfig, readMeshConfig } from '../istio/mesh-config.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { readInput } from './read-input.ts';
import { parseJwks } from './workload.ts';

/** Reads `--mesh-config`. Throws Failure. */
export async function meshConfigOf(file: string | undefined): Promise<MeshConfig> {
  if (file === undefined) return { settings: {} };
  const text = await readInput(file);
  try {
    return readMeshConfig(text, file);
  } catch (error) {
    if (error instanceof InputBoundError) throw error;
    throw new Failure(ExitCode.Usage, `${file}: ${messageOf(error)}`);
  }
}

/** The key sets of `--jwks URI=FILE`, by URI; each must stand for one that a policy names. Throws Failure. */
export async function keySetsOf(options: string[], uris: string[]): Promise<Map<string, string>> {
  const documents = new Map<string, string>();
  for (const text of options) {
    const { uri, file } = parseJwks(text);
    if (!uris.includes(uri)) {
      const named = uris.length === 0 ? 'none is named' : `they name ${uris.join(', ')}`;
      throw new Failure(ExitCode.Usage, `--jwks ${text}: no policy has this jwksUri; ${named}`);
    }
    if (documents.has(uri)) throw new Failure(ExitCode.Usage, `--jwks ${uri} is given twice`);
    documents.set(uri, await readInput(file));
  }
  return documents;
}

/** For options that may be repeated. */
export function list(item: string, before: string[] = []): string[] {
  return [...before, item];
}

/** Reads `--now`; the present where it is not given. Seconds since the Unix epoch. Throws Failure. */
export function nowOf(text: string | undefined): number {
  if (text === undefined) return Math.floor(Date.now() / 1000);
  if (/^\d+$/.test(text) && Number(text) > 0) return Number(text);
  throw new Failure(ExitCode.Usage, `--now ${text}: expected seconds since the Unix epoch`);
}
