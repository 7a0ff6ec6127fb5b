// How commands reach a running mesh: JSON over HTTP on a socket in its folder, which nobody but its owner can open.
import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { type IncomingMessage, type Server, createServer, request as httpRequest } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { InputBoundError } from '../../istio/bounded-yaml.ts';
import { EnvironmentError, messageOf } from '../errors.ts';

const SOCKET = 'control.sock';
/** All that one command may be: files of 16 MiB, escaped in JSON. */
const MAX_COMMAND_BYTES = 64 * 1024 * 1024;
/** Longer paths are cut by the kernel. */
const LONGEST_SOCKET_PATH = 107;

/** Answers a command; what it throws becomes an error at the client. A Readable is sent as it comes. */
export type Handler = (command: string, body: unknown) => Promise<unknown>;

function socketOf(folder: string): string {
  const path = join(folder, SOCKET);
  if (path.length > LONGEST_SOCKET_PATH) {
    throw new EnvironmentError(`${path}: too long for a socket; set PORTCULLIS_MESH_HOME`);
  }
  return path;
}

/** Whether the socket is still there: whoever has removed it cannot be heard any more. */
export function isReachable(folder: string): boolean {
  return existsSync(socketOf(folder));
}

/** Listens for commands. */
export async function serveControl(folder: string, handler: Handler): Promise<Server> {
  const path = socketOf(folder);
  await rm(path, { force: true });
  const server = createServer((request, response) => {
    bodyOf(request)
      .then((body) => handler((request.url ?? '/').slice(1), body))
      .then(
        (answer) => {
          if (!(answer instanceof Readable)) {
            return response.end(JSON.stringify({ answer: answer ?? null }));
          }
          response.on('close', () => answer.destroy());
          return answer.pipe(response.writeHead(200, { 'content-type': 'text/plain' }));
        },
        (error: unknown) =>
          response.writeHead(500, { connection: 'close' }).end(
            JSON.stringify({
              error: messageOf(error),
              isBeyondBounds: error instanceof InputBoundError,
            }),
          ),
      );
  });
  await new Promise<void>((done, failed) => {
    server.on('error', failed);
    server.listen(path, done);
  });
  return server;
}

/** What a command came with. Throws Error where that is no JSON, or has no end. */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_COMMAND_BYTES) throw new Error(`more than ${MAX_COMMAND_BYTES} bytes`);
    chunks.push(chunk);
  }
  return JSON.parse(Buffer.concat(chunks).toString() || 'null') as unknown;
}

/** No mesh answers in a folder. */
export class NoMesh extends EnvironmentError {}

/** Sends a command whose answer comes bit by bit, until it ends or the signal comes. */
export function streamControl(
  folder: string,
  command: string,
  body: unknown,
  onText: (text: string) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((done, failed) => {
    const request = httpRequest(
      { socketPath: socketOf(folder), path: `/${command}`, method: 'POST', signal },
      (response) => {
        if (response.statusCode !== 200) failed(new EnvironmentError(`${command}: refused`));
        response.setEncoding('utf8');
        response.on('data', onText);
        response.on('end', done);
        response.on('error', () => done());
      },
    );
    request.on('error', (error) => (signal.aborted ? done() : failed(error)));
    request.end(JSON.stringify(body));
  });
}

/** Sends a command. Throws NoMesh when nobody listens, InputBoundError for more than is ever read, EnvironmentError with what else went wrong there. */
export function callControl<T>(folder: string, command: string, body: unknown = null): Promise<T> {
  return new Promise((done, failed) => {
    const request = httpRequest(
      { socketPath: socketOf(folder), path: `/${command}`, method: 'POST' },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          const { answer, error, isBeyondBounds } = JSON.parse(
            Buffer.concat(chunks).toString(),
          ) as { answer?: T; error?: string; isBeyondBounds?: boolean };
          if (error === undefined) return done(answer as T);
          failed(
            isBeyondBounds === true ? new InputBoundError(error) : new EnvironmentError(error),
          );
        });
        response.on('error', failed);
      },
    );
    request.on('error', (error: NodeJS.ErrnoException) =>
      failed(
        ['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'].includes(error.code ?? '')
          ? new NoMesh('no mesh is running: portcullis mesh up')
          : error,
      ),
    );
    request.end(JSON.stringify(body));
  });
}
