// Keys that change under load, and kids that nobody has: what is fetched, and who is refused.
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type SigningKey, ecKey, signedToken } from '../istio/token/signing.ts';
import { JWKS_URI, World } from './world.ts';

const ISSUER = 'testing@secure.istio.io';
const COOLDOWN_S = 1;
const POLICIES = `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: istio-system }
spec:
  jwtRules:
  - issuer: ${ISSUER}
    jwksUri: ${JWKS_URI}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: require, namespace: istio-system }
spec:
  action: DENY
  rules:
  - from: [{ source: { notRequestPrincipals: ["*"] } }]
`;

const keysOf = (keys: SigningKey[]): string => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
const tokenBy = (key: SigningKey, n: number): string =>
  signedToken('ES256', key, { iss: ISSUER, sub: `user-${n}` });

describe('a key server', () => {
  let world: World;
  let current = ecKey('P-256', 'key-0');
  beforeAll(async () => {
    world = await World.start({
      policies: POLICIES,
      settings: { jwks: [{ uri: JWKS_URI, cooldown: `${COOLDOWN_S}s` }] },
      jwks: keysOf([current]),
      concurrency: 2,
    });
  });
  afterAll(() => world?.stop());

  it('that changes its keys every 5 seconds for a minute costs nobody a 401, and no request', async () => {
    const started = performance.now();
    const seen = new Map<number | string, number>();
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    let previous = current;
    let running = true;
    let count = 0;
    const client = async (): Promise<void> => {
      while (running) {
        const n = count++;
        const token = tokenBy(n % 2 === 0 ? current : previous, n);
        const status = await world.status({ token, agent }).catch((error: Error) => error.message);
        seen.set(status, (seen.get(status) ?? 0) + 1);
        await sleep(5);
      }
    };
    const clients = Array.from({ length: 4 }, client);
    for (let round = 1; round <= 12; round++) {
      await sleep(5000 * round - (performance.now() - started));
      const next = ecKey('P-256', `key-${round}`);
      // Published first, used at once.
      world.jwksServer.behaviour = { kind: 'serve', document: keysOf([previous, current, next]) };
      [previous, current] = [current, next];
    }
    await sleep(1000);
    running = false;
    await Promise.all(clients);
    agent.destroy();
    expect([...seen.keys()], JSON.stringify([...seen])).toEqual([200]);
    expect(count).toBeGreaterThan(1000);
    // One for the first keys, one for every new kid: for both workers together.
    expect(world.jwksServer.requests).toBe(13);
  }, 90_000);

  it('is asked at most once per cool-down, when 10,000 kids come that nobody has', async () => {
    const before = world.jwksServer.requests;
    const agent = new Agent({ keepAlive: true, maxSockets: 16 });
    const stranger = ecKey('P-256');
    const started = performance.now();
    const statuses = new Set<number>();
    let next = 0;
    const client = async (): Promise<void> => {
      while (next < 10_000) {
        const n = next++;
        stranger.jwk.kid = `storm-${n}`;
        statuses.add(await world.status({ token: tokenBy(stranger, n), agent }));
      }
    };
    await Promise.all(Array.from({ length: 16 }, client));
    agent.destroy();
    const seconds = (performance.now() - started) / 1000;
    expect([...statuses]).toEqual([401]);
    const fetches = world.jwksServer.requests - before;
    expect(fetches).toBeGreaterThan(0);
    expect(fetches).toBeLessThanOrEqual(Math.ceil(seconds / COOLDOWN_S) + 1);
    expect(await world.status({ token: tokenBy(current, 0) })).toBe(200);
  }, 120_000);
});
