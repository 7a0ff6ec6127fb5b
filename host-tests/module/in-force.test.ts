// What a wrong configuration falls back on, with many workers, at odd moments, and when they are in each other's way.
import { describe, expect, it } from 'vitest';
import { nodePlatform } from '../../host/node-platform.ts';
import { type Plugin, Process } from '../../host/process.ts';
import { Status } from '../../host/status.ts';
import { edKey, signedToken } from '../../istio/token/signing.ts';
import {
  ISSUER,
  JWKS_URI,
  MODULE,
  configuration,
  denyPolicy,
  request,
  requestAuthentication,
  start,
  status,
  update,
} from './fixture.ts';

const WRONG = configuration([{}]);
const GOOD = configuration([]);
const DENIES = denyPolicy([{}]);
const DENY = configuration([DENIES]);
const ROOTS = 'portcullis.roots portcullis portcullis';
const REJECTED = 'portcullis_rejected_configurations;plugin=portcullis';
/** Long enough for a sign of life of every worker. */
const BEAT_MS = 1000;

function load(process: Process, text: string, vmId?: string): Plugin {
  const names = { name: 'portcullis', rootId: 'portcullis' };
  return process.load(MODULE, { ...names, configuration: text, ...(vmId && { vmId }) });
}

const begin = (workers = 1): Process =>
  new Process({ platform: nodePlatform, workers, node: { namespace: 'foo' } });

describe('the policy in force stays', () => {
  it('on all workers, when a wrong one comes after the process stood still for longer than signs of life count', () => {
    const world = start([DENIES], {}, { workers: 2 });
    world.process.advance(BEAT_MS);
    world.process.clock.goTo(world.process.clock.steady + 60_000);
    update(world, WRONG);
    expect([0, 1].map((worker) => status(world.plugin, { worker }))).toEqual([403, 403]);
  });

  it('and it is the newest, when the process stood still after an update', () => {
    const world = start([], {}, { workers: 2 });
    world.process.advance(BEAT_MS);
    expect(update(world, DENY)).toBe(true);
    world.process.advance(BEAT_MS);
    world.process.clock.goTo(world.process.clock.steady + 60_000);
    update(world, WRONG);
    expect([0, 1].map((worker) => status(world.plugin, { worker }))).toEqual([403, 403]);
  });

  it('for a new VM, when it comes right behind an update, and nobody has been heard of since', () => {
    const world = start([]);
    world.process.advance(BEAT_MS);
    expect(update(world, DENY)).toBe(true);
    expect(status(load(world.process, WRONG, 'late'))).toBe(403);
  });

  it('for a new VM, when another has come and gone with the same', () => {
    const { process } = start([DENIES]);
    process.advance(BEAT_MS);
    load(process, DENY, 'passing').remove();
    expect(status(load(process, WRONG, 'late'))).toBe(403);
  });

  it('for a new VM, however many others have had none: they refuse, and say so', () => {
    const { process } = start([DENIES]);
    process.advance(BEAT_MS);
    for (let i = 0; i < 5; i++) {
      expect(status(load(process, WRONG, `late ${i}`))).toBe(403);
      process.advance(BEAT_MS);
    }
    // The main thread's and the worker's of each.
    expect(process.metrics.value(REJECTED)).toBe(10);
  });
});

describe('an older policy than the last one', () => {
  it('is nothing to fall back on, though a request of it is still under way, before anybody was heard of', () => {
    const world = start([]);
    expect(request(world.plugin).state).toBe('continued');
    expect(update(world, DENY)).toBe(true);
    world.plugin.remove();
    update(world, WRONG);
    expect(status(world.plugin)).toBe(500);
  });
});

describe('the number of rejected configurations', () => {
  it('is not told where there never was one', () => {
    const world = start([], {}, { workers: 2 });
    for (let i = 0; i < 3; i++) world.process.advance(BEAT_MS);
    expect(update(world, DENY)).toBe(true);
    world.process.advance(BEAT_MS);
    expect(world.process.metrics.has(REJECTED)).toBe(false);
  });

  it('is that of all workers, for as long as they are there', () => {
    const { process, plugin } = start([{}], {}, { workers: 3 });
    for (let i = 0; i < 20; i++) {
      process.advance(BEAT_MS);
      expect(process.metrics.value(REJECTED)).toBe(4);
    }
    plugin.remove();
    expect(process.metrics.value(REJECTED)).toBe(0);
  });

  const SECOND = 1_000_000_000n;
  const NOW = 1000n * SECOND;
  const [KEPT, REFUSING] = [1n, 2n];

  it.each<[string, bigint[], number]>([
    ['refuses', [7n, NOW, REFUSING], 1],
    ['keeps the one before', [7n, NOW, KEPT], 1],
    ['has not been heard of for long', [7n, NOW - 6n * SECOND, REFUSING], 0],
  ])('is with that of a worker elsewhere that %s', (_, entry, count) => {
    const process = begin();
    process.clock.goTo(Number(NOW / 1_000_000n));
    // Generation, when it was configured, the number given out last; then the worker.
    const words = BigUint64Array.from([1n, 0n, 7n, ...entry]);
    process.sharedData.set(ROOTS, new Uint8Array(words.buffer), 0);
    load(process, GOOD);
    process.advance(BEAT_MS);
    expect(process.metrics.value(REJECTED)).toBe(count);
  });
});

describe('a sign of life', () => {
  it('is left about once a second by each worker, however often it looks for keys', () => {
    const { process, plugin } = start([requestAuthentication({ jwksUri: JWKS_URI })]);
    const token = signedToken('EdDSA', edKey(), { iss: ISSUER });
    expect(request(plugin, { token }).state).toBe('paused');
    process.httpCalls[0]!.deadline = Infinity;
    const { sharedData } = process;
    const set = sharedData.set.bind(sharedData);
    let signs = 0;
    sharedData.set = (key, bytes, expected) => {
      if (key === ROOTS) signs++;
      return set(key, bytes, expected);
    };
    process.advance(4500);
    // By the main thread and by the worker, every 0.9 seconds at most.
    expect(signs).toBeGreaterThanOrEqual(2 * 4);
    expect(signs).toBeLessThanOrEqual(2 * 6);
  });
});

describe('workers that write at the same time', () => {
  /** Lets writes of the record fail as if another worker had been quicker; how many were tried. */
  function contend(process: Process, isLost: (attempt: number) => boolean): () => number {
    let attempts = 0;
    const { sharedData } = process;
    const set = sharedData.set.bind(sharedData);
    sharedData.set = (key, bytes, expected) =>
      key === ROOTS && isLost(attempts++) ? Status.CasMismatch : set(key, bytes, expected);
    return () => attempts;
  }

  it('are all heard of in the end, and have one policy to fall back on', () => {
    const process = begin(3);
    contend(process, (attempt) => attempt % 8 !== 7);
    const plugin = load(process, DENY);
    process.advance(BEAT_MS);
    expect(plugin.update(WRONG)).toBe(true);
    process.advance(BEAT_MS);
    expect(process.metrics.value(REJECTED)).toBe(4);
    expect([0, 1, 2].map((worker) => status(plugin, { worker }))).toEqual([403, 403, 403]);
    plugin.remove();
    const late = load(process, WRONG);
    expect(status(late)).toBe(500);
  });

  it('give up when they never come first: sixteen times each', () => {
    const process = begin();
    const attempts = contend(process, () => true);
    const plugin = load(process, DENY);
    // The trial, the main thread and the worker.
    expect(attempts()).toBe(3 * 16);
    process.advance(500);
    expect(attempts()).toBe(5 * 16);
    expect(status(plugin)).toBe(403);
  });
});
