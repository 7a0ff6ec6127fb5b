// An httpbin-like backend, in httpbin's format: what the task pages and people call.
import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { listen } from './listen.ts';

/** The longest `/delay/N`, as httpbin's own, in seconds. */
const LONGEST_DELAY_S = 10;

/** Starts the backend on a loopback address; port 0 takes a free one. */
export async function startHttpbin(port = 0, address = '127.0.0.1'): Promise<Server> {
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  return listen(server, port, address);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? 'localhost'}`);
  const [, first, second] = url.pathname.split('/');
  switch (first) {
    case 'headers':
      return reply(response, 200, { headers: headersOf(request) });
    case 'ip':
      return reply(response, 200, { origin: originOf(request) });
    case 'user-agent':
      return reply(response, 200, { 'user-agent': request.headers['user-agent'] ?? null });
    case 'status':
      return reply(response, statusOf(second));
    case 'delay':
      await sleep(Math.min(Number(second) || 0, LONGEST_DELAY_S) * 1000);
      return reply(response, 200, await describe(request, url));
    case 'get':
      return request.method === 'GET' || request.method === 'HEAD'
        ? reply(response, 200, await describe(request, url))
        : reply(response, 405);
    case 'post':
    case 'put':
    case 'patch':
    case 'delete':
      return request.method === first.toUpperCase()
        ? reply(response, 200, await describe(request, url))
        : reply(response, 405);
    case 'anything':
      return reply(response, 200, { ...(await describe(request, url)), method: request.method });
    case '':
      return reply(response, 200, { endpoints: '/headers /ip /get /anything /status/N /delay/N' });
    default:
      return reply(response, 404);
  }
}

async function describe(request: IncomingMessage, url: URL): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return {
    args: Object.fromEntries(url.searchParams),
    data: Buffer.concat(chunks).toString(),
    headers: headersOf(request),
    origin: originOf(request),
    url: url.href,
  };
}

/** Headers as httpbin prints them: names in title case, repeated ones joined. */
function headersOf(request: IncomingMessage): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    headers[name.replace(/(^|-)[a-z]/g, (c) => c.toUpperCase())] = (values ?? []).join(',');
  }
  return Object.fromEntries(Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function originOf(request: IncomingMessage): string {
  const forwarded = request.headers['x-forwarded-for'];
  return forwarded === undefined ? (request.socket.remoteAddress ?? '') : String(forwarded);
}

function statusOf(text: string | undefined): number {
  const status = Number(text);
  return Number.isInteger(status) && status >= 200 && status <= 599 ? status : 400;
}

function reply(response: ServerResponse, status: number, body?: unknown): void {
  const text = body === undefined ? '' : `${JSON.stringify(body, null, 2)}\n`;
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(text);
}
