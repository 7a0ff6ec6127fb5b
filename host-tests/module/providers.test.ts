// `extensionProviders`: what is wrong with them, with each one’s place, and what every right field does.
import { describe, expect, it } from 'vitest';
import type { HttpCall } from '../../host/http-calls.ts';
import type { HttpStream } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import { denyPolicy, errorLines, problemsOf, request, start, statusOf } from './fixture.ts';

const http = (more: object = {}): object => ({
  envoyExtAuthzHttp: { service: 'authz.example', port: 8000, ...more },
});
const provider = (more: object = {}): object => ({ name: 'authz', ...http(more) });
const CUSTOM = denyPolicy([{}], 'custom', { action: 'CUSTOM', provider: { name: 'authz' } });

/** What is wrong with these providers. */
const mistakesOf = (extensionProviders: object[], settings: object = {}): string[] =>
  problemsOf([], { extensionProviders, ...settings });

/** A request that waits for the authorizer, and the question. */
function asked(more: object, headers: Pair[] = []): { stream: HttpStream; call: HttpCall } {
  const { process, plugin } = start(
    [CUSTOM],
    { extensionProviders: [provider(more)] },
    { clusters: ['outbound|8000||authz.example'] },
  );
  expect(errorLines(process)).toEqual([]);
  const stream = request(plugin, { headers });
  return { stream, call: process.httpCalls[0]! };
}

describe('of extension providers all mistakes are told, each with its place', () => {
  it('in those that are asked over HTTP, in those over gRPC, and behind them', () => {
    const body = { includeRequestBodyInCheck: { maxRequestBytes: 0 } };
    const extensionProviders = [
      { name: '', envoyExtAuthzGrpc: { service: 'a', port: 1 } },
      {
        name: 'A',
        envoyExtAuthzHttp: {
          timeout: '0s',
          pathPrefix: 'a',
          statusOnError: '299',
          includeRequestHeadersInCheck: ['*', 'a', ''],
          headersToUpstreamOnAllow: ['', '*'],
          headersToDownstreamOnDeny: ['*'],
          headersToDownstreamOnAllow: ['*'],
          ...body,
        },
      },
      { name: 'b', zipkin: {} },
      { envoyExtAuthzGrpc: { service: 'a', port: 1 } },
      { name: 'a', ...http({ port: 65_536, includeHeadersInCheck: ['*'] }) },
      { name: 'a', ...http() },
    ];
    const second = 'extensionProviders[1].envoyExtAuthzHttp';
    const fifth = 'extensionProviders[4].envoyExtAuthzHttp';
    const STAR =
      'a single wildcard ("*") is not supported, change it to either prefix or suffix match';
    const settings = {
      extensionProviders,
      allowOnHeadersStopIteration: true,
      tokenCache: { maxTokens: 1e6 },
    };
    expect(problemsOf([], settings)).toEqual([
      'extensionProviders[0].name: provider name cannot be empty',
      'extensionProviders[1].name: must be lowercase letters, digits and hyphens, at most 63 of them',
      `${second}.service: must be [NAMESPACE/]HOST`,
      `${second}.port: port must be in the range [1, 65535]`,
      `${second}.timeout: must be a duration such as "5s", of at least 1ms`,
      `${second}.pathPrefix: pathPrefix must begin with \`/\``,
      `${second}.statusOnError: unsupported statusOnError 299`,
      `${second}.includeRequestHeadersInCheck[0]: ${STAR}`,
      `${second}.includeRequestHeadersInCheck[2]: must not be empty`,
      `${second}.headersToUpstreamOnAllow[0]: must not be empty`,
      `${second}.headersToUpstreamOnAllow[1]: ${STAR}`,
      `${second}.headersToDownstreamOnDeny[0]: ${STAR}`,
      `${second}.headersToDownstreamOnAllow[0]: ${STAR}`,
      `${second}.includeRequestBodyInCheck.maxRequestBytes: must be a whole number from 1 to 4194304`,
      'extensionProviders[3].name: provider name cannot be empty',
      `${fifth}.port: port must be in the range [1, 65535]`,
      `${fifth}.includeHeadersInCheck[0]: ${STAR}`,
      'extensionProviders[5].name: is listed twice',
      'tokenCache.maxTokens: must be a whole number from 0 to 100000',
    ]);
  });

  it('and other kinds of provider are nobody’s business', () => {
    expect(
      mistakesOf([
        { name: 'A.b', zipkin: {} },
        { name: 'A.b', lightstep: {} },
      ]),
    ).toEqual([]);
    const others = [{ name: 'authz', zipkin: {} }, provider(), { name: 'authz', zipkin: {} }];
    expect(problemsOf([CUSTOM], { extensionProviders: others })).toEqual([]);
    expect(problemsOf([CUSTOM], { extensionProviders: [others[0]] })).toEqual([
      'resources[0] AuthorizationPolicy istio-system/custom: spec.provider.name: extensionProviders has no external authorizer authz; there is none',
    ]);
  });
});

