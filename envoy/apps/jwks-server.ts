// A key server behind TLS whose behaviour can be changed while it runs: for the demo, and for tests of what goes wrong.
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { type Server, createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyPair } from '../certificates.ts';
import { listen, portOf, stopListening } from './listen.ts';

/** How it answers. */
export type Behaviour =
  | { kind: 'serve'; document: string }
  | { kind: 'status'; status: number }
  | { kind: 'late'; milliseconds: number; document: string }
  /** A byte at a time, so many milliseconds apart, and never to an end. */
  | { kind: 'dripping'; milliseconds: number }
  /** More than anybody can want. */
  | { kind: 'flooding'; bytes: number };

const PIECE = Buffer.alloc(65_536, ' ');

/** A running key server. */
export class JwksServer {
  /** How many requests have come. */
  requests = 0;

  behaviour: Behaviour;
  private readonly server: Server;
  private readonly address: string;
  /** The port it was bound to when it was stopped. */
  private last = 0;

  private constructor(server: Server, behaviour: Behaviour, address: string) {
    this.server = server;
    this.behaviour = behaviour;
    this.address = address;
  }

  /** Starts it, on a loopback address unless told; port 0 takes a free one. */
  static async start(
    certificate: KeyPair,
    behaviour: Behaviour,
    port = 0,
    address = '127.0.0.1',
  ): Promise<JwksServer> {
    const { certificate: cert, key } = certificate;
    const server = createServer({ cert, key }, (_request, response) => {
      jwks.requests++;
      void jwks.answer(response);
    });
    const jwks = new JwksServer(server, behaviour, address);
    await listen(server, port, address);
    return jwks;
  }

  /** Starts it once more after a stop, where it was before. */
  async restart(): Promise<void> {
    await listen(this.server, this.last, this.address);
  }

  /** The port it is bound to. */
  get port(): number {
    return portOf(this.server);
  }

  /** Stops it, open connections included. */
  async stop(): Promise<void> {
    if (this.server.listening) this.last = this.port;
    await stopListening(this.server);
  }

  private async answer(response: ServerResponse): Promise<void> {
    const behaviour = this.behaviour;
    const reply = (status: number, document?: string): void => {
      if (response.destroyed) return;
      response.writeHead(status, { 'content-type': 'application/json' });
      if (document !== undefined) response.end(document);
    };
    switch (behaviour.kind) {
      case 'serve':
        return reply(200, behaviour.document);
      case 'status':
        return reply(behaviour.status, 'no\n');
      case 'late':
        await sleep(behaviour.milliseconds, undefined, { ref: false });
        return reply(200, behaviour.document);
      case 'dripping':
        reply(200);
        while (!response.destroyed) {
          response.write(' ');
          await sleep(behaviour.milliseconds, undefined, { ref: false });
        }
        return;
      case 'flooding':
        reply(200);
        for (let sent = 0; sent < behaviour.bytes && !response.destroyed; sent += PIECE.length) {
          if (!response.write(PIECE)) await drained(response);
        }
        response.end();
    }
  }
}

/** Waits until more can be written, or nothing any more. */
async function drained(response: ServerResponse): Promise<void> {
  const settled = new AbortController();
  const { signal } = settled;
  await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })]);
  settled.abort();
}
