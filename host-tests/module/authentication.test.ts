import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Plugin } from '../../host/process.ts';
import {
  ISSUER,
  type Issuer,
  NOW,
  type RequestOptions,
  type World,
  configuration,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  status,
  update,
} from './fixture.ts';

let issuer: Issuer;
let other: Issuer;
let plugin: Plugin;

beforeAll(async () => {
  issuer = await makeIssuer();
  other = await makeIssuer('two');
});
beforeEach(() => {
  plugin = start([requestAuthentication({ jwks: issuer.jwks })]).plugin;
});

/** The body of a refusal. */
function refused(by: Plugin, options: RequestOptions): string | undefined {
  const stream = request(by, options);
  by.end(stream);
  return stream.reply?.body;
}

const refusal = (token: string): string | undefined => refused(plugin, { token });

/** A token of any header and payload text, signed as RS256. */
async function raw(header: string, payload: string): Promise<string> {
  const text = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  const signature = await crypto.subtle.sign('RSASSA-PKCS1-v1_5', issuer.key, Buffer.from(text));
  return `${text}.${Buffer.from(signature).toString('base64url')}`;
}

const HEADER = '{"alg":"RS256"}';
const PAYLOAD = `{"iss":"${ISSUER}"}`;

describe('a token', () => {
  it('is accepted when it is valid, again and again, and is not forwarded', async () => {
    const token = await mint(issuer);
    for (let i = 0; i < 3; i++) {
      const stream = request(plugin, { token });
      expect(stream.state).toBe('continued');
      expect(stream.headers.map(([name]) => name)).not.toContain('authorization');
      plugin.end(stream);
    }
  });

  it('is forwarded when the rule says so', async () => {
    const forwarding = start([
      requestAuthentication({ jwks: issuer.jwks, forwardOriginalToken: true }),
    ]).plugin;
    const token = await mint(issuer);
    expect(request(forwarding, { token }).headers).toContainEqual([
      'authorization',
      `Bearer ${token}`,
    ]);
    const path = `/ip?access_token=${token}`;
    expect(request(forwarding, { path }).headers).toContainEqual([':path', path]);
  });

  it('is forwarded when the plugin says so, whatever the rules say', async () => {
    const rules = [requestAuthentication({ jwks: issuer.jwks, forwardOriginalToken: false })];
    const { plugin: forwarding } = start(rules, { forwardOriginalToken: true });
    const token = await mint(issuer);
    expect(request(forwarding, { token }).headers).toContainEqual([
      'authorization',
      `Bearer ${token}`,
    ]);
    const path = `/ip?access_token=${token}`;
    expect(request(forwarding, { path }).headers).toContainEqual([':path', path]);
    expect(status(forwarding, { token: 'deadbeef' })).toBe(401);
  });

  it('is not needed', () => {
    expect(status(plugin)).toBe(200);
  });

  it('is taken from the query, and out of it', async () => {
    const token = await mint(issuer);
    const stream = request(plugin, { path: `/ip?a=%20+b&access_token=${token}&c=1` });
    expect(stream.headers).toContainEqual([':path', '/ip?a=%20+b&c=1']);
  });

  it.each([
    ['exp 61 s ago', { exp: NOW - 61 }, 'Jwt is expired'],
    ['exp 60 s ago', { exp: NOW - 60 }, undefined],
    ['exp long ago, in a fraction', { exp: NOW - 60.5 }, 'Jwt is expired'],
    ['exp 0, which means none', { exp: 0 }, undefined],
    ['no exp', { exp: undefined }, undefined],
    ['nbf in 60 s', { nbf: NOW + 60 }, undefined],
    ['nbf in 61 s', { nbf: NOW + 61 }, 'Jwt not yet valid'],
    ['nbf 0', { nbf: 0 }, undefined],
    ['iat in the future', { iat: NOW + 10_000 }, undefined],
    ['iat 0', { iat: 0 }, undefined],
    ['jti', { jti: 'x' }, undefined],
    ['several aud', { aud: ['a', 'b'] }, undefined],
    ['no aud in its list', { aud: [] }, undefined],
    ['another issuer', { iss: 'someone' }, 'Jwt issuer is not configured'],
    [
      'an issuer that only begins the same',
      { iss: `${ISSUER}.evil` },
      'Jwt issuer is not configured',
    ],
    ['no issuer', { iss: undefined }, 'Jwt issuer is not configured'],
    ['another issuer and expired', { iss: 'x', exp: 1 }, 'Jwt issuer is not configured'],
  ])('with %s is judged by its claims', async (_, claims, body) => {
    const token = await mint(issuer, claims);
    expect(refusal(token)).toBe(body);
    // The second time it comes from the cache, where it got there.
    expect(refusal(token)).toBe(body);
  });

  it('is judged by its own claims, not by those of the one before it', async () => {
    const { plugin } = start([requestAuthentication({ jwks: issuer.jwks })]);
    const timeless = await mint(issuer, { exp: undefined });
    const early = await mint(issuer, { exp: undefined, nbf: NOW + 61 });
    const expired = await mint(issuer, { exp: NOW - 61 });
    const nameless = await mint(issuer, { exp: undefined, iss: undefined, sub: undefined });
    const seen = [timeless, early, timeless, expired, timeless, early, expired, nameless].map(
      (token) => refused(plugin, { token }),
    );
    expect(seen).toEqual([
      undefined,
      'Jwt not yet valid',
      undefined,
      'Jwt is expired',
      undefined,
      'Jwt not yet valid',
      'Jwt is expired',
      'Jwt issuer is not configured',
    ]);
  });

  it('that one rule has verified is not good for another, however often it has come', async () => {
    const other = await makeIssuer('two');
    const { plugin } = start([
      requestAuthentication(
        {},
        {
          jwtRules: [
            {
              issuer: ISSUER,
              jwks: issuer.jwks,
              audiences: ['one'],
              fromHeaders: [{ name: 'x-one' }],
            },
            {
              issuer: ISSUER,
              jwks: issuer.jwks,
              audiences: ['two'],
              fromHeaders: [{ name: 'x-two' }],
            },
            { issuer: ISSUER, jwks: other.jwks, fromHeaders: [{ name: 'x-other-key' }] },
          ],
        },
      ),
    ]);
    const token = await mint(issuer, { aud: 'one' });
    const by = (name: string): number | string => status(plugin, { headers: [[name, token]] });
    for (let i = 0; i < 3; i++) {
      expect([by('x-one'), by('x-two'), by('x-other-key')]).toEqual([200, 403, 401]);
      expect([by('x-one'), by('x-one')]).toEqual([200, 200]);
    }
  });

  it('may have 64 KiB, and not a byte more', async () => {
    const { plugin } = start([requestAuthentication({ jwks: issuer.jwks })]);
    const [header, payload, signature] = (await mint(issuer, { pad: '' }, { x: '' })).split('.');
    const sized = (bytes: number): Promise<string> => {
      const left = bytes - signature!.length - 2;
      const length = (part: string, more: number): number =>
        Math.ceil(((Buffer.from(part, 'base64url').length + more) * 4) / 3);
      // No text of base64url has a length of 4n + 1: what one part cannot have, the other makes up for.
      for (let x = 0; x < 3; x++) {
        for (let pad = 0; length(payload!, pad) <= left; pad++) {
          if (length(header!, x) + length(payload!, pad) === left)
            return mint(issuer, { pad: 'p'.repeat(pad) }, { x: 'x'.repeat(x) });
        }
      }
      throw new Error(`no token of ${bytes} bytes`);
    };
    expect((await sized(65_536)).length).toBe(65_536);
    expect((await sized(65_537)).length).toBe(65_537);
    expect(status(plugin, { token: await sized(65_536) })).toBe(200);
    expect(status(plugin, { token: await sized(65_537) })).toBe(401);
  });

  it('expires while it is cached', async () => {
    const { process, plugin } = start([requestAuthentication({ jwks: issuer.jwks })]);
    const token = await mint(issuer, { exp: NOW + 5 });
    const seen = [0, 60, 5, 1].map((seconds) => {
      process.advance(seconds * 1000);
      return status(plugin, { token });
    });
    expect(seen).toEqual([200, 200, 200, 401]);
  });

  it('honours the configured clock skew, zero included', async () => {
    const skewed = (clockSkew: string): Plugin =>
      start([requestAuthentication({ jwks: issuer.jwks })], { clockSkew }).plugin;
    const at = async (seconds: number): Promise<string> => mint(issuer, { exp: NOW - seconds });
    expect(status(skewed('0s'), { token: await at(0) })).toBe(200);
    expect(status(skewed('0s'), { token: await at(1) })).toBe(401);
    expect(status(skewed('2h'), { token: await at(7200) })).toBe(200);
    expect(status(skewed('2h'), { token: await at(7201) })).toBe(401);
  });

  it('signed by another key is refused, with or without the right kid', async () => {
    const forged = { ...other, kid: issuer.kid };
    expect(refusal(await mint(forged))).toBe('Jwt verification fails');
    expect(refusal(await mint(other))).toBe("Jwks doesn't have key to match kid or alg from Jwt");
    expect(refusal(await mint(other, {}, { kid: undefined }))).toBe('Jwt verification fails');
  });

  it('without kid is tried against every key', async () => {
    const both = JSON.stringify({
      keys: [other, issuer].flatMap(({ jwks }) => (JSON.parse(jwks) as { keys: object[] }).keys),
    });
    const { plugin } = start([requestAuthentication({ jwks: both })]);
    expect(status(plugin, { token: await mint(issuer, {}, { kid: undefined }) })).toBe(200);
  });

  it('is refused for any changed bit of its signature', async () => {
    const token = await mint(issuer);
    const [header, payload, signature] = token.split('.');
    const bytes = Buffer.from(signature!, 'base64url');
    for (let bit = 0; bit < bytes.length * 8; bit += 7) {
      const changed = Buffer.from(bytes);
      changed[bit >> 3]! ^= 1 << (bit & 7);
      const forged = `${header}.${payload}.${changed.toString('base64url')}`;
      expect(refusal(forged), `bit ${bit}`).toBe('Jwt verification fails');
    }
  });

  it('is refused when its signature is longer or shorter', async () => {
    const [header, payload, signature] = (await mint(issuer)).split('.');
    const bytes = Buffer.from(signature!, 'base64url');
    for (const changed of [
      bytes.subarray(1),
      bytes.subarray(0, 255),
      Buffer.concat([bytes, bytes]),
    ]) {
      expect(refusal(`${header}.${payload}.${changed.toString('base64url')}`)).toBe(
        'Jwt verification fails',
      );
    }
  });

  it.each<[string, string, string]>([
    ['{"alg":"none"}', PAYLOAD, 'Jwt header [alg] is not supported'],
    ['{"alg":"rs256"}', PAYLOAD, 'Jwt header [alg] is not supported'],
    ['{"alg":"HS256"}', PAYLOAD, 'Jwt verification fails'],
    ['{"alg":"ES256"}', PAYLOAD, 'Jwt verification fails'],
    ['{"alg":1}', PAYLOAD, 'Jwt header [alg] field is required and must be a string'],
    ['{}', PAYLOAD, 'Jwt header [alg] field is required and must be a string'],
    ['{"alg":"RS256","kid":null}', PAYLOAD, 'Jwt header [kid] field is not a string'],
    ['{"alg":"RS256","crit":["b64"],"b64":false}', PAYLOAD, 'Jwt header [crit] is not supported'],
    ['{"alg":"RS256","alg":"RS256"}', PAYLOAD, 'Jwt header is an invalid JSON'],
    ['[]', PAYLOAD, 'Jwt header is an invalid JSON'],
    [HEADER, '{', 'Jwt payload is an invalid JSON'],
    [HEADER, `{"iss":"${ISSUER}","iss":"${ISSUER}"}`, 'Jwt payload is an invalid JSON'],
    [HEADER, '{"iss":1}', 'Jwt payload [iss] field is not a string'],
    [HEADER, '{"sub":null}', 'Jwt payload [sub] field is not a string'],
    [HEADER, '{"iat":"1"}', 'Jwt payload [iat] field is not an integer'],
    [HEADER, '{"iat":-1}', 'Jwt payload [iat] field is not a positive 64 bit integer'],
    [HEADER, '{"nbf":true}', 'Jwt payload [nbf] field is not an integer'],
    [HEADER, '{"nbf":1e20}', 'Jwt payload [nbf] field is not a positive 64 bit integer'],
    [HEADER, `{"exp":${2n ** 64n}}`, 'Jwt payload [exp] field is not a positive 64 bit integer'],
    [HEADER, '{"exp":null}', 'Jwt payload [exp] field is not an integer'],
    [HEADER, '{"exp":-0.5}', 'Jwt payload [exp] field is not a positive 64 bit integer'],
    [HEADER, '{"jti":7}', 'Jwt payload [jti] field is not a string'],
    [HEADER, '{"aud":7}', 'Jwt payload [aud] field is not a string or string list'],
    [HEADER, '{"aud":["a",7]}', 'Jwt payload [aud] field is not a string or string list'],
  ])('of header %s and payload %s is refused: %s', async (header, payload, body) => {
    expect(refusal(await raw(header, payload))).toBe(body);
  });

  it.each([
    ['deadbeef', 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['a.b', 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['a.b.', 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['.b.c', 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['a..c', 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['a.b.c.d', 'Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections'],
    ['a.b.c', 'Jwt header is an invalid Base64url encoded'],
    [
      `${Buffer.from(HEADER).toString('base64url')}.b.c`,
      'Jwt payload is an invalid Base64url encoded',
    ],
    [
      `${Buffer.from(HEADER).toString('base64url')}.${Buffer.from(PAYLOAD).toString('base64url')}.c`,
      'Jwt signature is an invalid Base64url encoded',
    ],
    ['e30.e30.AA==', 'Jwt header [alg] field is required and must be a string'],
  ])('%s is malformed: %s', (token, body) => {
    expect(refusal(token)).toBe(body);
  });

  it('without prefix, or with another one, is none', async () => {
    const token = await mint(issuer, { exp: 1 });
    for (const value of [token, `bearer ${token}`, `Bearer${token}`, `Basic ${token}`]) {
      expect(status(plugin, { headers: [['authorization', value]] }), value.slice(0, 8)).toBe(200);
    }
  });

  it('must be good in every place where there is one', async () => {
    const good = await mint(issuer);
    const path = (token: string): string => `/ip?access_token=${token}`;
    expect(status(plugin, { token: good, path: path(good) })).toBe(200);
    expect(status(plugin, { token: good, path: path('bad') })).toBe(401);
    expect(status(plugin, { token: 'bad', path: path(good) })).toBe(401);
    const twice: [string, string][] = [
      ['authorization', `Bearer ${good}`],
      ['authorization', 'Bearer bad'],
    ];
    expect(status(plugin, { headers: twice })).toBe(401);
    expect(status(plugin, { headers: [...twice].reverse() })).toBe(401);
  });

  it('is not looked at in a CORS preflight', () => {
    const preflight: [string, string][] = [
      ['origin', 'https://a'],
      ['access-control-request-method', 'GET'],
    ];
    expect(status(plugin, { method: 'OPTIONS', headers: preflight, token: 'bad' })).toBe(200);
    expect(status(plugin, { method: 'GET', headers: preflight, token: 'bad' })).toBe(401);
    const [origin, wanted] = preflight as [[string, string], [string, string]];
    for (const headers of [
      [origin],
      [wanted],
      [origin, [wanted[0], '']],
      [['origin', ''], wanted],
    ]) {
      const asked = { method: 'OPTIONS', headers: headers as [string, string][], token: 'bad' };
      expect(status(plugin, asked), JSON.stringify(headers)).toBe(401);
    }
  });
});

describe('the places of a token', () => {
  const REQUIRED = denyPolicy([
    { from: [{ source: { notRequestPrincipals: [`${ISSUER}/alice`] } }] },
  ]);
  const header = (name: string, value: string): RequestOptions => ({ headers: [[name, value]] });
  /** What a rule says of its places, and where a request then has its token. */
  const PLACES: [string, object, (token: string) => RequestOptions][] = [
    ['nothing is said', {}, (token) => ({ token })],
    ['the query', {}, (token) => ({ path: `/?access_token=${token}` })],
    ['a header', { fromHeaders: [{ name: 'x-a' }] }, (token) => header('x-a', token)],
    ['another header', { fromHeaders: [{ name: 'X-B' }] }, (token) => header('x-b', token)],
    [
      'two headers, the first',
      { fromHeaders: [{ name: 'x-a' }, { name: 'x-b' }] },
      (token) => header('x-a', token),
    ],
    [
      'two headers, the second',
      { fromHeaders: [{ name: 'x-a' }, { name: 'x-b' }] },
      (token) => header('x-b', token),
    ],
    [
      'a header with a prefix',
      { fromHeaders: [{ name: 'x-a', prefix: 'A ' }] },
      (token) => header('x-a', `A ${token}`),
    ],
    [
      'the same header with another prefix',
      { fromHeaders: [{ name: 'x-a', prefix: 'B ' }] },
      (token) => header('x-a', `B ${token}`),
    ],
    [
      'a header with two prefixes',
      {
        fromHeaders: [
          { name: 'x-a', prefix: 'B ' },
          { name: 'x-a', prefix: 'C ' },
        ],
      },
      (token) => header('x-a', `C ${token}`),
    ],
    ['a parameter', { fromParams: ['a'] }, (token) => ({ path: `/?a=${token}` })],
    ['another parameter', { fromParams: ['b'] }, (token) => ({ path: `/?b=${token}` })],
    ['two parameters', { fromParams: ['b', 'a'] }, (token) => ({ path: `/?x&b=${token}` })],
    ['a cookie', { fromCookies: ['a'] }, (token) => header('cookie', `a=${token}`)],
    ['another cookie', { fromCookies: ['b'] }, (token) => header('cookie', `b=${token}`)],
    [
      'two cookies',
      { fromCookies: ['b', 'a', 'b'] },
      (token) => header('cookie', `c=x; b=${token}; a=${token}`),
    ],
    [
      'a header and a cookie',
      { fromHeaders: [{ name: 'x-a' }], fromCookies: ['b'] },
      (token) => header('cookie', `b=${token}`),
    ],
    [
      'a header and a parameter',
      { fromHeaders: [{ name: 'x-a' }], fromParams: ['a'] },
      (token) => ({ path: `/?a=${token}` }),
    ],
  ];

  const placeOf = (name: string): (typeof PLACES)[number] =>
    PLACES.find(([known]) => known === name)!;

  it.each([
    ['nothing is said', 'a header'],
    ['the query', 'a parameter'],
    ['a header', 'another header'],
    ['a header', 'two headers, the second'],
    ['a header', 'a header with a prefix'],
    ['a header with a prefix', 'the same header with another prefix'],
    ['the same header with another prefix', 'a header with two prefixes'],
    ['a header', 'a header and a parameter'],
    ['a header', 'a header and a cookie'],
    ['a parameter', 'another parameter'],
    ['a parameter', 'two parameters'],
    ['a cookie', 'another cookie'],
    ['a cookie', 'two cookies'],
  ])('are looked into for each rule by what it says: %s, and %s', async (...names) => {
    const token = await mint(issuer);
    const world = start([]);
    for (const [own, elsewhere] of [names, [...names].reverse()]) {
      const [, place, asked] = placeOf(own!);
      const rule = { issuer: ISSUER, jwks: issuer.jwks, ...place };
      const foreign = { issuer: 'x', jwks: other.jwks, ...placeOf(elsewhere!)[1] };
      for (const jwtRules of [
        [foreign, rule],
        [rule, foreign],
      ]) {
        const rules = requestAuthentication({}, { jwtRules });
        expect(update(world, configuration([rules, REQUIRED]))).toBe(true);
        expect(status(world.plugin, asked(token))).toBe(200);
        expect(status(world.plugin, asked('a.b.c'))).toBe(401);
        expect(status(world.plugin)).toBe(403);
      }
    }
  });

  it('are those that the rule names, and no others', async () => {
    const token = await mint(issuer);
    const world = start([]);
    for (const [name, place, asked] of PLACES) {
      const rules = requestAuthentication({ jwks: issuer.jwks, ...place });
      expect(update(world, configuration([rules, REQUIRED]))).toBe(true);
      expect(status(world.plugin, asked(token)), name).toBe(200);
      const isDefault = Object.keys(place).length === 0;
      for (const usual of [{ token }, { path: `/?access_token=${token}` }]) {
        expect(status(world.plugin, usual), name).toBe(isDefault ? 200 : 403);
      }
    }
  });

  it('may hold 32 tokens together, and not one more', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 33 }, (_, i) => mint(issuer, { jti: `${i}` })),
    );
    const all = (name: string, some: string[]): [string, string][] =>
      some.map((token) => [name, token]);
    const at = (name: string): object => ({
      issuer: ISSUER,
      jwks: issuer.jwks,
      fromHeaders: [{ name }],
      forwardOriginalToken: true,
    });
    const startWith = (...jwtRules: object[]): Plugin =>
      start([requestAuthentication({}, { jwtRules })]).plugin;
    const one = startWith(at('x-a'));
    const two = startWith(at('x-a'), at('x-b'));
    // The first rule looks at all of its tokens, and at the bad one last.
    const bad = await mint(issuer, { exp: 1 });
    const seen = [32, 33].map((count) => [
      status(one, { headers: all('x-a', tokens.slice(0, count)) }),
      status(two, {
        headers: [
          ...all('x-a', [bad, ...tokens.slice(1, 16)]),
          ...all('x-b', tokens.slice(16, count)),
        ],
      }),
    ]);
    expect(seen).toEqual([
      [200, 200],
      [401, 401],
    ]);
    expect(refused(one, { headers: all('x-a', tokens) })).toBe('Found multiple Jwt tokens');
  });
});

describe('several rules', () => {
  const KNOWN = (): object => ({ issuer: ISSUER, jwks: issuer.jwks });
  const UNKNOWN = (): object => ({ issuer: 'x', jwks: other.jwks });
  const inHeader = (name: string): object => ({ fromHeaders: [{ name }] });
  const startWith = (...jwtRules: object[]): Plugin =>
    start([requestAuthentication({}, { jwtRules })]).plugin;

  it('answer with what is wrong with a token, not with its being none of theirs', async () => {
    const expired = await mint(issuer, { exp: 1 });
    const unknown = await mint(issuer, { iss: 'y' });
    for (const plugin of [startWith(KNOWN(), UNKNOWN()), startWith(UNKNOWN(), KNOWN())]) {
      expect(refused(plugin, { token: expired })).toBe('Jwt is expired');
      expect(refused(plugin, { token: unknown })).toBe('Jwt issuer is not configured');
      expect(refused(plugin, {})).toBeUndefined();
    }
  });

  it('answer with what is wrong with the one token that there is', async () => {
    const [a, b] = [
      { ...KNOWN(), ...inHeader('x-a') },
      { ...KNOWN(), ...inHeader('x-b') },
    ];
    const [foreign, expired] = [await mint(issuer, { iss: 'y' }), await mint(issuer, { exp: 1 })];
    for (const plugin of [startWith(a, b), startWith(b, a)]) {
      for (const name of ['x-a', 'x-b']) {
        const of = (token: string): string | undefined =>
          refused(plugin, { headers: [[name, token]] });
        expect(of(expired)).toBe('Jwt is expired');
        expect(of(foreign)).toBe('Jwt issuer is not configured');
      }
    }
  });

  it('answer with what is wrong behind one whose it is not, though the last finds none', async () => {
    const places = { fromHeaders: [{ name: 'x-a' }] };
    const elsewhere = { ...KNOWN(), ...inHeader('x-b') };
    // Rules are tried in the order of their issuers.
    const foreign = { ...UNKNOWN(), issuer: 'a', ...places };
    const plugin = startWith(foreign, { ...KNOWN(), ...places }, elsewhere);
    const headers = (token: string): RequestOptions => ({ headers: [['x-a', token]] });
    expect(refused(plugin, headers(await mint(issuer, { exp: 1 })))).toBe('Jwt is expired');
    expect(refused(plugin, headers(await mint(issuer, { iss: 'y' })))).toBe(
      'Jwt issuer is not configured',
    );
  });

  it('answer with what is wrong by the first of them where each finds something else', async () => {
    const strict = { ...KNOWN(), audiences: ['a'] };
    const forged = await mint({ ...other, kid: issuer.kid });
    const audience = 'Audiences in Jwt are not allowed';
    const signature = 'Jwt verification fails';
    expect(refused(startWith(strict, KNOWN()), { token: forged })).toBe(audience);
    expect(refused(startWith(KNOWN(), strict), { token: forged })).toBe(signature);
  });

  it('leave nothing in a header of a rule that has failed', async () => {
    const outputs = { outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }] };
    const kept = { ...outputs, forwardOriginalToken: true };
    const [a, b] = ['x-a', 'x-b'].map((name) => ({ ...KNOWN(), ...kept, ...inHeader(name) }));
    const [alice, bob] = [await mint(issuer), await mint(issuer, { sub: 'bob' })];
    const stream = request(startWith(a!, b!), {
      headers: [
        ['x-a', 'bad'],
        ['x-a', alice],
        ['x-b', bob],
      ],
    });
    expect(stream.state).toBe('continued');
    expect(stream.headers.filter(([name]) => name === 'x-sub')).toEqual([['x-sub', 'bob']]);
  });

  it('count a token once, in however many places it stands', async () => {
    const [a, b] = ['x-a', 'x-b'].map((name) => ({ ...KNOWN(), ...inHeader(name) }));
    const [token, bad] = [await mint(issuer), await mint(issuer, { exp: 1 })];
    const headers: [string, string][] = [['x-a', bad]];
    for (let i = 0; i < 31; i++) headers.push(['x-a', token], ['x-b', token]);
    expect(refused(startWith(a!, b!), { headers })).toBeUndefined();
  });
});

