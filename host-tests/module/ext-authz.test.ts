// CUSTOM policies in every order of events that Envoy can bring about.
import { describe, expect, it } from 'vitest';
import type { HttpStream } from '../../host/contexts.ts';
import { type Plugin, type Process } from '../../host/process.ts';
import type { Pair } from '../../host/pairs.ts';
import {
  type RequestOptions,
  denyPolicy,
  errorLines,
  request,
  start,
  statusOf,
} from './fixture.ts';

const CLUSTER = 'outbound|8000||authz.example';
const provider = (more: object = {}): object => ({
  name: 'authz',
  envoyExtAuthzHttp: { service: 'authz.example', port: 8000, ...more },
});
const custom = (rule: object = {}, spec: object = {}): object =>
  denyPolicy([rule], 'custom', { action: 'CUSTOM', provider: { name: 'authz' }, ...spec });

function running(
  providers: object[] = [provider()],
  resources: object[] = [custom()],
): { process: Process; plugin: Plugin } {
  return start(resources, { extensionProviders: providers }, { clusters: [CLUSTER] });
}

/** The error lines of a configuration. */
function errors(resources: object[], providers: object[], settings: object = {}): string[] {
  const { process, plugin } = start([]);
  plugin.update(JSON.stringify({ extensionProviders: providers, ...settings, resources }));
  return errorLines(process).map((line) => line.replace(/^config: /, ''));
}

const statuses = (streams: HttpStream[]): (number | string)[] => streams.map(statusOf);

describe('an external authorizer', () => {
  it('is asked through its cluster, with its timeout', () => {
    const { process, plugin } = running([provider({ timeout: '1.5s', pathPrefix: '/check' })]);
    const stream = request(plugin, {
      method: 'POST',
      path: '/a?b',
      headers: [['authorization', 'x']],
    });
    expect(stream.state).toBe('paused');
    expect(process.httpCalls).toMatchObject([{ cluster: CLUSTER, timeout: 1500 }]);
    expect(Object.fromEntries(process.httpCalls[0]!.headers)).toMatchObject({
      ':method': 'POST',
      ':path': '/check/a?b',
      ':authority': 'httpbin.foo:8000',
      authorization: 'x',
    });
  });

  it('has 600 s unless told otherwise', () => {
    const { process, plugin } = running();
    request(plugin);
    expect(process.httpCalls).toMatchObject([{ timeout: 600_000 }]);
  });

  it('answers each request its own, in whatever order', () => {
    const { process, plugin } = running();
    const streams = ['/a', '/b', '/c'].map((path) => request(plugin, { path }));
    const [a, b, c] = process.httpCalls;
    c!.respond({ status: 403 });
    a!.respond({ status: 200 });
    expect(statuses(streams)).toEqual([200, 'paused', 403]);
    b!.respond({ status: 401, body: 'who?' });
    expect(streams[1]!.reply).toMatchObject({
      status: 401,
      body: 'who?',
      details: 'ext_authz_denied',
    });
  });

  it('is forgotten by a request that has gone, and the next one is not taken for it', () => {
    const { process, plugin } = running();
    const gone = request(plugin, { path: '/gone' });
    const [late] = process.httpCalls;
    plugin.end(gone);
    const next = request(plugin, { path: '/next' });
    late!.respond({ status: 200 });
    expect(next.state).toBe('paused');
    process.httpCalls[0]!.respond({ status: 403 });
    expect(statusOf(next)).toBe(403);
  });

  it('answers the requests of a configuration that has been replaced', () => {
    const { process, plugin } = running();
    const stream = request(plugin);
    expect(plugin.update(JSON.stringify({ resources: [] }))).toBe(true);
    expect(statusOf(request(plugin))).toBe(200);
    process.httpCalls[0]!.respond({ status: 403 });
    expect(statusOf(stream)).toBe(403);
  });

  it('that says nothing: closed after the timeout, open where that is wanted', () => {
    for (const [failOpen, status] of [
      [false, 403],
      [true, 200],
    ] as const) {
      const { process, plugin } = running([provider({ timeout: '2s', failOpen })]);
      const stream = request(plugin);
      process.advance(1999);
      expect(stream.state).toBe('paused');
      process.advance(2);
      expect(statusOf(stream)).toBe(status);
    }
  });

  it('whose cluster is not there: closed', () => {
    const { plugin } = start([custom()], { extensionProviders: [provider()] });
    const stream = request(plugin);
    expect(stream.reply).toMatchObject({ status: 403, details: 'ext_authz_error', body: '' });
  });

  it('is asked once, though the request waits for keys after that', () => {
    const { process, plugin } = start(
      [
        custom(),
        {
          apiVersion: 'security.istio.io/v1',
          kind: 'RequestAuthentication',
          metadata: { name: 'jwt', namespace: 'istio-system' },
          spec: { jwtRules: [{ issuer: 'a', jwksUri: 'https://idp.example/jwks.json' }] },
        },
      ],
      { extensionProviders: [provider()] },
      { clusters: [CLUSTER, 'outbound|443||idp.example'] },
    );
    const payload = Buffer.from('{"iss":"a"}').toString('base64url');
    const stream = request(plugin, { token: `eyJhbGciOiJSUzI1NiJ9.${payload}.AAAA` });
    const authorizer = process.httpCalls.find(({ cluster }) => cluster === CLUSTER);
    authorizer!.respond({ status: 200 });
    expect(stream.state).toBe('paused');
    process.httpCalls[0]!.respond({ status: 200, body: '{"keys":[]}' });
    expect(statusOf(stream)).toBe(401);
    expect(process.httpCalls.filter(({ cluster }) => cluster === CLUSTER)).toEqual([]);
  });
});

