// A request as it is written, and its answer as a client sees it.
import { type Agent, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/** An answer, as a client sees it. */
export interface Answer {
  status: number;
  body: string;
  headers: Record<string, string | string[] | undefined>;
}

/** What a request may be made of. */
export interface Ask {
  method?: string;
  path?: string;
  host?: string;
  token?: string | undefined;
  /** Names and values in turn, so that a header can be repeated. */
  headers?: string[];
  agent?: Agent;
  signal?: AbortSignal;
  /** Its body, in pieces; milliseconds between them. */
  body?: string[];
  pause?: number;
  trailers?: Record<string, string>;
  /** Over TLS, with this certificate if there is one. */
  tls?: TlsClient;
}

/** A TLS client: whom it trusts, and who it is. */
export interface TlsClient {
  ca: string;
  servername: string;
  cert?: string;
  key?: string;
  ALPNProtocols?: string[];
  checkServerIdentity?: () => undefined;
}

/** Sends a request; the path and the headers go out as they are written. Rejects where there is no answer. */
export function askAt(address: string, port: number, ask: Ask): Promise<Answer> {
  const { method = 'GET', path = '/headers', host, token, headers = [] } = ask;
  // A list of headers goes out as it is: Node adds no host to it.
  const all = [
    ...['host', host ?? `${address}:${port}`],
    ...(token === undefined ? [] : ['authorization', `Bearer ${token}`]),
    ...headers,
  ];
  return new Promise((done, failed) => {
    const outgoing = (ask.tls === undefined ? httpRequest : httpsRequest)(
      {
        ...ask.tls,
        host: address,
        port,
        method,
        path,
        agent: ask.agent ?? false,
        signal: ask.signal,
        headers: all,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', failed);
        incoming.on('end', () =>
          done({
            status: incoming.statusCode ?? 0,
            body: Buffer.concat(chunks).toString(),
            headers: incoming.headers,
          }),
        );
      },
    );
    outgoing.on('error', failed);
    void (async () => {
      for (const piece of ask.body ?? []) {
        outgoing.write(piece);
        if (ask.pause !== undefined) await sleep(ask.pause);
      }
      if (ask.trailers) outgoing.addTrailers(ask.trailers);
      outgoing.end();
    })();
  });
}
