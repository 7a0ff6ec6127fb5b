import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { signToken } from '../istio/token/mint.ts';
import { publicJwk, generatePrivateKey, readPrivateKey } from '../istio/token/keys.ts';
import { askBoth } from './side-by-side.ts';
import type { Ask } from './ask.ts';
import { World, key, oracle, showDetails } from './world.ts';

const ISSUER = 'testing@secure.istio.io';
const now = (): number => Math.floor(Date.now() / 1000);

/** A token with these claims; `undefined` leaves one out. */
function token(claims: object = {}, header: object = {}, signer = key): string {
  const payload = { iss: ISSUER, sub: 'alice', exp: now() + 3600, ...claims };
  return signToken(signer, payload, { alg: 'RS256', kid: publicJwk(key).kid, ...header });
}

/** A token of any header and payload text. */
function raw(header: string, payload: string): string {
  const encode = (text: string): string => Buffer.from(text).toString('base64url');
  return `${encode(header)}.${encode(payload)}.${token().split('.')[2]}`;
}

function suite(name: string, tests: (world: () => World) => void): void {
  describe(`${name}: the module answers as istiod's native filters do`, () => {
    let world: World;
    beforeAll(async () => {
      world = await World.start({ ...oracle(name), change: showDetails });
    });
    afterAll(() => world?.stop());
    tests(() => world);
  });
}

const stranger = readPrivateKey(generatePrivateKey());
const good = token();
const [h, p, s] = good.split('.') as [string, string, string];
const RS = '{"alg":"RS256"}';
const BODY = `{"iss":"${ISSUER}"}`;