describe('a header that a rule writes', () => {
  const rule = (more: object = {}): object =>
    requestAuthentication({
      jwks: issuer.jwks,
      outputClaimToHeaders: [
        { header: 'x-sub', claim: 'sub' },
        { header: 'x-nested', claim: 'a.b' },
      ],
      outputPayloadToHeader: 'x-payload',
      ...more,
    });
  const NAMES = ['x-sub', 'x-nested', 'x-payload'];
  const written = (plugin: Plugin, options: RequestOptions): [string, string][] => {
    const { headers, state } = request(plugin, options);
    expect(state).toBe('continued');
    return headers.filter(([name]) => NAMES.includes(name));
  };
  const forged = NAMES.flatMap((name): [string, string][] => [
    [name, 'forged'],
    [name, 'again'],
  ]);

  it('is what the token says', async () => {
    const { plugin } = start([rule()]);
    const token = await mint(issuer, { a: { b: 7 } });
    const expected = [
      ['x-payload', token.split('.')[1]],
      ['x-sub', 'alice'],
      ['x-nested', '7'],
    ];
    // The second time it comes from the cache.
    for (let i = 0; i < 2; i++) {
      expect(written(plugin, { token })).toEqual(expected);
      expect(written(plugin, { token, headers: forged })).toEqual(expected);
    }
  });

  it('is none of the client, with a token or without', async () => {
    const { plugin } = start([rule()]);
    expect(written(plugin, { headers: forged })).toEqual([]);
    const token = await mint(issuer, { sub: undefined });
    const payload = [['x-payload', token.split('.')[1]]];
    expect(written(plugin, { token, headers: forged })).toEqual(payload);
    const preflight: [string, string][] = [
      ['origin', 'https://a'],
      ['access-control-request-method', 'GET'],
    ];
    const headers = [...forged, ...preflight];
    expect(written(plugin, { method: 'OPTIONS', headers })).toEqual([]);
  });

  it('is none of the token before', async () => {
    const { plugin } = start([rule()]);
    const nameless = await mint(issuer, { sub: undefined });
    expect(written(plugin, { token: await mint(issuer) })).toHaveLength(2);
    expect(written(plugin, { token: nameless })).toEqual([['x-payload', nameless.split('.')[1]]]);
    expect(written(plugin, {})).toEqual([]);
  });

  it('is seen by policies as the upstream sees it', async () => {
    const deny = denyPolicy([{ when: [{ key: 'request.headers[x-sub]', values: ['alice'] }] }]);
    const { plugin } = start([rule(), deny]);
    expect(status(plugin, { token: await mint(issuer) })).toBe(403);
    expect(status(plugin, { headers: [['x-sub', 'alice']] })).toBe(200);
  });

  it('is one of 256 changes at most: with one more the request is refused', async () => {
    // The token's header goes.
    const outputs = (count: number): object => ({
      outputPayloadToHeader: undefined,
      outputClaimToHeaders: Array.from({ length: count }, (_, i) => ({
        header: `x-${i}`,
        claim: 'sub',
      })),
    });
    const token = await mint(issuer);
    const seen = [255, 256].map((count) => status(start([rule(outputs(count))]).plugin, { token }));
    expect(seen).toEqual([200, 500]);
  });
});

