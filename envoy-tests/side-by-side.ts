// One request at both listeners, the module's and the one with istiod's native filters: the answers must be equal.
import { expect } from 'vitest';
import { INGRESS } from '../envoy/proxy.ts';
import type { Answer, Ask } from './ask.ts';
import { FACTS } from './recorder/recorder.ts';
import { NATIVE, type World } from './world.ts';

/** Headers that differ from request to request, or from listener to listener. */
const UNSTABLE = ['X-Request-Id', 'Host'];

/** What must be equal: status, body, challenge, details, and the request that the upstream got. */
function comparable(answer: Answer, port: number): object {
  const { status, body, headers } = answer;
  return {
    status,
    body: status === 200 ? upstream(body) : body,
    challenge: challenge(String(headers['www-authenticate'])).replace(`:${port}/`, ':PORT/'),
    details: headers['x-details'],
    type: headers['content-type'],
  };
}

/** Without the query: there Envoy repeats tokens, and the module does not (differences.test.ts). */
function challenge(text: string): string {
  return text.replace(/\?[^"]*"/, '?"');
}

/** What the upstream says that it got; other bodies as they are. */
function upstream(body: string): unknown {
  if (!body.startsWith('{')) return body;
  const seen = JSON.parse(body) as { headers?: Record<string, string>; url?: string };
  for (const name of UNSTABLE) delete seen.headers?.[name];
  return { ...seen, url: seen.url === undefined ? undefined : sorted(new URL(seen.url)) };
}

/** Path and query, the query in order: Envoy sorts it when it takes a token out, and the module does not. */
function sorted(url: URL): string {
  url.searchParams.sort();
  return url.pathname + url.search;
}

/** Asks both, and demands the same answer; ours. `listeners`: the module's, and the one with the native filters. */
export async function askBoth(
  world: World,
  ask: Ask,
  listeners: [ours: string, native: string] = [INGRESS, NATIVE],
): Promise<Answer> {
  const ours = await world.ask({ ...ask, listener: listeners[0] });
  const native = await world.ask({ ...ask, listener: listeners[1] });
  const [ourPort, nativePort] = listeners.map((name) => world.envoy.port(name)) as [number, number];
  if (world.recorder !== undefined) {
    const facts = await world.ask({ ...ask, listener: FACTS });
    world.recorder.record(listeners[0], { ask, facts, native, port: nativePort });
  }
  expect(comparable(ours, ourPort)).toEqual(comparable(native, nativePort));
  return ours;
}
