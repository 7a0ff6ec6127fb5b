// An external authorizer that does what the header `x-ext-authz` of the request tells it, and remembers what it was asked.
import { type IncomingHttpHeaders, type Server, createServer } from 'node:http';
import { listen, portOf } from '../envoy/apps/listen.ts';

/** A question that came. */
export interface Check {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** How long an answer takes that is asked for with `late-` in front, in milliseconds. */
const LATE_MS = 330;

type Reply = [status: number, headers: [string, string][], body?: string];

const REPLIES: Record<string, Reply> = {
  allow: [
    200,
    [
      ['x-user', 'alice'],
      ['x-up-a', '1'],
      ['X-Up-B', '2'],
      ['x-other', 'no'],
      ['x-down', 'd'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-envoy-auth-headers-to-remove', 'x-secret, X-Gone,,:path,host'],
    ],
    'allowed',
  ],
  deny: [
    403,
    [
      ['x-deny', 'because'],
      ['x-other', 'no'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['content-type', 'text/html'],
    ],
    '<p>denied by authorizer',
  ],
  redirect: [302, [['location', 'https://login.example/']]],
  unauthorized: [401, [['www-authenticate', 'Basic realm="x"']], 'who?'],
  created: [201, [], 'created'],
  'no-content': [204, []],
  teapot: [418, []],
  error: [503, [['x-deny', 'x']], 'broken'],
  'server-error': [500, [], 'broken'],
};

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
        // Says nothing: the asker's timeout ends it.
        if (told === 'silence') return;
        if (told === 'hang-up') return void request.socket.destroy();
        const [, late, what = String(told)] = /^(late-)?(.*)$/.exec(String(told)) ?? [];
        const [status, fields, body] = REPLIES[what] ?? [403, []];
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
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}
