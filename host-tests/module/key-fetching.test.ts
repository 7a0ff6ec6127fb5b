// When keys are fetched, by whom, and what the others learn of it: at the edges of every wait, and when workers, plugins and other
// versions of the module are in each other's way.
import { beforeAll, describe, expect, it } from 'vitest';
import { nodePlatform } from '../../host/node-platform.ts';
import { type Plugin, Process } from '../../host/process.ts';
import { Status } from '../../host/status.ts';
import {
  CLUSTER,
  type Issuer,
  JWKS_URI,
  MODULE,
  NOW,
  configuration,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  status,
  statusOf,
  update,
  type World,
} from './fixture.ts';
import { nextCall, onlyCall } from './key-calls.ts';

/** Keys are asked for again within five minutes, and what a tick takes. */
const REFRESHED_S = 310;
const FAILED = 'Jwks remote fetch is failed';
const RECORD = `portcullis/jwks/record/${CLUSTER} ${JWKS_URI}`;
const DOCUMENT = `portcullis/jwks/document/${CLUSTER} ${JWKS_URI}`;
const AGE = `portcullis_jwks_age_seconds;cluster=${CLUSTER}`;
const resources = [requestAuthentication({ jwksUri: JWKS_URI })];
let issuer: Issuer;
let rotated: Issuer;
let token: string;
let fresh: string;

beforeAll(async () => {
  [issuer, rotated] = await Promise.all([makeIssuer('one'), makeIssuer('two')]);
  [token, fresh] = await Promise.all([mint(issuer), mint(rotated)]);
});

function expectNoCalls(process: Process, seconds: number): void {
  for (let second = 0; second < seconds; second++) {
    process.advance(1000);
    expect(process.httpCalls).toHaveLength(0);
  }
}

/** A process that has fetched its keys, a while ago. */
function ready(workers = 1, settings = {}): World {
  const world = start(resources, settings, { workers });
  world.process.advance(100);
  onlyCall(world.process).respond({ status: 200, body: issuer.jwks });
  world.process.advance(11_000);
  return world;
}

function load(process: Process, name: string, vmId?: string): Plugin {
  const text = configuration(resources);
  return process.load(MODULE, { name, rootId: name, configuration: text, ...(vmId && { vmId }) });
}

/** How often something is read of the shared data, or written, while this goes on. */
function accesses(process: Process, what: 'get' | 'set', during: () => void): number {
  const { sharedData } = process;
  const original = sharedData[what].bind(sharedData) as (...args: unknown[]) => never;
  let count = 0;
  sharedData[what] = (...args: unknown[]) => {
    if (args[0] === RECORD) count++;
    return original(...args);
  };
  during();
  sharedData[what] = original;
  return count;
}

/** Writes of the record are lost, as if another worker had been quicker, for as long as `isLost` says so. */
function contend(process: Process, isLost: () => boolean): void {
  const { sharedData } = process;
  const set = sharedData.set.bind(sharedData);
  sharedData.set = (key, bytes, expected) =>
    key === RECORD && isLost() ? Status.CasMismatch : set(key, bytes, expected);
}

