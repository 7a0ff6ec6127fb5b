// Files that are written whole or not at all, whatever becomes of the disk.
import { realpath, rename, rm, stat, writeFile } from 'node:fs/promises';

let count = 0;

/** A name beside a file, that nobody else has. */
export function besides(file: string): string {
  return `${file}.portcullis-${process.pid}-${count++}`;
}

/**
 * Puts a file in its place when all of it is on the disk: who reads it sees the one before or this one, and never a part. What is no
 * file, as /dev/stdout, is written to as it is. Throws what the system says, and nothing has changed then.
 */
export async function writeWhole(file: string, data: string | Uint8Array): Promise<void> {
  const found = await stat(file).catch(() => undefined);
  if (found !== undefined && !found.isFile()) return writeFile(file, data);
  const target = found === undefined ? file : await realpath(file);
  const temporary = besides(target);
  try {
    await writeFile(temporary, data, { mode: found?.mode ?? 0o666, flag: 'wx', flush: true });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