describe('a token cache', () => {
  const counts = ({ process }: World): number[] =>
    ['hit', 'miss'].map((result) =>
      process.metrics.value(`portcullis_token_cache_total;result=${result}`),
    );

  it('is told of by its counters', async () => {
    const world = start([requestAuthentication({ jwks: issuer.jwks })]);
    const [one, two] = [await mint(issuer), await mint(issuer, { sub: 'bob' })];
    for (const token of [one, two, one, one]) expect(status(world.plugin, { token })).toBe(200);
    expect(status(world.plugin, { token: 'bad' })).toBe(401);
    expect(counts(world)).toEqual([2, 2]);
  });

  it('gives each token its own claims back', async () => {
    const theirs = { issuer: 'two', jwks: issuer.jwks };
    const jwtRules = [{ issuer: ISSUER, jwks: issuer.jwks }, theirs];
    const deny = denyPolicy([
      { from: [{ source: { requestPrincipals: [`${ISSUER}/bob`, 'two/alice'] } }] },
    ]);
    const world = start([requestAuthentication({}, { jwtRules }), deny]);
    const tokens = await Promise.all(
      [
        { sub: 'alice' },
        { sub: 'bob' },
        { sub: 'alice', iss: 'two' },
        { sub: 'bob', iss: 'two' },
        { exp: NOW + 5 },
        { exp: NOW + 50 },
        { nbf: NOW + 50, exp: undefined },
        { nbf: NOW - 100, exp: undefined },
      ].map((claims) => mint(issuer, claims)),
    );
    const seen = (): (number | string)[] => tokens.map((token) => status(world.plugin, { token }));
    const fresh = [200, 403, 403, 200, 200, 200, 200, 200];
    expect([seen(), seen(), seen()]).toEqual([fresh, fresh, fresh]);
    expect(counts(world)).toEqual([16, 8]);
    world.process.advance(70_000);
    expect(seen()).toEqual([200, 403, 403, 200, 401, 200, 200, 200]);
    world.process.clock.set((NOW - 60) * 1000);
    expect(seen()).toEqual([200, 403, 403, 200, 200, 200, 401, 200]);
  });

  it('keeps no token that was refused', async () => {
    const world = start([requestAuthentication({ jwks: issuer.jwks, audiences: ['a'] })]);
    for (const claims of [{ exp: 1, aud: 'a' }, { aud: 'b' }]) {
      const token = await mint(issuer, claims);
      for (let i = 0; i < 2; i++) expect(status(world.plugin, { token })).not.toBe(200);
    }
    expect(counts(world)).toEqual([0, 0]);
  });
});

