// A closed loop of HTTP/1.1 requests over kept-alive loopback connections: each sends its next request when its answer is there.
import { type Socket, connect } from 'node:net';
import { type ConnectionOptions, connect as secure } from 'node:tls';
import { once } from 'node:events';

/** What to send. */
export interface Load {
  port: number;
  /** Number of requests. */
  requests: number;
  connections: number;
  /** The bytes of request number `i`. */
  request: (i: number) => Buffer;
  /** The status that every answer must have. */
  status: number;
  /** Over TLS, with this certificate. */
  tls?: ConnectionOptions;
}

const END_OF_HEADERS = Buffer.from('\r\n\r\n');

/** Sends it; the seconds it took. Throws when an answer is not as expected. */
export async function run(load: Load): Promise<number> {
  const sockets = await Promise.all(
    Array.from({ length: load.connections }, async () => {
      const { port, tls } = load;
      const socket = tls === undefined ? connect(port, '127.0.0.1') : secure({ ...tls, port });
      socket.setNoDelay();
      await once(socket, tls === undefined ? 'connect' : 'secureConnect');
      return socket;
    }),
  );
  let sent = 0;
  const next = (): Buffer | undefined => (sent < load.requests ? load.request(sent++) : undefined);
  const begin = process.hrtime.bigint();
  await Promise.all(sockets.map((socket) => drive(socket, next, load.status)));
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  for (const socket of sockets) socket.destroy();
  return seconds;
}

function drive(socket: Socket, next: () => Buffer | undefined, status: number): Promise<void> {
  return new Promise((done, failed) => {
    let pending: Buffer = Buffer.alloc(0);
    const send = (): void => {
      const request = next();
      if (request === undefined) done();
      else socket.write(request);
    };
    socket.on('error', failed);
    socket.on('close', () => failed(new Error('Envoy closed a connection')));
    socket.on('data', (chunk: Buffer) => {
      pending = pending.length === 0 ? chunk : Buffer.concat([pending, chunk]);
      const head = pending.indexOf(END_OF_HEADERS);
      if (head < 0) return;
      const text = pending.toString('latin1', 0, head);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (pending.length < head + END_OF_HEADERS.length + length) return;
      if (!text.startsWith(`HTTP/1.1 ${status} `)) {
        return failed(new Error(`expected ${status}, got: ${text.split('\r\n')[0]}`));
      }
      pending = Buffer.alloc(0);
      send();
    });
    send();
  });
}
