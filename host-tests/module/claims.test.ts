// What becomes of claims: headers as Envoy writes them, lists joined, and which texts count as the list of their words.
import { beforeEach, describe, expect, it } from 'vitest';
import { octKey, rawToken } from '../../istio/token/signing.ts';
import type { Plugin } from '../../host/process.ts';
import {
  ISSUER,
  denyPolicy,
  request,
  requestAuthentication,
  secretIssuer,
  start,
  status,
} from './fixture.ts';

const key = octKey('one');
const jwks = JSON.stringify({ keys: [key.jwk] });
/** A token whose claims are written so, behind its issuer. */
const written = (claims: string): string =>
  rawToken('{"alg":"HS256"}', `{"iss":"${ISSUER}",${claims}}`, 'HS256', key.secret);
const base64 = (text: string): string => Buffer.from(text).toString('base64');

/** The header that gets the claim. */
function headerOf(plugin: Plugin, token: string): string | undefined {
  const stream = request(plugin, { token });
  plugin.end(stream);
  expect(stream.state).toBe('continued');
  return stream.headers.find(([name]) => name === 'x-claim')?.[1];
}
const writing = (claim: string): object =>
  requestAuthentication({ jwks, outputClaimToHeaders: [{ header: 'x-claim', claim }] });

describe('a claim in a header', () => {
  let plugin: Plugin;
  beforeEach(() => {
    ({ plugin } = start([writing('x')]));
  });

  it.each<[string, string | undefined]>([
    ['0', '0'],
    ['-0', '0'],
    ['7', '7'],
    ['7.0', '7'],
    ['1e3', '1000'],
    ['-1', '-1.000000'],
    ['1.5', '1.500000'],
    ['-0.5', '-0.500000'],
    ['0.0000001', '0.000000'],
    ['18446744073709549568', '18446744073709549568'],
    ['18446744073709551616', '18446744073709551616.000000'],
    ['true', 'true'],
    ['false', 'false'],
    ['null', undefined],
    ['""', undefined],
    ['" "', ' '],
    ['[]', base64('[]')],
    ['["a"]', base64('["a"]')],
    ['{"b":1}', base64('{"b":1}')],
  ])('%s is %j', (claim, text) => {
    const token = written(`"x":${claim}`);
    // The second time it comes from the cache.
    for (let i = 0; i < 2; i++) expect(headerOf(plugin, token)).toBe(text);
  });

  it.each<[string, string, string | undefined]>([
    ['a.b', '"a":{"b":"c"}', 'c'],
    ['a.b', '"a":{"b":{"c":1}}', base64('{"c":1}')],
    ['a.b', '"a.b":"c"', undefined],
    ['a.b', '"a":"b"', undefined],
    ['a.b', '"b":"c","a":{}', undefined],
    ['a', '"a":{"b":"c"}', base64('{"b":"c"}')],
  ])('at the path %s of %s is %j', (path, claims, text) => {
    expect(headerOf(start([writing(path)]).plugin, written(claims))).toBe(text);
  });

  it.each<[string, string | undefined]>([
    // What stands behind the list is none of it.
    ['"x":["a","b"],"b,c":1', 'a,b'],
    ['"x":["a"],"y":null', 'a'],
    ['"x":["a"],"y":[]', 'a'],
    ['"x":[],"y":"z"', undefined],
    ['"x":["a,b"]', base64('["a,b"]')],
    ['"x":[",a"]', base64('[",a"]')],
    ['"x":["a",","]', base64('["a",","]')],
    ['"x":["",""]', ','],
    ['"x":[1.5,-1,false,"a"]', '1.500000,-1.000000,false,a'],
    ['"x":[null]', base64('[null]')],
    ['"x":[{}]', base64('[{}]')],
    ['"x":{"a":["b"]}', base64('{"a":["b"]}')],
  ])('with listClaims: COMMA: of %s is %j', (claims, text) => {
    const { plugin } = start([writing('x')], { listClaims: 'COMMA' });
    expect(headerOf(plugin, written(claims))).toBe(text);
  });
});

