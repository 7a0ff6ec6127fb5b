// Several rules for one workload: which tokens count, which error is answered, what reaches the upstream. Random requests with up
// to four tokens, by a seed, at the module and at istiod's own filters.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rsaKey, signedToken } from '../istio/token/signing.ts';
import { askBoth } from './side-by-side.ts';
import { World, oracle, showDetails } from './world.ts';

const key = rsaKey();
const keys = JSON.stringify({ keys: [key.jwk] });
const now = Math.floor(Date.now() / 1000);
const ISSUERS = ['issuer-a', 'issuer-b', 'issuer-c', 'issuer-d', 'issuer-x'];

/** Tokens by name: of every issuer a good one, an expired one, one for another audience, one with another signature. */
function tokens(): Map<string, string> {
  const all = new Map<string, string>([
    ['bad', 'bad'],
    ['empty', ''],
    ['no-issuer', signedToken('RS256', key, { sub: 'n' })],
  ]);
  for (const iss of ISSUERS) {
    const make = (claims: object): string =>
      signedToken('RS256', key, { iss, sub: `${iss}-s`, aud: ['d', 'a'], ...claims });
    const good = make({});
    all.set(iss, good);
    all.set(`${iss}-expired`, make({ exp: now - 1000 }));
    all.set(`${iss}-audience`, make({ aud: 'w' }));
    all.set(`${iss}-signature`, `${good.slice(0, -8)}AAAAAAAA`);
  }
  return all;
}

/** Where a token may stand: in a header, or in the query. */
const PLACES: Record<string, (token: string) => { headers?: string[]; query?: string }> = {
  authorization: (token) => ({ headers: ['authorization', `Bearer ${token}`] }),
  access_token: (token) => ({ query: `access_token=${token}` }),
  'x-c': (token) => ({ headers: ['x-c', token] }),
  'x-d': (token) => ({ headers: ['x-d', `D ${token}`] }),
  d: (token) => ({ query: `d=${token}` }),
  cookie: (token) => ({ headers: ['cookie', `c=${token}`] }),
};

/** Numbers below a bound, always the same ones for a seed. */
function random(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >> 8) % bound;
  };
}

describe.each(['issuers', 'any-issuer'])('the rules of %s', (name) => {
  let world: World;
  beforeAll(async () => {
    world = await World.start({ ...oracle(name, keys), change: showDetails });
  });
  afterAll(() => world?.stop());

  it.each([1, 2, 3, 4, 5, 6])(
    'decide as in Istio, whatever comes together (seed %i)',
    async (seed) => {
      const pool = tokens();
      const names = [...pool.keys()];
      const places = Object.keys(PLACES);
      const pick = random(seed);
      const statuses = new Set<number>();
      for (let i = 0; i < 250; i++) {
        const chosen = new Map<string, string>();
        const wanted = pick(10) === 0 ? 0 : 1 + pick(3);
        while (chosen.size < wanted) {
          const token = pick(3) > 0 ? ISSUERS[pick(4)]! : names[pick(names.length)]!;
          chosen.set(places[pick(places.length)]!, token);
        }
        const parts = [...chosen].map(([place, token]) => PLACES[place]!(pool.get(token)!));
        const query = parts.flatMap((part) => part.query ?? []).join('&');
        const path = ['/headers', '/anything', '/get'][pick(3)]! + (query ? `?${query}` : '');
        const headers = [
          ...parts.flatMap((part) => part.headers ?? []),
          ...['x-a', 'forged', 'x-payload', 'forged'],
        ];
        const description = [...chosen].map((pair) => pair.join('=')).join(' ');
        const { status } = await askBoth(world, { path, headers }).catch((error: Error) => {
          throw new Error(`${path.split('?')[0]} ${description}: ${error.message}`);
        });
        statuses.add(status);
      }
      expect(statuses).toContain(200);
      expect(statuses).toContain(401);
    },
  );
});