describe('a fetch that fails', () => {
  /** To a moment, to the millisecond, before anything that is due is done. */
  const goTo = ({ process }: World, moment: number): void => process.clock.goTo(moment);

  it('is tried again after 1, 2, 4, 8, 16 seconds and then every 30, not a millisecond sooner', () => {
    const world = start(resources);
    const { process, plugin } = world;
    expect(statusOf(request(plugin, { token }))).toBe('paused');
    for (const seconds of [1, 2, 4, 8, 16, 30, 30]) {
      // What is taken off a wait, so that not all proxies fetch together, is 0 at every 1.024th millisecond.
      goTo(world, Math.ceil((process.clock.steady + 1) / 128) * 128);
      onlyCall(process).fail('connection');
      const failed = process.clock.steady;
      expect(status(plugin, { token }), `at once, of ${seconds} s`).toBe(401);
      expect(process.httpCalls).toHaveLength(0);
      goTo(world, failed + seconds * 1000 - 1);
      expect(status(plugin, { token }), `before ${seconds} s`).toBe(401);
      expect(process.httpCalls).toHaveLength(0);
      goTo(world, failed + seconds * 1000);
      expect(statusOf(request(plugin, { token })), `after ${seconds} s`).toBe('paused');
    }
  });

  it('is tried again for an unknown kid when its wait is over, though the cool-down is not', () => {
    const world = ready();
    const { process, plugin } = world;
    expect(statusOf(request(plugin, { token: fresh }))).toBe('paused');
    onlyCall(process).fail('connection');
    goTo(world, process.clock.steady + 2000);
    const stream = request(plugin, { token: fresh });
    expect(statusOf(stream)).toBe('paused');
    onlyCall(process).respond({ status: 200, body: rotated.jwks });
    expect(statusOf(stream)).toBe(200);
  });

  it('is waited out, though a refresh would be due sooner', () => {
    const { process } = start(resources, { jwks: [{ uri: JWKS_URI, refresh: '1s' }] });
    let fetches = 0;
    for (let second = 0; second < 120; second++) {
      process.advance(1000);
      for (const call of process.httpCalls) {
        fetches++;
        call.fail('connection');
      }
    }
    expect(fetches).toBeLessThan(12);
  });

  it('leaves no trace when a later one is good: the next comes when a refresh is due', () => {
    const { process } = start(resources);
    process.advance(100);
    onlyCall(process).fail('connection');
    process.advance(2000);
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    expectNoCalls(process, 200);
  });
});

describe('who waits for keys', () => {
  it('waits half a second longer than the fetch may take, to the millisecond', () => {
    const { process, plugin } = start(resources);
    const first = request(plugin, { token });
    onlyCall(process).deadline = Infinity;
    process.advance(1);
    const second = request(plugin, { token });
    // It is looked every 20 milliseconds.
    process.advance(5498);
    expect([first, second].map(statusOf)).toEqual(['paused', 'paused']);
    process.advance(1);
    expect([first, second].map(statusOf)).toEqual([401, 'paused']);
    process.advance(20);
    expect(statusOf(second)).toBe(401);
  });

  it.each([
    ['when those before were answered', false],
    ['when those before have gone', true],
  ])('has a time of its own: %s', (_, hasGone) => {
    const { process, plugin } = start(resources);
    const before = request(plugin, { token });
    if (hasGone) {
      onlyCall(process).deadline = Infinity;
      plugin.end(before);
    } else {
      onlyCall(process).fail('connection');
      expect(statusOf(before)).toBe(401);
    }
    process.advance(3000);
    for (const call of process.httpCalls) call.deadline = Infinity;
    const stream = request(plugin, { token });
    expect(statusOf(stream)).toBe('paused');
    process.advance(3000);
    // The time of the one before is over. Nothing comes of this but a look every 20 milliseconds, and one a second by the main thread.
    expect(accesses(process, 'get', () => process.advance(2000))).toBeLessThanOrEqual(103);
    expect(statusOf(stream)).toBe('paused');
    process.advance(600);
    expect(statusOf(stream)).toBe(401);
  });

  it('may go while many are being woken, and nobody else is harmed', () => {
    const { process, plugin } = start(resources);
    const streams = Array.from({ length: 300 }, () => request(plugin, { token }));
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    // The others are woken by later callbacks.
    const left = streams.filter((stream) => statusOf(stream) === 'paused');
    expect(left.length).toBeGreaterThan(100);
    const gone = [0, 1, 50, left.length - 1].map((i) => left[i]!);
    for (const stream of gone) plugin.end(stream);
    // Who comes in their place is not taken for them.
    const coming = gone.map(() => request(plugin, { token }));
    process.advance(20);
    const others = [...streams.filter((stream) => !gone.includes(stream)), ...coming];
    expect(others.every((stream) => statusOf(stream) === 200)).toBe(true);
    expect(process.metrics.value('portcullis_requests_total;outcome=allow')).toBe(others.length);
    expect(gone.map((stream) => stream.state)).not.toContain('continued');
    expect([...process.traps, ...process.logs('critical')]).toEqual([]);
  });

  it('is woken wherever the keys have come, though the plugin that refreshes them looks but once a second', () => {
    const { process, plugin } = start(resources, {}, { workers: 2 });
    // Here, and of the two plugins, the later one refreshes.
    load(process, 'second');
    process.advance(100);
    const call = onlyCall(process);
    const waiting = [0, 1].map((worker) => request(plugin, { token, worker }));
    expect(waiting.map(statusOf)).toEqual(['paused', 'paused']);
    call.respond({ status: 200, body: issuer.jwks });
    process.advance(40);
    expect(waiting.map(statusOf)).toEqual([200, 200]);
  });
});