suite('task', (world) => {
  it.each<[string, Ask, number]>([
    ['no token, a path that needs one', {}, 403],
    ['no token, another path', { path: '/ip' }, 200],
    ['a valid token', { token: good }, 200],
    ['a valid token, HEAD', { token: good, method: 'POST' }, 200],
    ['garbage', { token: 'deadbeef' }, 401],
    // Tokens are as old as this file: how near the 60 s are met is seen in the Node host, whose clock stands still.
    ['exp a moment ago', { token: token({ exp: now() - 2 }) }, 200],
    ['exp 65 s ago', { token: token({ exp: now() - 65 }) }, 401],
    ['nbf in 55 s', { token: token({ nbf: now() + 55 }) }, 200],
    ['nbf in ten minutes', { token: token({ nbf: now() + 600 }) }, 401],
    ['no exp', { token: token({ exp: undefined }) }, 200],
    ['exp 0', { token: token({ exp: 0 }) }, 200],
    ['exp in a fraction', { token: token({ exp: now() + 0.5 }) }, 200],
    ['exp as a string', { token: token({ exp: '1' }) }, 401],
    ['exp negative', { token: token({ exp: -1 }) }, 401],
    ['exp beyond 64 bits', { token: token({ exp: 1e20 }) }, 401],
    ['exp null', { token: raw(RS, '{"exp":null}') }, 401],
    ['nbf as a boolean', { token: token({ nbf: true }) }, 401],
    ['nbf negative', { token: token({ nbf: -0.5 }) }, 401],
    ['iat as a string', { token: token({ iat: 'x' }) }, 401],
    ['iat negative', { token: token({ iat: -1 }) }, 401],
    ['jti as a number', { token: token({ jti: 1 }) }, 401],
    ['aud as a number', { token: token({ aud: 1 }) }, 401],
    ['aud as a mixed list', { token: token({ aud: ['a', 1] }) }, 401],
    ['aud as a list', { token: token({ aud: ['a', 'b'] }) }, 200],
    ['another issuer', { token: token({ iss: 'x' }) }, 401],
    ['no issuer', { token: token({ iss: undefined }) }, 401],
    ['issuer as a number', { token: token({ iss: 1 }) }, 401],
    ['another issuer, and expired', { token: token({ iss: 'x', exp: 1 }) }, 401],
    ['expired, and signed by a stranger', { token: token({ exp: 1 }, {}, stranger) }, 401],
    ['signed by a stranger', { token: token({}, {}, stranger) }, 401],
    ['unknown kid', { token: token({}, { kid: 'x' }) }, 401],
    ['no kid', { token: token({}, { kid: undefined }) }, 200],
    ['kid of no characters', { token: token({}, { kid: '' }) }, 200],
    ['kid as a number', { token: token({}, { kid: 1 }) }, 401],
    ['typ and cty of any kind', { token: token({}, { typ: 1, cty: [] }) }, 200],
    ['no sub', { token: token({ sub: undefined }) }, 403],
    ['sub of no characters', { token: token({ sub: '' }) }, 403],
    ['sub with a line feed', { token: token({ sub: 'a\nb' }) }, 403],
    ['sub as a number', { token: token({ sub: 1 }) }, 401],
    ['alg none', { token: raw('{"alg":"none"}', BODY) }, 401],
    ['alg in lower case', { token: raw('{"alg":"rs256"}', BODY) }, 401],
    ['alg missing', { token: raw('{}', BODY) }, 401],
    ['alg as a number', { token: raw('{"alg":1}', BODY) }, 401],
    ['HS256 with the public key set', { token: raw('{"alg":"HS256"}', BODY) }, 401],
    ['RS384 with the signature of RS256', { token: raw('{"alg":"RS384"}', BODY) }, 401],
    ['a header that is a list', { token: raw('[]', BODY) }, 401],
    ['a header that is no JSON', { token: raw('{', BODY) }, 401],
    ['a payload that is no JSON', { token: raw(RS, 'x') }, 401],
    ['a payload with a key twice', { token: raw(RS, '{"iss":"a","iss":"a"}') }, 401],
    ['a payload with an escaped key twice', { token: raw(RS, '{"iss":"a","\\u0069ss":"a"}') }, 401],
    ['a payload with a huge number', { token: raw(RS, '{"x":1e400}') }, 401],
    ['a payload with a BOM', { token: raw(RS, `\ufeff${BODY}`) }, 401],
    ['a payload followed by white space', { token: raw(RS, `${BODY} \n`) }, 401],
    ['a payload 100 deep', { token: token({ x: nested(99) }) }, 200],
    ['a payload 101 deep', { token: token({ x: nested(100) }) }, 401],
    ['two sections', { token: `${h}.${p}` }, 401],
    ['four sections', { token: `${h}.${p}.${s}.x` }, 401],
    ['an empty signature', { token: `${h}.${p}.` }, 401],
    ['only dots', { token: '..' }, 401],
    ['a header of another alphabet', { token: `a+b.${p}.${s}` }, 401],
    ['a payload of another alphabet', { token: `${h}.a/b.${s}` }, 401],
    ['a signature of another alphabet', { token: `${h}.${p}.a+b` }, 401],
    ['a signature of one character', { token: `${h}.${p}.a` }, 401],
    ['a signature cut short', { token: `${h}.${p}.${s.slice(0, -2)}` }, 401],
    [
      'a signature with a changed byte',
      { token: `${h}.${p}.${s.startsWith('A') ? 'B' : 'A'}${s.slice(1)}` },
      401,
    ],
    [
      'a payload with a changed byte',
      { token: `${h}.${Buffer.from(BODY).toString('base64url')}.${s}` },
      401,
    ],
    ['a lower-case scheme', { headers: ['authorization', `bearer ${good}`] }, 403],
    ['no scheme', { headers: ['authorization', good] }, 403],
    ['another scheme', { headers: ['authorization', 'Basic abc'] }, 403],
    ['a scheme alone', { headers: ['authorization', 'Bearer '] }, 403],
    ['two blanks', { headers: ['authorization', `Bearer  ${good}`] }, 200],
    ['the scheme further in', { headers: ['authorization', `foo Bearer ${good}`] }, 200],
    ['something before the token', { headers: ['authorization', `Bearer ,"${good}`] }, 200],
    ['something behind the token', { headers: ['authorization', `Bearer ${good},x`] }, 401],
    ['no character of a token', { headers: ['authorization', 'Bearer !!!'] }, 401],
    [
      'two headers, both good',
      { headers: ['authorization', `Bearer ${good}`, 'authorization', `Bearer ${good}`] },
      401,
    ],
    [
      'two headers, the first of another scheme',
      { headers: ['authorization', 'Basic x', 'authorization', `Bearer ${good}`] },
      200,
    ],
    [
      'two headers, the second bad',
      { headers: ['authorization', `Bearer ${good}`, 'authorization', 'Bearer x'] },
      401,
    ],
    ['the query', { path: `/headers?access_token=${good}` }, 200],
    ['the query, encoded', { path: `/headers?%61ccess_token=${good.replaceAll('.', '%2E')}` }, 200],
    ['the query, twice', { path: `/headers?access_token=${good}&access_token=x` }, 200],
    ['the query, garbage first', { path: `/headers?a=b&access_token=${good}` }, 200],
    ['the query in another case', { path: `/headers?Access_Token=${good}` }, 403],
    ['header and query', { token: good, path: `/headers?access_token=${good}` }, 200],
    ['another path, two slashes', { path: '//headers' }, 200],
    ['the path with dots', { path: '/x/../headers' }, 403],
    ['the path, encoded slash', { path: '/%2fheaders' }, 404],
    ['the path in another case', { path: '/HEADERS' }, 404],
    ['the path with a query', { path: '/headers?x=/ip' }, 403],
    ['the path with a parameter', { path: '/headers;a=b' }, 404],
    [
      'a preflight',
      {
        method: 'OPTIONS',
        headers: ['origin', 'https://a', 'access-control-request-method', 'GET'],
        path: '/ip',
      },
      200,
    ],
    [
      'a preflight with a bad token',
      {
        method: 'OPTIONS',
        token: 'x',
        headers: ['origin', 'https://a', 'access-control-request-method', 'GET'],
        path: '/ip',
      },
      200,
    ],
    [
      'a preflight without origin',
      {
        method: 'OPTIONS',
        token: 'x',
        headers: ['access-control-request-method', 'GET'],
        path: '/ip',
      },
      401,
    ],
    ['a long path in the challenge', { token: 'x', path: `/${'a'.repeat(300)}` }, 401],
    ['another host in the challenge', { token: 'x', host: 'other.example:81' }, 401],
    ['https claimed by the client', { token: 'x', headers: ['x-forwarded-proto', 'https'] }, 401],
    [
      'an original path claimed by the client',
      { token: 'x', headers: ['x-envoy-original-path', '/o'] },
      401,
    ],
  ])('%s', async (_, ask, status) => {
    expect((await askBoth(world(), ask)).status).toBe(status);
    // A second time: ours from the cache.
    expect((await askBoth(world(), ask)).status).toBe(status);
  });
});

