// `enforcement: SHADOW`: what is counted and said, and that nothing is enforced or changed.
import { beforeAll, describe, expect, it } from 'vitest';
import type { Plugin, Process } from '../../host/process.ts';
import { fromUtf8 } from '../../host/text.ts';
import {
  CLUSTER,
  type Issuer,
  JWKS_URI,
  type RequestOptions,
  configuration,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  update,
} from './fixture.ts';

const SHADOW = { enforcement: 'SHADOW' };
const NAME = 'portcullis_shadow_requests_total;';
const DENY = 'ns[istio-system]-policy[deny]-rule[0]';

let issuer: Issuer;
beforeAll(async () => {
  issuer = await makeIssuer();
});

const strict = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: 'foo' },
  spec: { mtls: { mode: 'STRICT' } },
};

const custom = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'ask', namespace: 'foo' },
  spec: { action: 'CUSTOM', provider: { name: 'opa' }, rules: [{}] },
};
const opa = { name: 'opa', envoyExtAuthzHttp: { service: 'idp.example', port: 443 } };

/** Sends a request that the proxy ends with these response code details. */
function pass(plugin: Plugin, options: RequestOptions, details?: string): string | undefined {
  const stream = request(plugin, options);
  const before = structuredClone(stream.headers);
  expect(stream.state).toBe('continued');
  expect(stream.reply).toBeUndefined();
  plugin.respond(stream, details);
  expect(stream.headers).toEqual(before);
  plugin.end(stream);
  const record = stream.filterState('portcullis.shadow');
  expect(stream.filterState('portcullis.decision')).toBeUndefined();
  return record === undefined ? undefined : fromUtf8(record);
}

function warnings(process: Process): string[] {
  return process.logs('warn').filter((line) => line.startsWith('shadow: '));
}

