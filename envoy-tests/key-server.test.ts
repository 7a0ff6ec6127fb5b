// The key server misbehaves; a real Envoy fetches from it through TLS.
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Behaviour } from '../envoy/apps/jwks-server.ts';
import { mintToken } from '../istio/token/mint.ts';
import { JWKS_URI, World, type WorldOptions, jwks, key, oracle } from './world.ts';

const token = mintToken(key);
const FAILED = 'Jwks remote fetch is failed';
const { policies } = oracle('task');
/** Shorter than the default of 5 s, so that the test is. */
const settings = { jwks: [{ uri: JWKS_URI, timeout: '500ms', refresh: '1s' }] };

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

async function start(behaviour: Behaviour, options: WorldOptions = {}): Promise<World> {
  world = await World.start({ settings, ...options });
  world.jwksServer.behaviour = behaviour;
  expect(await world.apply(policies)).toEqual({ accepted: true });
  return world;
}

/** Asks until the status is seen; the last one seen. */
async function eventually(world: World, status: number): Promise<number> {
  let seen = 0;
  for (let i = 0; i < 100 && seen !== status; i++) {
    seen = await world.status({ path: '/ip', token });
    if (seen !== status) await sleep(100);
  }
  return seen;
}

const serve: Behaviour = { kind: 'serve', document: jwks };

describe('a key server', () => {
  it.each<[string, Behaviour, string]>([
    ['answers 500', { kind: 'status', status: 500 }, 'status'],
    ['is 30 s late', { kind: 'late', milliseconds: 30_000, document: jwks }, 'timeout'],
    ['answers garbage', { kind: 'serve', document: '<html>nothing here</html>' }, 'not_json'],
    [
      'answers 10 MB',
      { kind: 'serve', document: `${' '.repeat(10 * 1024 * 1024)}${jwks}` },
      'too_large',
    ],
    [
      'has no usable key',
      { kind: 'serve', document: '{"keys":[{"kty":"oct","k":"AAAA"}]}' },
      'no_usable_key',
    ],
  ])(
    'that %s gives tokens a 401, lets others pass, and may recover',
    async (_, behaviour, cause) => {
      const world = await start(behaviour);
      const answer = await world.ask({ path: '/ip', token });
      expect(answer).toMatchObject({ status: 401, body: FAILED });
      expect(await world.status({ path: '/ip' })).toBe(200);
      expect(await world.status({ path: '/headers' })).toBe(403);
      expect(await world.envoy.log()).toContain(`fetch failed: ${cause}; there are no keys`);
      world.jwksServer.behaviour = serve;
      expect(await eventually(world, 200)).toBe(200);
    },
  );

  it('is not asked by a network filter, to which nobody shows a token', async () => {
    world = await World.start({
      sidecar: true,
      settings: {
        workload: { protocol: 'HTTP' },
        jwks: [{ uri: JWKS_URI, timeout: '5s', refresh: '5m' }],
      },
      policies: policies
        .replaceAll('istio-system', 'foo')
        .replaceAll(/istio: ingressgateway/g, 'app: httpbin'),
    });
    expect(await eventually(world, 200)).toBe(200);
    expect(await world.status({ path: '/headers' })).toBe(403);
    await sleep(1500);
    expect(world.jwksServer.requests).toBe(1);
  });

  it('that is gone gives tokens a 401, and the last good keys outlive it', async () => {
    const world = await start(serve);
    expect(await eventually(world, 200)).toBe(200);
    await world.jwksServer.stop();
    // Beyond the refresh of one second, so that a fetch has failed.
    await expect
      .poll(() => world.envoy.log(), { timeout: 10_000 })
      .toContain('the last good keys stay in use');
    expect(await world.status({ path: '/ip', token })).toBe(200);
    // A new configuration begins with them.
    expect(await world.apply(policies.replace('/headers', '/other'))).toEqual({ accepted: true });
    expect(await world.status({ path: '/ip', token })).toBe(200);
  });

  it('that presents a certificate of somebody else is not believed', async () => {
    const world = await start(serve, {
      change: (bootstrap) => {
        const text = JSON.stringify(bootstrap).replaceAll(
          '{"exact":"idp.example"}',
          '{"exact":"other.example"}',
        );
        Object.assign(bootstrap, JSON.parse(text));
      },
    });
    expect(await world.ask({ path: '/ip', token })).toMatchObject({ status: 401, body: FAILED });
    expect(await world.envoy.log()).toContain('fetch failed: no_connection');
  });

  it('is asked once by four workers and the main thread, whose requests all wait for it', async () => {
    const world = await start(
      { kind: 'late', milliseconds: 300, document: jwks },
      {
        concurrency: 4,
        settings: { jwks: [{ uri: JWKS_URI, timeout: '5s', refresh: '5m' }] },
      },
    );
    const seen = await Promise.all(
      Array.from({ length: 40 }, () => world.status({ path: '/ip', token })),
    );
    expect(seen).toEqual(Array(40).fill(200));
    await sleep(1500);
    expect(world.jwksServer.requests).toBe(1);
  });

  it('that goes down does not matter to an unrelated policy, on any worker', async () => {
    const world = await start(serve, {
      concurrency: 4,
      settings: { jwks: [{ uri: JWKS_URI, timeout: '1s', refresh: '5m' }] },
    });
    expect(await eventually(world, 200)).toBe(200);
    await world.jwksServer.stop();
    for (let i = 0; i < 3; i++) {
      expect(await world.apply(policies.replace('/headers', `/other${i}`))).toEqual({
        accepted: true,
      });
      const seen = await Promise.all(
        Array.from({ length: 64 }, () => world.status({ path: '/ip', token })),
      );
      expect(seen).toEqual(Array(64).fill(200));
    }
  });
});
