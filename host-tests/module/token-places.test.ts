// Where a rule finds its tokens: what stands around one, which of several counts, and what of the request is theirs to look at.
import { describe, expect, it } from 'vitest';
import type { Plugin } from '../../host/process.ts';
import {
  ISSUER,
  type RequestOptions,
  denyPolicy,
  request,
  requestAuthentication,
  secretIssuer,
  start,
  status,
} from './fixture.ts';

const { jwks, mint } = secretIssuer();
const BAD_FORMAT =
  'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections';
/** Refuses whoever has no token. */
const REQUIRED = denyPolicy([{ from: [{ source: { notRequestPrincipals: ['*'] } }] }]);

const startWith = (rule: object, ...more: object[]): Plugin =>
  start([requestAuthentication({ jwks, ...rule }), ...more]).plugin;
const startWithRules = (...jwtRules: object[]): Plugin =>
  start([requestAuthentication({}, { jwtRules }), REQUIRED]).plugin;

/** The body of a refusal. */
function refused(plugin: Plugin, options: RequestOptions): string | undefined {
  const stream = request(plugin, options);
  plugin.end(stream);
  return stream.reply?.body;
}

describe('a prefix', () => {
  it('is followed by the token from the first character on that one can have', () => {
    const plugin = startWith({ fromHeaders: [{ name: 'x-a', prefix: 'Token:' }] }, REQUIRED);
    const token = mint();
    const all = Array.from({ length: 0xff - 0x20 }, (_, i) => String.fromCharCode(0x21 + i));
    const skipped = all.filter(
      (c) => status(plugin, { headers: [['x-a', `Token:${c}${token}`]] }) === 200,
    );
    expect(skipped).toEqual(all.filter((c) => !/[A-Za-z0-9\-_.]/.test(c)));
    expect(status(plugin, { headers: [['x-a', `Token: ,; ${token}`]] })).toBe(200);
  });

  it.each([
    ['Token:', BAD_FORMAT],
    ['Token:,;', BAD_FORMAT],
    ['x Token:', BAD_FORMAT],
    ['Token', 'RBAC: access denied'],
    ['oken:', 'RBAC: access denied'],
    ['token:', 'RBAC: access denied'],
    ['', 'RBAC: access denied'],
  ])(
    'without a token behind it is a bad one, and without the prefix there is none: %j',
    (value, body) => {
      const plugin = startWith({ fromHeaders: [{ name: 'x-a', prefix: 'Token:' }] }, REQUIRED);
      expect(refused(plugin, { headers: [['x-a', value]] })).toBe(body);
    },
  );
});

describe('a header', () => {
  it('whose value is empty has a bad token where no prefix is asked for', () => {
    const plugin = startWith({ fromHeaders: [{ name: 'x-a' }] });
    expect(refused(plugin, { headers: [['x-a', '']] })).toBe(BAD_FORMAT);
    expect(refused(plugin, {})).toBeUndefined();
  });

  it('is read value by value, but Authorization as one', () => {
    const [good, bad] = [mint(), mint({ exp: 1 })];
    const at = (name: string, ...values: string[]): RequestOptions => ({
      headers: values.map((value) => [name, value]),
    });
    const own = startWith({ fromHeaders: [{ name: 'x-a', prefix: 'A ' }] }, REQUIRED);
    expect(refused(own, at('x-a', 'B x', `A ${good}`, 'C y'))).toBeUndefined();
    expect(refused(own, at('x-a', `A ${good}`, `A ${bad}`))).toBe('Jwt is expired');
    expect(refused(own, at('x-a', `A ${bad}`, `A ${good}`))).toBe('Jwt is expired');
    const usual = startWith({}, REQUIRED);
    expect(refused(usual, at('authorization', 'Basic x', `Bearer ${good}`))).toBeUndefined();
    // What is joined behind a token is a part of its signature.
    expect(refused(usual, at('authorization', `Bearer ${good}`, 'x'))).toBe(
      'Jwt signature is an invalid Base64url encoded',
    );
    const many = Array.from({ length: 40 }, (_, i) => `${i % 10}`);
    expect(refused(usual, at('authorization', ...many, `Bearer ${good}`))).toBeUndefined();
    // What is joined has room for all that stands between, and a token that is not known yet is read in it.
    const none = Array<string>(200).fill('');
    const other = mint({ jti: 'other' });
    expect(refused(usual, at('authorization', ...none, `Bearer ${other}`))).toBeUndefined();
  });
});

