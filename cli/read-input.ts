import { isUtf8 } from 'node:buffer';
import { readFile } from 'node:fs/promises';
import { messageOf } from '../envoy/errors.ts';
import { ExitCode, Failure } from './exit-codes.ts';

/** The text of a file, or of standard input for `-`. Throws Failure where it cannot be read, or is not UTF-8. */
export async function readInput(file: string): Promise<string> {
  try {
    return text(file === '-' ? await standardInput() : await readFile(file));
  } catch (error) {
    throw new Failure(ExitCode.Usage, `${file}: ${messageOf(error)}`);
  }
}

async function standardInput(): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Bytes that are no text would silently become other ones. */
function text(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Error('is not UTF-8');
  return bytes.toString('utf8');
}
