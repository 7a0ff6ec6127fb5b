// An external authorizer that does what the header `x-ext-authz` of the request tells it, and remembers what it was asked.
import { type IncomingHttpHeaders, type Server, createServer } from 'node:http';
import { listen, portOf, stopListening } from '../envoy/apps/listen.ts';
import { replyOf } from '../host-tests/recorded/authorizer.ts';

/** A question that came. */
export interface Check {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** How long an answer takes that is asked for with `late-` in front, in milliseconds. */
const LATE_MS = 330;

export class ExtAuthzServer {
  readonly checks: Check[] = [];
  private readonly server: Server;

  private constructor(server: Server) {
    this.server = server;
  }

  /** Starts it, on a free port of a loopback address unless told. */
  static async start(port = 0, address = '127.0.0.1'): Promise<ExtAuthzServer> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { method = '', url = '', headers } = request;
        authorizer.checks.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
        const told = headers['x-ext-authz'];
        const [, late, what = String(told)] = /^(late-)?(.*)$/.exec(String(told)) ?? [];
        const reply = replyOf(what);
        // Says nothing: the asker's timeout ends it.
        if (reply === 'silence') return;
        if (reply === 'hang-up') return void request.socket.destroy();
        const [status, fields, body] = reply;
        setTimeout(
          () => {
            response.writeHead(status, fields.flat());
            response.end(body);
          },
          late === undefined ? 0 : LATE_MS,
        );
      });
    });
    const authorizer = new ExtAuthzServer(server);
    await listen(server, port, address);
    return authorizer;
  }

  get port(): number {
    return portOf(this.server);
  }

  async stop(): Promise<void> {
    await stopListening(this.server);
  }
}
