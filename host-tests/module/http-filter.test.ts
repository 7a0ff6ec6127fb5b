// What is left of a request that was judged: the answer, the record for access logs, the metrics, and the header that shows the decision.
import { beforeAll, describe, expect, it } from 'vitest';
import type { HttpStream } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import type { Process, ProcessOptions } from '../../host/process.ts';
import { fromUtf8 } from '../../host/text.ts';
import {
  CLUSTER,
  type Issuer,
  JWKS_URI,
  type RequestOptions,
  type World,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  statusOf,
} from './fixture.ts';

let issuer: Issuer;
beforeAll(async () => {
  issuer = await makeIssuer();
});

const DENY = 'ns[istio-system]-policy[deny]-rule[0]';
const ALLOW = 'ns[istio-system]-policy[allow]-rule[0]';
const FAILED = {
  status: 500,
  details: 'portcullis_host_call_failed',
  body: 'portcullis: the request could not be read',
};
const byPath = (path: string, name = 'deny', spec = {}): object =>
  denyPolicy([{ to: [{ operation: { paths: [path] } }] }], name, spec);
const allowing = (path: string): object => byPath(path, 'allow', { action: 'ALLOW' });
const strict = {
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name: 'default', namespace: 'foo' },
  spec: { mtls: { mode: 'STRICT' } },
};

function recordOf(stream: HttpStream, name: string): string | undefined {
  const bytes = stream.filterState(`portcullis.${name}`);
  return bytes === undefined ? undefined : fromUtf8(bytes);
}

/** What is counted of requests, without the prefix. */
function counts(process: Process): Record<string, number> {
  const prefix = 'portcullis_requests_total;outcome=';
  const all = Object.entries(process.metrics.nonZero());
  return Object.fromEntries(
    all
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, n]) => [name.slice(prefix.length), n]),
  );
}

describe('a decision is counted, and written down where it is a no:', () => {
  it.each<[string, object[], object, string | undefined, string | undefined, string]>([
    ['let through', [byPath('/denied')], {}, undefined, undefined, 'allow'],
    [
      'refused by a rule',
      [byPath('/ip')],
      {},
      `deny policy=${DENY}`,
      'to[0].operation.paths',
      `deny;policy=${DENY}`,
    ],
    ['let in by none', [allowing('/other')], {}, 'deny policy=none', undefined, 'deny;policy=none'],
    [
      'plaintext',
      [strict],
      {},
      'unauthenticated reason=peer_plaintext policy=foo/default mode=STRICT',
      undefined,
      'unauthenticated;reason=peer_plaintext',
    ],
    [
      'plaintext that is answered',
      [strict],
      { peerRejection: 403 },
      'unauthenticated reason=peer_plaintext policy=foo/default mode=STRICT',
      undefined,
      'unauthenticated;reason=peer_plaintext',
    ],
    [
      'not configured',
      [{}],
      {},
      'error reason=not_configured',
      undefined,
      'error;reason=not_configured',
    ],
  ])('%s', (_, resources, settings, decision, matched, label) => {
    const { process, plugin } = start(resources, settings);
    const stream = request(plugin);
    expect(recordOf(stream, 'decision')).toBe(decision);
    expect(recordOf(stream, 'matched')).toBe(matched);
    expect(counts(process)).toEqual({ [label]: 1 });
  });

  it('a token', () => {
    const { process, plugin } = start([requestAuthentication({ jwks: issuer.jwks })]);
    const stream = request(plugin, { token: 'garbage' });
    expect(recordOf(stream, 'decision')).toBe('unauthenticated reason=jwt_bad_format');
    expect(counts(process)).toEqual({ 'unauthenticated;reason=jwt_bad_format': 1 });
  });

  it('what AUDIT and dry-run policies say, which changes nothing', () => {
    const dryRun = (name: string, policy: object): object => ({
      ...policy,
      metadata: { name, namespace: 'foo', annotations: { 'istio.io/dry-run': 'true' } },
    });
    const policies = [
      byPath('/a*', 'audit', { action: 'AUDIT' }),
      dryRun('deny', byPath('/ab')),
      dryRun('allow', allowing('/abc')),
    ];
    const seen = (path: string): unknown[] => {
      const { process, plugin } = start(policies);
      const stream = request(plugin, { path });
      const counted = Object.keys(process.metrics.nonZero()).filter((name) =>
        /audit|dry_run/.test(name),
      );
      return [statusOf(stream), recordOf(stream, 'audit'), recordOf(stream, 'dry_run'), counted];
    };
    const audit = 'ns[istio-system]-policy[audit]-rule[0]';
    const audited = `portcullis_audit_total;policy=${audit}`;
    const tried = (policy: string): string =>
      `portcullis_dry_run_total;outcome=deny;policy=${policy}`;
    const denied = 'ns[foo]-policy[deny]-rule[0]';
    expect(seen('/abc')).toEqual([200, audit, undefined, [audited]]);
    expect(seen('/a')).toEqual([200, audit, 'deny policy=none', [audited, tried('none')]]);
    expect(seen('/ab')).toEqual([200, audit, `deny policy=${denied}`, [audited, tried(denied)]]);
    expect(seen('/b')).toEqual([200, undefined, 'deny policy=none', [tried('none')]]);
  });

  it('rule by rule, where Envoy’s log level for Wasm is trace', () => {
    const trace = (path: string): string[] => {
      const policies = [byPath('/denied'), allowing('/ip')];
      const { process, plugin } = start(policies, {}, { logLevel: 'trace' });
      request(plugin, { path });
      return process.logs().filter((line) => line.startsWith('trace '));
    };
    const paths = 'to[0].operation.paths';
    expect(trace('/ip')).toEqual([
      `trace DENY ${DENY} no: ${paths}`,
      `trace ALLOW ${ALLOW} yes: ${paths}`,
    ]);
    expect(trace('/denied')).toEqual([
      `trace DENY ${DENY} yes: ${paths}`,
      `trace ALLOW ${ALLOW} no: ${paths}`,
    ]);
    const { process, plugin } = start([byPath('/denied')], {}, { logLevel: 'debug' });
    request(plugin);
    expect(process.logs().filter((line) => line.startsWith('trace '))).toEqual([]);
  });
});

