// A client of the API server: server-side apply, and what little else the lab needs.
import { Agent, request } from 'node:https';
import { parseAllDocuments } from 'yaml';

/** An object as the API server takes it. */
export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string; labels?: Record<string, string> };
  status?: unknown;
  [field: string]: unknown;
}

interface ApiResource {
  name: string;
  kind: string;
  namespaced: boolean;
}

/** An answer of the API server that says no. */
export class Refused extends Error {}

export class KubeClient {
  private readonly resources = new Map<string, ApiResource[]>();
  private readonly port: number;
  private readonly token: string;
  private readonly agent = new Agent({ keepAlive: true, rejectUnauthorized: false });

  constructor(port: number, token: string) {
    this.port = port;
    this.token = token;
  }

  /** Applies objects, or every document of a text, in their order. Throws Refused with what the API server says. */
  async apply(objects: string | KubeObject[]): Promise<void> {
    for (const object of objectsOf(objects)) {
      const path = await this.pathOf(object);
      await this.call(
        'PATCH',
        `${path}?fieldManager=lab&force=true`,
        object,
        'application/apply-patch+yaml',
      );
      // Nobody but us is there to say that a pod runs.
      if (object.kind === 'Pod' && object.status !== undefined) {
        await this.call(
          'PATCH',
          `${path}/status`,
          { status: object.status },
          'application/merge-patch+json',
        );
      }
    }
  }

  /** Deletes them; what is not there is deleted. */
  async delete(objects: string | KubeObject[]): Promise<void> {
    for (const object of objectsOf(objects)) {
      await this.call('DELETE', await this.pathOf(object)).catch((error: unknown) => {
        if (!String(error).includes('not found')) throw error;
      });
    }
  }

  /** A call of the API: the answer. Throws Refused. */
  call(method: string, path: string, body?: unknown, type = 'application/json'): Promise<unknown> {
    return new Promise((done, failed) => {
      const outgoing = request(
        {
          host: '127.0.0.1',
          port: this.port,
          path,
          method,
          agent: this.agent,
          headers: {
            authorization: `Bearer ${this.token}`,
            ...(body === undefined ? {} : { 'content-type': type }),
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
          incoming.on('error', failed);
          incoming.on('end', () => {
            const text = Buffer.concat(chunks).toString();
            const isJson = text.startsWith('{');
            const answer: unknown = isJson ? JSON.parse(text) : text;
            if ((incoming.statusCode ?? 500) < 300) return done(answer);
            const message = isJson ? (answer as { message?: string }).message : text;
            return failed(new Refused(`${method} ${path}: ${incoming.statusCode} ${message}`));
          });
        },
      );
      outgoing.on('error', failed);
      outgoing.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  private async pathOf({ apiVersion, kind, metadata }: KubeObject): Promise<string> {
    const group = apiVersion === 'v1' ? '/api/v1' : `/apis/${apiVersion}`;
    let known = this.resources.get(group);
    if (known?.some((one) => one.kind === kind) !== true) {
      known = ((await this.call('GET', group)) as { resources: ApiResource[] }).resources;
      this.resources.set(group, known);
    }
    const resource = known.find((one) => one.kind === kind && !one.name.includes('/'));
    if (resource === undefined) throw new Refused(`no resource ${apiVersion} ${kind}`);
    const namespace = resource.namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : '';
    return `${group}${namespace}/${resource.name}/${metadata.name}`;
  }
}

function objectsOf(objects: string | KubeObject[]): KubeObject[] {
  if (typeof objects !== 'string') return objects;
  return parseAllDocuments(objects)
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object) => object !== null);
}
