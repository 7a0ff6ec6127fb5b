// What proxies fetch: modules, key sets, and images by the API of a registry. https://github.com/opencontainers/distribution-spec
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { join } from 'node:path';
import { listen, stopListening } from '../../envoy/apps/listen.ts';

interface Index {
  manifests: { digest: string; mediaType: string }[];
}

interface Manifest {
  config: { digest: string };
  layers: { digest: string }[];
}

interface File {
  data: Uint8Array | string;
  type: string;
}

export class FileServer {
  private readonly files = new Map<string, File>();
  private readonly held = new Map<string, Promise<void>>();
  private readonly asked = new Map<string, number>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => void this.answer(request, response));
  }

  /** Starts it on all addresses: each pod sees another one of this machine. */
  static async start(port: number): Promise<FileServer> {
    const server = new FileServer();
    await listen(server.server, port, '0.0.0.0');
    return server;
  }

  /** Serves a file from now on. */
  put(path: string, data: File['data'], type = 'application/octet-stream'): void {
    this.files.set(path, { data, type });
  }

  /** Serves what a file holds now. */
  putFile(path: string, file: string): void {
    this.put(path, readFileSync(file));
  }

  /** Answers nobody who asks for a path, until what is returned is called. */
  hold(path: string): () => void {
    let release = (): void => undefined;
    this.held.set(path, new Promise((done) => (release = done)));
    return release;
  }

  /** How often a path was asked for. */
  askedFor(path: string): number {
    return this.asked.get(path) ?? 0;
  }

  /** Serves an image from now on, by its digest and by a tag, as a registry does; `layout`: the folder of an OCI image layout. */
  async putImage(name: string, tag: string, layout: string): Promise<void> {
    const blob = (digest: string): Promise<Buffer> =>
      readFile(join(layout, 'blobs', digest.replace(':', '/')));
    const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as Index;
    const { digest, mediaType } = index.manifests[0]!;
    const manifest = await blob(digest);
    this.put('/v2/', '{}', 'application/json');
    this.put(`/v2/${name}/manifests/${tag}`, manifest, mediaType);
    this.put(`/v2/${name}/manifests/${digest}`, manifest, mediaType);
    const { config, layers } = JSON.parse(manifest.toString()) as Manifest;
    for (const part of [config, ...layers]) {
      this.put(`/v2/${name}/blobs/${part.digest}`, await blob(part.digest));
    }
  }

  async stop(): Promise<void> {
    await stopListening(this.server);
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url ?? '';
    this.asked.set(path, this.askedFor(path) + 1);
    await this.held.get(path);
    const file = this.files.get(path);
    response.writeHead(file === undefined ? 404 : 200, file && { 'content-type': file.type });
    response.end(request.method === 'HEAD' ? undefined : file?.data);
  }
}