describe('under SHADOW', () => {
  it('a request that a rule refuses passes, is counted, and the difference is said', () => {
    const { process, plugin } = start(
      [denyPolicy([{ to: [{ operation: { paths: ['/secret'] } }] }])],
      SHADOW,
    );
    expect(pass(plugin, { path: '/secret?access_token=x' })).toBe(
      `deny policy=${DENY} matched=to[0].operation.paths`,
    );
    expect(pass(plugin, { path: '/ip' })).toBe('allow');
    expect(process.metrics.nonZero()).toMatchObject({
      [`${NAME}outcome=deny;policy=${DENY};enforced=allow`]: 1,
      [`${NAME}outcome=allow;enforced=allow`]: 1,
    });
    expect(warnings(process)).toEqual([
      `shadow: would refuse what is let through: deny policy=${DENY} matched=to[0].operation.paths: GET /secret`,
    ]);
  });

  it.each([
    ['rbac_access_denied_matched_policy[none]'],
    ['jwt_authn_access_denied{Jwt_is_expired}'],
    ['portcullis_peer_authentication'],
    ['ext_authz_denied'],
  ])('a request that passes, and that the proxy refuses by %s, is a difference', (details) => {
    const { process, plugin } = start([], SHADOW);
    pass(plugin, { path: '/ip' }, details);
    expect(warnings(process)).toEqual([
      `shadow: would let through what is refused: ${details}: GET /ip`,
    ]);
  });

  it.each([
    ['via_upstream'],
    ['route_not_found'],
    ['direct_response'],
    ['upstream_reset_before_response_started'],
  ])('a request that ends with %s has been let through', (details) => {
    const { process, plugin } = start([], SHADOW);
    pass(plugin, {}, details);
    expect(process.metrics.value(`${NAME}outcome=allow;enforced=allow`)).toBe(1);
    expect(warnings(process)).toEqual([]);
  });

  it('both refuse: no difference, whatever the reasons', () => {
    const { process, plugin } = start([denyPolicy([{}])], SHADOW);
    pass(plugin, {}, 'rbac_access_denied_matched_policy[other]');
    expect(process.metrics.value(`${NAME}outcome=deny;policy=${DENY};enforced=deny`)).toBe(1);
    expect(warnings(process)).toEqual([]);
  });

  it('a bad token, and one that is good: the request keeps its headers, and policies see it as they would', async () => {
    const rule = {
      jwks: issuer.jwks,
      outputClaimToHeaders: [{ header: 'x-group', claim: 'group' }],
    };
    const byGroup = denyPolicy([{ when: [{ key: 'request.headers[x-group]', values: ['dev'] }] }]);
    const { plugin } = start([requestAuthentication(rule), byGroup], {
      ...SHADOW,
      filterStateClaims: ['sub'],
    });
    expect(pass(plugin, { token: 'garbage' })).toBe('unauthenticated reason=jwt_bad_format');
    expect(pass(plugin, { token: await mint(issuer, { group: 'dev' }) })).toBe(
      `deny policy=${DENY} matched=when[0].values`,
    );
    expect(pass(plugin, { token: await mint(issuer, { group: 'ops' }) })).toBe('allow');
  });

  it('plaintext where STRICT is wanted passes', () => {
    const { process, plugin } = start([strict], SHADOW);
    expect(pass(plugin, {})).toBe(
      'unauthenticated reason=peer_plaintext policy=foo/default mode=STRICT',
    );
    expect(
      process.metrics.value(`${NAME}outcome=unauthenticated;reason=peer_plaintext;enforced=allow`),
    ).toBe(1);
  });

  it('no request waits for keys: they are fetched all the same', async () => {
    const { process, plugin } = start([requestAuthentication({ jwksUri: JWKS_URI })], SHADOW);
    const token = await mint(issuer);
    expect(pass(plugin, { token })).toBe('unauthenticated reason=jwks_fetch_fail');
    process.advance(100);
    process.httpCalls[0]!.respond({ status: 200, body: issuer.jwks });
    process.advance(1000);
    expect(pass(plugin, { token })).toBe('allow');
  });

  it('no authorizer is asked, and its no is no difference', () => {
    const { process, plugin } = start(
      [custom],
      { ...SHADOW, extensionProviders: [opa] },
      { clusters: [CLUSTER] },
    );
    expect(pass(plugin, {}, 'ext_authz_denied')).toBe('allow');
    expect(process.httpCalls).toEqual([]);
    expect(warnings(process)).toEqual([]);
    expect(process.metrics.value(`${NAME}outcome=allow;enforced=deny_custom`)).toBe(1);
  });

  it('a request without a response is counted', () => {
    const { process, plugin } = start([], SHADOW);
    plugin.end(request(plugin));
    expect(process.metrics.value(`${NAME}outcome=allow;enforced=unknown`)).toBe(1);
  });

  it('a request with one is counted once, though it ends after that', () => {
    const { process, plugin } = start([denyPolicy([{}])], SHADOW);
    pass(plugin, {});
    const counts = Object.entries(process.metrics.nonZero()).filter(([name]) =>
      name.startsWith(NAME),
    );
    expect(counts).toEqual([[`${NAME}outcome=deny;policy=${DENY};enforced=allow`, 1]]);
    expect(warnings(process)).toHaveLength(1);
  });

  it.each([
    ['proxy_get_header_map_pairs', 'host_call_failed'],
    ['proxy_get_current_time_nanoseconds', 'host_call_failed'],
    ['proxy_get_property source.address', 'host_call_failed'],
  ])('what the host does not hand over (%s) is no verdict on anything', (call, reason) => {
    const policy = denyPolicy([{ from: [{ source: { remoteIpBlocks: ['192.0.2.1'] } }] }]);
    const { process, plugin } = start([policy], SHADOW);
    process.failing.add(call);
    const stream = request(plugin, {});
    expect(stream.state).toBe('continued');
    expect(fromUtf8(stream.filterState('portcullis.shadow')!)).toBe(`error reason=${reason}`);
    process.failing.clear();
    plugin.respond(stream, 'via_upstream');
    plugin.end(stream);
    expect(process.metrics.value(`${NAME}outcome=error;reason=${reason};enforced=allow`)).toBe(1);
  });

  it('a fact that is missing is told apart from a host that fails', () => {
    const policy = denyPolicy([{ from: [{ source: { ipBlocks: ['192.0.2.1'] } }] }]);
    const { plugin } = start([policy], {
      ...SHADOW,
      connectionFacts: { directAddress: 'f.address' },
    });
    expect(pass(plugin, {})).toBe('error reason=connection_fact_missing');
  });

  it('who speaks to the workload is counted', () => {
    const { process, plugin } = start([], SHADOW);
    pass(plugin, {});
    process.advance(1100);
    const name = 'portcullis_peer_requests_total;security=plaintext;port=8000;source=unknown';
    expect(process.metrics.value(name)).toBe(1);
  });

  it('what differs is a difference though an authorizer would have been asked', () => {
    const { process, plugin } = start(
      [custom, denyPolicy([{}])],
      { ...SHADOW, extensionProviders: [opa] },
      { clusters: [CLUSTER] },
    );
    pass(plugin, {}, 'via_upstream');
    expect(warnings(process)).toHaveLength(1);
  });

  it('no by an authorizer where none would be asked is a difference', () => {
    const { process, plugin } = start([], SHADOW);
    pass(plugin, {}, 'ext_authz_denied');
    expect(warnings(process)).toHaveLength(1);
    expect(process.metrics.value(`${NAME}outcome=allow;enforced=deny_custom`)).toBe(1);
  });

  it('a rule without conditions has no reasons to tell', () => {
    const { plugin } = start([denyPolicy([{}])], SHADOW);
    expect(pass(plugin, {})).toBe(`deny policy=${DENY}`);
  });

  it('as many differences as are shown in a second are not said to be more', () => {
    const { process, plugin } = start([denyPolicy([{}])], SHADOW);
    process.advance(100);
    for (let i = 0; i < 10; i++) pass(plugin, {});
    process.advance(1000);
    expect(warnings(process)).toHaveLength(10);
  });

  it('a flood of differences is a few lines a second, and their number', () => {
    const { process, plugin } = start([denyPolicy([{}])], SHADOW);
    process.advance(100);
    for (let i = 0; i < 50; i++) pass(plugin, {});
    expect(warnings(process)).toHaveLength(10);
    process.advance(1000);
    expect(warnings(process).at(-1)).toBe('shadow: 40 more are not shown');
    pass(plugin, {});
    expect(warnings(process)).toHaveLength(12);
  });

  it('connections pass, and are counted', () => {
    const { process, plugin } = start([strict, denyPolicy([{}], 'deny')], {
      ...SHADOW,
      workload: { protocol: 'TCP' },
    });
    const stream = plugin.connect({ id: 1, sourceAddress: '192.0.2.1:1', destinationPort: 80 })!;
    plugin.receive(stream);
    plugin.receive(stream);
    expect(stream.state).toBe('open');
    const name =
      'portcullis_shadow_connections_total;outcome=unauthenticated;reason=peer_plaintext';
    expect(process.metrics.value(name)).toBe(1);
    const seen = plugin.connect({
      id: 2,
      sourceAddress: '192.0.2.1:1',
      destinationPort: 80,
      peerCertificate: { uri: 'spiffe://cluster.local/ns/foo/sa/a', subject: '', digest: 'x' },
    })!;
    plugin.receive(seen);
    expect(seen.state).toBe('open');
    expect(
      process.metrics.value(`portcullis_shadow_connections_total;outcome=deny;policy=${DENY}`),
    ).toBe(1);
  });
});