describe('the audiences of a rule', () => {
  it.each<[string[], string | string[] | undefined, boolean]>([
    [['a'], 'a', true],
    [['a'], 'b', false],
    [['a'], 'ab', false],
    [['a'], 'A', false],
    [['a'], undefined, false],
    [['a'], '', false],
    [['a'], [], false],
    [['a'], ['b'], false],
    // What stands behind the list in the token is none of it.
    [['zoneinfo', 'a'], ['b'], false],
    [['a'], ['b', 'a'], true],
    [['b', 'a'], 'a', true],
    [['a'], 'https://a', true],
    [['a'], 'http://a/', true],
    [['a'], 'a/', true],
    [['a'], 'a//', false],
    [['a'], 'ftp://a', false],
    [['a'], 'http://https://a', false],
    [['https://a/'], 'a', true],
    [['http://a'], 'https://a', true],
    [['a'], 'https://', false],
    [['a'], '/', false],
    [['https://'], 'http://', true],
    [['https://'], '/', true],
    [['https://'], 'a', false],
    [['/'], '', true],
  ])('%j: of a token for %j is %s', async (audiences, aud, good) => {
    const { plugin } = start([requestAuthentication({ jwks: issuer.jwks, audiences })]);
    // `aud` in front of the other claims, and behind them.
    for (const claims of [{ aud }, { sub: undefined, exp: undefined, aud, zoneinfo: 'a' }]) {
      const token = await mint(issuer, claims);
      expect(refused(plugin, { token })).toBe(
        good ? undefined : 'Audiences in Jwt are not allowed',
      );
    }
  });
});