describe('the status of an answer', () => {
  it.each([
    [100, 'error'],
    [199, 'error'],
    [200, 'allow'],
    [201, 'deny'],
    [204, 'deny'],
    [299, 'deny'],
    [300, 'deny'],
    [302, 'deny'],
    [403, 'deny'],
    [499, 'deny'],
    [500, 'error'],
    [503, 'error'],
    [599, 'error'],
  ])('%i is taken for: %s', (code, meaning) => {
    for (const failOpen of [false, true]) {
      const { process, plugin } = running([provider({ failOpen, statusOnError: '429' })]);
      const stream = request(plugin);
      process.httpCalls[0]!.respond({ status: code });
      const error = failOpen ? 200 : 429;
      const expected = { allow: 200, deny: code, error }[meaning];
      expect(statusOf(stream)).toBe(expected);
      const counted = `portcullis_ext_authz_total;provider=authz;result=${meaning}`;
      expect(process.metrics.value(counted)).toBe(1);
    }
  });
});

describe('what an authorizer is asked', () => {
  const asked = (
    more: object,
    headers: Pair[],
    options: RequestOptions = {},
  ): [string, string][] => {
    const { process, plugin } = running([provider(more)]);
    request(plugin, { headers, ...options });
    return process.httpCalls[0]!.headers.filter(([name]) => !name.startsWith(':'));
  };
  const headers: Pair[] = [
    ['x-one', '1'],
    ['x-two', 'a'],
    ['authorization', 'secret'],
    ['x-two', 'b'],
    ['cookie', 'c=d'],
    ['x-two', 'c'],
    ['content-length', '7'],
  ];

  it('has no header of the request but its credentials, unless the provider says so', () => {
    expect(asked({}, headers)).toEqual([
      ['content-length', '0'],
      ['authorization', 'secret'],
    ]);
  });

  it('has the headers that the provider lists, each once with all of its values', () => {
    const more = { includeRequestHeadersInCheck: ['X-Two', 'coo*', '*ngth', ':path'] };
    expect(asked(more, headers)).toEqual([
      ['content-length', '0'],
      ['x-two', 'a,b,c'],
      ['authorization', 'secret'],
      ['cookie', 'c=d'],
    ]);
  });

  it('has the headers that the provider adds, and not what the client has put in their place', () => {
    const more = {
      includeRequestHeadersInCheck: ['x-*'],
      includeAdditionalHeadersInCheck: { 'X-One': 'ours', 'x-three': '3' },
    };
    expect(asked(more, headers)).toEqual([
      ['content-length', '0'],
      ['x-forwarded-proto', 'http'],
      ['x-two', 'a,b,c'],
      ['authorization', 'secret'],
      ['x-one', 'ours'],
      ['x-three', '3'],
    ]);
  });
});

