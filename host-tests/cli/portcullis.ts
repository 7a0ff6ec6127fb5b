// The `portcullis` command as it is installed: arguments in; standard output, standard error and exit code out.
import { execFile } from 'node:child_process';
import { resolve } from 'node:path';

/** What became of a command. */
export interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

const COMMAND = resolve('build/js/cli/main.js');

/** Runs the command without colours; `env` is added to what the test has. */
export function portcullis(
  args: string[],
  input = '',
  env: Record<string, string> = { NO_COLOR: '1' },
): Promise<Outcome> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [COMMAND, ...args],
      { env: { ...process.env, ...env }, maxBuffer: 1 << 26 },
      (_error, stdout, stderr) => done({ code: child.exitCode ?? -1, stdout, stderr }),
    );
    // A command need not read all that it is given.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}
