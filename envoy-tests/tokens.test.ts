// Every case of a token, at the module and at istiod's own jwt_authn in the same Envoy: what is equal. What is not is in
// differences.test.ts.
import { constants, sign } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ALGORITHMS,
  type SigningKey,
  ecKey,
  edKey,
  encode,
  octKey,
  rawToken,
  rsaKey,
  signedToken,
} from '../istio/token/signing.ts';
import { askBoth } from './side-by-side.ts';
import type { Ask } from './ask.ts';
import { World, oracle, showDetails } from './world.ts';

const ISSUER = 'testing@secure.istio.io';
const now = (): number => Math.floor(Date.now() / 1000);

const rsa = rsaKey('rsa');
const strong = rsaKey('rsa-4096', 4096);
const p256 = ecKey('P-256', 'p256');
const p384 = ecKey('P-384', 'p384');
const p521 = ecKey('P-521', 'p521');
const oct = octKey('oct');
const ed = edKey('ed');
const pinned = rsaKey('pinned');
pinned.jwk.alg = 'RS512';
/** Not in the key set. */
const strangers: Record<string, SigningKey> = {
  rsa: rsaKey('rsa'),
  p256: ecKey('P-256', 'p256'),
  oct: octKey('oct'),
  ed: edKey('ed'),
};
const KEYS = [rsa, strong, p256, p384, p521, oct, pinned, ed];
const keySetOf = (keys: SigningKey[]): string => JSON.stringify({ keys: keys.map((k) => k.jwk) });

/** The key of the set for an algorithm. */
function keyOf(algorithm: string): SigningKey {
  if (/^[RP]S/.test(algorithm)) return rsa;
  if (algorithm.startsWith('HS')) return oct;
  if (algorithm === 'EdDSA') return ed;
  return { ES256: p256, ES384: p384, ES512: p521 }[algorithm]!;
}

const claims = (more: object = {}): object => ({ iss: ISSUER, sub: 'alice', aud: 'aud1', ...more });
const RS = '{"alg":"RS256","kid":"rsa"}';
/** A token by the first key, of header and payload texts. */
const raw = (header: string | Buffer, payload: string | Buffer): string =>
  rawToken(header, payload, 'RS256', rsa.secret);
/** A token whose payload is the usual one with one more member, as text. */
const withClaim = (member: string): string =>
  raw(RS, `{"iss":"${ISSUER}","aud":"aud1"${member ? `,${member}` : ''}}`);

type Case = [name: string, ask: Ask];

function suite(title: string, policies: string, keys: SigningKey[], cases: Case[]): void {
  describe(title, () => {
    let world: World;
    beforeAll(async () => {
      world = await World.start({ ...oracle(policies, keySetOf(keys)), change: showDetails });
    });
    afterAll(() => world?.stop());
    it.each(cases)('%s', async (_, ask) => {
      await askBoth(world, ask);
    });
  });
}

const bearer = (name: string, token: string): Case => [name, { token }];

/** PS256 with a salt that is not as long as the digest. */
function saltedToken(saltLength: number): string {
  const text = `${encode('{"alg":"PS256","kid":"rsa"}')}.${encode(JSON.stringify(claims()))}`;
  const padding = constants.RSA_PKCS1_PSS_PADDING;
  const signature = sign('sha256', Buffer.from(text), { key: rsa.secret, padding, saltLength });
  return `${text}.${signature.toString('base64url')}`;
}