describe('a refusal', () => {
  it('is a 401 in the words of Envoy, with the URI that was asked for', () => {
    const stream = request(plugin, { token: 'bad', path: '/a/b?c=d' });
    expect(stream.reply).toMatchObject({
      status: 401,
      details:
        'jwt_authn_access_denied{Jwt_is_not_in_the_form_of_Header.Payload.Signature_with_two_dots_and_3_sections}',
      headers: [
        [
          'www-authenticate',
          'Bearer realm="http://httpbin.foo:8000/a/b?c=d", error="invalid_token"',
        ],
      ],
    });
    expect(Buffer.from(stream.filterState('portcullis.decision')!).toString()).toBe(
      'unauthenticated reason=jwt_bad_format',
    );
  });

  it('never repeats a token', async () => {
    const token = await mint(issuer, { exp: 1 });
    const { process, plugin } = start(
      [requestAuthentication({ jwks: issuer.jwks })],
      {},
      { logLevel: 'trace' },
    );
    const stream = request(plugin, { token, path: `/ip?access_token=${token}&x=1` });
    expect(stream.reply!.status).toBe(401);
    const said = JSON.stringify([stream.reply, process.logs(), process.metrics.nonZero()]);
    for (const part of token.split('.')) expect(said).not.toContain(part);
    expect(stream.reply!.headers[0]![1]).toContain('/ip?access_token=&x=1"');
  });

  it('cuts a long path as Envoy does', () => {
    const stream = request(plugin, { token: 'bad', path: `/${'a'.repeat(400)}` });
    expect(stream.reply!.headers[0]![1]).toContain(`8000/${'a'.repeat(255)}", error`);
  });
});