describe('a configuration that is wrong', () => {
  it('and that says SHADOW enforces nothing, and says so', () => {
    const { process, plugin } = start([{}], SHADOW);
    expect(pass(plugin, {})).toBe('error reason=not_configured');
    expect(process.logs('critical')).toContain(
      'the configuration is rejected, and none is in force: SHADOW has nothing to compare',
    );
    expect(process.metrics.value(`${NAME}outcome=error;reason=not_configured;enforced=allow`)).toBe(
      1,
    );
  });

  it.each([
    ['shadow', { enforcement: 'shadow' }],
    ['SHADOWS', { enforcement: 'SHADOWS' }],
    ['a list', { enforcement: ['SHADOW'] }],
    ['another field', { enforcements: 'SHADOW' }],
  ])('and that says %s, which is not SHADOW, refuses everything', (_, settings) => {
    const { plugin } = start([], settings);
    expect(request(plugin).reply?.status).toBe(500);
  });

  it('and that is no JSON refuses everything', () => {
    const world = start([{}]);
    expect(update(world, '{"enforcement":"SHADOW",')).toBe(false);
    expect(request(world.plugin).reply?.status).toBe(500);
    expect(update(world, '{"enforcement":"SHADOW","enforcement":"ENFORCE"}')).toBe(false);
    expect(request(world.plugin).reply?.status).toBe(500);
  });

  it('and says SHADOW where something is enforced leaves that in force', () => {
    const world = start([denyPolicy([{}])]);
    expect(update(world, configuration([{}], SHADOW))).toBe(false);
    expect(request(world.plugin).reply?.status).toBe(403);
  });

  it('with debugHeaders, which would change responses', () => {
    const world = start([]);
    expect(update(world, configuration([], { ...SHADOW, debugHeaders: true }))).toBe(false);
    expect(world.process.logs('error')).toContain(
      'config: debugHeaders: changes responses, and enforcement is SHADOW',
    );
  });
});

it('from SHADOW to ENFORCE and back takes one update', () => {
  const world = start([denyPolicy([{}])], SHADOW);
  expect(pass(world.plugin, {})).toContain('deny');
  expect(update(world, configuration([denyPolicy([{}])]))).toBe(true);
  expect(request(world.plugin).reply?.status).toBe(403);
  expect(update(world, configuration([denyPolicy([{}])], SHADOW))).toBe(true);
  expect(pass(world.plugin, {})).toContain('deny');
});
