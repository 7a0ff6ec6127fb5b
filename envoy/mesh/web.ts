// URLs of the internet that a mesh serves itself, with TLS: so that a task that fetches keys and tokens runs offline.
import { readFile } from 'node:fs/promises';
import { type Server, createServer } from 'node:https';
import { createSecureContext } from 'node:tls';
import { listen, portOf, stopListening } from '../apps/listen.ts';
import type { Authority } from '../certificates.ts';
import type { JwksRoute } from '../config/clusters.ts';
import { EnvironmentError } from '../errors.ts';

export class Web {
  private readonly files = new Map<string, string>();
  private readonly contexts = new Map<string, ReturnType<typeof createSecureContext>>();
  private readonly authority: Authority;
  private readonly caFile: string;
  private readonly server: Server;

  private constructor(authority: Authority, caFile: string) {
    this.authority = authority;
    this.caFile = caFile;
    this.server = createServer(
      {
        SNICallback: (host, done) => done(null, this.contexts.get(host)),
      },
      (request, response) => {
        const url = `https://${request.headers.host}${request.url}`;
        const file = this.files.get(url) ?? this.files.get(url.split('?')[0]!);
        if (file === undefined)
          return void response.writeHead(404).end('not served by this mesh\n');
        readFile(file).then(
          (content) => response.writeHead(200).end(content),
          () => response.writeHead(500).end(`cannot read ${file}\n`),
        );
      },
    );
  }

  /** Starts it; `caFile` holds the authority that its clients must trust. */
  static async start(authority: Authority, caFile: string, address: string): Promise<Web> {
    const web = new Web(authority, caFile);
    await listen(web.server, 0, address);
    return web;
  }

  /** Serves a file at a URL. Throws EnvironmentError when it cannot be read. */
  async serve(url: string, file: string): Promise<void> {
    await readFile(file).catch(() => {
      throw new EnvironmentError(`${file}: cannot be read`);
    });
    const { hostname, href } = new URL(url);
    if (!this.contexts.has(hostname)) {
      const { certificate, key } = await this.authority.issueServer(hostname);
      this.contexts.set(hostname, createSecureContext({ cert: certificate, key }));
    }
    this.files.set(href, file);
  }

  /** How a proxy fetches a URI: here if its host is served here. */
  route(uri: string): JwksRoute {
    if (!this.contexts.has(new URL(uri).hostname)) return {};
    return { endpoint: this.endpoint, caFile: this.caFile };
  }

  /** Hosts that are served. */
  get hosts(): string[] {
    return [...this.contexts.keys()];
  }

  get endpoint(): { address: string; port: number } {
    const { address } = this.server.address() as { address: string };
    return { address, port: portOf(this.server) };
  }

  /** Stops it. */
  async stop(): Promise<void> {
    await stopListening(this.server);
  }
}
