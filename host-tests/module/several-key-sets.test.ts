// Rules whose keys come from several places: a request waits for those that could let it pass, and for no others.
import { describe, expect, it } from 'vitest';
import type { HttpCall } from '../../host/http-calls.ts';
import type { HttpStream } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import {
  NOW,
  type World,
  denyPolicy,
  request,
  requestAuthentication,
  secretIssuer,
  start,
  statusOf,
} from './fixture.ts';

const ISSUERS = { a: secretIssuer('a'), b: secretIssuer('b') };
type Name = keyof typeof ISSUERS;
const mint = (iss: Name, claims: object = {}): string => ISSUERS[iss].mint({ iss, ...claims });
const expired = (iss: Name): string => mint(iss, { exp: NOW - 1000 });

/** Rules of two issuers, `a` first, whose tokens are in headers of their own; keys come from afar where nothing else is said. */
function startWith(keys: Partial<Record<Name, object>> = {}): World {
  const jwtRules = (['a', 'b'] as const).map((issuer) => ({
    issuer,
    fromHeaders: [{ name: `x-${issuer}` }],
    ...(keys[issuer] ?? { jwksUri: `https://idp.example/${issuer}` }),
  }));
  const required = denyPolicy([{ from: [{ source: { notRequestPrincipals: ['*'] } }] }]);
  return start([requestAuthentication({}, { jwtRules }), required]);
}

const ask = ({ plugin }: World, ...headers: Pair[]): HttpStream => request(plugin, { headers });

/** The fetch of these keys. */
function callFor({ process }: World, name: Name): HttpCall {
  const found = process.httpCalls.filter(({ headers }) =>
    headers.some(([key, value]) => key === ':path' && value === `/${name}`),
  );
  expect(found).toHaveLength(1);
  return found[0]!;
}

const answer = (world: World, name: Name): void =>
  callFor(world, name).respond({ status: 200, body: ISSUERS[name].jwks });

describe('a request', () => {
  it('waits for the keys of its own token, whatever the one before waits for', () => {
    const world = startWith();
    const streams = [ask(world, ['x-a', mint('a')]), ask(world, ['x-b', mint('b')])];
    answer(world, 'b');
    expect(streams.map(statusOf)).toEqual(['paused', 200]);
    answer(world, 'a');
    expect(streams.map(statusOf)).toEqual([200, 200]);
  });

  it.each<[Name, Name]>([
    ['a', 'b'],
    ['b', 'a'],
  ])('waits for keys that may let it pass, though a token for %s is bad', (bad, good) => {
    const world = startWith({ [bad]: { jwks: ISSUERS[bad].jwks } });
    for (const token of [expired(bad), 'bad', `${mint(bad)}x`]) {
      const fresh = startWith({ [bad]: { jwks: ISSUERS[bad].jwks } });
      const stream = ask(fresh, [`x-${bad}`, token], [`x-${good}`, mint(good)]);
      expect(statusOf(stream)).toBe('paused');
      answer(fresh, good);
      expect(statusOf(stream)).toBe(200);
    }
    // Nobody waits whom no key can help.
    const streams = [
      ask(world, [`x-${bad}`, 'bad']),
      ask(world, [`x-${bad}`, expired(bad)], [`x-${good}`, expired(good)]),
      ask(world),
    ];
    expect(streams.map(statusOf)).toEqual([401, 401, 403]);
  });

  it('that waits for two is let go by either', () => {
    for (const first of ['a', 'b'] as const) {
      const world = startWith();
      const stream = ask(world, ['x-a', mint('a')], ['x-b', mint('b')]);
      expect(statusOf(stream)).toBe('paused');
      for (const name of [first, first === 'a' ? 'b' : 'a'] as const) {
        if (statusOf(stream) === 'paused') answer(world, name);
      }
      expect(statusOf(stream)).toBe(200);
    }
  });

  it('whose keys cannot be had is refused for that', () => {
    const world = startWith();
    const stream = ask(world, ['x-a', mint('a')]);
    callFor(world, 'a').fail('connection');
    expect(stream.reply).toMatchObject({ status: 401, body: 'Jwks remote fetch is failed' });
  });
});
