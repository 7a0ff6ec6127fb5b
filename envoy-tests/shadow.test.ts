// `enforcement: SHADOW` in front of istiod's native filters, which enforce: what differs is seen, and no request is touched.
import { afterEach, describe, expect, it } from 'vitest';
import type { JsonObject } from '../envoy/config/types.ts';
import { mintToken } from '../istio/token/mint.ts';
import type { Ask } from './ask.ts';
import { NATIVE, World, key, oracle, showDetails } from './world.ts';

const good = mintToken(key);
const RULE = 'ns[istio-system]-policy[frontend-ingress]-rule[0]';

let world: World | undefined;
afterEach(async () => {
  await world?.stop();
  world = undefined;
});

/** The module in SHADOW, and behind it the native filters for the task's policies; beside it a listener with those alone. */
async function start(policies: string): Promise<World> {
  const { native } = oracle('task');
  world = await World.start({
    policies,
    native,
    settings: { enforcement: 'SHADOW' },
    change: (bootstrap) => {
      showDetails(bootstrap);
      const filters = filtersOf(bootstrap);
      filters.splice(filters.length - 1, 0, ...native);
    },
  });
  return world;
}

function filtersOf(bootstrap: JsonObject): JsonObject[] {
  const { listeners } = bootstrap.static_resources as unknown as {
    listeners: {
      filter_chains: { filters: { typed_config: { http_filters: JsonObject[] } }[] }[];
    }[];
  };
  return listeners[0]!.filter_chains[0]!.filters.at(-1)!.typed_config.http_filters;
}

async function metrics(world: World): Promise<string[]> {
  const text: string = (await world.envoy.admin.text('/stats/prometheus')) ?? '';
  return text.split('\n').filter((line) => line.startsWith('portcullis_shadow_requests_total'));
}

async function differences(world: World): Promise<string[]> {
  const log = await world.envoy.log();
  return [...log.matchAll(/wasm log[^\n]*?: (shadow: [^\n]*)/g)].map(([, line]) => line!);
}

const ASKS: [Ask, number][] = [
  [{ path: '/ip' }, 200],
  [{ path: '/headers' }, 403],
  [{ path: '/headers', token: good }, 200],
  [{ path: '/headers', token: 'garbage' }, 401],
  [{ path: '/headers', token: mintToken(key, { expire: -3600 }) }, 401],
];

describe('SHADOW in front of the native filters', () => {
  it('with the same policies sees no difference, and changes nothing', async () => {
    const world = await start(oracle('task').policies);
    for (const [ask, status] of ASKS) {
      const [shadowed, native] = [
        await world.ask(ask),
        await world.ask({ ...ask, listener: NATIVE }),
      ];
      expect(shadowed.status).toBe(status);
      expect(shadowed.headers['x-details']).toBe(native.headers['x-details']);
      expect(withoutNames(shadowed.body)).toBe(withoutNames(native.body));
    }
    expect(await differences(world)).toEqual([]);
    expect((await metrics(world)).sort()).toEqual([
      'portcullis_shadow_requests_total{outcome="allow",enforced="allow"} 2',
      `portcullis_shadow_requests_total{outcome="deny",policy="${RULE}",enforced="deny"} 1`,
      'portcullis_shadow_requests_total{outcome="unauthenticated",reason="jwt_bad_format",enforced="deny"} 1',
      'portcullis_shadow_requests_total{outcome="unauthenticated",reason="jwt_expired",enforced="deny"} 1',
    ]);
  });

  it('with other policies tells both ways in which they differ', async () => {
    const world = await start(`
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: new, namespace: istio-system }
spec: { action: DENY, rules: [{ to: [{ operation: { paths: ["/ip"] } }] }] }
`);
    for (const [ask, status] of ASKS) expect(await world.status(ask)).toBe(status);
    expect(await differences(world)).toEqual([
      'shadow: would refuse what is let through: deny policy=ns[istio-system]-policy[new]-rule[0] matched=to[0].operation.paths: GET /ip',
      `shadow: would let through what is refused: rbac_access_denied_matched_policy[${RULE}]: GET /headers`,
      'shadow: would let through what is refused: jwt_authn_access_denied{Jwt_is_not_in_the_form_of_Header.Payload.Signature_with_two_dots_and_3_sections}: GET /headers',
      'shadow: would let through what is refused: jwt_authn_access_denied{Jwt_is_expired}: GET /headers',
    ]);
    expect(await metrics(world)).toContain(
      'portcullis_shadow_requests_total{outcome="deny",policy="ns[istio-system]-policy[new]-rule[0]",enforced="allow"} 1',
    );
  });
});

/** A body without what differs from listener to listener. */
function withoutNames(body: string): string {
  return body.replace(/"Host": "[^"]*"|"X-Request-Id": "[^"]*"|127\.0\.0\.1:\d+/g, '');
}