const algorithmCases: Case[] = [
  bearer('PS256 with a short salt', saltedToken(20)),
  bearer('PS256 with a long salt', saltedToken(64)),
  bearer('PS256 without salt', saltedToken(0)),
  ...ALGORITHMS.flatMap((algorithm): Case[] => {
    const key = keyOf(algorithm);
    const good = signedToken(algorithm, key, claims());
    const [header, payload, signature] = good.split('.') as [string, string, string];
    const flipped = Buffer.from(signature, 'base64url');
    flipped[flipped.length >> 1]! ^= 1;
    return [
      bearer(`${algorithm}`, good),
      bearer(`${algorithm} without kid`, signedToken(algorithm, key, claims(), { kid: undefined })),
      bearer(`${algorithm} with an empty kid`, signedToken(algorithm, key, claims(), { kid: '' })),
      bearer(
        `${algorithm} with an unknown kid`,
        signedToken(algorithm, key, claims(), { kid: 'x' }),
      ),
      bearer(
        `${algorithm} with another key's kid`,
        signedToken(algorithm, key, claims(), { kid: key === rsa ? 'rsa-4096' : 'rsa' }),
      ),
      bearer(
        `${algorithm}, a bit of the signature flipped`,
        `${header}.${payload}.${encode(flipped)}`,
      ),
      bearer(`${algorithm}, another payload`, `${header}.${encode('{"iss":"x"}')}.${signature}`),
      bearer(
        `${algorithm}, the same claims otherwise written`,
        `${header}.${encode(JSON.stringify(claims({ x: 1 })))}.${signature}`,
      ),
      bearer(
        `${algorithm}, lower case`,
        signedToken(algorithm, key, claims(), { alg: algorithm.toLowerCase() }),
      ),
      ...ALGORITHMS.filter((other) => other.slice(0, 2) !== algorithm.slice(0, 2))
        .filter((other) => !other.startsWith('HS') && ![oct, ed, p256].includes(key))
        .map((other) =>
          bearer(
            `${algorithm} that says ${other}`,
            signedToken(algorithm, key, claims(), { alg: other }),
          ),
        ),
    ];
  }),
  bearer('RS256 with a key of 4096 bits', signedToken('RS256', strong, claims())),
  bearer('PS512 with a key of 4096 bits', signedToken('PS512', strong, claims())),
  bearer('RS512 with a key that says so', signedToken('RS512', pinned, claims())),
  bearer('RS256 with a key that says RS512', signedToken('RS256', pinned, claims())),
  bearer('PS512 with a key that says RS512', signedToken('PS512', pinned, claims())),
  ...Object.entries(strangers).map(([name, key]) => {
    const algorithm = { rsa: 'RS256', p256: 'ES256', oct: 'HS256', ed: 'EdDSA' }[name]!;
    return bearer(
      `${algorithm} by a stranger with a known kid`,
      signedToken(algorithm, key, claims()),
    );
  }),
  bearer(
    'HS256 by the public RSA key as the secret',
    rawToken('{"alg":"HS256","kid":"rsa"}', JSON.stringify(claims()), 'HS256', octKey().secret),
  ),
  bearer(
    'EdDSA, a signature too short',
    `${encode('{"alg":"EdDSA","kid":"ed"}')}.${encode(JSON.stringify(claims()))}.${encode('short')}`,
  ),
  bearer(
    'none, without a signature',
    `${encode('{"alg":"none"}')}.${encode(JSON.stringify(claims()))}.`,
  ),
  bearer('none, with one', raw('{"alg":"none"}', JSON.stringify(claims()))),
];

suite('algorithms and keys', 'any-key', KEYS, algorithmCases);

const headerCases: Case[] = [
  ['alg missing', '{}'],
  ['alg a number', '{"alg":1}'],
  ['alg null', '{"alg":null}'],
  ['alg a list', '{"alg":["RS256"]}'],
  ['alg empty', '{"alg":""}'],
  ['alg unknown', '{"alg":"RS128"}'],
  ['alg ES256K', '{"alg":"ES256K"}'],
  ['kid a number', '{"alg":"RS256","kid":1}'],
  ['kid null', '{"alg":"RS256","kid":null}'],
  ['kid an object', '{"alg":"RS256","kid":{}}'],
  ['kid empty', '{"alg":"RS256","kid":""}'],
  ['typ', '{"alg":"RS256","kid":"rsa","typ":"JWT"}'],
  ['typ a number', '{"alg":"RS256","kid":"rsa","typ":7}'],
  ['typ at+jwt', '{"alg":"RS256","kid":"rsa","typ":"at+jwt"}'],
  ['cty', '{"alg":"RS256","kid":"rsa","cty":"JWT"}'],
  ['jku, jwk, x5u', '{"alg":"RS256","jku":"https://evil/","jwk":{},"x5u":"https://evil/"}'],
  ['an escaped name', '{"\\u0061lg":"RS256","kid":"rsa"}'],
  ['an escaped value', '{"alg":"RS\\u00325\\u0036","kid":"rsa"}'],
  ['alg twice', '{"alg":"RS256","alg":"RS256"}'],
  ['alg twice, once escaped', '{"alg":"RS256","\\u0061lg":"RS256"}'],
  ['white space', ' {\n"alg" : "RS256" ,\t"kid":"rsa"\r} '],
  ['a list', '["RS256"]'],
  ['a string', '"RS256"'],
  ['empty', ' '],
  ['not closed', '{"alg":"RS256"'],
  ['rubbish after it', '{"alg":"RS256"}x'],
  ['a comment', '{"alg":"RS256"/**/}'],
  ['a byte order mark', '\ufeff{"alg":"RS256"}'],
].map(([name, header]) => bearer(`header: ${name}`, raw(header!, JSON.stringify(claims()))));