describe('a rule looks into its own places where another one has', () => {
  it.each<[string, object, object, (token: string) => RequestOptions]>([
    [
      'a header less',
      { fromHeaders: [{ name: 'x-a' }] },
      { fromHeaders: [{ name: 'x-a' }, { name: 'x-b' }] },
      (token) => ({ headers: [['x-b', token]] }),
    ],
    [
      'another header',
      { fromHeaders: [{ name: 'x-a' }] },
      { fromHeaders: [{ name: 'x-b' }] },
      (token) => ({ headers: [['x-b', token]] }),
    ],
    [
      'another prefix',
      { fromHeaders: [{ name: 'x-a', prefix: 'A ' }] },
      { fromHeaders: [{ name: 'x-a', prefix: 'B ' }] },
      (token) => ({ headers: [['x-a', `B ${token}`]] }),
    ],
    [
      'a parameter less',
      { fromParams: ['p'] },
      { fromParams: ['p', 'q'] },
      (token) => ({ path: `/?q=${token}` }),
    ],
    [
      'another parameter',
      { fromParams: ['p'] },
      { fromParams: ['q'] },
      (token) => ({ path: `/?q=${token}` }),
    ],
    [
      'no cookie',
      { fromParams: ['p'] },
      { fromParams: ['p'], fromCookies: ['c'] },
      (token) => ({ headers: [['cookie', `c=${token}`]] }),
    ],
    [
      'no parameter',
      { fromCookies: ['c'] },
      { fromParams: ['p'], fromCookies: ['c'] },
      (token) => ({ path: `/?p=${token}` }),
    ],
  ])('%s', (_, before, own, asked) => {
    const plugin = startWithRules(
      // Rules are tried in the order of their issuers.
      { issuer: 'a', jwks, ...before },
      { issuer: ISSUER, jwks, ...own },
    );
    expect(refused(plugin, asked(mint()))).toBeUndefined();
    expect(refused(plugin, asked(mint({ exp: 1 })))).toBe('Jwt is expired');
  });
});

describe('of several tokens', () => {
  const RULE = {
    fromHeaders: [{ name: 'x-b' }, { name: 'x-a', prefix: 'z:' }, { name: 'x-a', prefix: 'y:' }],
    fromParams: ['q', 'p'],
    fromCookies: ['d', 'c'],
  };
  /** The places of the rule in the order in which they count. */
  const PLACES = ['x-a y:', 'x-a z:', 'x-b ', 'p', 'q', 'c', 'd'];

  it('the one counts whose place comes first: headers, parameters, cookies, each by name', () => {
    const rules = [requestAuthentication({ jwks, ...RULE })];
    const { plugin } = start(rules, { filterStateClaims: ['sub'] });
    PLACES.forEach((place, first) => {
      const headers: [string, string][] = [];
      const [parameters, cookies]: string[][] = [[], []];
      for (const other of PLACES.slice(first)) {
        const token = mint({ sub: other });
        const [name, prefix] = other.split(' ') as [string, string?];
        if (prefix !== undefined) headers.push([name, `${prefix}${token}`]);
        else if ('pq'.includes(name)) parameters!.push(`${name}=${token}`);
        else cookies!.push(`${name}=${token}`);
      }
      headers.push(['cookie', cookies!.join('; ')]);
      const stream = request(plugin, { path: `/?${parameters!.join('&')}`, headers });
      expect(stream.state, place).toBe('continued');
      const subject = stream.filterState('portcullis.claim.sub');
      expect(Buffer.from(subject!).toString()).toBe(place);
      plugin.end(stream);
    });
  });

  it('each is counted once, though its place is named twice', () => {
    const twice = (names: string[]): string[] => [...names, ...names];
    const names = Array.from({ length: 32 }, (_, i) => `n${i}`);
    const token = mint();
    const headers = startWith({ fromHeaders: twice(names).map((name) => ({ name })) });
    const parameters = startWith({ fromParams: twice(names) });
    const cookies = startWith({ fromCookies: twice(names) });
    const asked: [Plugin, (some: string[]) => RequestOptions][] = [
      [headers, (some) => ({ headers: some.map((name) => [name, token]) })],
      [parameters, (some) => ({ path: `/?${some.map((name) => `${name}=${token}`).join('&')}` })],
      [
        cookies,
        (some) => ({ headers: [['cookie', some.map((name) => `${name}=${token}`).join('; ')]] }),
      ],
    ];
    for (const [plugin, of] of asked) {
      expect(status(plugin, of(names))).toBe(200);
      expect(refused(plugin, of(['n0', 'n0']))).toBeUndefined();
    }
  });
});

