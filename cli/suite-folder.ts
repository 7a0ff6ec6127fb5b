// What a suite may read: a suite of somebody's pull request must not read the secrets of the machine that runs it.
import { realpath } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, sep } from 'node:path';
import { messageOf } from '../envoy/errors.ts';
import { ExitCode, Failure } from './exit-codes.ts';

/** The folder of a suite. */
export class SuiteFolder {
  private readonly path: string;
  private readonly real: string;

  private constructor(path: string, real: string) {
    this.path = path;
    this.real = real;
  }

  /** The folder that a suite's file is in. */
  static async of(file: string): Promise<SuiteFolder> {
    const path = dirname(file);
    return new SuiteFolder(path, await realpath(path));
  }

  /** The file that a suite means by a path. Throws Failure, with the field, where it lies outside of the folder, be it by a link. */
  async fileAt(path: string, field: string): Promise<string> {
    const file = join(this.path, path);
    if (!isAbsolute(path)) {
      const real = await realpath(file).catch((error: unknown) => {
        throw new Failure(ExitCode.Usage, `${field}: ${file}: ${messageOf(error)}`);
      });
      if (!isOutside(relative(this.real, real))) return file;
    }
    throw new Failure(
      ExitCode.Usage,
      `${field}: ${path}: a suite reads what lies in its own folder, and nothing else`,
    );
  }
}

function isOutside(path: string): boolean {
  return path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
}
