import { beforeAll, describe, expect, it } from 'vitest';
import type { HttpCall } from '../../host/http-calls.ts';
import type { Plugin, Process } from '../../host/process.ts';
import {
  CLUSTER,
  type Issuer,
  JWKS_URI,
  MODULE,
  NOW,
  configuration,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  status,
  statusOf,
  update,
} from './fixture.ts';
import { nextCall, onlyCall } from './key-calls.ts';

const FAILED = 'Jwks remote fetch is failed';
const resources = [requestAuthentication({ jwksUri: JWKS_URI })];
let issuer: Issuer;
let token: string;

beforeAll(async () => {
  issuer = await makeIssuer();
  token = await mint(issuer);
});

/** A process that has fetched its keys. */
function ready(workers = 1): { process: Process; plugin: Plugin } {
  const started = start(resources, {}, { workers });
  started.process.advance(100);
  onlyCall(started.process).respond({ status: 200, body: issuer.jwks });
  started.process.advance(1100);
  return started;
}

function fetches(process: Process): Record<string, number> {
  const all = Object.entries(process.metrics.nonZero());
  return Object.fromEntries(
    all.flatMap(([name, value]) => {
      const [, result] = /^portcullis_jwks_fetches_total;.*;result=(.*)$/.exec(name) ?? [];
      return result === undefined ? [] : [[result, value]];
    }),
  );
}

