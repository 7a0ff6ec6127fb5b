// What authentication does to a request: no more than it must, all of it or nothing, and under SHADOW nothing.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HttpStream } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import {
  ISSUER,
  denyPolicy,
  requestAuthentication,
  secretIssuer,
  start,
  status,
} from './fixture.ts';

const { jwks, mint } = secretIssuer();
/** The headers of a request to a path, in the order in which the host has them. */
const sent = (path: string, ...more: Pair[]): Pair[] => [
  [':authority', 'httpbin'],
  [':path', path],
  [':method', 'GET'],
  [':scheme', 'http'],
  ...more,
];

describe('a request', () => {
  it('goes on as it came where there is nothing to take out or to write', () => {
    const { plugin } = start([requestAuthentication({ jwks, forwardOriginalToken: true })]);
    const token = mint();
    for (const headers of [
      sent('/ip?a=b'),
      sent('/ip', ['authorization', `Bearer ${token}`], ['x-last', '1']),
      sent(`/ip?access_token=${token}`, ['x-last', '1']),
    ]) {
      const stream = plugin.request(headers)!;
      expect(stream.state).toBe('continued');
      // Whatever is changed, Envoy finds the route again.
      expect(stream.hostCalls.filter((name) => /(add|replace|remove)_header/.test(name))).toEqual(
        [],
      );
      expect(stream.headers).toEqual(headers);
      plugin.end(stream);
    }
  });

  it('keeps what another rule has written before it failed, and loses what the next rule writes', () => {
    const rule = (name: string, more: object): object => ({
      issuer: ISSUER,
      jwks,
      fromHeaders: [{ name }],
      ...more,
    });
    const outputs = (...headers: string[]): object => ({
      outputClaimToHeaders: headers.map((header) => ({ header, claim: 'sub' })),
      outputPayloadToHeader: 'x-payload',
    });
    const jwtRules = [rule('x-a', outputs('x-own', 'x-both')), rule('x-b', outputs('x-both'))];
    const { plugin } = start([requestAuthentication({}, { jwtRules })]);
    const [alice, bob] = [mint(), mint({ sub: 'bob' })];
    const headers = sent('/', ['x-a', 'bad'], ['x-a', alice], ['x-b', bob]);
    const stream = plugin.request([...headers, ['x-own', 'forged'], ['x-both', 'forged']])!;
    expect(stream.state).toBe('continued');
    const seen = stream.headers.filter(([name]) => name.startsWith('x-'));
    expect(seen).toEqual([
      ['x-own', 'alice'],
      ['x-payload', bob.split('.')[1]],
      ['x-both', 'bob'],
    ]);
  });

  it('is judged by the path that is left, and no other parameter than the token’s goes', () => {
    const rule = { jwks, fromParams: ['t'], fromCookies: ['c'] };
    const [asSent, asLeft] = ['/ip?t=*', '/ip?=x&a=b'].map((path) =>
      denyPolicy([{ when: [{ key: 'request.headers[:path]', values: [path] }] }]),
    );
    const token = mint();
    const path = `/ip?t=${token}&=x&a=b`;
    expect(status(start([requestAuthentication(rule), asSent!]).plugin, { path })).toBe(200);
    const { plugin } = start([requestAuthentication(rule), asLeft!]);
    expect(status(plugin, { path })).toBe(403);
    const headers = sent('/ip?=x&a=c', ['cookie', `c=${token}`]);
    const stream = plugin.request(headers)!;
    expect(stream.state).toBe('continued');
    expect(stream.headers).toEqual(headers);
  });

  it('that asks for more changes than there may be is refused, and the next one is not', () => {
    const claims = Array.from({ length: 100 }, (_, i) => ({ header: `x-${i}`, claim: 'sub' }));
    const rule = { jwks, fromHeaders: [{ name: 'x-a' }], outputClaimToHeaders: claims };
    const { plugin } = start([requestAuthentication(rule)]);
    const tokens = (count: number): Pair[] =>
      Array.from({ length: count }, (_, i) => ['x-a', mint({ jti: `${i}` })]);
    const seen = [2, 3, 2, 0].map((count) => status(plugin, { headers: tokens(count) }));
    expect(seen).toEqual([200, 500, 200, 200]);
  });

  it('is left as it is under SHADOW, whatever is in it', () => {
    const rule = {
      jwks,
      outputPayloadToHeader: 'x-payload',
      outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }],
    };
    const deny = denyPolicy([{ when: [{ key: 'request.headers[x-sub]', values: ['forged'] }] }]);
    const { plugin } = start([requestAuthentication(rule), deny], {
      enforcement: 'SHADOW',
      filterStateClaims: ['sub'],
    });
    const token = mint();
    for (const headers of [
      sent('/', ['x-sub', 'forged'], ['x-last', '1']),
      sent('/', ['authorization', `Bearer ${token}`], ['x-sub', 'forged'], ['x-last', '1']),
      sent(`/?a=b&access_token=${token}&c=d`, ['x-last', '1']),
    ]) {
      const stream = plugin.request(headers)!;
      expect(stream.headers).toEqual(headers);
      expect(stream.filterState('portcullis.claim.sub')).toBeUndefined();
      const verdict = stream.filterState('portcullis.shadow');
      expect(Buffer.from(verdict!).toString()).toBe('allow');
      plugin.end(stream);
    }
  });
});

describe('a host that does not let a header be changed', () => {
  afterEach(() => vi.restoreAllMocks());

  it.each<[string, object, () => Pair[]]>([
    ['removed', {}, () => sent('/', ['authorization', `Bearer ${mint()}`])],
    [
      'added',
      {
        forwardOriginalToken: true,
        outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }],
      },
      () => sent('/', ['authorization', `Bearer ${mint()}`]),
    ],
    ['written anew', {}, () => sent(`/?access_token=${mint()}`)],
  ])('has the request refused: %s', (_, rule, headers) => {
    const { plugin } = start([requestAuthentication({ jwks, ...rule })]);
    const asked = headers();
    expect(plugin.request(asked)!.state).toBe('continued');
    // The headers are read, and then one cannot be changed.
    vi.spyOn(HttpStream.prototype, 'editable', 'get')
      .mockReturnValueOnce(true)
      .mockReturnValueOnce(false)
      .mockReturnValue(true);
    expect(plugin.request(asked)!.reply).toMatchObject({ status: 500 });
    vi.restoreAllMocks();
    expect(plugin.request(asked)!.state).toBe('continued');
    expect(plugin.request(sent('/'))!.state).toBe('continued');
  });
});