describe('a key set that two plugins name', () => {
  it.each([
    ['the one that came first', 0],
    ['the one that came last', 1],
  ])('goes on being refreshed when %s has gone', (_, gone) => {
    const { process, plugin } = ready();
    const plugins = [plugin, load(process, 'second')];
    process.advance(2000);
    plugins[gone]!.remove();
    nextCall(process, REFRESHED_S).respond({ status: 200, body: rotated.jwks });
    process.advance(2000);
    expect(status(plugins[1 - gone]!, { token: fresh })).toBe(200);
  });
});

describe('a key set that nobody names any more', () => {
  it('leaves nothing behind, however many have been', () => {
    // A hundred keys of the longest that there may be.
    const n = Buffer.alloc(2048, 0xff).toString('base64url');
    const body = JSON.stringify({ keys: Array(100).fill({ kty: 'RSA', n, e: 'AQAB' }) });
    const of = (i: number): object[] => [
      requestAuthentication({ jwksUri: `https://idp.example/${i}` }),
    ];
    const world = start(of(0));
    const sizes: number[] = [];
    // More than the memory that there is at the beginning.
    for (let i = 1; i <= 120; i++) {
      expect(update(world, configuration(of(i)))).toBe(true);
      world.process.advance(100);
      onlyCall(world.process).respond({ status: 200, body });
      world.process.advance(2000);
      sizes.push(Math.max(...world.process.guests.map((guest) => guest.memoryBytes)));
    }
    // From the tenth on it is what it was.
    expect(sizes.at(-1)).toBe(sizes[9]);
  });
});

describe('keys that have been fetched', () => {
  it('are as old on all workers as the latest answer, whoever got it', () => {
    const { process } = ready(3);
    const ages = (seconds: number): number[] =>
      Array.from({ length: seconds }, () => {
        process.advance(1000);
        return process.metrics.value(AGE);
      });
    // It was 11 seconds ago. Each worker says so every second.
    for (const [i, age] of ages(20).entries()) expect(Math.abs(age - 12 - i)).toBeLessThan(2);
    nextCall(process, REFRESHED_S).respond({ status: 200, body: rotated.jwks });
    process.advance(2000);
    for (const [i, age] of ages(20).entries()) expect(Math.abs(age - 3 - i)).toBeLessThan(2);
  });

  it('are as old as the answer where it came, whatever the others say', () => {
    const { process } = start(resources, {}, { hasMainThread: false });
    process.advance(100);
    for (const body of [issuer.jwks, rotated.jwks]) {
      onlyCall(process).respond({ status: 200, body });
      process.advance(5000);
      expect(Math.abs(process.metrics.value(AGE) - 5)).toBeLessThan(2);
      nextCall(process, REFRESHED_S);
    }
  });

  it('are said to be as old by a new VM, too', () => {
    const { process } = ready();
    process.advance(60_000);
    load(process, 'late', 'another');
    for (let i = 0; i < 5; i++) {
      process.advance(1000);
      expect(Math.abs(process.metrics.value(AGE) - 72 - i)).toBeLessThan(2);
    }
  });

  it('and are the same as before leave what was verified verified', () => {
    const { process, plugin } = ready();
    const hits = (): number => process.metrics.value('portcullis_token_cache_total;result=hit');
    expect(status(plugin, { token })).toBe(200);
    expect(status(plugin, { token })).toBe(200);
    const before = hits();
    nextCall(process, REFRESHED_S).respond({ status: 200, body: issuer.jwks });
    process.advance(2000);
    expect(status(plugin, { token })).toBe(200);
    expect(hits()).toBe(before + 1);
  });

  it('and of which some are no good, are named in a warning', () => {
    const { process } = start(resources);
    process.advance(100);
    const { keys } = JSON.parse(issuer.jwks) as { keys: object[] };
    const bad = { kty: 'RSA', kid: 'bad', use: 'enc' };
    const body = JSON.stringify({ keys: [bad, ...keys] });
    onlyCall(process).respond({ status: 200, body });
    expect(process.logs('warn')).toContain(
      `jwks: ${JWKS_URI}: key 0 (kid "bad") is left out: its [use] is not sig`,
    );
  });

  it.each([
    [1024 * 1024, 200],
    [1024 * 1024 + 1, 401],
  ])('may be of a megabyte, and no byte more: %i', (size, expected) => {
    const { process, plugin } = start(resources);
    process.advance(100);
    onlyCall(process).respond({ status: 200, body: issuer.jwks.padEnd(size) });
    expect(status(plugin, { token })).toBe(expected);
  });

  it('are looked for no more than once a second when nobody waits for any', () => {
    const { process } = ready();
    // By the main thread and the worker.
    expect(accesses(process, 'get', () => process.advance(10_000))).toBeLessThanOrEqual(22);
    expect(accesses(process, 'set', () => process.advance(10_000))).toBe(0);
  });
});