describe('a key set', () => {
  it('is asked for where the URI says', () => {
    const { process } = start(resources);
    process.advance(100);
    const call = onlyCall(process);
    expect(call.cluster).toBe(CLUSTER);
    expect(call.timeout).toBe(5000);
    expect(Object.fromEntries(call.headers)).toMatchObject({
      ':method': 'GET',
      ':path': '/jwks.json',
      ':authority': 'idp.example',
      ':scheme': 'https',
    });
  });

  it("is asked for by Istio's other name of the field, too", () => {
    const { process } = start([requestAuthentication({ jwks_uri: JWKS_URI })]);
    process.advance(100);
    expect(onlyCall(process).cluster).toBe(CLUSTER);
  });

  it('is asked for through the configured cluster, with the configured timeout', () => {
    const jwks = [{ uri: JWKS_URI, cluster: 'idp', timeout: '250ms', refresh: '1h' }];
    const { process } = start(resources, { jwks }, { clusters: ['idp'] });
    process.advance(100);
    expect(onlyCall(process)).toMatchObject({ cluster: 'idp', timeout: 250 });
  });

  it('is waited for by the first requests, which then go on', () => {
    const { process, plugin } = start(resources);
    const streams = [request(plugin, { token }), request(plugin, { token })];
    const bad = request(plugin, { token: 'bad' });
    const none = request(plugin);
    expect([...streams, bad, none].map(statusOf)).toEqual(['paused', 'paused', 401, 200]);
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    expect(streams.map(statusOf)).toEqual([200, 200]);
    expect(streams[0]!.headers.map(([name]) => name)).not.toContain('authorization');
  });

  it('judges who has waited as anyone else', async () => {
    const deny = denyPolicy([{ from: [{ source: { requestPrincipals: ['*/mallory'] } }] }]);
    const { process, plugin } = start([...resources, deny]);
    const other = await makeIssuer();
    const waiting = [
      request(plugin, { token }),
      request(plugin, { token: await mint(issuer, { sub: 'mallory' }) }),
      request(plugin, { token: await mint(other) }),
    ];
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    expect(waiting.map(statusOf)).toEqual([200, 403, 401]);
  });

  it.each([
    ['a good token comes while a forged one waits', true],
    ['a forged token comes while a good one waits', false],
  ])('that another worker brings is used for each by its own: %s', async (_, good) => {
    const { process, plugin } = start(resources, {}, { workers: 2 });
    const forged = await mint(await makeIssuer());
    // Worker 1 fetches. On worker 0 one waits; the other comes when the keys are published, but before the next tick.
    request(plugin, { token, worker: 1 });
    const waiting = request(plugin, { token: good ? forged : token });
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    const coming = request(plugin, { token: good ? token : forged });
    expect(statusOf(coming)).toBe(good ? 200 : 401);
    process.advance(20);
    expect(statusOf(waiting)).toBe(good ? 401 : 200);
  });

  it('that another worker could not get refuses who waited, and not who comes to fetch again', () => {
    const { process, plugin } = start(resources, {}, { workers: 2 });
    request(plugin, { token, worker: 1 });
    const waiting = request(plugin, { token });
    onlyCall(process).fail('connection');
    process.advance(20);
    expect(statusOf(waiting)).toBe(401);
    // The backoff is over; the main thread and worker 1 have not looked again yet.
    process.clock.goTo(process.clock.steady + 2000);
    const coming = request(plugin, { token });
    expect(statusOf(coming)).toBe('paused');
    process.advance(20);
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    process.advance(20);
    expect(statusOf(coming)).toBe(200);
  });

  it('is fetched once for the main thread and four workers', () => {
    const { process, plugin } = start(resources, {}, { workers: 4 });
    process.advance(100);
    const waiting = [0, 1, 2, 3].map((worker) => request(plugin, { token, worker }));
    process.advance(500);
    expect(waiting.map(statusOf)).toEqual(Array(4).fill('paused'));
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    process.advance(100);
    expect(waiting.map(statusOf)).toEqual(Array(4).fill(200));
    process.advance(200_000);
    expect(process.httpCalls).toHaveLength(0);
    expect(fetches(process)).toEqual({ success: 1 });
  });

  it('is refreshed in the background, once for all', () => {
    const { process, plugin } = ready(2);
    const call = nextCall(process);
    expect(process.clock.now - NOW * 1000).toBeGreaterThan(220_000);
    expect(process.clock.now - NOW * 1000).toBeLessThan(305_000);
    expect(status(plugin, { token, worker: 0 })).toBe(200);
    call.respond({ status: 200, body: issuer.jwks });
    process.advance(2000);
    expect(status(plugin, { token, worker: 1 })).toBe(200);
    expect(fetches(process)).toEqual({ success: 2 });
  });

  it('takes new keys into use, and the old ones out', async () => {
    const { process, plugin } = ready(2);
    const next = await makeIssuer('next');
    const newToken = await mint(next);
    expect([0, 1].map((worker) => status(plugin, { token, worker }))).toEqual([200, 200]);
    nextCall(process).respond({ status: 200, body: next.jwks });
    process.advance(2000);
    for (const worker of [0, 1]) {
      expect(status(plugin, { token: newToken, worker })).toBe(200);
      expect(status(plugin, { token, worker }), 'cached under the old keys').toBe(401);
    }
  });

  it('stays in use while the issuer fails, for as long as that takes', async () => {
    const { process, plugin } = ready();
    const token = await mint(issuer, { exp: NOW + 100_000 });
    for (let hour = 0; hour < 24; hour++) {
      for (let minute = 0; minute < 60; minute += 5) {
        process.advance(300_000);
        for (const call of process.httpCalls) call.fail('connection');
      }
      expect(status(plugin, { token })).toBe(200);
    }
    const cause = fetches(process);
    expect(cause.success).toBe(1);
    expect(cause.no_connection! + cause.timeout!).toBeGreaterThan(1000);
    expect(process.metrics.value(`portcullis_jwks_age_seconds;cluster=${CLUSTER}`)).toBeGreaterThan(
      86_000,
    );
  });

  it('is there at once for a new configuration, even while the issuer is down', () => {
    const { process, plugin } = ready(3);
    const deny = denyPolicy([{ to: [{ operation: { paths: ['/other'] } }] }]);
    expect(plugin.update(configuration([...resources, deny]))).toBe(true);
    expect([0, 1, 2].map((worker) => status(plugin, { token, worker }))).toEqual([200, 200, 200]);
    expect(process.httpCalls).toHaveLength(0);
  });

  it('is there at once in a plugin of its own that names the same URI', () => {
    const { process } = ready();
    const second = process.load(MODULE, {
      name: 'second',
      rootId: 'second',
      configuration: configuration(resources),
    });
    expect(status(second, { token })).toBe(200);
  });

  it('does not keep what the refused configuration before it wanted', () => {
    const { process, plugin } = ready();
    expect(update({ process, plugin }, configuration([...resources, { kind: 'Nonsense' }]))).toBe(
      false,
    );
    expect(status(plugin, { token })).toBe(200);
    nextCall(process).respond({ status: 200, body: issuer.jwks });
    expect(status(plugin, { token })).toBe(200);
  });
});

