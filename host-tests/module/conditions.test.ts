// What each condition of `when` asks of a request. Each is asked with its opposite: what matches too little opens a door in the one,
// what matches too much in the other.
import type { JWTPayload } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Connection } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import type { Plugin } from '../../host/process.ts';
import { metadataMessage } from '../recorded/metadata.ts';
import {
  ISSUER,
  type Issuer,
  denyPolicy,
  makeIssuer,
  mint,
  requestAuthentication,
  start,
} from './fixture.ts';

let issuer: Issuer;
beforeAll(async () => {
  issuer = await makeIssuer();
});

/** What a request is made of: headers, the claims of its token, its connection. */
interface Asked {
  headers?: Pair[];
  claims?: JWTPayload;
  connection?: Connection;
}

/** Whether the request meets a condition, which refuses what does by `/asks`, and what does not by `/not`. */
async function holds(key: string, values: string[], asked: Asked): Promise<boolean> {
  const to = (path: string): object[] => [{ operation: { paths: [path] } }];
  const rules = [
    { to: to('/asks'), when: [{ key, values }] },
    { to: to('/not'), when: [{ key, notValues: values }] },
  ];
  const plugin = startWith(rules);
  const isMet = (await refused(plugin, '/asks', asked)) === 'rule[0]';
  expect(await refused(plugin, '/not', asked)).toBe(isMet ? undefined : 'rule[1]');
  return isMet;
}

function startWith(rules: object[]): Plugin {
  const rule = { jwks: issuer.jwks, spaceDelimitedClaims: ['roles'] };
  const connectionFacts = { directAddress: 'direct' };
  return start([requestAuthentication(rule), denyPolicy(rules)], { connectionFacts }).plugin;
}

/** The rule that refuses a request; undefined where it goes on. */
async function refused(plugin: Plugin, path: string, asked: Asked): Promise<string | undefined> {
  const { headers = [], claims, connection = {} } = asked;
  const all: Pair[] = [
    [':authority', 'httpbin.foo:8000'],
    [':path', path],
    [':method', 'GET'],
    [':scheme', 'http'],
    ...headers,
  ];
  if (claims !== undefined) all.push(['authorization', `Bearer ${await mint(issuer, claims)}`]);
  const stream = plugin.request(all, { connection: { destinationPort: 8000, ...connection } })!;
  plugin.end(stream);
  if (stream.state === 'continued') return undefined;
  return /policy\[deny\]-(rule\[\d\])/.exec(stream.reply!.details)?.[1] ?? stream.reply!.details;
}

type Row = [key: string, values: string[], request: string, asked: Asked, expected: boolean];

const header = (...values: string[]): Asked => ({
  headers: values.map((value): Pair => ['x-a', value]),
});
const sni = (requestedServerName?: string): Asked => ({ connection: { requestedServerName } });

