// What a wrong configuration does: it is never rejected at the host, which would remember that, and might go on without the filter.
import { describe, expect, it } from 'vitest';
import { nodePlatform } from '../../host/node-platform.ts';
import { Process } from '../../host/process.ts';
import { MODULE, configuration, denyPolicy, request, start, status, update } from './fixture.ts';

const WRONG = configuration([{}]);
const GOOD = configuration([]);
const DENY = configuration([denyPolicy([{}])]);
const NONE = 'the configuration is rejected, and none is in force: every request is refused';
const REJECTED = 'portcullis_rejected_configurations;plugin=portcullis';
/** Long enough for a sign of life of every worker. */
const BEAT_MS = 1000;

describe('a first configuration that is wrong', () => {
  it('is accepted, and every request refused: the host may do without the filter otherwise', () => {
    const { process, plugin } = start([{}], {}, { workers: 2 });
    expect(plugin.inForce).toBe(true);
    const stream = request(plugin);
    expect(stream.reply).toMatchObject({
      status: 500,
      details: 'portcullis_not_configured',
      body: 'portcullis: no valid configuration is in force',
    });
    expect(stream.filterState('portcullis.decision')).toEqual(
      new TextEncoder().encode('error reason=not_configured'),
    );
    expect(status(plugin, { worker: 1, method: 'OPTIONS' })).toBe(500);
    expect(process.logs('critical')).toContain(NONE);
    process.advance(BEAT_MS);
    expect(process.metrics.nonZero()).toEqual({
      'portcullis_requests_total;outcome=error;reason=not_configured': 2,
      // The main thread's, and those of both workers.
      [REJECTED]: 3,
    });
  });

  it('gives way to the first good one, and that one stays when wrong ones follow', () => {
    const world = start([{}]);
    expect(update(world, WRONG)).toBe(false);
    expect(status(world.plugin)).toBe(500);
    expect(update(world, GOOD)).toBe(true);
    expect(status(world.plugin)).toBe(200);
    expect(update(world, WRONG)).toBe(false);
    expect(status(world.plugin)).toBe(200);
  });

  it('is one for each plugin: another with a good one in the same VM does not count', () => {
    const { process, plugin } = start([]);
    const other = process.load(MODULE, { name: 'other', rootId: 'other', configuration: WRONG });
    expect(other.inForce).toBe(true);
    expect(status(other)).toBe(500);
    expect(status(plugin)).toBe(200);
  });
});

describe('an update that is wrong', () => {
  it('leaves the one in force, and so do those that follow', () => {
    const world = start([denyPolicy([{}])]);
    for (let i = 0; i < 3; i++) {
      expect(update(world, WRONG)).toBe(false);
      expect(status(world.plugin)).toBe(403);
      world.process.advance(BEAT_MS * 10);
    }
    expect(world.process.metrics.value(REJECTED)).toBe(2);
    expect(update(world, GOOD)).toBe(true);
    expect(status(world.plugin)).toBe(200);
    expect(world.process.metrics.value(REJECTED)).toBe(0);
  });

  it('leaves the newest good one, not the first', () => {
    const world = start([]);
    expect(update(world, DENY)).toBe(true);
    expect(update(world, WRONG)).toBe(false);
    expect(status(world.plugin)).toBe(403);
  });

  it('leaves the one in force to a worker whose VM is new', () => {
    const world = start([denyPolicy([{}])], {}, { workers: 2 });
    world.process.advance(BEAT_MS);
    update(world, WRONG);
    world.process.advance(BEAT_MS);
    const late = world.process.load(MODULE, {
      name: 'portcullis',
      rootId: 'portcullis',
      vmId: 'another',
      configuration: WRONG,
    });
    expect(status(late)).toBe(403);
  });

  it('leaves the newest good one, though only an older one is still at work', () => {
    const world = start([]);
    world.process.advance(BEAT_MS);
    // By the one without policies: it stays as long as this request.
    expect(request(world.plugin).state).toBe('continued');
    expect(update(world, DENY)).toBe(true);
    world.process.advance(BEAT_MS);
    world.plugin.remove();
    world.process.advance(BEAT_MS);
    expect(update(world, WRONG)).toBe(false);
    expect(status(world.plugin)).toBe(403);
  });

  it.each([
    ['at once', 0],
    ['after a while', 60_000],
  ])('leaves the one in force to a VM that is new: %s', (_, milliseconds) => {
    const { process } = start([denyPolicy([{}])]);
    process.advance(milliseconds);
    const late = process.load(MODULE, {
      name: 'portcullis',
      rootId: 'portcullis',
      vmId: 'another',
      configuration: WRONG,
    });
    expect(status(late)).toBe(403);
  });

  it('while requests are still under way by an older one', () => {
    const world = start([denyPolicy([{}])]);
    const open = request(world.plugin);
    expect(update(world, GOOD)).toBe(true);
    world.process.advance(BEAT_MS);
    expect(update(world, WRONG)).toBe(false);
    expect(status(world.plugin)).toBe(200);
    world.plugin.end(open);
    world.process.advance(BEAT_MS);
    expect(update(world, WRONG)).toBe(false);
    expect(status(world.plugin)).toBe(200);
  });
});