describe('a key set that cannot be had', () => {
  it.each<[string, (call: HttpCall) => void, string]>([
    ['refuses connections', (call) => call.fail('connection'), 'no_connection'],
    ['does not answer in time', (call) => call.fail('timeout'), 'timeout'],
    ['answers 500', (call) => call.respond({ status: 500, body: 'no' }), 'status'],
    ['answers 404', (call) => call.respond({ status: 404 }), 'status'],
    ['answers 204', (call) => call.respond({ status: 204 }), 'status'],
    ['answers nothing', (call) => call.respond({ status: 200 }), 'not_json'],
    ['answers garbage', (call) => call.respond({ status: 200, body: '<html>' }), 'not_json'],
    [
      'answers no keys',
      (call) => call.respond({ status: 200, body: '{"keys":[]}' }),
      'no_usable_key',
    ],
    [
      'answers 10 MB',
      (call) => call.respond({ status: 200, body: ' '.repeat(10 * 1024 * 1024) }),
      'too_large',
    ],
  ])('because its server %s: tokens get 401, others pass, and it recovers', (_, answer, cause) => {
    const { process, plugin } = start(resources);
    const waiting = request(plugin, { token });
    expect(statusOf(waiting)).toBe('paused');
    answer(onlyCall(process));
    expect(waiting.reply).toMatchObject({ status: 401, body: FAILED });
    expect(fetches(process)).toEqual({ [cause]: 1 });
    expect(process.logs('warn').join('\n')).toContain(`fetch failed: ${cause}; there are no keys`);
    // Not asked again at once, and nobody waits for nothing.
    expect(status(plugin, { token })).toBe(401);
    expect(status(plugin)).toBe(200);
    expect(process.httpCalls).toHaveLength(0);
    process.advance(1100);
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    expect(status(plugin, { token })).toBe(200);
  });

  it('because there is no such cluster: said so, tried again, never open', () => {
    const { process, plugin } = start(resources, {}, { clusters: [] });
    expect(status(plugin, { token })).toBe(401);
    expect(status(plugin)).toBe(200);
    expect(process.logs('warn').join('\n')).toContain('fetch failed: no_cluster');
    process.clusters.add(CLUSTER);
    process.advance(1100);
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    expect(status(plugin, { token })).toBe(200);
  });

  it('is tried less and less often', () => {
    const { process } = start(resources);
    for (let second = 0; second < 600; second++) {
      process.advance(1000);
      for (const call of process.httpCalls) call.fail('connection');
    }
    const { no_connection: count } = fetches(process);
    expect(count).toBeGreaterThan(15);
    expect(count).toBeLessThan(35);
  });

  it('lets nobody wait beyond the timeout, not even when Envoy never answers', () => {
    const { process, plugin } = start(resources);
    const waiting = request(plugin, { token });
    onlyCall(process).deadline = Infinity;
    process.advance(5400);
    expect(statusOf(waiting)).toBe('paused');
    process.advance(200);
    expect(waiting.reply).toMatchObject({ status: 401, body: FAILED });
  });

  it('fails the requests on other workers together with the one that asked', () => {
    const { process, plugin } = start(resources, {}, { workers: 2 });
    const waiting = [0, 1].map((worker) => request(plugin, { token, worker }));
    onlyCall(process).fail('connection');
    process.advance(100);
    expect(waiting.map(statusOf)).toEqual([401, 401]);
  });

  it('holds a bounded number of requests, and forgets those that have gone', () => {
    const { process, plugin } = start(resources);
    const waiting = Array.from({ length: 1024 }, () => request(plugin, { token }));
    expect(waiting.every((stream) => stream.state === 'paused')).toBe(true);
    expect(status(plugin, { token })).toBe(401);
    // Room for one more, and not for two.
    plugin.end(waiting[0]!);
    const next = request(plugin, { token });
    expect(statusOf(next)).toBe('paused');
    expect(status(plugin, { token })).toBe(401);
    for (const stream of waiting.slice(1, 1000)) plugin.end(stream);
    const late = request(plugin, { token });
    expect(statusOf(late)).toBe('paused');
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    expect([next, late].map(statusOf)).toEqual([200, 200]);
    expect(waiting.slice(1000).map(statusOf)).toEqual(Array(24).fill(200));
    expect(process.logs('critical')).toEqual([]);
  });

  it.each([0, 1, 2])('forgets the one of three that has gone, and no other (%i)', (gone) => {
    for (const arrives of [true, false]) {
      const { process, plugin } = start(resources);
      const waiting = [0, 1, 2].map(() => {
        process.advance(10);
        return request(plugin, { token });
      });
      const stay = waiting.filter((_, i) => i !== gone);
      plugin.end(waiting[gone]!);
      if (arrives) onlyCall(process).respond({ status: 200, body: issuer.jwks });
      else onlyCall(process).deadline = Infinity;
      process.advance(10_000);
      expect(stay.map(statusOf)).toEqual(arrives ? [200, 200] : [401, 401]);
    }
  });

  it('has a hundred keys at most: by the next one nobody comes in', async () => {
    const own = JSON.parse(issuer.jwks) as { keys: object[] };
    const others = await Promise.all(Array.from({ length: 2 }, (_, i) => makeIssuer(`other-${i}`)));
    const other = (JSON.parse(others[0]!.jwks) as { keys: object[] }).keys[0]!;
    const keys = Array.from({ length: 99 }, (_, i) => ({ ...other, kid: `filler-${i}` }));
    const last = (JSON.parse(others[1]!.jwks) as { keys: object[] }).keys[0]!;
    const jwks = JSON.stringify({ keys: [...keys, ...own.keys, last] });
    const { plugin } = start([requestAuthentication({ jwks })]);
    expect(status(plugin, { token })).toBe(200);
    expect(status(plugin, { token: await mint(others[1]!, {}, { kid: 'other-1' }) })).toBe(401);
  });

  it('whose asker has gone is asked for by somebody else when the lease is over', () => {
    const { process, plugin } = start(resources, {}, { workers: 2 });
    process.advance(100);
    // The call is never answered: as if its VM had trapped.
    onlyCall(process).deadline = Infinity;
    process.advance(6000);
    expect(process.httpCalls.length).toBeGreaterThan(1);
    process.httpCalls.at(-1)!.respond({ status: 200, body: issuer.jwks });
    process.advance(1100);
    expect([0, 1].map((worker) => status(plugin, { token, worker }))).toEqual([200, 200]);
  });
});

