// The requests of the soak test: what is asked, and the status that is right.
import { randomBytes } from 'node:crypto';
import { ecKey, rsaKey, signedToken } from '../../istio/token/signing.ts';

/** A kind of request: its status, and requests of it, taken in turn. */
export interface Kind {
  name: string;
  status: number;
  requests: Buffer[];
}

/** How many different tokens of a kind there are: some are known to the module's cache, many are pushed out. */
const TOKENS = 100;
const HOUR_S = 3600;

const rsa = rsaKey('rsa');
const ec = ecKey('P-256', 'ec');
const stranger = rsaKey('rsa');
const unknown = rsaKey('nobody');

/** The key set that the policies have. */
export const KEYS = JSON.stringify({ keys: [rsa.jwk, ec.jwk] });

interface Ask {
  method?: string;
  path?: string;
  host?: string;
  headers?: string[];
}

function bytes({ method = 'GET', path = '/', host = 'soak', headers = [] }: Ask): Buffer {
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${host}`, ...headers];
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

const plain = (name: string, status: number, ask: Ask): Kind => ({
  name,
  status,
  requests: [bytes(ask)],
});

const withToken = (
  name: string,
  status: number,
  ask: (token: string) => Ask,
  make = good,
): Kind => ({
  name,
  status,
  requests: Array.from({ length: TOKENS }, (_, i) => bytes(ask(make(i)))),
});

function claims(i: number, more: object = {}): object {
  const exp = Math.floor(Date.now() / 1000) + HOUR_S;
  return {
    iss: 'a',
    aud: 'x',
    sub: `user-${i}`,
    exp,
    jti: randomBytes(4).toString('hex'),
    ...more,
  };
}

const signed =
  (more: object = {}, header: object = {}) =>
  (i: number): string =>
    signedToken('RS256', rsa, claims(i, more), header);
const good = signed();
const ofB = signed({ iss: 'b', aud: undefined });
const bearer =
  (ask: Ask = {}) =>
  (token: string): Ask => ({ ...ask, headers: [`authorization: Bearer ${token}`] });

/** All kinds. */
export function kinds(): Kind[] {
  const now = Math.floor(Date.now() / 1000);
  return [
    plain('no condition', 200, {}),
    plain('a path', 403, { path: '/denied' }),
    plain('a path with a query', 403, { path: '/denied?x=1' }),
    plain('a path with another case', 200, { path: '/Denied' }),
    plain('the beginning of a path', 403, { path: '/d/x' }),
    plain('the end of a path', 403, { path: '/a.secret' }),
    plain('a path template', 403, { path: '/t/a/end' }),
    plain('more than a path template', 200, { path: '/t/a/b/end' }),
    plain('a method', 403, { method: 'DELETE', path: '/m' }),
    plain('another method', 200, { path: '/m' }),
    plain('a host', 403, { host: 'bad.example' }),
    plain('a host with another case', 403, { host: 'BAD.Example' }),
    plain('the end of a host', 403, { host: 'x.bad.example' }),
    plain('a host with notPaths, inside', 200, { host: 'open.example', path: '/open1' }),
    plain('a host with notPaths, outside', 403, { host: 'open.example', path: '/closed' }),
    plain('a header', 403, { headers: ['x-bad: 1'] }),
    plain('the beginning of a header', 403, { headers: ['x-bad: yes and no'] }),
    plain('another header', 200, { headers: ['x-bad: no'] }),
    plain('an address', 403, { path: '/ip-all' }),
    plain('another address', 200, { path: '/ip-none' }),
    plain('no token where one is needed', 403, { path: '/jwt/x' }),
    plain('no token where ALLOW wants one', 403, { path: '/only/a' }),
    plain('no JWT', 401, { headers: ['authorization: Bearer abc'] }),
    plain('half a JWT', 401, { headers: ['authorization: Bearer e30.e30'] }),
    withToken('a good token', 200, bearer()),
    withToken('a good token, ES256', 200, bearer(), (i) => signedToken('ES256', ec, claims(i))),
    withToken('a good token where one is needed', 200, bearer({ path: '/jwt/x' })),
    withToken('a good token where ALLOW wants one', 200, bearer({ path: '/only/a' })),
    withToken('a good token in the query', 200, (token) => ({ path: `/?access_token=${token}` })),
    withToken(
      'a good token in a cookie',
      200,
      (token) => ({ headers: [`cookie: session=${token}`] }),
      ofB,
    ),
    withToken('a good token in a header', 200, (token) => ({ headers: [`x-b: B ${token}`] }), ofB),
    withToken('an expired token', 401, bearer(), signed({ exp: now - 120 })),
    withToken('a token of tomorrow', 401, bearer(), signed({ nbf: now + 24 * HOUR_S })),
    withToken('a token by another key', 401, bearer(), (i) =>
      signedToken('RS256', stranger, claims(i)),
    ),
    withToken('a token by an unknown kid', 401, bearer(), (i) =>
      signedToken('RS256', unknown, claims(i)),
    ),
    withToken('a token for somebody else', 403, bearer(), signed({ aud: 'z' })),
    withToken('a token of an unknown issuer', 401, bearer(), signed({ iss: 'c' })),
    withToken('a token without algorithm', 401, bearer(), signed({}, { alg: 'none' })),
    withToken('a token that was changed', 401, bearer(), (i) => changed(good(i))),
    withToken(
      'a bad token in a cookie',
      401,
      (token) => ({ headers: [`cookie: session=${token}`] }),
      (i) => changed(ofB(i)),
    ),
    withToken('a good token and a bad one', 401, (token) => ({
      path: `/?access_token=${changed(token)}`,
      headers: [`authorization: Bearer ${token}`],
    })),
    withToken('a principal that is not the one', 403, bearer({ path: '/admin/x' })),
    withToken(
      'a principal that is the one',
      200,
      bearer({ path: '/admin/x' }),
      signed({ sub: 'admin' }),
    ),
    withToken('a claim', 403, bearer(), signed({ role: 'bad' })),
    withToken('another claim', 200, bearer(), signed({ role: 'good' })),
    withToken(
      'one of the claims',
      200,
      bearer({ path: '/only/g' }),
      signed({ groups: ['g0', 'g1'] }),
    ),
    withToken(
      'none of the claims',
      403,
      bearer({ path: '/only/g' }),
      signed({ groups: ['g0', 'g2'] }),
    ),
  ];
}

/** With another signature: its first character is another one. */
function changed(token: string): string {
  const at = token.lastIndexOf('.') + 1;
  return token.slice(0, at) + (token[at] === 'A' ? 'B' : 'A') + token.slice(at + 1);
}
