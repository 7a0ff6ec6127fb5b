// What an authorizer may and may not do to a request, what a host that fails does to both, and what one request leaves for the next.
import { describe, expect, it } from 'vitest';
import type { HttpStream } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import type { Plugin, Process } from '../../host/process.ts';
import { fromUtf8 } from '../../host/text.ts';
import {
  type Issuer,
  JWKS_URI,
  CLUSTER as KEYS,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  statusOf,
} from './fixture.ts';

const CLUSTER = 'outbound|8000||authz.example';
const ID = 'ns[istio-system]-policy[custom]-rule[0]';
const FAILED = { status: 500, details: 'portcullis_host_call_failed' };

const custom = (rule: object = {}): object =>
  denyPolicy([rule], 'custom', { action: 'CUSTOM', provider: { name: 'authz' } });

/** A workload whose CUSTOM policy sends every request to an authorizer, unless `resources` say otherwise. */
function running(
  more: object = {},
  resources: object[] = [custom()],
  settings: object = {},
): { process: Process; plugin: Plugin } {
  const envoyExtAuthzHttp = { service: 'authz.example', port: 8000, ...more };
  return start(
    resources,
    { extensionProviders: [{ name: 'authz', envoyExtAuthzHttp }], ...settings },
    { clusters: [CLUSTER, KEYS] },
  );
}

const decision = (stream: HttpStream): string | undefined => {
  const bytes = stream.filterState('portcullis.decision');
  return bytes === undefined ? undefined : fromUtf8(bytes);
};

/** What the authorizer has been asked, questions about keys left out. */
const checks = (process: Process): Process['httpCalls'] =>
  process.httpCalls.filter(({ cluster }) => cluster === CLUSTER);