describe('the name of a provider', () => {
  const LABEL = 'must be lowercase letters, digits and hyphens, at most 63 of them';

  it.each(['a', 'z', '0', '9', 'a-z', '0-9', 'x'.repeat(63)])('may be %s', (name) => {
    expect(mistakesOf([{ name, ...http() }])).toEqual([]);
  });

  it.each(['-a', 'a-', '-', 'a.b', 'a/b', 'a:b', 'a`b', 'a{b', 'aBc', 'a b', 'x'.repeat(64)])(
    'may not be %s',
    (name) => {
      expect(mistakesOf([{ name, ...http() }])).toEqual([`extensionProviders[0].name: ${LABEL}`]);
    },
  );
});

describe('a field of a provider', () => {
  it.each<[object, string | undefined]>([
    [{ port: 1 }, undefined],
    [{ port: 65_535 }, undefined],
    [{ port: 0 }, 'port: port must be in the range [1, 65535]'],
    [{ port: 65_536 }, 'port: port must be in the range [1, 65535]'],
    [{ port: 80.5 }, 'port: port must be in the range [1, 65535]'],
    [{ port: null }, 'port: port must be in the range [1, 65535]'],
    [{ service: 'a' }, undefined],
    [{ service: 'a/b.c' }, undefined],
    [{ service: '' }, 'service: must be [NAMESPACE/]HOST'],
    [{ service: 'a/' }, 'service: must be [NAMESPACE/]HOST'],
    [{ service: null }, 'service: must be [NAMESPACE/]HOST'],
    [{ timeout: '1ms' }, undefined],
    [{ timeout: '2147483647ms' }, undefined],
    [{ timeout: '999us' }, 'timeout: must be a duration such as "5s", of at least 1ms'],
    [{ timeout: '2147483648ms' }, 'timeout: must be a duration such as "5s", of at least 1ms'],
    [{ timeout: '' }, 'timeout: must be a duration such as "5s", of at least 1ms'],
    [{ pathPrefix: '' }, undefined],
    [{ pathPrefix: '/' }, undefined],
    [{ pathPrefix: 'a/' }, 'pathPrefix: pathPrefix must begin with `/`'],
    [{ statusOnError: '' }, undefined],
    [{ statusOnError: '200 201' }, 'statusOnError: unsupported statusOnError 200 201'],
    [{ statusOnError: '0' }, 'statusOnError: unsupported statusOnError 0'],
    [{ statusOnError: '40' }, 'statusOnError: unsupported statusOnError 40'],
    [{ statusOnError: 'x' }, 'statusOnError: unsupported statusOnError x'],
  ])('%j: %s', (more, problem) => {
    const at = 'extensionProviders[0].envoyExtAuthzHttp.';
    expect(mistakesOf([provider(more)])).toEqual(problem === undefined ? [] : [at + problem]);
  });

  it.each<[number, boolean]>([
    [0, false],
    [1, true],
    [4_194_304, true],
    [4_194_305, false],
    [1.5, false],
  ])('maxRequestBytes %s: %s', (maxRequestBytes, isRight) => {
    const more = { includeRequestBodyInCheck: { maxRequestBytes } };
    const settings = { allowOnHeadersStopIteration: true };
    expect(mistakesOf([provider(more)], settings)).toEqual(
      isRight
        ? []
        : [
            'extensionProviders[0].envoyExtAuthzHttp.includeRequestBodyInCheck.maxRequestBytes: must be a whole number from 1 to 4194304',
          ],
    );
  });

  it('statusOnError is any status that Envoy has a name for', () => {
    // envoy.type.v3.StatusCode
    const known = [
      100, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 307, 308,
      400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421,
      422, 423, 424, 426, 428, 429, 431, 500, 501, 502, 503, 504, 505, 506, 507, 508, 510, 511,
    ];
    const named = (statuses: number[]): object[] =>
      statuses.map((code) => ({ name: `p${code}`, ...http({ statusOnError: `${code}` }) }));
    expect(mistakesOf(named(known))).toEqual([]);
    const unknown = [
      101, 209, 225, 227, 299, 306, 309, 399, 418, 420, 425, 427, 430, 432, 451, 499,
    ];
    expect(mistakesOf(named([...unknown, 509, 512, 599]))).toHaveLength(unknown.length + 3);
  });
});