const timeValues = [
  ...['0', '-0', '0.5', '-0.5', '-1', '1', '1e3', '1.5e3', '"1"', 'null', 'true', '[]', '{}', '""'],
  ...['18446744073709551615', '18446744073709551616', '18446744073709549568', '1e19', '1e20'],
  ...['9007199254740993', '1e300', '-1e300', '4102444800', '4102444800.9', '1e-300', '0e0'],
];
const claimCases: Case[] = [
  ...['iat', 'nbf', 'exp'].flatMap((name) =>
    timeValues.map((value) => bearer(`${name} ${value}`, withClaim(`"${name}":${value}`))),
  ),
  ...['sub', 'jti', 'aud', 'azp', 'scope'].flatMap((name) =>
    ['""', '"x"', 'null', '1', 'true', '[]', '["x"]', '["x",1]', '[null]', '{}', '"\\u0000"'].map(
      (value) => bearer(`${name} ${value}`, raw(RS, `{"iss":"${ISSUER}","${name}":${value}}`)),
    ),
  ),
  ...[
    '""',
    '"x"',
    'null',
    '1',
    '[]',
    `"${ISSUER}/"`,
    `"${ISSUER.toUpperCase()}"`,
    `["${ISSUER}"]`,
  ].map((value) => bearer(`iss ${value}`, raw(RS, `{"iss":${value},"aud":"aud1"}`))),
  bearer('iss missing', raw(RS, '{"aud":"aud1"}')),
  bearer('iss escaped', raw(RS, `{"\\u0069ss":"${ISSUER}","aud":"aud1"}`)),
  bearer('iss twice', raw(RS, `{"iss":"${ISSUER}","iss":"${ISSUER}"}`)),
  ...[-3600, -63, -58, -1, 1, 60, 3600].flatMap((seconds) => [
    bearer(
      `exp ${seconds} s from now`,
      signedToken('RS256', rsa, claims({ exp: now() + seconds })),
    ),
    bearer(
      `iat ${seconds} s from now`,
      signedToken('RS256', rsa, claims({ iat: now() + seconds })),
    ),
  ]),
  ...[-3600, -1, 1, 50, 75, 3600].map((seconds) =>
    bearer(
      `nbf ${seconds} s from now`,
      signedToken('RS256', rsa, claims({ nbf: now() + seconds })),
    ),
  ),
  bearer(
    'nbf later than exp',
    signedToken('RS256', rsa, claims({ exp: now() + 10, nbf: now() + 20 })),
  ),
  bearer('expired and badly signed', `${signedToken('RS256', rsa, claims({ exp: 1 }))}AAAA`),
  bearer('for another issuer, and expired', signedToken('RS256', rsa, { iss: 'x', exp: 1 })),
  ...[
    ['a list', '[]'],
    ['a number', '1'],
    ['a string', '"x"'],
    ['an empty object', '{}'],
    ['not closed', `{"iss":"${ISSUER}"`],
    ['NaN', '{"a":NaN}'],
    ['Infinity', '{"a":Infinity}'],
    ['a leading zero', '{"a":01}'],
    ['a bare point', '{"a":1.}'],
    ['a plus sign', '{"a":+1}'],
    ['a hexadecimal number', '{"a":0x10}'],
    ['a number too large', '{"a":1e400}'],
    ['a lone surrogate', '{"a":"\\ud800"}'],
    ['a wrong escape', '{"a":"\\x41"}'],
    ['a comment', `{/**/"iss":"${ISSUER}"}`],
    ['two documents', `{"iss":"${ISSUER}"}{}`],
    ['a duplicate', `{"iss":"${ISSUER}","a":1,"a":1}`],
    ['a nested duplicate', `{"iss":"${ISSUER}","a":{"b":1,"b":1}}`],
    ['a trailing line feed', `{"iss":"${ISSUER}","aud":"aud1"}\n`],
    [
      '99 lists in each other',
      `{"iss":"${ISSUER}","aud":"aud1","a":${'['.repeat(99)}${']'.repeat(99)}}`,
    ],
    [
      '100 lists in each other',
      `{"iss":"${ISSUER}","aud":"aud1","a":${'['.repeat(100)}${']'.repeat(100)}}`,
    ],
    [
      'a large number of claims',
      JSON.stringify(
        claims(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`c${i}`, i]))),
      ),
    ],
    ['a long claim', JSON.stringify(claims({ long: 'x'.repeat(20_000) }))],
  ].map(([name, payload]) => bearer(`payload: ${name}`, raw(RS, payload!))),
  bearer('payload: invalid UTF-8', raw(RS, Buffer.from([0x22, 0xff, 0x22]))),
  bearer('payload: overlong UTF-8', raw(RS, Buffer.from('7b2261223a22c0af227d', 'hex'))),
  bearer('payload: a surrogate in UTF-8', raw(RS, Buffer.from('7b2261223a22eda080227d', 'hex'))),
];

