// Of many rules a request is held against those alone that can match it: what others ask for is not asked of the host. The rules here ask
// for the client's address before they look at anything else.
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ISSUER,
  type Issuer,
  type RequestOptions,
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

const CLIENT = '192.0.2.1';
const NO_RULE = [{ to: [{ operation: { paths: ['/none'] } }] }];
const NUMBERS = Array.from({ length: 9 }, (_, i) => i);

/** Sends the request; whether it is refused, and how many properties the host has been asked for. */
function cost(rules: object[], options: RequestOptions): [status: unknown, properties: number] {
  const authentication = requestAuthentication({ jwks: issuer.jwks });
  const { plugin } = start([authentication, denyPolicy(rules)]);
  const stream = request(plugin, { sourceAddress: `${CLIENT}:1`, ...options });
  plugin.end(stream);
  const asked = stream.hostCalls.filter((name) => name === 'proxy_get_property');
  return [statusOf(stream), asked.length];
}

type Made = (i: number) => Record<string, string[]>;

const byOperation = (...made: Made[]): object[] =>
  NUMBERS.map((i) => ({
    from: [{ source: { remoteIpBlocks: [CLIENT] } }],
    to: made.map((operation) => ({ operation: operation(i) })),
  }));
const bySource = (...made: Made[]): object[] =>
  NUMBERS.map((i) => ({
    from: made.map((source) => ({ source: { remoteIpBlocks: [CLIENT], ...source(i) } })),
  }));

describe('a request is held against no rule but those that have', () => {
  it.each<[string, object[], RequestOptions, RequestOptions]>([
    ['its path', byOperation((i) => ({ paths: [`/${i}`] })), { path: '/3' }, { path: '/x' }],
    [
      'its path in front',
      byOperation((i) => ({ paths: [`/${i}/*`] })),
      { path: '/8/a' },
      { path: '/x/8/a' },
    ],
    [
      'its path up to a template',
      byOperation((i) => ({ paths: [`/${i}/{*}`] })),
      { path: '/0/a' },
      { path: '/x/a' },
    ],
    [
      'one of its paths',
      byOperation((i) => ({ paths: [`/a/${i}`, `/${i}`] })),
      { path: '/3' },
      { path: '/x' },
    ],
    [
      'its path in one of its operations',
      byOperation(
        (i) => ({ paths: [`/a/${i}`] }),
        (i) => ({ paths: [`/${i}`] }),
      ),
      { path: '/3' },
      { path: '/x' },
    ],
    [
      'its host',
      byOperation((i) => ({ hosts: [`h${i}`] })),
      { authority: 'H3' },
      { authority: 'h' },
    ],
    [
      'its method',
      byOperation((i) => ({ methods: [`M${i}`] })),
      { method: 'M3' },
      { method: 'GET' },
    ],
    [
      'its path, where all have its method',
      byOperation((i) => ({ methods: ['GET'], paths: [`/${i}`] })),
      { path: '/3' },
      { path: '/x' },
    ],
    [
      'its host, where all have its path',
      byOperation((i) => ({ hosts: [`h${i}`], paths: ['/x'] })),
      { path: '/x', authority: 'h3' },
      { path: '/x', authority: 'h' },
    ],
    [
      'its path, whatever they have not',
      byOperation((i) => ({ notHosts: ['h'], paths: [`/${i}`], notMethods: ['PUT'] })),
      { path: '/3' },
      { path: '/x' },
    ],
  ])('%s', (_, rules, own, other) => {
    const [, before] = cost(NO_RULE, {});
    expect(cost(rules, own)).toEqual([403, before + 1]);
    expect(cost(rules, other)).toEqual([200, before]);
  });

  it.each<[string, object[]]>([
    ['its subject', bySource((i) => ({ requestPrincipals: [`${ISSUER}/s${i}`] }))],
    ['one of its subjects', bySource((i) => ({ requestPrincipals: ['a/b', `${ISSUER}/s${i}`] }))],
    [
      'its subject in one of its sources',
      bySource(
        (i) => ({ requestPrincipals: [`other/s${i}`] }),
        (i) => ({ requestPrincipals: [`${ISSUER}/s${i}`] }),
      ),
    ],
  ])('%s', async (_, rules) => {
    const token = await mint(issuer);
    const [, before] = cost(NO_RULE, { token });
    expect(cost(rules, { token })).toEqual([200, before]);
    expect(cost(rules, { token: await mint(issuer, { sub: 's3' }) })).toEqual([403, before + 1]);
    expect(cost(rules, {})[0]).toBe(200);
  });
});

describe('a rule that may match without what its neighbours are found by is found', () => {
  const others = NUMBERS.map((i) => ({
    from: [{ source: { requestPrincipals: [`nobody/${i}`] } }],
    to: [{ operation: { paths: [`/${i}`], hosts: [`h${i}`], methods: [`M${i}`] } }],
  }));
  const HOST = 'httpbin.foo:8000';

  it.each<[string, object[]]>([
    ['one operation has no path', [{ paths: ['/a'] }, { ports: ['8000'] }]],
    ['… the first', [{ ports: ['8000'] }, { paths: ['/a'] }]],
    ['one operation has a path, the other a host', [{ paths: ['/x'] }, { hosts: ['a'] }]],
    ['… the first', [{ hosts: ['a'] }, { paths: ['/x'] }]],
    ['one operation has a path, the other a method', [{ paths: ['/x'] }, { methods: ['PUT'] }]],
    ['… the first', [{ methods: ['PUT'] }, { paths: ['/x'] }]],
    ['one operation has a host, the other a path', [{ hosts: [HOST] }, { paths: ['/a'] }]],
    ['one operation has a host, the other a method', [{ hosts: [HOST] }, { methods: ['PUT'] }]],
    ['one operation has a method, the other a path', [{ methods: ['GET'] }, { paths: ['/a'] }]],
    ['one operation has a method, the other a host', [{ methods: ['GET'] }, { hosts: ['a'] }]],
    ['one operation has another', [{ paths: ['/a'] }, { notPaths: ['/b'] }]],
    ['one path is an end', [{ paths: ['/a', '*x'] }]],
    ['one path is any', [{ paths: ['/a', '*'] }]],
    ['one template begins with anything', [{ paths: ['/a', '/{**}'] }]],
    ['one host is an end', [{ hosts: ['a', '*:8000'] }]],
    ['one method is an end', [{ methods: ['PUT', '*T'] }]],
  ])('%s', (_, operations) => {
    const rule = { to: operations.map((operation) => ({ operation })) };
    expect(cost([...others, rule], { path: '/x' })[0]).toBe(403);
    expect(cost([rule, ...others], { path: '/x' })[0]).toBe(403);
  });

  it.each<[string, object[]]>([
    ['one source has no principal', [{ requestPrincipals: ['a/b'] }, { remoteIpBlocks: [CLIENT] }]],
    ['… the first', [{ remoteIpBlocks: [CLIENT] }, { requestPrincipals: ['a/b'] }]],
    ['one source has another', [{ requestPrincipals: ['a/b'] }, { notRequestPrincipals: ['a/b'] }]],
    ['one principal is an end', [{ requestPrincipals: ['a/b', '*ice'] }]],
    ['one principal is of anybody', [{ requestPrincipals: ['a/b', `${ISSUER}/*`] }]],
  ])('%s', async (_, sources) => {
    const rule = { from: sources.map((source) => ({ source })) };
    const token = await mint(issuer);
    expect(cost([...others, rule], { token })[0]).toBe(403);
    expect(cost([rule, ...others], { token })[0]).toBe(403);
  });
});
