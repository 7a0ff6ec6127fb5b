import { isUtf8 } from 'node:buffer';
import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../envoy/errors.ts';
import {
  InputBoundError,
  MAX_BYTES_IN_ALL,
  MAX_FILE_BYTES,
  tooLarge,
} from '../istio/bounded-yaml.ts';
import type { Source } from '../istio/load.ts';
import { ExitCode, Failure } from './exit-codes.ts';

/** How long a FIFO may have nobody who writes to it. */
const NOBODY_WRITES_MS = 3000;
const POLL_MS = 20;
const PIECE = 65_536;
/** What the system says in words of its own. */
const PLAIN: Record<string, string> = {
  ENOENT: 'there is no such file',
  EACCES: 'it may not be read: permission denied',
  EISDIR: 'it is a folder',
};

/** The text of a file, or of standard input for `-`. Throws Failure where it cannot be read, or is not UTF-8, and InputBoundError. */
export async function readInput(file: string, maxBytes = MAX_FILE_BYTES): Promise<string> {
  try {
    return text(file === '-' ? await standardInput(maxBytes) : await bytesOf(file, maxBytes));
  } catch (error) {
    if (error instanceof InputBoundError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    throw new Failure(ExitCode.Usage, `${file}: ${PLAIN[code ?? ''] ?? messageOf(error)}`);
  }
}

/** Several of them. Throws InputBoundError where they are more in all than a command reads. */
export async function readInputs(files: Iterable<string>): Promise<Source[]> {
  const sources: Source[] = [];
  let bytes = 0;
  for (const file of files) {
    const source = { file, text: await readInput(file) };
    bytes += Buffer.byteLength(source.text);
    if (bytes > MAX_BYTES_IN_ALL) throw tooMuch(file);
    sources.push(source);
  }
  return sources;
}

/** What is said of the file that is one too many. */
export function tooMuch(file: string): InputBoundError {
  return new InputBoundError(
    `${file}: with it, there are more than ${MAX_BYTES_IN_ALL / 1024 / 1024} MiB to read; name fewer files`,
  );
}

async function standardInput(maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of process.stdin) {
    chunks.push(chunk as Buffer);
    length += (chunk as Buffer).length;
    if (length > maxBytes) throw tooLarge('-', maxBytes);
  }
  return Buffer.concat(chunks);
}

/** Reads no more than it may: a device has no end, and a FIFO that nobody writes to no beginning. */
async function bytesOf(file: string, maxBytes: number): Promise<Buffer> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const isFifo = (await handle.stat()).isFIFO();
    const patience = performance.now() + NOBODY_WRITES_MS;
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const piece = await pieceOf(handle);
      if (piece === undefined || (isFifo && piece.length === 0 && length === 0)) {
        // Nothing yet: somebody has it open and writes later, or nobody has.
        if (piece !== undefined && performance.now() > patience) {
          throw new Error('a FIFO, and nobody writes to it');
        }
        await sleep(POLL_MS);
        continue;
      }
      if (piece.length === 0) return Buffer.concat(chunks);
      chunks.push(piece);
      length += piece.length;
      if (length > maxBytes) throw tooLarge(file, maxBytes);
    }
  } finally {
    await handle.close();
  }
}

/** What there is to read; empty at the end, undefined where there may be more later. */
async function pieceOf(handle: FileHandle): Promise<Buffer | undefined> {
  try {
    const { buffer, bytesRead } = await handle.read({ buffer: Buffer.alloc(PIECE) });
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return undefined;
    throw error;
  }
}

/** Bytes that are no text would silently become other ones. */
function text(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new Error('is not UTF-8');
  return bytes.toString('utf8');
}