describe('an answer', () => {
  it('that denies is written down, and counted by policy and by provider', () => {
    const { process, plugin } = running();
    const stream = request(plugin);
    process.httpCalls[0]!.respond({ status: 403, body: 'no' });
    expect(decision(stream)).toBe(`deny policy=${ID} provider=authz`);
    expect(process.metrics.nonZero()).toMatchObject({
      'portcullis_ext_authz_total;provider=authz;result=deny': 1,
      [`portcullis_requests_total;outcome=deny;policy=${ID}`]: 1,
    });
  });

  it('has its own headers alone, not those of one before that had more', () => {
    const { process, plugin } = running({
      headersToUpstreamOnAllow: ['x-user'],
      headersToDownstreamOnAllow: ['x-user'],
    });
    const answered = (...headers: Pair[]): HttpStream => {
      const stream = request(plugin);
      process.httpCalls[0]!.respond({ status: 200, headers });
      plugin.respond(stream);
      return stream;
    };
    const users = (pairs: Pair[]): string[] =>
      pairs.flatMap(([name, value]) => (name === 'x-user' ? [value] : []));
    const first = answered(['x-user', 'alice'], ['x-user', 'bob']);
    expect(users(first.headers)).not.toEqual([]);
    expect(users(first.responseHeaders)).not.toEqual([]);
    const second = answered();
    expect([users(second.headers), users(second.responseHeaders)]).toEqual([[], []]);
  });

  it('that does not come is written down, and counted', () => {
    const { process, plugin } = running({ statusOnError: '503' });
    const stream = request(plugin);
    process.httpCalls[0]!.fail('connection');
    expect(stream.reply).toMatchObject({ status: 503, details: 'ext_authz_error', body: '' });
    expect(decision(stream)).toBe('error reason=ext_authz_error provider=authz');
    expect(process.metrics.nonZero()).toMatchObject({
      'portcullis_ext_authz_total;provider=authz;result=error': 1,
      'portcullis_requests_total;outcome=error;reason=ext_authz_error': 1,
    });
  });

  it('that does not come is no word on the policies: under failOpen they are asked', () => {
    const deny = denyPolicy([{ to: [{ operation: { paths: ['/denied'] } }] }]);
    const { process, plugin } = running({ failOpen: true }, [custom(), deny]);
    const streams = ['/ip', '/denied'].map((path) => request(plugin, { path }));
    for (const call of process.httpCalls) call.fail('timeout');
    expect(streams.map(statusOf)).toEqual([200, 403]);
    expect(decision(streams[0]!)).toBe('fail_open provider=authz');
  });

  it('without a status is none', () => {
    const { process, plugin } = running();
    const stream = request(plugin);
    process.httpCalls[0]!.respond({ status: Number.NaN });
    expect(stream.reply).toMatchObject({ status: 403, details: 'ext_authz_error' });
  });

  it('that allows adds to the response what the provider lists, beside what is there', () => {
    const { process, plugin } = running({ headersToDownstreamOnAllow: ['x-down-*', 'set-cookie'] });
    const answered = (headers: Pair[]): Pair[] => {
      const stream = request(plugin);
      process.httpCalls[0]!.respond({ status: 200, headers });
      stream.responseHeaders = [['x-down-a', 'upstream']];
      plugin.respond(stream);
      plugin.end(stream);
      return stream.responseHeaders;
    };
    const said: Pair[] = [
      ['x-down-a', '1'],
      ['x-other', 'no'],
      ['set-cookie', 'a'],
      ['set-cookie', 'b'],
    ];
    expect(answered(said)).toEqual([
      ['x-down-a', 'upstream'],
      ['x-down-a', '1'],
      ['set-cookie', 'a'],
      ['set-cookie', 'b'],
    ]);
    // And nothing of it to that of the next.
    expect(answered([['x-other', 'no']])).toEqual([['x-down-a', 'upstream']]);
  });

  it('that allows changes as many headers as it has', () => {
    const { process, plugin } = running({
      headersToUpstreamOnAllow: ['x-*'],
      headersToDownstreamOnAllow: ['x-*'],
    });
    const stream = request(plugin);
    const before = stream.headers.length;
    const said: Pair[] = [
      ['x-a', '1'],
      ['x-b', '2'],
    ];
    process.httpCalls[0]!.respond({ status: 200, headers: said });
    plugin.respond(stream);
    expect(stream.headers.slice(before)).toEqual(said);
    expect(stream.responseHeaders).toEqual(said);
    const calls = (name: string): number => stream.hostCalls.filter((one) => one === name).length;
    expect(calls('proxy_replace_header_map_value')).toBe(2);
    expect(calls('proxy_add_header_map_value')).toBe(2);
  });

  it('that allows adds nothing to the response to another request', () => {
    const { process, plugin } = running({ headersToDownstreamOnAllow: ['x-down-*'] }, [
      custom({ to: [{ operation: { paths: ['/asked'] } }] }),
    ]);
    const asked = request(plugin, { path: '/asked' });
    process.httpCalls[0]!.respond({ status: 200, headers: [['x-down-a', '1']] });
    plugin.end(asked);
    const other = request(plugin);
    plugin.respond(other);
    expect(other.responseHeaders).toEqual([]);
  });

  it('that allows adds nothing to the response unless the provider lists it', () => {
    const { process, plugin } = running();
    const stream = request(plugin);
    process.httpCalls[0]!.respond({ status: 200, headers: [['x-down-a', '1']] });
    plugin.respond(stream);
    expect(stream.responseHeaders).toEqual([]);
  });

  it('that denies tells the client of its path, and never of its pseudo-headers', () => {
    for (const headersToDownstreamOnDeny of [['x-*'], undefined]) {
      const { process, plugin } = running({ headersToDownstreamOnDeny });
      const stream = request(plugin);
      const headers: Pair[] = [
        [':path', '/elsewhere'],
        ['path', '/login'],
        ['x-a', '1'],
      ];
      process.httpCalls[0]!.respond({ status: 401, headers });
      expect(stream.reply?.headers).toEqual([
        ['path', '/login'],
        ['x-a', '1'],
      ]);
    }
  });

  it.each<[string, Pair[], Pair[]]>([
    [
      'of one',
      [['x-envoy-auth-headers-to-remove', 'x-a']],
      [
        ['x-b', '2'],
        ['x-c', '3'],
      ],
    ],
    [
      'of several, with blanks',
      [['x-envoy-auth-headers-to-remove', '  x-a  ,x-c ']],
      [['x-b', '2']],
    ],
    [
      'in several headers',
      [
        ['x-envoy-auth-headers-to-remove', 'x-a'],
        ['x-envoy-auth-headers-to-remove', 'x-b'],
      ],
      [['x-c', '3']],
    ],
    [
      'behind a comma',
      [['x-envoy-auth-headers-to-remove', ',x-a']],
      [
        ['x-b', '2'],
        ['x-c', '3'],
      ],
    ],
    [
      'of none',
      [['x-envoy-auth-headers-to-remove', ' ,, ']],
      [
        ['x-a', '1'],
        ['x-b', '2'],
        ['x-c', '3'],
      ],
    ],
  ])('takes headers away by their names: %s', (_, headers, left) => {
    const { process, plugin } = running();
    const stream = request(plugin, {
      headers: [
        ['x-a', '1'],
        ['x-b', '2'],
        ['x-c', '3'],
      ],
    });
    process.httpCalls[0]!.respond({ status: 200, headers });
    expect(stream.headers.filter(([name]) => /^x-.$/.test(name))).toEqual(left);
  });

  it('never takes the host away', () => {
    const { process, plugin } = running();
    const stream = request(plugin, {
      headers: [
        ['host', 'h'],
        ['hosts', 'i'],
      ],
    });
    process.httpCalls[0]!.respond({
      status: 200,
      headers: [['x-envoy-auth-headers-to-remove', 'host,hosts,:path']],
    });
    expect(stream.headers).toContainEqual(['host', 'h']);
    expect(stream.headers).toContainEqual([':path', '/ip']);
    expect(stream.headers.map(([name]) => name)).not.toContain('hosts');
  });
});