const ROWS: Row[] = [
  ...(
    [
      [['a'], 'the value', header('a'), true],
      [['a'], 'another', header('b'), false],
      [['a'], 'the value, and more', header('ab'), false],
      [['a'], 'the value in capitals', header('A'), false],
      [['a', 'b'], 'the second value', header('b'), true],
      [['b'], 'the value in the second of two headers', header('a', 'b'), true],
      [['c'], 'neither of two headers', header('a', 'b'), false],
      [['a,b'], 'two headers that only together are the value', header('a', 'b'), false],
      [['*'], 'an empty header', header(''), true],
      [['*'], 'no header', {}, false],
      [['a'], 'no header', {}, false],
      [['a'], 'an empty header', header(''), false],
    ] as const
  ).map(([values, ...rest]): Row => ['request.headers[X-A]', [...values], ...rest]),

  ...(
    [
      [['a.example'], 'the name', sni('a.example'), true],
      [['a.example'], 'another name', sni('b.example'), false],
      [['a.example', 'b.example'], 'the second name', sni('b.example'), true],
      [['*.example'], 'a name with that end', sni('a.example'), true],
      [['*'], 'any name', sni('a'), true],
      [['*'], 'no name', sni(), false],
      [['a.example'], 'no name', sni(), false],
    ] as const
  ).map(([values, ...rest]): Row => ['connection.sni', [...values], ...rest]),

  ['destination.port', ['8000'], 'the port', {}, true],
  ['destination.port', ['80', '8000'], 'the second port', {}, true],
  ['destination.port', ['80'], 'another port', {}, false],
  ['destination.port', ['80'], 'port 0', { connection: { destinationPort: 0 } }, false],
  ['request.headers[:authority]', ['httpbin.foo:8000'], 'the host', {}, true],
  ['request.headers[:authority]', ['httpbin.foo'], 'another host', {}, false],
  [
    'destination.ip',
    ['10.0.0.0/8'],
    'an address of the block',
    { connection: { destinationAddress: '10.1.2.3:80' } },
    true,
  ],
  [
    'destination.ip',
    ['10.0.0.0/8'],
    'an address beside it',
    { connection: { destinationAddress: '11.1.2.3:80', sourceAddress: '10.1.2.3:1' } },
    false,
  ],
  ['destination.ip', ['0.0.0.0/0', '::/0'], 'no address', {}, false],
  [
    'remote.ip',
    ['192.0.2.1', '10.0.0.0/8'],
    'a client of the second block',
    { connection: { sourceAddress: '10.1.2.3:1' } },
    true,
  ],
  [
    'remote.ip',
    ['10.0.0.0/8'],
    'another client',
    {
      connection: {
        sourceAddress: '11.1.2.3:1',
        destinationAddress: '10.1.2.3:1',
        filterState: { direct: '10.1.2.3' },
      },
    },
    false,
  ],
  [
    'source.ip',
    ['10.0.0.0/8'],
    'a peer of the block',
    { connection: { sourceAddress: '11.1.2.3:1', filterState: { direct: '10.1.2.3' } } },
    true,
  ],
  [
    'source.ip',
    ['10.0.0.0/8'],
    'another peer',
    { connection: { sourceAddress: '10.1.2.3:1', filterState: { direct: '11.1.2.3' } } },
    false,
  ],

  ...(
    [
      ['claims[group]', ['dev'], { group: 'dev' }, true],
      ['claims[group]', ['dev'], { group: 'ops' }, false],
      ['claims[group]', ['dev'], {}, false],
      ['claims[group]', ['dev'], undefined, false],
      ['claims[group]', ['ops', 'dev'], { group: 'dev' }, true],
      ['claims[group]', ['dev'], { group: ['dev'] }, true],
      ['claims[group]', ['dev'], { group: ['ops', 'dev'] }, true],
      ['claims[group]', ['dev'], { group: ['dev', 'ops'] }, true],
      ['claims[group]', ['dev'], { group: ['a', 1, 'dev'] }, true],
      ['claims[group]', ['dev'], { group: ['ops', 'test'] }, false],
      ['claims[group]', ['dev'], { group: [] }, false],
      ['claims[group]', ['dev'], { group: [['dev']] }, false],
      ['claims[group]', ['dev'], { group: [{ dev: 'dev' }] }, false],
      ['claims[group]', ['dev'], { group: { dev: 'dev' } }, false],
      ['claims[group]', ['dev'], { group: 'ops dev' }, false],
      ['claims[group]', ['ops dev'], { group: 'ops dev' }, true],
      ['claims[group]', ['dev'], { group: [], next: 'dev' }, false],
      ['claims[group]', ['dev'], { group: ['ops'], next: 'dev' }, false],
      ['claims[group]', ['dev'], { group: ['ops'], dev: 'ops' }, false],
      ['claims[level]', ['1', 'true'], { level: 1 }, false],
      ['claims[level]', ['1', 'true'], { level: true }, false],
      ['claims[level]', ['1', 'true'], { level: [1, true] }, false],
      ['claims[level]', ['*'], { level: 1 }, false],
      ['claims[level]', ['*'], { level: null }, false],
      ['claims[level]', ['*'], { level: '' }, false],
      ['claims[level]', ['*'], { level: [''] }, false],
      ['claims[level]', ['*'], { level: ['', 'x'] }, true],
      ['claims[a][b]', ['x'], { a: { b: 'x' } }, true],
      ['claims[a][b]', ['x'], { a: 'x', b: 'x' }, false],
      // Claims of words.
      ['claims[scope]', ['read'], { scope: 'read' }, true],
      ['claims[scope]', ['read'], { scope: 'read write' }, true],
      ['claims[scope]', ['read'], { scope: 'write read' }, true],
      ['claims[scope]', ['read'], { scope: 'a read z' }, true],
      ['claims[scope]', ['read'], { scope: '  read  ' }, true],
      ['claims[scope]', ['read'], { scope: 'write  read' }, true],
      ['claims[scope]', ['read'], { scope: 'reads' }, false],
      ['claims[scope]', ['read'], { scope: 'unread x' }, false],
      ['claims[scope]', ['read write'], { scope: 'read write' }, false],
      ['claims[scope]', ['read'], { scope: ['x', 'read'] }, true],
      ['claims[scope]', ['read'], { scope: ['read write'] }, false],
      ['claims[scope]', ['* '], { scope: 'a ' }, false],
      ['claims[scope]', ['*'], { scope: 'a' }, true],
      ['claims[scope]', ['*'], { scope: '' }, false],
      ['claims[scope]', [' '], { scope: ' ' }, true],
      ['claims[scope]', ['  '], { scope: ' ' }, false],
      ['claims[permission]', ['read'], { permission: 'write read' }, true],
      ['claims[roles]', ['read'], { roles: 'write read' }, true],
      ['claims[role]', ['read'], { role: 'write read' }, false],
      ['claims[a][scope]', ['read'], { a: { scope: 'write read' } }, false],
      ['audiences', ['one', 'two'], { aud: 'two' }, true],
      ['audiences', ['one', 'two'], { aud: ['three', 'two'] }, true],
      ['audiences', ['one', 'two'], { aud: 'three' }, false],
      ['presenter', ['client'], { azp: 'client' }, true],
      ['presenter', ['client'], { azp: 'other', aud: 'client' }, false],
      ['principal', [`${ISSUER}/alice`], {}, true],
      ['principal', ['x/y', `${ISSUER}/alice`], {}, true],
      ['principal', [`${ISSUER}/alice`], { sub: 'bob' }, false],
      ['principal', ['other/alice'], {}, false],
      ['principal', ['*'], {}, true],
      ['principal', ['*'], { sub: undefined }, false],
      ['principal', ['*'], undefined, false],
    ] as [string, string[], JWTPayload | undefined, boolean][]
  ).map(([key, values, claims, holds]): Row => [
    `request.auth.${key}`,
    values,
    claims === undefined ? 'a request without a token' : JSON.stringify(claims),
    { claims },
    holds,
  ]),
];

