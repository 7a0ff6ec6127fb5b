// One connection of the soak test: requests of all kinds, one after the other, each answer held against what is right. Not pipelined:
// Envoy closes connections on which it has answered itself while more are waiting.
import { type Socket, connect } from 'node:net';
import type { Kind } from './kinds.ts';

const END_OF_HEADERS = Buffer.from('\r\n\r\n');

/** What came of all requests. */
export interface Tally {
  answered: number;
  /** Answers with another status, by kind and status. */
  wrong: Map<string, number>;
  /** Requests whose connection ended before their answer. */
  lost: number;
}

/** Sends until `next` has no more; the promise ends with the last answer. */
export function drive(port: number, next: () => Kind | undefined, tally: Tally): Promise<void> {
  return new Promise((done) => {
    const socket: Socket = connect(port, '127.0.0.1');
    let asked: Kind | undefined;
    let rest: Buffer = Buffer.alloc(0);
    const send = (): void => {
      asked = next();
      if (asked === undefined) socket.end();
      else socket.write(asked.requests[Math.floor(Math.random() * asked.requests.length)]!);
    };
    socket.setNoDelay();
    socket.on('connect', send);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      if (asked !== undefined) tally.lost++;
      done();
    });
    socket.on('data', (chunk: Buffer) => {
      rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      const head = rest.indexOf(END_OF_HEADERS);
      if (head < 0) return;
      const text = rest.toString('latin1', 0, head);
      const length = Number(/\r\ncontent-length: (\d+)/i.exec(text)?.[1] ?? 0);
      if (rest.length < head + END_OF_HEADERS.length + length) return;
      rest = Buffer.alloc(0);
      const status = Number(text.slice(9, 12));
      tally.answered++;
      if (status !== asked?.status) {
        const what = `${asked?.name ?? 'nothing asked'}: ${status}`;
        tally.wrong.set(what, (tally.wrong.get(what) ?? 0) + 1);
      }
      send();
    });
  });
}
