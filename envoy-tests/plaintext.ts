// Many plaintext connections, so many at a time.
import { connect } from 'node:net';

/** Runs something `count` times, `width` at a time. */
export async function inTurn(
  count: number,
  width: number,
  task: () => Promise<void>,
): Promise<void> {
  let left = count;
  const work = async (): Promise<void> => {
    while (left > 0) {
      left--;
      await task();
    }
  };
  await Promise.all(Array.from({ length: width }, work));
}

/** Connects, sends a GET and waits for the end; how many bytes came back. */
export function plaintextGet(port: number): Promise<{ bytes: number }> {
  return new Promise((done) => {
    let bytes = 0;
    const socket = connect(port, '127.0.0.1', () => {
      socket.write('GET /ip HTTP/1.1\r\nhost: httpbin.foo:8000\r\nconnection: close\r\n\r\n');
    });
    socket.on('data', (chunk: Buffer) => (bytes += chunk.length));
    socket.on('error', () => undefined);
    socket.on('close', () => done({ bytes }));
  });
}