suite('forward', (world) => {
  it.each<[string, Ask, number]>([
    ['no token', {}, 200],
    ['a valid token', { token: good }, 200],
    ['a valid token in the query', { path: `/headers?access_token=${good}` }, 200],
    ['garbage', { token: 'x' }, 401],
  ])('%s', async (_, ask, status) => {
    expect((await askBoth(world(), ask)).status).toBe(status);
  });
});

suite('principals', (world) => {
  const paths =
    'any not-any exact not-exact issuer prefix suffix subject both begins no-subject stars list but'.split(
      ' ',
    );
  const iss = 'https://idp.example/a';
  const people: [string, string | undefined][] = [
    ['nobody', undefined],
    ['alice', token({ iss, sub: 'alice' })],
    ['bob', token({ iss, sub: 'bob' })],
    ['malice', token({ iss, sub: 'malice' })],
    ['a/alice', token({ iss, sub: 'a/alice' })],
    ['*', token({ iss, sub: '*' })],
    ['no subject', token({ iss, sub: undefined })],
    ['an empty subject', token({ iss, sub: '' })],
    ['a subject of two lines', token({ iss, sub: 'al\nice' })],
    ['a subject beyond ASCII', token({ iss, sub: 'älice' })],
  ];
  it.each(people)('%s on every form of a principal', async (_, token) => {
    for (const path of paths) await askBoth(world(), { path: `/${path}`, token });
  });

  it('somebody who speaks for two', async () => {
    const [alice, bob] = [people[1]![1]!, people[2]![1]!];
    for (const path of paths) {
      await askBoth(world(), { path: `/${path}?access_token=${bob}`, token: alice });
      await askBoth(world(), { path: `/${path}?access_token=${alice}`, token: bob });
    }
  });
});