describe('an answer', () => {
  const UPSTREAM = {
    headersToUpstreamOnAllow: ['x-user', 'x-a-*'],
    headersToDownstreamOnDeny: ['x-deny', '*-why'],
  };
  const forged: Pair[] = [
    ['x-user', 'forged'],
    ['x-user', 'again'],
    ['x-other', 'own'],
    ['x-a-1', 'own'],
    ['x-secret', 's'],
    ['x-gone', 'g'],
  ];
  const answered = (status: number, said: Pair[], more: object = UPSTREAM): HttpStream => {
    const { process, plugin } = running([provider(more)]);
    const stream = request(plugin, { headers: forged });
    process.httpCalls[0]!.respond({ status, headers: said });
    return stream;
  };
  const named = (pairs: readonly Pair[]): Pair[] =>
    pairs.filter(([name]) => name.startsWith('x-') && name !== 'x-forwarded-proto');

  it('that allows changes the headers that the provider lists, and no others', () => {
    const stream = answered(200, [
      ['x-user', 'alice'],
      ['x-a-2', 'new'],
      ['x-other', 'not listed'],
      [':path', '/elsewhere'],
    ]);
    expect(named(stream.headers)).toEqual([
      ['x-other', 'own'],
      ['x-a-1', 'own'],
      ['x-secret', 's'],
      ['x-gone', 'g'],
      ['x-user', 'alice'],
      ['x-a-2', 'new'],
    ]);
    expect(stream.headers).toContainEqual([':path', '/ip']);
  });

  it('that allows takes the headers away that it names, but never the host', () => {
    const stream = answered(200, [
      ['x-envoy-auth-headers-to-remove', 'x-secret , x-other,,host, :path'],
      ['x-envoy-auth-headers-to-remove', ' x-gone'],
      ['x-envoy-auth-headers-to-remove', ''],
    ]);
    expect(named(stream.headers)).toEqual([
      ['x-user', 'forged'],
      ['x-user', 'again'],
      ['x-a-1', 'own'],
    ]);
    expect(stream.headers).toContainEqual([':path', '/ip']);
    expect(stream.headers).toContainEqual([':authority', 'httpbin.foo:8000']);
  });

  it('that denies goes to the client with the headers that the provider lists', () => {
    const said: Pair[] = [
      ['x-deny', 'd'],
      ['x-tell-why', 'w'],
      ['x-user', 'alice'],
      ['location', '/login'],
      ['www-authenticate', 'Bearer'],
      ['content-length', '0'],
      ['host', 'h'],
    ];
    expect(answered(403, said).reply!.headers).toEqual([
      ['x-deny', 'd'],
      ['x-tell-why', 'w'],
      ['location', '/login'],
      ['www-authenticate', 'Bearer'],
    ]);
    expect(answered(403, said, {}).reply!.headers).toEqual(said.slice(0, 5));
  });
});