describe('a host that fails refuses the request, whatever failOpen says, where', () => {
  it.each<[string, string, Pair[]]>([
    ['the answer’s headers cannot be read', 'proxy_get_header_map_pairs', []],
    ['its body cannot be read', 'proxy_get_buffer_bytes', []],
    ['a header cannot be written', 'proxy_replace_header_map_value x-user', [['x-user', 'alice']]],
    [
      'a header cannot be removed',
      'proxy_remove_header_map_value x-secret',
      [['x-envoy-auth-headers-to-remove', 'x-other,x-secret']],
    ],
  ])('%s', (_, call, headers) => {
    const { process, plugin } = running({ failOpen: true, headersToUpstreamOnAllow: ['x-user'] });
    const stream = request(plugin, { headers: [['x-secret', 's']] });
    process.failing.add(call);
    process.httpCalls[0]!.respond({ status: 200, headers, body: 'text' });
    expect(stream.reply).toMatchObject(FAILED);
    const counted = 'portcullis_requests_total;outcome=error;reason=host_call_failed';
    expect(process.metrics.value(counted)).toBe(1);
  });
});

describe('a CUSTOM policy that cannot be judged refuses, and nobody is asked:', () => {
  it.each<[string, object, object, string[], object]>([
    [
      'a fact is not there',
      { from: [{ source: { ipBlocks: ['10.0.0.9'] } }] },
      { connectionFacts: { directAddress: 'f.direct' } },
      [],
      { status: 403, details: 'portcullis_connection_fact_missing' },
    ],
    [
      'the host fails',
      { to: [{ operation: { ports: ['1'] } }] },
      {},
      ['proxy_get_property destination.port'],
      FAILED,
    ],
  ])('%s', (_, rule, settings, failing, reply) => {
    const { process, plugin } = running({ failOpen: true }, [custom(rule)], settings);
    for (const call of failing) process.failing.add(call);
    expect(request(plugin).reply).toMatchObject(reply);
    expect(process.httpCalls).toEqual([]);
  });

  it('where it can be, it is accounted for in the trace', () => {
    const envoyExtAuthzHttp = { service: 'authz.example', port: 8000 };
    const { process, plugin } = start(
      [custom({ to: [{ operation: { paths: ['/a'] } }] })],
      { extensionProviders: [{ name: 'authz', envoyExtAuthzHttp }] },
      { clusters: [CLUSTER], logLevel: 'trace' },
    );
    request(plugin, { path: '/b' });
    expect(process.logs().filter((line) => line.startsWith('trace '))).toEqual([
      `trace CUSTOM ${ID} no: to[0].operation.paths`,
    ]);
  });
});