describe('a condition', () => {
  it.each(ROWS)('%s %j on %s', async (key, values, _, asked, expected) => {
    expect(await holds(key, values, asked)).toBe(expected);
  });

  it('that is one of several must hold as all others do', async () => {
    const when = ['a', 'b', 'c'].map((name) => ({
      key: `request.headers[x-${name}]`,
      values: ['1'],
    }));
    const names = ['x-a', 'x-b', 'x-c'];
    const all = names.map((name): Pair => [name, '1']);
    const plugin = startWith([{ when }]);
    expect(await refused(plugin, '/', { headers: all })).toBe('rule[0]');
    for (const left of names) {
      const headers = all.filter(([name]) => name !== left);
      expect(await refused(plugin, '/', { headers }), left).toBeUndefined();
    }
  });
});

const FILTER = 'envoy.filters.http.test';
const KEY = `experimental.${FILTER}[text]`;

describe('a condition on what another filter has written', () => {
  it.each<[string[], object, boolean]>([
    [['admin'], { text: 'admin' }, true],
    [['user', 'admin'], { text: 'admin' }, true],
    [['admin'], { text: 'admins' }, false],
    [['admin'], { other: 'admin' }, false],
    [['admin'], { other: 'admin', text: 'user' }, false],
    [['admin'], { other: 'user', text: 'admin' }, true],
    [['*'], { text: 'x' }, true],
    [['*'], { text: '' }, false],
    [['*'], {}, false],
    [['1', 'true', '*'], { text: 1 }, false],
    [['1', 'true', '*'], { text: true }, false],
    [['*'], { text: null }, false],
    [['admin'], { text: { text: 'admin' } }, false],
    // A value in brackets is for lists, one without for texts.
    [['[admin]'], { text: 'admin' }, false],
    [['admin'], { text: ['admin'] }, false],
    [['[admin]'], { text: ['admin'] }, true],
    [['[admin]'], { text: ['user', 'admin'] }, true],
    [['[admin]'], { text: [1, true, null, {}, ['x'], 'admin'] }, true],
    [['[admin]'], { text: ['user', 'admins'] }, false],
    [['[admin]'], { text: [['admin']] }, false],
    [['[*min]'], { text: [['admin']] }, false],
    [['[*]'], { text: [1, true, null] }, false],
    [['[admin]'], { text: [] }, false],
    // Every bracket at either end goes.
    [['[]'], { text: [''] }, true],
    [['[[]]'], { text: [''] }, true],
    [['[[admin]'], { text: ['admin'] }, true],
    [['[user]', '[admin]'], { text: ['admin'] }, true],
    [['user', '[admin]'], { text: ['user'] }, false],
    [['user', '[admin]'], { text: 'user' }, true],
  ])('%j on %j: %s', async (values, written, expected) => {
    const connection = { dynamicMetadata: metadataMessage(FILTER, written) };
    expect(await holds(KEY, values, { connection })).toBe(expected);
  });

  it.each<[string, Uint8Array | undefined]>([
    ['no filter has written', undefined],
    ['another filter has written', metadataMessage('envoy.filters.http.other', { text: 'admin' })],
    ['a filter has written that has nothing to say', metadataMessage(FILTER, {})],
    ['is of no bytes', new Uint8Array()],
  ])('does not hold where what it asks for %s', async (_, dynamicMetadata) => {
    const asked = { connection: { dynamicMetadata } };
    expect(await holds(KEY, ['admin', '*', '[*]'], asked)).toBe(false);
  });
});
