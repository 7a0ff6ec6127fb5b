// Configurations come and go, VMs trap: a real Envoy with the module in it.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import {
  SLIPPED_REQUIRE_TOKEN,
  SLIPPED_REQUIRE_TOKEN_FOR_HEADERS,
} from '../envoy/demo/policies.ts';
import type { WasmPlugin } from '../envoy/config/wasm-filter.ts';
import { mintToken } from '../istio/token/mint.ts';
import { idleTimeouts, setIdleTimeout } from './idle-timeouts.ts';
import { FAULTY, JWKS_URI, SHIPPED, World, type WorldOptions, jwks, key, oracle } from './world.ts';

const token = mintToken(key);

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});
async function start(options: WorldOptions): Promise<World> {
  world = await World.start(options);
  return world;
}

const deny = (path: string): string => `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: istio-system }
spec: { action: DENY, rules: [{ to: [{ operation: { paths: ["${path}"] } }] }] }
`;

describe('listeners whose plugins share a VM', () => {
  it('each enforce their own policy, on every worker', async () => {
    const world = await start({
      policies: deny('/headers'),
      more: { second: deny('/ip') },
      concurrency: 2,
    });
    for (let i = 0; i < 10; i++) {
      expect(await world.status({ path: '/headers' })).toBe(403);
      expect(await world.status({ path: '/ip' })).toBe(200);
      expect(await world.status({ path: '/headers', listener: 'second' })).toBe(200);
      expect(await world.status({ path: '/ip', listener: 'second' })).toBe(403);
    }
  });
});

describe('a new policy', () => {
  it('is in force without a restart, and no request is lost meanwhile', async () => {
    const world = await start({ policies: deny('/never'), concurrency: 2 });
    let stop = false;
    const seen = new Set<number>();
    const load = (async () => {
      while (!stop) seen.add(await world.status({ path: '/ip' }));
    })();
    for (let i = 0; i < 10; i++) {
      expect(await world.apply(deny(`/p${i}`))).toEqual({ accepted: true });
      expect(await world.status({ path: `/p${i}` })).toBe(403);
      expect(await world.status({ path: `/p${i - 1}` })).toBe(404);
    }
    stop = true;
    await load;
    expect([...seen]).toEqual([200]);
  });

  it('is not taken for a wrong one before it, of which workers speak late', async () => {
    const world = await start({ policies: deny('/never'), concurrency: 4 });
    // Large enough for workers to take their time.
    const many = Array.from({ length: 5000 }, (_, i) =>
      deny(`/many-${i}`).replace('name: deny', `name: deny-${i}`),
    ).join('\n---');
    const wrong = `${many}\n---${deny('/wrong').replace('action', 'actoin')}`;
    for (let i = 0; i < 3; i++) {
      expect((await world.apply(wrong)).accepted).toBe(false);
      expect(await world.apply(deny(`/right-${i}`))).toEqual({ accepted: true });
    }
  });

  it('that is not in force is told with its own reason, not with that of one before it', async () => {
    const world = await start({ policies: deny('/never') });
    const file = join(world.folder, 'corrupt.wasm');
    await writeFile(file, readFileSync(SHIPPED).subarray(0, 100_000));
    const plugins = (module: string): WasmPlugin[] =>
      world.pluginsFor(deny('/ip')).map((plugin) => ({ ...plugin, module }));
    for (const [module, reason] of [
      [file, 'Failed to parse corrupted Wasm module'],
      [`${file}.not-there`, 'Invalid path'],
    ] as const) {
      expect((await world.envoy.apply(...plugins(module))).accepted).toBe(false);
      await expect(world.envoy.assertInForce(plugins(module))).rejects.toThrow(reason);
    }
    expect(await world.status({ path: '/ip' })).toBe(200);
  });

  it.each([
    [
      'notRequestPrincipals beside source',
      SLIPPED_REQUIRE_TOKEN,
      'did you mean to indent it under "source"?',
    ],
    [
      'to within from',
      SLIPPED_REQUIRE_TOKEN_FOR_HEADERS,
      'did you mean "to[].operation.paths", beside "from"?',
    ],
  ])(
    'with %s, as a task page prints it, is refused, and the one in force stays',
    async (_, slipped, intent) => {
      const world = await start({ policies: deny('/headers') });
      const applied = await world.apply(slipped);
      expect(applied.accepted).toBe(false);
      expect(applied.accepted ? [] : applied.errors.join('\n')).toContain(intent);
      expect(await world.status({ path: '/headers' })).toBe(403);
      expect(await world.status({ path: '/ip' })).toBe(200);
      // And the next good one is taken.
      expect(await world.apply(deny('/ip'))).toEqual({ accepted: true });
      expect(await world.status({ path: '/ip' })).toBe(403);
    },
  );
});