describe('a plugin that is deleted, and comes back wrong, begins anew', () => {
  it.each([
    ['at once', 0],
    ['after a while', 60_000],
  ])('%s', (_, milliseconds) => {
    const world = start([]);
    world.process.advance(BEAT_MS);
    world.plugin.remove();
    world.process.advance(milliseconds);
    expect(update(world, WRONG)).toBe(false);
    expect(status(world.plugin)).toBe(500);
    expect(world.process.logs('critical')).toContain(NONE);
  });

  it('with a configuration that never was in force for a second', () => {
    const world = start([]);
    world.plugin.remove();
    expect(update(world, WRONG)).toBe(false);
    expect(status(world.plugin)).toBe(500);
  });

  it('and who refuses since is nobody to fall back on, however long that lasts', () => {
    const world = start([]);
    world.process.advance(BEAT_MS);
    world.plugin.remove();
    world.process.advance(60_000);
    for (let i = 0; i < 3; i++) {
      expect(update(world, WRONG)).toBe(false);
      expect(status(world.plugin)).toBe(500);
      world.process.advance(BEAT_MS);
      expect(status(world.plugin)).toBe(500);
    }
  });

  it('after a wrong update', () => {
    const world = start([]);
    world.process.advance(BEAT_MS);
    update(world, WRONG);
    world.process.advance(BEAT_MS);
    world.plugin.remove();
    expect(world.process.metrics.value(REJECTED)).toBe(0);
    expect(update(world, WRONG)).toBe(false);
    expect(status(world.plugin)).toBe(500);
  });

  it('but not while connections of before are still served: what they are held against is in force', () => {
    const world = start([denyPolicy([{}])]);
    world.process.advance(BEAT_MS);
    request(world.plugin);
    world.plugin.remove();
    world.process.advance(BEAT_MS);
    expect(update(world, WRONG)).toBe(false);
    expect(status(world.plugin)).toBe(403);
  });
});

describe('what a worker has left behind', () => {
  it('counts no longer when its VM was lost and it has not been heard of', () => {
    const { process } = start([]);
    process.advance(BEAT_MS);
    // The same process, its VMs gone without a word: what is shared stays.
    const after = new Process({
      platform: nodePlatform,
      now: process.clock.now + 10_000,
      node: process.node,
    });
    after.clock.goTo(process.clock.steady + 10_000);
    for (const kind of ['roots', 'configuration']) {
      const key = `portcullis.${kind} portcullis portcullis`;
      after.sharedData.set(key, process.sharedData.get(key)!.bytes, 0);
    }
    const plugin = after.load(MODULE, {
      name: 'portcullis',
      rootId: 'portcullis',
      configuration: WRONG,
    });
    expect(status(plugin)).toBe(500);
  });

  const SECOND = 1_000_000_000n;
  const NOW = 1000n * SECOND;
  const LAST_HEARD = NOW - 5n * SECOND;
  const [OWN, KEPT, REFUSING] = [0n, 1n, 2n];
  const alive = [1n, NOW, OWN];
  const silent = [1n, LAST_HEARD - 1n, OWN];

  // Generation, when it was configured, the number given out last; then number, last sign of life and standing of each worker.
  it.each<[string, bigint[], number]>([
    ['a worker that is alive', [1n, 0n, 1n, ...alive], 403],
    ['one that was heard of five seconds ago', [1n, 0n, 1n, 1n, LAST_HEARD, OWN], 403],
    ['one that was heard of longer ago', [1n, 0n, 1n, ...silent], 500],
    ['one that will be heard of', [1n, 0n, 1n, 1n, NOW + SECOND, OWN], 403],
    ['one that enforces the one before', [1n, 0n, 1n, 1n, NOW, KEPT], 403],
    ['one that refuses everything', [1n, 0n, 1n, 1n, NOW, REFUSING], 500],
    ['one that is alive behind one that is not', [1n, 0n, 2n, ...silent, 2n, NOW, OWN], 403],
    ['one that is alive in front of one that is not', [1n, 0n, 2n, ...alive, ...silent], 403],
    ['one whose entry is cut off', [1n, 0n, 1n, 1n, NOW], 500],
    ['nobody', [1n, 0n, 1n], 500],
    ['nobody yet, configured just now', [1n, NOW, 1n], 403],
    ['nobody, configured five seconds ago', [1n, LAST_HEARD, 1n], 403],
    ['nobody, configured longer ago', [1n, LAST_HEARD - 1n, 1n], 500],
    ['too little to tell', [1n, NOW], 500],
    ['nothing', [], 500],
  ])('tells whether a policy is in force that a wrong one falls back on: %s', (_, words, seen) => {
    const process = new Process({ platform: nodePlatform, node: { namespace: 'foo' } });
    process.clock.goTo(Number(NOW / 1_000_000n));
    const record = new Uint8Array(BigUint64Array.from(words).buffer);
    process.sharedData.set('portcullis.roots portcullis portcullis', record, 0);
    const text = new TextEncoder().encode(DENY);
    process.sharedData.set('portcullis.configuration portcullis portcullis', text, 0);
    const plugin = process.load(MODULE, {
      name: 'portcullis',
      rootId: 'portcullis',
      configuration: WRONG,
    });
    expect(status(plugin)).toBe(seen);
    expect(plugin.update(GOOD)).toBe(true);
    expect(status(plugin)).toBe(200);
    process.advance(BEAT_MS);
    expect(plugin.update(WRONG)).toBe(true);
    expect(status(plugin)).toBe(200);
  });

  it.each([[''], ['short'], ['x'.repeat(1000)]])('that is nonsense shuts the door: %j', (text) => {
    const process = new Process({ platform: nodePlatform, node: { namespace: 'foo' } });
    const key = 'portcullis.roots portcullis portcullis';
    process.sharedData.set(key, new TextEncoder().encode(text), 0);
    const plugin = process.load(MODULE, {
      name: 'portcullis',
      rootId: 'portcullis',
      configuration: WRONG,
    });
    expect(status(plugin)).toBe(500);
    expect(plugin.update(GOOD)).toBe(true);
    process.advance(BEAT_MS);
    expect(status(plugin)).toBe(200);
  });
});