describe('debugHeaders', () => {
  const shown = (resources: object[], options: RequestOptions = {}, settings = {}): Pair[] => {
    const { plugin } = start(resources, { debugHeaders: true, ...settings });
    const stream = request(plugin, options);
    plugin.respond(stream);
    return stream.responseHeaders;
  };
  const HEADER = 'x-portcullis-decision';

  it.each<[string, object[], RequestOptions, string]>([
    ['let through', [], {}, 'allow'],
    ['let in by a rule', [allowing('/ip')], {}, `allow policy=${ALLOW}`],
    ['refused by a rule', [byPath('/ip')], {}, `deny policy=${DENY} matched=to[0].operation.paths`],
    ['let in by none', [allowing('/other')], {}, 'deny policy=none'],
  ])('tell the client what was decided: %s', (_, resources, options, text) => {
    expect(shown(resources, options)).toEqual([[HEADER, text]]);
  });

  it('are there when they are wanted, and only then', () => {
    const { plugin } = start([byPath('/denied')]);
    for (const path of ['/ip', '/denied']) {
      const stream = request(plugin, { path });
      plugin.respond(stream);
      expect(stream.responseHeaders).toEqual([]);
      expect(recordOf(request(plugin), 'decision')).toBeUndefined();
    }
  });
});

describe('a 401 tells how to ask again, by the URL that the client has asked for:', () => {
  const challenge = (headers: Pair[], path = '/ip?a=b'): Pair[] => {
    const { plugin } = start([requestAuthentication({ jwks: issuer.jwks })]);
    const all: Pair[] = [
      [':authority', 'httpbin.foo:8000'],
      [':path', path],
      [':method', 'GET'],
      ['authorization', 'Bearer garbage'],
      ...headers,
    ];
    const { reply } = plugin.request(all)!;
    expect(reply).toMatchObject({
      status: 401,
      details:
        'jwt_authn_access_denied{Jwt_is_not_in_the_form_of_Header.Payload.Signature_with_two_dots_and_3_sections}',
      body: 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections',
    });
    return reply!.headers;
  };
  const of = (uri: string): Pair[] => [
    ['www-authenticate', `Bearer realm="${uri}", error="invalid_token"`],
  ];

  it.each<[string, Pair[], string, string]>([
    [
      'scheme, host and path',
      [['x-forwarded-proto', 'https']],
      '/ip?a=b',
      'https://httpbin.foo:8000/ip?a=b',
    ],
    ['without a scheme', [], '/ip', '://httpbin.foo:8000/ip'],
    [
      'the path before it was rewritten',
      [['x-envoy-original-path', '/before']],
      '/ip',
      '://httpbin.foo:8000/before',
    ],
    ['256 bytes of a path', [], `/${'p'.repeat(255)}`, `://httpbin.foo:8000/${'p'.repeat(255)}`],
    ['and no more', [], `/${'p'.repeat(256)}`, `://httpbin.foo:8000/${'p'.repeat(255)}`],
  ])('%s', (_, headers, path, uri) => {
    expect(challenge(headers, path)).toEqual(of(uri));
  });

  it.each([
    ['an audience', { aud: 'other' }, {}, 403],
    ['a subject', { sub: 'mallory' }, { subjects: ['alice'] }, 403],
    ['a time', { exp: 1 }, {}, 401],
  ])('403 where the token is good, and not for us, by %s', async (_, claims, settings, status) => {
    const rule = requestAuthentication({ jwks: issuer.jwks, audiences: ['us'] });
    const { plugin } = start([rule], {
      issuers: [{ issuer: 'testing@secure.istio.io', ...settings }],
    });
    const token = await mint(issuer, { aud: 'us', ...claims });
    expect(statusOf(request(plugin, { token }))).toBe(status);
  });
});