describe('a token whose kid is unknown', () => {
  const other = 'https://other.example/keys';
  let rotated: Issuer;
  let both: string;
  let fresh: string;

  beforeAll(async () => {
    rotated = await makeIssuer('two');
    const keysOf = ({ jwks }: Issuer): object[] => (JSON.parse(jwks) as { keys: object[] }).keys;
    both = JSON.stringify({ keys: [...keysOf(issuer), ...keysOf(rotated)] });
    fresh = await mint(rotated);
  });

  /** Ready, and the cool-down over. */
  const rested = (workers = 1): { process: Process; plugin: Plugin } => {
    const started = ready(workers);
    started.process.advance(10_000);
    expect(started.process.httpCalls).toHaveLength(0);
    return started;
  };

  it('waits for the keys to be fetched once more, while others pass', () => {
    const { process, plugin } = rested();
    const stream = request(plugin, { token: fresh });
    expect(statusOf(stream)).toBe('paused');
    expect(status(plugin, { token })).toBe(200);
    onlyCall(process).respond({ status: 200, body: both });
    expect(statusOf(stream)).toBe(200);
    expect(status(plugin, { token: fresh })).toBe(200);
  });

  it('is refused when the new keys do not have it either', () => {
    const { process, plugin } = rested();
    const stream = request(plugin, { token: fresh });
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    expect(stream.reply).toMatchObject({
      status: 401,
      body: "Jwks doesn't have key to match kid or alg from Jwt",
    });
  });

  it('is refused when they cannot be fetched, and the old keys stay in use', () => {
    const { process, plugin } = rested();
    const stream = request(plugin, { token: fresh });
    onlyCall(process).respond({ status: 500 });
    expect(statusOf(stream)).toBe(401);
    expect(status(plugin, { token })).toBe(200);
    expect(status(plugin, { token: fresh })).toBe(401);
    expect(process.httpCalls).toHaveLength(0);
  });

  it('waits no longer than for a fetch', () => {
    const { process, plugin } = rested();
    const stream = request(plugin, { token: fresh });
    process.advance(4900);
    expect(statusOf(stream)).toBe('paused');
    process.advance(200);
    expect(statusOf(stream)).toBe(401);
  });

  it('does not make anybody fetch within the cool-down, however many come', async () => {
    const { process, plugin } = rested(2);
    const storm = async (n: number): Promise<void> => {
      for (let i = 0; i < n; i++) {
        const unknown = await mint(rotated, {}, { kid: `storm-${i}` });
        const stream = request(plugin, { token: unknown, worker: i % 2 });
        if (process.httpCalls.length > 0)
          onlyCall(process).respond({ status: 200, body: issuer.jwks });
        plugin.end(stream);
      }
    };
    const before = fetches(process).success!;
    await storm(200);
    expect(fetches(process).success! - before).toBe(1);
    process.advance(10_000);
    await storm(200);
    expect(fetches(process).success! - before).toBe(2);
  });

  it('can wait for a shorter cool-down', () => {
    const settings = { jwks: [{ uri: JWKS_URI, cooldown: '1s' }] };
    const { process, plugin } = start(resources, settings);
    process.advance(100);
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    expect(status(plugin, { token: fresh })).toBe(401);
    process.advance(1100);
    const stream = request(plugin, { token: fresh });
    onlyCall(process).respond({ status: 200, body: both });
    expect(statusOf(stream)).toBe(200);
  });

  it('is fetched for by one worker, and all workers have the keys then', () => {
    const { process, plugin } = rested(2);
    const streams = [0, 1].map((worker) => request(plugin, { token: fresh, worker }));
    onlyCall(process).respond({ status: 200, body: both });
    process.advance(100);
    expect(streams.map(statusOf)).toEqual([200, 200]);
    expect(fetches(process)).toEqual({ success: 2 });
  });

  it('is not what one without kid is', () => {
    const { process, plugin } = rested();
    expect(status(plugin, { token: fresh.replace(/^[^.]*/, 'eyJhbGciOiJSUzI1NiJ9') })).toBe(401);
    expect(process.httpCalls).toHaveLength(0);
  });

  it('may be of any of several issuers: a request waits for what it needs, and no longer', async () => {
    const clusters = [CLUSTER, 'outbound|443||other.example'];
    const second = requestAuthentication({ issuer: 'second', jwksUri: other });
    const named = { ...second, metadata: { name: 'second', namespace: 'istio-system' } };
    const { process, plugin } = start([...resources, named], {}, { clusters });
    const theirs = await mint(rotated, { iss: 'second' });
    const waiting = [token, theirs].map((t) => request(plugin, { token: t }));
    process.advance(100);
    expect(process.httpCalls.map(({ cluster }) => cluster).sort()).toEqual(clusters);
    const answer = (cluster: string, body: string): void =>
      process.httpCalls.find((call) => call.cluster === cluster)!.respond({ status: 200, body });
    answer(clusters[1]!, rotated.jwks);
    expect(waiting.map(statusOf)).toEqual(['paused', 200]);
    answer(clusters[0]!, issuer.jwks);
    expect(waiting.map(statusOf)).toEqual([200, 200]);
  });
});