const good = signedToken('RS256', rsa, claims());
const [h, p, s] = good.split('.') as [string, string, string];
const formatCases: Case[] = [
  ['one section', h],
  ['two sections', `${h}.${p}`],
  ['four sections', `${good}.${s}`],
  ['five sections, as JWE', `${h}.${p}.${s}.${p}.${s}`],
  ['an empty header', `.${p}.${s}`],
  ['an empty payload', `${h}..${s}`],
  ['an empty signature', `${h}.${p}.`],
  ['only dots', '..'],
  ['many dots', '.....'],
  [
    'a header of length 4n+1',
    `${h}A.${p}.${s}`.replace(h, h.slice(0, 4 * Math.floor(h.length / 4))),
  ],
  ['a plus in the header', `${h.slice(0, 4)}+${h.slice(5)}.${p}.${s}`],
  ['a slash in the payload', `${h}./${p.slice(1)}.${s}`],
  ['a plus in the signature', `${h}.${p}.+${s.slice(1)}`],
  ['an exclamation mark in the signature', `${h}.${p}.!${s.slice(1)}`],
  ['a wrong number of padding characters', `${h}.${p}.${s}=`],
  ['a percent sign', `${h}.${p}.%${s}`],
  ['a comma behind it', `${good},`],
  ['another token behind a comma', `${good},${good}`],
  ['rubbish', 'deadbeef'],
  ['a token of 50,000 characters', signedToken('RS256', rsa, claims({ x: 'y'.repeat(37_000) }))],
].map(([name, token]) => bearer(name!, token!));

suite('headers, claims and form', 'any-key', KEYS, [...headerCases, ...claimCases, ...formatCases]);