describe('what an authorizer is asked', () => {
  it('has method, host and path, the path behind the prefix', () => {
    const { process, plugin } = running({ pathPrefix: '/check' });
    request(plugin, { path: '/a?b', method: 'PUT' });
    const asked = Object.fromEntries(process.httpCalls[0]!.headers);
    expect(asked).toEqual({
      ':method': 'PUT',
      ':scheme': 'http',
      ':authority': 'httpbin.foo:8000',
      ':path': '/check/a?b',
      'content-length': '0',
    });
  });

  it('has the path as it is where there is no prefix', () => {
    const { process, plugin } = running();
    request(plugin, { path: '/a' });
    expect(Object.fromEntries(process.httpCalls[0]!.headers)[':path']).toBe('/a');
  });

  it('has a header with no bytes, and joins it with others of its name', () => {
    const { process, plugin } = running({ includeRequestHeadersInCheck: ['x-a', 'x-b'] });
    request(plugin, {
      headers: [
        ['x-a', ''],
        ['x-b', ''],
        ['x-a', '1'],
        ['x-a', ''],
      ],
    });
    expect(process.httpCalls[0]!.headers.slice(-2)).toEqual([
      ['x-a', ',1,'],
      ['x-b', ''],
    ]);
  });
});

describe('one request leaves nothing for the next, which has its place:', () => {
  it('not the answer', () => {
    const { process, plugin } = running();
    const first = request(plugin);
    process.httpCalls[0]!.respond({ status: 200 });
    plugin.end(first);
    expect(request(plugin).state).toBe('paused');
    expect(checks(process)).toHaveLength(1);
  });

  it('not its place among those that wait for keys', async () => {
    const issuer: Issuer = await makeIssuer();
    const { process, plugin } = running({}, [
      custom({ to: [{ operation: { paths: ['/asked'] } }] }),
      requestAuthentication({ jwksUri: JWKS_URI }),
    ]);
    const waiting = request(plugin, { token: await mint(issuer) });
    expect(waiting.state).toBe('paused');
    process.advance(100);
    plugin.end(waiting);
    const next = request(plugin, { path: '/asked' });
    const keys = process.httpCalls.find(({ cluster }) => cluster === KEYS);
    keys!.respond({ status: 200, body: issuer.jwks });
    process.advance(1000);
    expect(next.state).toBe('paused');
    expect(checks(process)).toHaveLength(1);
    checks(process)[0]!.respond({ status: 403 });
    expect(statusOf(next)).toBe(403);
  });

  it('not an answer, where the next is woken by its keys', async () => {
    const issuer: Issuer = await makeIssuer();
    const { process, plugin } = running({}, [
      custom({ to: [{ operation: { paths: ['/asked'] } }] }),
      requestAuthentication({ jwksUri: JWKS_URI }),
    ]);
    const asked = request(plugin, { path: '/asked' });
    process.advance(100);
    const waiting = request(plugin, { token: await mint(issuer) });
    checks(process)[0]!.respond({ status: 200 });
    for (const call of process.httpCalls) call.respond({ status: 200, body: issuer.jwks });
    process.advance(100);
    expect([asked, waiting].map(statusOf)).toEqual([200, 200]);
  });

  it('not the time that it has waited', async () => {
    const [old, rolled] = await Promise.all([makeIssuer('old'), makeIssuer('rolled')]);
    const { process, plugin } = running({}, [requestAuthentication({ jwksUri: JWKS_URI })]);
    const come = (jwks: string): void => {
      process.advance(100);
      for (const call of process.httpCalls) call.respond({ status: 200, body: jwks });
      process.advance(100);
    };
    const first = request(plugin, { token: await mint(old) });
    come(old.jwks);
    expect(statusOf(first)).toBe(200);
    plugin.end(first);
    process.advance(60_000);
    const second = request(plugin, { token: await mint(rolled) });
    expect(second.state).toBe('paused');
    come(rolled.jwks);
    expect(statusOf(second)).toBe(200);
  });

  it('not that its peer was judged', () => {
    const strict = {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'default', namespace: 'foo' },
      spec: { mtls: { mode: 'STRICT' } },
    };
    const { plugin } = start([strict]);
    const first = request(plugin, { peerCertificateDigest: 'ab' });
    expect(statusOf(first)).toBe(200);
    plugin.end(first);
    expect(request(plugin).state).toBe('reset');
  });
});