describe('what is shared among workers', () => {
  const MILLISECOND = 1_000_000n;
  const words = (...values: bigint[]): Uint8Array =>
    new Uint8Array(BigUint64Array.from(values).buffer);
  const begin = (): Process =>
    new Process({
      platform: nodePlatform,
      now: NOW * 1000,
      node: { namespace: 'foo' },
      clusters: [CLUSTER],
    });

  // Generation, time of the keys, end of the lease, time of the next fetch, failures, answers, begin of the latest fetch.
  it.each<[string, (soon: bigint) => bigint[]]>([
    ['one word', () => [7n]],
    ['a word too many, after a lease', (soon) => [0n, 0n, soon, 0n, 0n, 0n, 0n, 0n]],
    ['a word too many, after a wait', (soon) => [0n, 0n, 0n, soon, 0n, 0n, 0n, 0n]],
    ['a word too many, after failures', (soon) => [0n, 0n, 0n, soon, 5n, 5n, 0n, 0n]],
    ['a word too few', (soon) => [1n, soon, soon, soon, 3n, 3n]],
  ])('and was written by another version of the module keeps nobody from fetching: %s', (_, of) => {
    const process = begin();
    const soon = BigInt(process.clock.steady + 5000) * MILLISECOND;
    process.sharedData.set(RECORD, words(...of(soon)), 0);
    const plugin = load(process, 'portcullis');
    const stream = request(plugin, { token });
    expect(statusOf(stream)).toBe('paused');
    onlyCall(process).fail('connection');
    expect(statusOf(stream)).toBe(401);
    process.advance(2000);
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    expect(status(plugin, { token })).toBe(200);
    expectNoCalls(process, 200);
  });

  it.each([
    ['no JSON', '<html>'],
    ['a set without keys', '{"keys":[]}'],
    ['nothing', ''],
  ])('and is %s is no key set: the keys are fetched', (_, text) => {
    const process = begin();
    process.sharedData.set(RECORD, words(1n, 1n, 0n, 0n, 0n, 1n, 0n), 0);
    const header = words(1n, 1n);
    process.sharedData.set(DOCUMENT, Buffer.concat([header, Buffer.from(text)]), 0);
    const plugin = load(process, 'portcullis');
    const stream = request(plugin, { token });
    expect(statusOf(stream)).toBe('paused');
    onlyCall(process).fail('connection');
    expect(stream.reply).toMatchObject({ status: 401, body: FAILED });
    process.advance(2000);
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    expect(status(plugin, { token })).toBe(200);
  });

  it('is written by one: who comes second leaves the fetch to the first, and waits', () => {
    const { process, plugin } = start(resources, {}, { workers: 2 });
    contend(process, () => true);
    const stream = request(plugin, { token });
    expect(statusOf(stream)).toBe('paused');
    expectNoCalls(process, 5);
    expect(statusOf(stream)).toBe('paused');
    process.advance(600);
    expect(stream.reply).toMatchObject({ status: 401, body: FAILED });
  });

  it('tells of the keys that another has fetched whoever could not write that it has failed', () => {
    const { process, plugin } = start(resources, {}, { workers: 2 });
    let isLost = false;
    contend(process, () => isLost);
    expect(statusOf(request(plugin, { token }))).toBe('paused');
    isLost = true;
    onlyCall(process).fail('connection');
    isLost = false;
    process.advance(6000);
    onlyCall(process).respond({ status: 200, body: issuer.jwks });
    process.advance(1100);
    expect([0, 1].map((worker) => status(plugin, { token, worker }))).toEqual([200, 200]);
  });
});