const header = (name: string, value: string): Ask => ({ headers: [name, value] });
const placeCases: Case[] = [
  ['nothing', {}],
  ['Authorization', { token: good }],
  ['authorization without prefix', header('authorization', good)],
  ['authorization, lower-case bearer', header('authorization', `bearer ${good}`)],
  ['authorization, Bearer without blank', header('authorization', `Bearer${good}`)],
  ['authorization, two blanks', header('authorization', `Bearer  ${good}`)],
  ['authorization, something in front', header('authorization', `foo Bearer ${good}`)],
  ['authorization, nothing behind Bearer', header('authorization', 'Bearer ')],
  ['authorization, Basic', header('authorization', 'Basic YTpi')],
  [
    'authorization twice',
    { headers: ['authorization', `Bearer ${good}`, 'authorization', 'Bearer x'] },
  ],
  ['x-jwt', header('x-jwt', `JWT ${good}`)],
  ['X-JWT in capitals', header('X-JWT', `JWT ${good}`)],
  ['x-jwt without prefix', header('x-jwt', good)],
  ['x-jwt, another prefix', header('x-jwt', `jwt ${good}`)],
  ['x-jwt, characters in between', header('x-jwt', `JWT !!${good}`)],
  ['x-jwt, only other characters', header('x-jwt', 'JWT !!')],
  ['x-jwt twice', { headers: ['x-jwt', `JWT ${good}`, 'x-jwt', `JWT ${good}`] }],
  ['x-jwt twice, one bad', { headers: ['x-jwt', `JWT ${good}`, 'x-jwt', 'JWT bad'] }],
  ['x-jwt twice, one without prefix', { headers: ['x-jwt', `JWT ${good}`, 'x-jwt', 'other'] }],
  ['x-bare', header('x-bare', good)],
  ['x-bare, empty', header('x-bare', '')],
  ['x-bare, a colon in front', header('x-bare', `:${good}`)],
  ['a parameter', { path: `/headers?token=${good}` }],
  ['a parameter beside others', { path: `/get?a=1&token=${good}&b=2` }],
  ['a parameter, twice', { path: `/get?token=${good}&token=x` }],
  ['a parameter, the bad one first', { path: `/get?token=x&token=${good}` }],
  ['a parameter, empty', { path: '/headers?token=' }],
  ['a parameter without =', { path: '/headers?token' }],
  ['a parameter with an escaped name', { path: `/headers?%74oken=${good}` }],
  ['a parameter with escaped dots', { path: `/headers?token=${good.replaceAll('.', '%2E')}` }],
  ['a parameter of another name', { path: `/headers?tokens=${good}` }],
  ['two parameters', { path: `/headers?token=${good}&access_token=${good}` }],
  ['two parameters, one bad', { path: `/headers?token=${good}&access_token=bad` }],
  ['a parameter in the fragment', { path: `/headers?a=1#token=${good}` }],
  ['a cookie', header('cookie', `session=${good}`)],
  ['a cookie among others', header('cookie', `a=b; session=${good}; c=d`)],
  ['a cookie without blanks', header('cookie', `a=b;session=${good};c=d`)],
  ['a cookie in quotes', header('cookie', `session="${good}"`)],
  ['a cookie, twice', header('cookie', `session=${good}; session=bad`)],
  ['a cookie, the bad one first', header('cookie', `session=bad; session=${good}`)],
  ['two cookie headers', { headers: ['cookie', `session=${good}`, 'cookie', 'session=bad'] }],
  [
    'two cookie headers, the bad one first',
    { headers: ['cookie', 'session=bad', 'cookie', `session=${good}`] },
  ],
  ['two cookies', header('cookie', `session=${good}; other=${good}`)],
  ['two cookies, one bad', header('cookie', `session=${good}; other=bad`)],
  ['a cookie, empty', header('cookie', 'session=; a=b')],
  ['a cookie without =', header('cookie', 'session; a=b')],
  ['a cookie with a blank before =', header('cookie', `session =${good}`)],
  ['a cookie of another name', header('cookie', `Session=${good}`)],
  [
    'everywhere',
    {
      token: good,
      path: `/get?token=${good}`,
      headers: ['cookie', `session=${good}`, 'x-bare', good],
    },
  ],
  ['everywhere, the cookie bad', { token: good, headers: ['cookie', 'session=bad'] }],
  ['everywhere, the header bad', { token: 'bad', headers: ['cookie', `session=${good}`] }],
  [
    'a preflight',
    {
      method: 'OPTIONS',
      token: 'bad',
      headers: ['origin', 'https://a', 'access-control-request-method', 'GET'],
    },
  ],
  [
    'a preflight without origin',
    { method: 'OPTIONS', token: 'bad', headers: ['access-control-request-method', 'GET'] },
  ],
  [
    'a preflight without method',
    { method: 'OPTIONS', token: 'bad', headers: ['origin', 'https://a'] },
  ],
  ['OPTIONS', { method: 'OPTIONS', token: 'bad' }],
  [
    'GET with the headers of a preflight',
    { token: 'bad', headers: ['origin', 'https://a', 'access-control-request-method', 'GET'] },
  ],
  [
    'forged outputs without a token',
    { headers: ['x-sub', 'f', 'X-Payload', 'f', 'x-nested', 'f', 'x-value', 'f'] },
  ],
  [
    'forged outputs with a token',
    { token: good, headers: ['x-sub', 'f', 'X-Payload', 'f', 'x-sub', 'g'] },
  ],
  [
    'forged outputs in a preflight',
    {
      method: 'OPTIONS',
      headers: ['origin', 'https://a', 'access-control-request-method', 'GET', 'x-sub', 'f'],
    },
  ],
];