suite('operations', (world) => {
  const paths = [
    '/exact',
    '/exact/',
    '/Exact',
    '/prefix',
    '/prefix/x',
    '/pref',
    '/a/suffix',
    '/suffix/',
    '/mid*dle',
    '/midXdle',
    '/public',
    '/public/x',
    '/a.html',
    '/a.html?x',
    '/either',
    '/',
    '/a%2fsuffix',
    '/exact%20',
    '/./exact',
    '/a/../exact',
  ];
  const hosts = [
    'paths.example',
    'PATHS.example',
    'paths.example:80',
    'not-paths.example',
    'any-path.example',
    'methods.example',
    'any-method.example',
    'not-methods.example',
    'x.suffix.example',
    'suffix.example',
    '.suffix.example',
    'X.SUFFIX.EXAMPLE',
    'prefix.x',
    'prefix',
    'with-port.example',
    'with-port.example:80',
    'ports.example',
    'not-ports.example',
    'both.example',
    'else',
  ];
  it.each(hosts)('host %s', async (host) => {
    for (const path of paths) await askBoth(world(), { host, path });
    for (const method of ['HEAD', 'POST', 'PUT', 'DELETE', 'get', 'TRACE']) {
      // A HEAD has no body to compare, and Envoy refuses TRACE before any filter.
      if (method === 'HEAD') continue;
      await askBoth(world(), { host, path: '/anything', method });
    }
  });
});

suite('deny-all', (world) => {
  it('anything', async () => {
    expect((await askBoth(world(), {})).status).toBe(403);
    expect((await askBoth(world(), { token: good })).status).toBe(403);
  });
});

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

suite('written-headers', (world) => {
  const admin = { token: token({ group: 'admin' }) };
  it.each<[string, Ask, number]>([
    ['a rule on a claim, by its token', { ...admin, path: '/headers' }, 200],
    ['… by another token', { token: token({ group: 'dev' }), path: '/headers' }, 403],
    ['… by a header that the client invents', { headers: ['x-group', 'admin'] }, 403],
    [
      '… by such a header beside a token that says otherwise',
      { token: token({ group: 'dev' }), headers: ['x-group', 'admin'] },
      403,
    ],
    [
      '… by such a header beside a token that says nothing',
      { token: good, headers: ['X-Group', 'admin'] },
      403,
    ],
    [
      '… by such a header, in a preflight request',
      {
        method: 'OPTIONS',
        headers: ['origin', 'a', 'access-control-request-method', 'GET', 'x-group', 'admin'],
      },
      403,
    ],
    ['a rule on a token that is taken out', { ...admin, path: '/ip' }, 403],
    ['… on one that is none', { headers: ['authorization', 'Basic abc'], path: '/ip' }, 200],
    ['a rule on a header without a token', { path: '/get' }, 200],
    ['… with one, taken out', { headers: ['x-token', good], path: '/get' }, 200],
    ['… with a bad one', { headers: ['x-token', 'x'], path: '/get' }, 401],
    ['… from a parameter', { path: `/get?token=${good}` }, 200],
    ['a rule on the payload, by a token', { ...admin, path: '/anything' }, 200],
    ['… without a token', { path: '/anything' }, 403],
    ['… invented', { headers: ['x-payload', 'e30'], path: '/anything' }, 403],
    ['a rule that wants no payload, by a token', { ...admin, path: '/anything/x' }, 403],
    ['… invented', { headers: ['x-payload', 'e30'], path: '/anything/x' }, 200],
  ])('%s', async (_, ask, status) => {
    expect((await askBoth(world(), ask)).status).toBe(status);
  });
});