describe('an authorizer', () => {
  it.each<[string, string]>([
    ['authz.example', 'outbound|8000||authz.example'],
    ['foo/authz.example', 'outbound|8000||authz.example'],
  ])('at %s is asked through the cluster %s', (service, cluster) => {
    expect(asked({ service }).call.cluster).toBe(cluster);
  });

  it.each<[object, number]>([
    [{}, 600_000],
    [{ timeout: '1ms' }, 1],
    [{ timeout: '2.5s' }, 2500],
  ])('with %j has %i ms', (more, timeout) => {
    expect(asked(more).call.timeout).toBe(timeout);
  });

  it.each<[object, string]>([
    [{}, '/ip'],
    [{ pathPrefix: '' }, '/ip'],
    [{ pathPrefix: '/a/b' }, '/a/b/ip'],
  ])('with %j is asked at %s', (more, path) => {
    expect(asked(more).call.headers).toContainEqual([':path', path]);
  });

  it.each<[object, number]>([
    [{}, 403],
    [{ statusOnError: '' }, 403],
    [{ statusOnError: '503' }, 503],
    [{ statusOnError: '305' }, 305],
    [{ failOpen: true }, 200],
    [{ failOpen: true, statusOnError: '503' }, 200],
    [{ failOpen: false }, 403],
  ])('that fails, with %j: %s', (more, expected) => {
    const { stream, call } = asked(more);
    call.respond({ status: 500 });
    expect(statusOf(stream)).toBe(expected);
  });

  const sent: Pair[] = [
    ['x-new', 'n'],
    ['x-old', 'o'],
    ['x-none', '-'],
  ];
  it.each<[object, string[]]>([
    [{}, []],
    [{ includeHeadersInCheck: ['x-old'] }, ['x-old']],
    [{ includeRequestHeadersInCheck: ['x-new'] }, ['x-new']],
    [{ includeRequestHeadersInCheck: ['x-new'], includeHeadersInCheck: ['x-old'] }, ['x-new']],
    [{ includeRequestHeadersInCheck: [], includeHeadersInCheck: ['x-old'] }, ['x-old']],
    [{ includeRequestHeadersInCheck: ['x-old', 'x-new'] }, ['x-new', 'x-old']],
  ])('with %j sees %j', (more, names) => {
    const seen = asked(more, sent).call.headers.map(([name]) => name);
    expect(seen.filter((name) => name.startsWith('x-'))).toEqual(names);
  });

  it('gets the headers of the provider in the order of their names', () => {
    const includeAdditionalHeadersInCheck = { 'x-c': '3', 'X-A': '1', 'x-b': '2', 'x-d': '' };
    const { call } = asked({ includeAdditionalHeadersInCheck });
    expect(call.headers.filter(([name]) => name.startsWith('x-'))).toEqual([
      ['x-a', '1'],
      ['x-b', '2'],
      ['x-c', '3'],
      ['x-d', ''],
    ]);
  });
});