describe('more tokens than there may be', () => {
  it.each<[string, (i: number) => string]>([
    ['of different texts', (i) => mint({ jti: `${i}` })],
    ['of one text', () => mint()],
  ])('are refused, and the next request is not: %s', (_, token) => {
    const plugin = startWith({ fromHeaders: [{ name: 'x-a' }] }, REQUIRED);
    const bodies = [32, 33, 32, 0, 1].map((count) => {
      const tokens = Array.from({ length: count }, (_, i) => token(i));
      return refused(plugin, { headers: tokens.map((text) => ['x-a', text]) });
    });
    const tooMany = 'Found multiple Jwt tokens';
    expect(bodies).toEqual([undefined, tooMany, undefined, 'RBAC: access denied', undefined]);
  });
});

describe('a rule with more places than are sorted in place', () => {
  const names = Array.from({ length: 300 }, (_, i) => `n${i}`);
  const token = mint();

  it.each<[string, object, (name: string) => RequestOptions]>([
    [
      'headers',
      { fromHeaders: names.map((name) => ({ name, prefix: 'A ' })) },
      (name) => ({ headers: [[name, `A ${token}`]] }),
    ],
    ['parameters', { fromParams: names }, (name) => ({ path: `/?${name}=${token}` })],
    ['cookies', { fromCookies: names }, (name) => ({ headers: [['cookie', `${name}=${token}`]] })],
  ])('looks into all of its %s', (_, rule, at) => {
    const { plugin, process } = start([requestAuthentication({ jwks, ...rule }), REQUIRED]);
    expect(process.traps).toEqual([]);
    const seen = ['n0', 'n47', 'n48', 'n150', 'n299', 'n300'].map((name) =>
      status(plugin, at(name)),
    );
    expect(seen).toEqual([200, 200, 200, 200, 200, 403]);
  });
});

describe('a token is not found', () => {
  /** Rules that write a header of their own place, and a request with a token there. */
  it.each<[string, object, (token: string) => RequestOptions]>([
    [
      'x-a',
      { fromHeaders: [{ name: 'x-a' }], outputPayloadToHeader: 'x-a' },
      (token) => ({ headers: [['x-a', token]] }),
    ],
    [
      'authorization',
      { outputClaimToHeaders: [{ header: 'Authorization', claim: 'sub' }] },
      (token) => ({ token }),
    ],
    [
      'cookie',
      { fromCookies: ['a'], outputClaimToHeaders: [{ header: 'cookie', claim: 'sub' }] },
      (token) => ({ headers: [['cookie', `a=${token}`]] }),
    ],
  ])('in the header %s where only the rule may write it', (_, rule, asked) => {
    const plugin = startWith(rule, REQUIRED);
    expect(refused(plugin, asked(mint()))).toBe('RBAC: access denied');
    expect(refused(plugin, asked('bad'))).toBe('RBAC: access denied');
    expect(refused(startWith(rule), asked('bad'))).toBeUndefined();
  });

  it('by a second rule where the first has taken it out, though another of its own was bad', () => {
    const [first, second] = [mint(), mint({ iss: 'two', sub: 'bob' })];
    const at = (...names: string[]): object => ({ fromHeaders: names.map((name) => ({ name })) });
    const rules = [
      { issuer: ISSUER, jwks, ...at('x-a', 'x-b') },
      { issuer: 'two', jwks, ...at('x-b', 'x-c') },
    ];
    const headers: [string, string][] = [
      ['x-a', 'bad'],
      ['x-b', first],
      ['x-c', second],
    ];
    expect(status(startWithRules(...rules), { headers })).toBe(200);
    // One that stays is there for both.
    const forwarding = rules.map((rule) => ({ ...rule, forwardOriginalToken: true }));
    expect(status(startWithRules(...forwarding), { headers })).toBe(401);
  });

  it('a second time, but every bad one that is left is: one that is good does not make up for it', () => {
    const at = (...names: string[]): object => ({ fromHeaders: names.map((name) => ({ name })) });
    const plugin = startWithRules(
      { issuer: 'a', jwks, ...at('x-2', 'x-3'), forwardOriginalToken: true },
      { issuer: 'b', jwks, ...at('x-1', 'x-2') },
    );
    const [a, b] = [mint({ iss: 'a' }), mint({ iss: 'b' })];
    const with1 = (token: string): RequestOptions => ({
      headers: [
        ['x-1', token],
        ['x-2', b],
        ['x-3', a],
      ],
    });
    // The second rule takes x-2 out, of which the first knew nothing good, and then finds x-1.
    expect(refused(plugin, with1('bad'))).toBe(BAD_FORMAT);
    expect(refused(plugin, with1(b))).toBeUndefined();
  });
});
