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
