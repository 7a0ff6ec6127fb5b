// Standard output that fails where it cannot be written.
import { fstatSync, fsyncSync, writeSync } from 'node:fs';
import { messageOf } from '../envoy/errors.ts';
import { ExitCode } from './exit-codes.ts';

const STDOUT = 1;

/**
 * Has the command end with 3, and say why, where standard output does not take all. Node's stream for a file passes over what a full disk
 * has cut off: it writes once, and does not look how much has been written. A pipe that nobody reads any more ends it with 0: `| head`
 * has seen enough, and nobody is left to tell.
 */
export function guardOutput(): void {
  const { stdout } = process;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(ExitCode.Ok);
    fail(error);
  });
  if (stdout.isTTY || !isFileLike()) return;
  stdout._write = (chunk: Uint8Array | string, encoding, done) => {
    const bytes = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : chunk;
    try {
      for (let at = 0; at < bytes.length;) at += writeSync(STDOUT, bytes, at);
    } catch (error) {
      // At once: told to the stream, it would come when the command has ended well.
      fail(error);
    }
    done();
  };
}

/** Waits until a file that is standard output is on its disk, which may be told only now that it is full. */
export function settleOutput(): void {
  if (!fstatSync(STDOUT).isFile()) return;
  try {
    fsyncSync(STDOUT);
  } catch (error) {
    fail(error);
  }
}

function isFileLike(): boolean {
  const found = fstatSync(STDOUT);
  return found.isFile() || found.isCharacterDevice();
}

function fail(error: unknown): never {
  process.stderr.write(`standard output: ${messageOf(error)}\n`);
  process.exit(ExitCode.Environment);
}
