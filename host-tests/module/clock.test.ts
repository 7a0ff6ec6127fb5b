// A wall clock that is set back or forward: what was stored before lies in its future, or long in its past.
import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Issuer,
  JWKS_URI,
  configuration,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  statusOf,
  update,
  type World,
} from './fixture.ts';

const SECOND = 1000;
const HOUR = 3600 * SECOND;
const YEAR = 365 * 24 * HOUR;
const SHIFTS: [name: string, milliseconds: number][] = [
  ['back by a minute', -60 * SECOND],
  ['back by an hour', -HOUR],
  ['back by ten years', -10 * YEAR],
  ['forward by ten minutes', 600 * SECOND],
  ['forward by a day', 24 * HOUR],
  ['forward by ten years', 10 * YEAR],
];
const WRONG = configuration([denyPolicy([{ form: [] }])]);
const resources = [requestAuthentication({ jwksUri: JWKS_URI })];

let first: Issuer;
let second: Issuer;
beforeAll(async () => {
  [first, second] = await Promise.all([makeIssuer('one'), makeIssuer('two')]);
});

/** A token without times: whatever the clock says, it is its key that counts. */
const timeless = (issuer: Issuer): Promise<string> => mint(issuer, { exp: undefined });

function answer({ process }: World, issuer?: Issuer): void {
  for (const call of process.httpCalls) {
    if (issuer === undefined) call.fail('connection');
    else call.respond({ status: 200, body: issuer.jwks });
  }
}

/** Whether somebody asks for keys within so many milliseconds. */
function asksWithin({ process }: World, milliseconds: number): boolean {
  for (let i = 0; i < milliseconds && process.httpCalls.length === 0; i += 100)
    process.advance(100);
  return process.httpCalls.length > 0;
}

function shift({ process }: World, milliseconds: number): void {
  process.clock.set(process.clock.now + milliseconds);
}

describe.each([
  ['with a clock that nobody sets', true],
  ['with the wall clock alone', false],
])('%s', (_, hasSteadyClock) => {
  describe.each(SHIFTS)('a clock that is set %s', (_name, milliseconds) => {
    const begin = (): World => start(resources, {}, { hasSteadyClock });
    const ready = (): World => {
      const world = begin();
      world.process.advance(100);
      answer(world, first);
      world.process.advance(1100);
      return world;
    };

    it('does not keep keys from being fetched in the background', async () => {
      const world = ready();
      shift(world, milliseconds);
      expect(asksWithin(world, 301 * SECOND)).toBe(true);
      answer(world, second);
      world.process.advance(1100);
      expect(statusOf(request(world.plugin, { token: await timeless(second) }))).toBe(200);
      expect(statusOf(request(world.plugin, { token: await timeless(first) }))).toBe(401);
    });

    it('does not keep them from being fetched for an unknown kid', async () => {
      const world = ready();
      shift(world, milliseconds);
      world.process.advance(11 * SECOND);
      answer(world, first);
      // Where keys were fetched because of the clock, the cool-down has begun anew.
      world.process.advance(11 * SECOND);
      const stream = request(world.plugin, { token: await timeless(second) });
      expect(stream.state).toBe('paused');
      expect(asksWithin(world, 6 * SECOND)).toBe(true);
      answer(world, second);
      world.process.advance(100);
      expect(stream.state).toBe('continued');
    });

    it('does not keep a fetch that has failed from being tried again', async () => {
      const world = begin();
      world.process.advance(100);
      answer(world);
      shift(world, milliseconds);
      expect(asksWithin(world, 31 * SECOND)).toBe(true);
      answer(world, first);
      world.process.advance(1100);
      expect(statusOf(request(world.plugin, { token: await timeless(first) }))).toBe(200);
    });

    it('does not keep a fetch that nobody answers from being begun again', () => {
      const world = begin();
      world.process.advance(100);
      // Whoever fetches is gone, and its lease with it.
      const lost = world.process.httpCalls.length;
      expect(lost).toBe(1);
      shift(world, milliseconds);
      for (const call of world.process.httpCalls) call.fail('timeout');
      expect(asksWithin(world, 66 * SECOND)).toBe(true);
    });

    it('does not let a request wait longer, or for ever', async () => {
      const world = begin();
      const stream = request(world.plugin, { token: await timeless(first) });
      expect(stream.state).toBe('paused');
      shift(world, milliseconds);
      world.process.advance(6 * SECOND);
      expect(statusOf(stream)).toBe(401);
    });

    it('leaves the policy in force when a wrong configuration comes before the next sign of life', () => {
      const world = start(
        [denyPolicy([{ to: [{ operation: { paths: ['/denied'] } }] }])],
        {},
        { hasSteadyClock },
      );
      world.process.advance(2000);
      shift(world, milliseconds);
      expect(update(world, WRONG)).toBe(false);
      expect(statusOf(request(world.plugin, { path: '/denied' }))).toBe(403);
      expect(statusOf(request(world.plugin, { path: '/ip' }))).toBe(200);
      world.process.advance(10_000);
      shift(world, milliseconds);
      expect(update(world, WRONG)).toBe(false);
      expect(statusOf(request(world.plugin, { path: '/denied' }))).toBe(403);
    });
  });
});