describe('is refused', () => {
  const AT = 'resources[0] AuthorizationPolicy istio-system/custom: ';
  const P = 'extensionProviders[0].';

  it.each<[string, object[], object[], string[]]>([
    [
      'a provider that nobody has defined',
      [custom()],
      [],
      [
        `${AT}spec.provider.name: extensionProviders has no external authorizer authz; there is none`,
      ],
    ],
    [
      'a provider of another name',
      [custom()],
      [{ ...provider(), name: 'authx' }],
      [
        `${AT}spec.provider.name: extensionProviders has no external authorizer authz; available are authx`,
      ],
    ],
    [
      'a gRPC provider',
      [custom()],
      [{ name: 'authz', envoyExtAuthzGrpc: { service: 'a', port: 1 } }],
      [
        `${AT}spec.provider.name: authz is an envoyExtAuthzGrpc provider, which a Wasm filter cannot ask; use envoyExtAuthzHttp`,
      ],
    ],
    [
      'two providers for one workload',
      [
        custom(),
        {
          ...custom({}, { provider: { name: 'b' } }),
          metadata: { name: 'z', namespace: 'istio-system' },
        },
      ],
      [provider(), { ...provider(), name: 'b' }],
      [
        'resources[1] AuthorizationPolicy istio-system/z: spec.provider.name: another policy for this workload has provider authz: Istio takes one a workload',
      ],
    ],
    [
      'a policy without a provider',
      [custom({}, { provider: undefined })],
      [],
      [`${AT}spec.provider.name: \`provider.name\` must not be empty`],
    ],
    [
      'a provider where it means nothing',
      [custom({}, { action: 'DENY' })],
      [provider()],
      [`${AT}spec.provider: \`provider\` must not be with non CUSTOM action, found DENY`],
    ],
    [
      'a policy without rules',
      [custom({}, { rules: [] })],
      [provider()],
      [
        `${AT}spec.rules: CUSTOM action without \`rules\` is meaningless as it will never be triggered, add an empty rule \`{}\` if you want it be triggered for every request`,
      ],
    ],
    [
      'an identity, which nobody knows yet',
      [custom({ from: [{ source: { notRequestPrincipals: ['*'] } }] })],
      [provider()],
      [
        `${AT}spec.rules[0].from[0].source.notRequestPrincipals: From.NotRequestPrincipals is currently not supported with CUSTOM action`,
      ],
    ],
    [
      'a claim, which nobody knows yet',
      [custom({ when: [{ key: 'request.auth.claims[a]', values: ['b'] }] })],
      [provider()],
      [
        `${AT}spec.rules[0].when[0].key: request.auth.claims[a] is currently not supported with CUSTOM action`,
      ],
    ],
    [
      'a port that is none',
      [],
      [provider({ port: 0 })],
      [`${P}envoyExtAuthzHttp.port: port must be in the range [1, 65535]`],
    ],
    [
      'no service',
      [],
      [provider({ service: 'ns/' })],
      [`${P}envoyExtAuthzHttp.service: must be [NAMESPACE/]HOST`],
    ],
    [
      'a status that is none',
      [],
      [provider({ statusOnError: '402x' })],
      [`${P}envoyExtAuthzHttp.statusOnError: unsupported statusOnError 402x`],
    ],
    [
      'a prefix that is no path',
      [],
      [provider({ pathPrefix: 'check' })],
      [`${P}envoyExtAuthzHttp.pathPrefix: pathPrefix must begin with \`/\``],
    ],
    [
      'all headers',
      [],
      [provider({ headersToUpstreamOnAllow: ['a', '*'] })],
      [
        `${P}envoyExtAuthzHttp.headersToUpstreamOnAllow[1]: a single wildcard ("*") is not supported, change it to either prefix or suffix match`,
      ],
    ],
    [
      'a timeout that is none',
      [],
      [provider({ timeout: '5' })],
      [`${P}envoyExtAuthzHttp.timeout: must be a duration such as "5s", of at least 1ms`],
    ],
    [
      'a name that is none',
      [],
      [{ ...provider(), name: 'Authz' }],
      [`${P}name: must be lowercase letters, digits and hyphens, at most 63 of them`],
    ],
    [
      'the same name twice',
      [],
      [provider(), provider()],
      ['extensionProviders[1].name: is listed twice'],
    ],
    [
      'a body that the host does not give',
      [],
      [provider({ includeRequestBodyInCheck: { maxRequestBytes: 1000 } })],
      [
        `${P}envoyExtAuthzHttp.includeRequestBodyInCheck: needs allow_on_headers_stop_iteration in Envoy's PluginConfig, and allowOnHeadersStopIteration here: without it no body comes before the headers have gone on`,
      ],
    ],
    [
      'a field that is none',
      [],
      [provider({ failopen: true })],
      [`${P}envoyExtAuthzHttp.failopen: unknown field; did you mean "failOpen"?`],
    ],
  ])('%s', (_name, resources, providers, lines) => {
    expect(errors(resources, providers)).toEqual(lines);
  });

  it('a body without a bound', () => {
    const body = provider({ includeRequestBodyInCheck: { allowPartialMessage: true } });
    expect(errors([], [body], { allowOnHeadersStopIteration: true })).toEqual([
      `${P}envoyExtAuthzHttp.includeRequestBodyInCheck.maxRequestBytes: must be a whole number from 1 to 4194304`,
    ]);
  });
});
