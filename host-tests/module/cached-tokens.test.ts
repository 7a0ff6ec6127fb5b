// What the cache of verified tokens may spare, and what it must not: who verified a token, and its claims, are its own.
import { describe, expect, it } from 'vitest';
import {
  ISSUER,
  NOW,
  type World,
  configuration,
  denyPolicy,
  request,
  requestAuthentication,
  secretIssuer,
  start,
  status,
  update,
} from './fixture.ts';

const { jwks, mint } = secretIssuer();
const JWKS = { jwks };

const counts = ({ process }: World): number[] =>
  ['hit', 'miss'].map((result) =>
    process.metrics.value(`portcullis_token_cache_total;result=${result}`),
  );
const memoryOf = ({ process }: World): number =>
  Math.max(...process.guests.map((guest) => guest.memoryBytes));

describe('a cached token', () => {
  it('is good for the rule that has verified it alone, whichever rule was asked last', () => {
    const rule = (name: string): object => ({
      issuer: ISSUER,
      jwks,
      audiences: [name],
      fromHeaders: [{ name: `x-${name}` }],
    });
    const world = start([requestAuthentication({}, { jwtRules: [rule('one'), rule('two')] })]);
    const [one, two] = [mint({ aud: 'one' }), mint({ aud: 'two' })];
    const ask = (name: string, token: string): number | string =>
      status(world.plugin, { headers: [[`x-${name}`, token]] });
    const seen = (): (number | string)[] => [
      ask('two', two),
      ask('one', two),
      ask('one', one),
      ask('two', one),
      ask('two', two),
      ask('one', one),
    ];
    const expected = [200, 403, 200, 403, 200, 200];
    expect([seen(), seen(), seen()]).toEqual([expected, expected, expected]);
    expect(counts(world)).toEqual([10, 2]);
  });

  it('that another rule may take as well is verified for it anew, and then known for that one', () => {
    const rules = ['x-one', 'x-two'].map((name) => ({
      issuer: ISSUER,
      jwks,
      fromHeaders: [{ name }],
    }));
    const world = start([requestAuthentication({}, { jwtRules: rules })]);
    const token = mint();
    const seen = ['x-one', 'x-one', 'x-two', 'x-two', 'x-one'].map((name) => {
      expect(status(world.plugin, { headers: [[name, token]] })).toBe(200);
      return counts(world);
    });
    expect(seen).toEqual([
      [0, 1],
      [1, 1],
      [1, 2],
      [2, 2],
      [2, 3],
    ]);
  });

  it('is not taken for another that comes in its place, as long as it is', () => {
    const world = start([requestAuthentication(JWKS)]);
    const [good, expired] = [mint(), mint({ exp: NOW - 1000 })];
    const forged = `${good.slice(0, -8)}AAAAAAAA`;
    expect([forged.length, expired.length]).toEqual([good.length, good.length]);
    for (let i = 0; i < 3; i++) {
      expect(status(world.plugin, { token: good })).toBe(200);
      expect(status(world.plugin, { token: forged })).toBe(401);
      expect(status(world.plugin, { token: good })).toBe(200);
      expect(status(world.plugin, { token: expired })).toBe(401);
      expect(status(world.plugin, { token: 'malformed' })).toBe(401);
    }
  });

  it('has its own claims, for headers and for policies', () => {
    const deny = denyPolicy([
      { when: [{ key: 'request.auth.claims[groups]', values: ['banned'] }] },
    ]);
    const outputs = { outputClaimToHeaders: [{ header: 'x-id', claim: 'a.id' }] };
    const { plugin } = start([requestAuthentication({ jwks, ...outputs }), deny]);
    const groups = [['staff'], ['banned'], 'banned', undefined];
    const tokens = groups.map((value, i) =>
      mint({ pad: 'p'.repeat(i), groups: value, a: { id: i } }),
    );
    for (let round = 0; round < 3; round++) {
      const seen = tokens.map((token) => {
        const stream = request(plugin, { token });
        plugin.end(stream);
        if (stream.reply !== undefined) return stream.reply.status;
        return stream.headers.find(([name]) => name === 'x-id')?.[1];
      });
      expect(seen).toEqual(['0', 403, 403, '3']);
    }
  });
});

describe('the cache', () => {
  it('is not emptied for a token that does not fit into it', () => {
    const world = start([requestAuthentication(JWKS)], { tokenCache: { maxBytes: 2000 } });
    const [small, large] = [mint(), mint({ pad: 'x'.repeat(2000) })];
    for (let i = 0; i < 3; i++) {
      expect(status(world.plugin, { token: small })).toBe(200);
      expect(status(world.plugin, { token: large })).toBe(200);
    }
    expect(counts(world)).toEqual([2, 4]);
  });

  it('pushes out the token that has not been used for longest, be it one that was used again', () => {
    const world = start([requestAuthentication(JWKS)], { tokenCache: { maxTokens: 2 } });
    const [a, b, c] = ['a', 'b', 'c'].map((jti) => mint({ jti }));
    const seen = [a, b, a, c, b, a].map((token) => {
      expect(status(world.plugin, { token: token! })).toBe(200);
      return counts(world)[0];
    });
    expect(seen).toEqual([0, 0, 1, 1, 1, 1]);
  });

  it('knows nothing of a token when it is turned off', () => {
    const world = start([requestAuthentication(JWKS)], { tokenCache: { maxTokens: 0 } });
    const token = mint();
    for (let i = 0; i < 3; i++) expect(status(world.plugin, { token })).toBe(200);
    expect(counts(world)).toEqual([0, 3]);
  });

  it('gives back the memory of what it pushes out', () => {
    const world = start([requestAuthentication(JWKS)], { tokenCache: { maxTokens: 1 } });
    const send = (i: number): void => {
      const token = mint({ pad: `${i}`.padStart(45_000, 'x') });
      expect(status(world.plugin, { token })).toBe(200);
    };
    for (let i = 0; i < 5; i++) send(i);
    const before = memoryOf(world);
    // More than the memory that there is at the beginning.
    for (let i = 5; i < 500; i++) send(i);
    expect(memoryOf(world)).toBe(before);
    expect(counts(world)).toEqual([0, 500]);
  });

  it('goes with the configuration that it belongs to', () => {
    const resources = [requestAuthentication(JWKS)];
    const world = start(resources);
    const tokens = Array.from({ length: 15 }, (_, i) =>
      mint({ pad: `${i}`.padStart(45_000, 'x') }),
    );
    const sizes = Array.from({ length: 12 }, () => {
      for (const token of tokens) expect(status(world.plugin, { token })).toBe(200);
      expect(update(world, configuration(resources))).toBe(true);
      world.process.advance(1000);
      return memoryOf(world);
    });
    expect(sizes.at(-1)).toBe(sizes[4]);
  });
});
