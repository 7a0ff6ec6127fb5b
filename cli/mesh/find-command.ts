import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { EnvironmentError } from '../../envoy/errors.ts';

/** The path of a program of this machine. Throws EnvironmentError when there is none. */
export function findCommand(name: string): string {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      return path;
    } catch {
      continue;
    }
  }
  throw new EnvironmentError(`${name} is not there: the mesh needs it, please install it`);
}
