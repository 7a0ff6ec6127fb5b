// The docker command.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EnvironmentError } from '../errors.ts';

const run = promisify(execFile);

/** Runs docker; what it prints. Throws EnvironmentError with what it says. */
export async function docker(...args: string[]): Promise<string> {
  try {
    return (await run('docker', args)).stdout.trim();
  } catch (error) {
    const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
    if (code === 'ENOENT')
      throw new EnvironmentError('docker is not there: --runtime process needs none');
    throw new EnvironmentError(`docker ${args[0]}: ${stderr.trim()}`);
  }
}
