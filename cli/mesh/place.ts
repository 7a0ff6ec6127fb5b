// Where meshes live: a folder each, in the user's state folder.
import { homedir } from 'node:os';
import { join } from 'node:path';
import { Option } from 'commander';
import { ExitCode, Failure } from '../exit-codes.ts';

/** Which of the meshes of this machine is meant. */
export function meshOption(): Option {
  return new Option('--mesh <name>', 'which mesh, where there are several')
    .env('PORTCULLIS_MESH')
    .default('default');
}

/** The folder of a mesh. */
export function meshFolder(name: string): string {
  if (!/^[\w-]+$/.test(name)) {
    throw new Failure(ExitCode.Usage, `--mesh ${name}: a name of letters, digits and dashes`);
  }
  const state = process.env.XDG_STATE_HOME ?? join(homedir(), '.local', 'state');
  return join(process.env.PORTCULLIS_MESH_HOME ?? join(state, 'portcullis', 'mesh'), name);
}