describe('authorization after authentication', () => {
  const required = denyPolicy([{ from: [{ source: { notRequestPrincipals: ['*'] } }] }]);

  it('refuses what has no valid token, and names the rule', async () => {
    const { plugin, process } = start([requestAuthentication({ jwks: issuer.jwks }), required]);
    const stream = request(plugin);
    expect(stream.reply).toMatchObject({
      status: 403,
      body: 'RBAC: access denied',
      details: 'rbac_access_denied_matched_policy[ns[istio-system]-policy[deny]-rule[0]]',
    });
    expect(Buffer.from(stream.filterState('portcullis.decision')!).toString()).toBe(
      'deny policy=ns[istio-system]-policy[deny]-rule[0]',
    );
    expect(status(plugin, { token: await mint(issuer) })).toBe(200);
    expect(status(plugin, { token: await mint(issuer, { sub: undefined }) })).toBe(403);
    expect(status(plugin, { token: await mint(issuer, { sub: '' }) })).toBe(403);
    expect(process.metrics.nonZero()).toMatchObject({
      'portcullis_requests_total;outcome=allow': 1,
      'portcullis_requests_total;outcome=deny;policy=ns[istio-system]-policy[deny]-rule[0]': 3,
    });
  });

  it('judges a preflight without its token', async () => {
    const { plugin } = start([requestAuthentication({ jwks: issuer.jwks }), required]);
    const headers: [string, string][] = [
      ['origin', 'https://a'],
      ['access-control-request-method', 'GET'],
    ];
    expect(status(plugin, { method: 'OPTIONS', headers, token: await mint(issuer) })).toBe(403);
  });

  it('goes by the header where header and query speak for different people', async () => {
    const bob = denyPolicy([{ from: [{ source: { requestPrincipals: [`${ISSUER}/bob`] } }] }]);
    const { plugin } = start([requestAuthentication({ jwks: issuer.jwks }), bob]);
    const [a, b] = [await mint(issuer, { sub: 'alice' }), await mint(issuer, { sub: 'bob' })];
    expect(status(plugin, { token: a, path: `/?access_token=${b}` })).toBe(200);
    expect(status(plugin, { token: b, path: `/?access_token=${a}` })).toBe(403);
  });
});