describe('the audiences of a token', () => {
  it('are those of its own list, and not what stood there in the token before it', () => {
    const { plugin } = start([requestAuthentication({ jwks, audiences: ['a'] })]);
    const ask = (aud: string): string | undefined => {
      const stream = request(plugin, { token: written(`"aud":${aud}`) });
      plugin.end(stream);
      return stream.reply?.body;
    };
    const wrong = 'Jwt payload [aud] field is not a string or string list';
    const foreign = 'Audiences in Jwt are not allowed';
    // As long as each other: each comes to lie where the one before was.
    expect(ask('["b","a"]')).toBeUndefined();
    expect(ask('["b"    ]')).toBe(foreign);
    expect(ask('["a",7  ]')).toBe(wrong);
    expect(ask('["a"    ]')).toBeUndefined();
    expect(ask('["b",7  ]')).toBe(wrong);
    expect(ask('["b","c"]')).toBe(foreign);
  });
});

describe('a claim in filter state', () => {
  it('is what a header would be, and is not there where a header would not be', () => {
    const { plugin } = start([requestAuthentication({ jwks })], {
      filterStateClaims: ['a', 'b', 'c', 'd.e'],
      listClaims: 'COMMA',
    });
    const token = written('"a":["x","y"],"b":"","c":null,"d":{"e":0.5}');
    const stream = request(plugin, { token });
    const state = (name: string): string | undefined => {
      const bytes = stream.filterState(`portcullis.claim.${name}`);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString();
    };
    expect(['a', 'b', 'c', 'd.e'].map(state)).toEqual(['x,y', undefined, undefined, '0.500000']);
  });
});

describe('a text counts as the list of its words', () => {
  const one = secretIssuer('one');
  const two = secretIssuer('two');
  const RULES = [
    { issuer: 'one', jwks: one.jwks, spaceDelimitedClaims: ['roles', 'groups'] },
    { issuer: 'two', jwks: two.jwks },
  ];
  /** Which of these a rule on the claim refuses. */
  const refused = (claim: string, tokens: string[]): boolean[] => {
    const names = claim
      .split('.')
      .map((name) => `[${name}]`)
      .join('');
    const deny = denyPolicy([{ when: [{ key: `request.auth.claims${names}`, values: ['b'] }] }]);
    const { plugin } = start([requestAuthentication({}, { jwtRules: RULES }), deny]);
    return tokens.map((token) => status(plugin, { token }) === 403);
  };
  const by = (name: string, claims: object): string =>
    (name === 'one' ? one : two).mint({ iss: name, ...claims });

  it.each<[string, unknown, boolean, boolean]>([
    ['scope', 'a b', true, true],
    ['permission', 'a b', true, true],
    ['scope', 'b', true, true],
    ['scope', 'ab', false, false],
    ['roles', 'a b', true, false],
    ['groups', 'a b', true, false],
    ['other', 'a b', false, false],
    ['other', 'b', true, true],
    ['roles', ['a b'], false, false],
    ['roles', ['a', 'b'], true, true],
  ])('%s: %j, by a rule that says so, and by one that does not', (claim, value, first, second) => {
    const tokens = [by('one', { [claim]: value }), by('two', { [claim]: value })];
    expect(refused(claim, tokens)).toEqual([first, second]);
    expect(refused(claim, [...tokens].reverse())).toEqual([second, first]);
  });

  it('only where it is a claim of its own, and no member of another', () => {
    for (const name of ['scope', 'roles']) {
      expect(refused(`a.${name}`, [by('one', { a: { [name]: 'a b' } })])).toEqual([false]);
      expect(refused(`a.${name}`, [by('one', { a: { [name]: 'b' } })])).toEqual([true]);
      expect(refused(`${name}.a`, [by('one', { [name]: { a: 'a b' } })])).toEqual([false]);
    }
  });
});