const audiences = [
  ...['"aud1"', '"aud2.example"', '"https://aud2.example"', '"http://aud2.example/"', '"aud3/"'],
  ...[
    '["x","aud3"]',
    '["x"]',
    '"AUD1"',
    '"aud1/"',
    '"aud1//"',
    '""',
    '[]',
    '[""]',
    '"HTTPS://aud1"',
  ],
  ...[
    '"https://"',
    '"/aud1"',
    '"http://https://aud1"',
    '"https://aud1/"',
    '"aud1 "',
    '"aud"',
    '"aud11"',
  ],
];
const audienceCases: Case[] = [
  ...audiences.map((aud) => bearer(`aud ${aud}`, raw(RS, `{"iss":"${ISSUER}","aud":${aud}}`))),
  bearer('no aud', raw(RS, `{"iss":"${ISSUER}"}`)),
  bearer('another aud, expired', raw(RS, `{"iss":"${ISSUER}","aud":"x","exp":1}`)),
  bearer(
    'another aud, badly signed',
    `${raw(RS, `{"iss":"${ISSUER}","aud":"x"}`).slice(0, -4)}AAAA`,
  ),
];

const outputs = [
  ...[
    '1',
    '1.5',
    '-3',
    '0',
    '-0',
    'true',
    'false',
    'null',
    '""',
    '"a b"',
    '"é"',
    '" lead"',
    '"tab\\t"',
  ],
  ...[
    '[]',
    '{}',
    '["x","y z"]',
    '[1,2.5,true,null,"<>&/\\u2028\\u007f\\n"]',
    '{"a":{"b":[1,"ü"]}}',
  ],
  ...['1e300', '-1e21', '18446744073709551615', '18446744073709551616', '9007199254740993'],
  ...['1.0000005', '0.1', '1e-7', '123456789.123456789', '1.25e2', '12345678901234567890', '5e-7'],
  ...['[1e21,1e20,123456789012345680000,0.1,1e-7,-0,1.5e300,100,1e16,1234567.5]', '[[[["deep"]]]]'],
  ...['[" ","\\u00e9","\\ud83d\\ude00","\\u00ad","\\u200b","\\ufeff","\\u0600","\\u0085"]'],
  ...['["\\udb40\\udc01","\\ud834\\udd73","\\u17b4","\\u206a","\\ufff9","\\u2064","\\u070f"]'],
  '"line\\nbreak"',
  '"x\\u0000y"',
];
const outputCases: Case[] = outputs.map((value) =>
  bearer(
    `a claim ${value} in a header`,
    withClaim(`"sub":"s","value":${value},"a":{"b":{"c":${value}}}`),
  ),
);
outputCases.push(
  bearer('a nested claim whose parent is text', withClaim('"a":"b"')),
  bearer('a nested claim whose parent is a list', withClaim('"a":[{"b":1}]')),
  bearer('a claim with a point in its name', withClaim('"a.b.c":"x"')),
);

suite(
  'places, audiences and outputs',
  'tokens',
  [rsa],
  [...placeCases, ...audienceCases, ...outputCases],
);

it('that makes more than 400 cases', () => {
  const all = [algorithmCases, headerCases, claimCases, formatCases, placeCases];
  const count = [...all, audienceCases, outputCases].reduce((sum, cases) => sum + cases.length, 0);
  expect(count).toBeGreaterThan(400);
});
