// Many requests at once.
import { Agent, request as httpRequest } from 'node:http';
import { connect } from 'node:http2';

/** Requests at once on a connection of a flood by HTTP/2: those that Envoy takes by default. */
export const STREAMS = 100;

/** Sends requests over one HTTP/2 connection; their statuses, 0 where there was no answer. */
export async function flood(
  port: number,
  count: number,
  headers: Record<string, string>,
): Promise<number[]> {
  const session = connect(`http://127.0.0.1:${port}`, {
    settings: { maxConcurrentStreams: count },
  });
  session.on('error', () => undefined);
  const answers = Array.from(
    { length: count },
    () =>
      new Promise<number>((done) => {
        const stream = session.request({ ':path': '/ip', ...headers });
        stream.on('response', (response) => done(Number(response[':status'])));
        stream.on('error', () => done(0));
        stream.on('close', () => done(0));
        stream.resume();
      }),
  );
  const statuses = await Promise.all(answers);
  session.close();
  return statuses;
}

/**
 * Sends requests over connections of their own, which are closed when all are answered. None asks Envoy to close it: an Envoy whose worker has
 * been busy for more than a second may close such a connection before it has written the answer (measured on 1.36: `delayed_close_timeout`
 * counts from when the worker began with what came at once, and `downstream_cx_delayed_close_timeout` tells).
 */
export async function floodByConnections(
  port: number,
  count: number,
  bearer?: string,
): Promise<number[]> {
  const agent = new Agent({ keepAlive: true });
  const one = (): Promise<number> =>
    new Promise((done) => {
      const headers = bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
      const outgoing = httpRequest({ host: '127.0.0.1', port, path: '/ip', headers, agent });
      outgoing.on('response', (response) => {
        response.resume();
        done(response.statusCode ?? 0);
      });
      outgoing.on('error', () => done(0));
      outgoing.end();
    });
  const statuses = await Promise.all(Array.from({ length: count }, one));
  agent.destroy();
  return statuses;
}

/** How often each status came. */
export function counted(statuses: number[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}
