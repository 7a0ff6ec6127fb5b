import { readFile } from 'node:fs/promises';
import { messageOf } from '../envoy/errors.ts';
import { ExitCode, Failure } from './exit-codes.ts';

/** The text of a file, or of standard input for `-`. */
export async function readInput(file: string): Promise<string> {
  try {
    if (file !== '-') return await readFile(file, 'utf8');
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString('utf8');
  } catch (error) {
    throw new Failure(ExitCode.Usage, `${file}: ${messageOf(error)}`);
  }
}
