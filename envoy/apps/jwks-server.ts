// A key server behind TLS whose behaviour can be changed while it runs: for the demo, and for tests of what goes wrong.
import { type Server, createServer } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { KeyPair } from '../certificates.ts';
import { listen, portOf } from './listen.ts';

/** How it answers. */
export type Behaviour =
  | { kind: 'serve'; document: string }
  | { kind: 'status'; status: number }
  | { kind: 'late'; milliseconds: number; document: string };

/** A running key server. */
export class JwksServer {
  /** How many requests have come. */
  requests = 0;

  behaviour: Behaviour;
  private readonly server: Server;

  private constructor(server: Server, behaviour: Behaviour) {
    this.server = server;
    this.behaviour = behaviour;
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
      void jwks.answer((status, document) => {
        if (response.destroyed) return;
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(document);
      });
    });
    const jwks = new JwksServer(server, behaviour);
    await listen(server, port, address);
    return jwks;
  }

  /** The port it is bound to. */
  get port(): number {
    return portOf(this.server);
  }

  /** Stops it, open connections included. */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async answer(reply: (status: number, document: string) => void): Promise<void> {
    const behaviour = this.behaviour;
    switch (behaviour.kind) {
      case 'serve':
        return reply(200, behaviour.document);
      case 'status':
        return reply(behaviour.status, 'no\n');
      case 'late':
        await sleep(behaviour.milliseconds, undefined, { ref: false });
        return reply(200, behaviour.document);
    }
  }
}