describe('a request is refused where the host does not tell', () => {
  const policies = [byPath('/denied')];

  it.each<[string, string, object[], object]>([
    ['its headers', 'proxy_get_header_map_pairs', policies, {}],
    ['the time', 'proxy_get_current_time_nanoseconds', policies, {}],
    ['its connection', 'proxy_get_property connection.tls_version', policies, {}],
    [
      'the port that a rule asks for',
      'proxy_get_property destination.port',
      [denyPolicy([{ to: [{ operation: { ports: ['1'] } }] }])],
      {},
    ],
    [
      'that it may pass, under `guard`',
      'proxy_set_property portcullis.passed',
      policies,
      { guard: true },
    ],
  ])('%s', (_, call, resources, settings) => {
    const { process, plugin } = start(resources, settings);
    process.failing.add(call);
    const stream = request(plugin);
    expect(stream.state).toBe('replied');
    expect(stream.reply).toMatchObject(FAILED);
    expect(recordOf(stream, 'decision')).toBe('error reason=host_call_failed');
    expect(counts(process)['error;reason=host_call_failed']).toBe(1);
    process.failing.clear();
    expect(statusOf(request(plugin))).toBe(200);
  });

  it('the header that a claim is written to', async () => {
    const outputClaimToHeaders = [{ header: 'x-sub', claim: 'sub' }];
    const rule = requestAuthentication({ jwks: issuer.jwks, outputClaimToHeaders });
    const { process, plugin } = start([rule]);
    process.failing.add('proxy_add_header_map_value x-sub');
    const stream = request(plugin, { token: await mint(issuer) });
    expect(stream.reply).toMatchObject(FAILED);
  });
});

function waitingFor(resources: object[] = [], options: Partial<ProcessOptions> = {}): World {
  const all = [requestAuthentication({ jwksUri: JWKS_URI }), ...resources];
  return start(all, {}, { clusters: [CLUSTER], ...options });
}

describe('a request that waits for keys', () => {
  it('is refused when its time is over', async () => {
    const { process, plugin } = waitingFor();
    const stream = request(plugin, { token: await mint(issuer) });
    expect(stream.state).toBe('paused');
    process.advance(4900);
    expect(stream.state).toBe('paused');
    process.advance(2000);
    expect(stream.reply).toMatchObject({ status: 401, body: 'Jwks remote fetch is failed' });
    expect(counts(process)).toEqual({ 'unauthenticated;reason=jwks_fetch_fail': 1 });
  });

  it('goes on soon after another worker has them', async () => {
    const { process, plugin } = waitingFor([], { workers: 2 });
    const token = await mint(issuer);
    process.advance(1000);
    const streams = [0, 1].map((worker) => request(plugin, { token, worker }));
    expect(process.httpCalls).toHaveLength(1);
    process.httpCalls[0]!.respond({ status: 200, body: issuer.jwks });
    process.advance(100);
    expect(streams.map(statusOf)).toEqual([200, 200]);
  });

  it('is one of 1,024: one more is refused at once', async () => {
    const { plugin } = waitingFor();
    const token = await mint(issuer);
    const states = Array.from({ length: 1025 }, () => statusOf(request(plugin, { token })));
    expect(new Set(states.slice(0, 1024))).toEqual(new Set(['paused']));
    expect(states.at(-1)).toBe(401);
  });

  it('is judged by the CUSTOM policies once', async () => {
    const provider = { service: 'idp.example', port: 443 };
    const custom = byPath('/asked', 'custom', { action: 'CUSTOM', provider: { name: 'authz' } });
    const { process, plugin } = start(
      [requestAuthentication({ jwksUri: JWKS_URI }), custom],
      { extensionProviders: [{ name: 'authz', envoyExtAuthzHttp: provider }] },
      { clusters: [CLUSTER], logLevel: 'trace' },
    );
    const stream = request(plugin, { token: await mint(issuer) });
    process.advance(100);
    for (const call of process.httpCalls) call.respond({ status: 200, body: issuer.jwks });
    process.advance(100);
    expect(statusOf(stream)).toBe(200);
    expect(process.logs().filter((line) => line.startsWith('trace CUSTOM'))).toHaveLength(1);
  });

  it('waits by the wall clock where the host has no other', async () => {
    const { process, plugin } = waitingFor();
    process.failing.add('clock_time_get');
    const stream = request(plugin, { token: await mint(issuer) });
    expect(stream.state).toBe('paused');
    process.advance(7000);
    expect(statusOf(stream)).toBe(401);
  });

  it('is judged when they come, and its answer counted once', async () => {
    const { process, plugin } = waitingFor([byPath('/denied')]);
    const token = await mint(issuer);
    const streams = ['/ip', '/denied'].map((path) => request(plugin, { token, path }));
    process.advance(100);
    for (const call of process.httpCalls) call.respond({ status: 200, body: issuer.jwks });
    process.advance(100);
    expect(streams.map(statusOf)).toEqual([200, 403]);
    expect(counts(process)).toEqual({ allow: 1, [`deny;policy=${DENY}`]: 1 });
  });
});