describe('a trap', () => {
  it('strands no request beyond the bound, and the next ones are served', async () => {
    const world = await start({
      module: FAULTY,
      settings: { jwks: [{ uri: JWKS_URI, timeout: '30s' }] },
      change: (bootstrap) => {
        expect(idleTimeouts(bootstrap)).toEqual(['30s']);
        setIdleTimeout(bootstrap, '3s');
      },
    });
    // Before there is a policy: its keys are fetched as soon as it comes.
    world.jwksServer.behaviour = { kind: 'late', milliseconds: 20_000, document: jwks };
    expect(await world.apply(oracle('task').policies)).toEqual({ accepted: true });
    const paused = world.ask({ path: '/ip', token });
    await expect.poll(() => world.jwksServer.requests, { timeout: 5000 }).toBeGreaterThan(0);
    // The keys have been asked for at the start already: the request is in the filter when those that came after it have been answered.
    for (let i = 0; i < 3; i++) expect(await world.status({ path: '/ip' })).toBe(200);
    expect(await world.status({ path: '/ip', headers: ['x-portcullis-trap', '1'] })).toBe(503);
    // Ended by the connection manager's stream_idle_timeout (SI): nothing of the VM is left to wake it.
    expect((await paused).status).toBe(503);
    await expect
      .poll(() => world.accessLog())
      .toContainEqual(expect.objectContaining({ response_code: 503, response_flags: 'SI' }));
    let seen = 0;
    for (let i = 0; i < 100 && seen !== 200; i++) {
      seen = await world.status({ path: '/ip' });
      if (seen !== 200) await sleep(100);
    }
    expect(seen).toBe(200);
    expect(await world.status({ path: '/headers' })).toBe(403);
    expect(await world.envoy.log()).toContain('unreachable');
  });

  it('does not cost the keys: the new VM has them without a fetch', async () => {
    const world = await start({
      module: FAULTY,
      policies: oracle('task').policies,
      settings: { jwks: [{ uri: JWKS_URI, timeout: '2s' }] },
    });
    expect(await world.status({ path: '/headers', token })).toBe(200);
    await world.jwksServer.stop();
    await world.status({ headers: ['x-portcullis-trap', '1'] });
    await expect
      .poll(() => world.status({ path: '/headers', token }), { timeout: 10_000 })
      .toBe(200);
  });

  it('cannot be provoked in the shipped module by the header that the tests use', async () => {
    const world = await start({ policies: deny('/headers') });
    expect(await world.status({ path: '/ip', headers: ['x-portcullis-trap', '1'] })).toBe(200);
  });
});

describe('what is left for the operator', () => {
  it('says who was refused by what, in the access log and in Prometheus metrics, and never a token', async () => {
    const world = await start({ policies: oracle('task').policies });
    const expired = mintToken(key, { expire: -3600 });
    await world.status({ path: '/ip' });
    await world.status({ path: '/headers' });
    await world.status({ path: `/ip?access_token=${expired}` });
    const rule = 'ns[istio-system]-policy[frontend-ingress]-rule[0]';
    await expect.poll(async () => (await world.accessLog()).length, { timeout: 5000 }).toBe(3);
    expect(await world.accessLog()).toMatchObject([
      { response_code: 200, path: '/ip', decision: null, response_code_details: 'via_upstream' },
      {
        response_code: 403,
        decision: `deny policy=${rule}`,
        response_code_details: `rbac_access_denied_matched_policy[${rule}]`,
      },
      {
        response_code: 401,
        path: '/ip',
        decision: 'unauthenticated reason=jwt_expired',
        response_code_details: 'jwt_authn_access_denied{Jwt_is_expired}',
      },
    ]);
    const metrics = await world.envoy.admin.text('/stats/prometheus');
    expect(metrics).toContain('portcullis_requests_total{outcome="allow"} 1');
    expect(metrics).toContain(`portcullis_requests_total{outcome="deny",policy="${rule}"} 1`);
    expect(metrics).toContain(
      'portcullis_requests_total{outcome="unauthenticated",reason="jwt_expired"} 1',
    );
    const said = JSON.stringify(await world.accessLog()) + metrics + (await world.envoy.log());
    for (const part of expired.split('.')) expect(said).not.toContain(part);
  });
});
