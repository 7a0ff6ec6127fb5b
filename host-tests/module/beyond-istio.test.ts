// What RequestAuthentication has no field for: settings of the plugin configuration.
import { createHash } from 'node:crypto';
import type { JWTPayload } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Plugin } from '../../host/process.ts';
import {
  ISSUER,
  type Issuer,
  NOW,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  status,
} from './fixture.ts';

let issuer: Issuer;
beforeAll(async () => {
  issuer = await makeIssuer();
});

const startWith = (settings: object, rule = {}, more: object[] = []): Plugin =>
  start([requestAuthentication({ jwks: issuer.jwks, ...rule }), ...more], settings).plugin;
const forIssuer = (settings: object): Plugin =>
  startWith({ issuers: [{ issuer: ISSUER, ...settings }] });

/** `200`, or status and body of the refusal. */
async function outcome(plugin: Plugin, claims: JWTPayload, options = {}): Promise<string> {
  const stream = request(plugin, { token: await mint(issuer, claims), ...options });
  plugin.end(stream);
  return stream.reply === undefined ? '200' : `${stream.reply.status} ${stream.reply.body}`;
}

describe('clockSkew', () => {
  it.each<[string, number, number]>([
    ['0s', 0, 1],
    ['1s', 1, 2],
    ['120s', 120, 121],
  ])('%s lets a token be that old, and no older', async (clockSkew, good, bad) => {
    for (const plugin of [startWith({ clockSkew }), forIssuer({ clockSkew })]) {
      expect(await outcome(plugin, { exp: NOW - good })).toBe('200');
      expect(await outcome(plugin, { exp: NOW - bad })).toBe('401 Jwt is expired');
      expect(await outcome(plugin, { nbf: NOW + good })).toBe('200');
      expect(await outcome(plugin, { nbf: NOW + bad })).toBe('401 Jwt not yet valid');
    }
  });

  it('below a second counts in milliseconds', async () => {
    const { process, plugin } = start([requestAuthentication({ jwks: issuer.jwks })], {
      clockSkew: '500ms',
    });
    // Whole seconds count, as in Envoy: exp is good until its second has passed.
    const token = await mint(issuer, { exp: NOW });
    expect(status(plugin, { token })).toBe(200);
    process.advance(1400);
    expect(status(plugin, { token })).toBe(200);
    process.advance(200);
    expect(status(plugin, { token })).toBe(401);
  });

  it('of an issuer beats that of the plugin', async () => {
    const plugin = startWith({ clockSkew: '0s', issuers: [{ issuer: ISSUER, clockSkew: '10s' }] });
    expect(await outcome(plugin, { exp: NOW - 10 })).toBe('200');
  });
});

describe('requireExpiration', () => {
  it('refuses a token that would be good for ever', async () => {
    const plugin = forIssuer({ requireExpiration: true });
    const refused = '401 Jwt payload [exp] field is required';
    expect(await outcome(plugin, { exp: undefined })).toBe(refused);
    expect(await outcome(plugin, { exp: 0 })).toBe(refused);
    expect(await outcome(plugin, {})).toBe('200');
  });
});

describe('maxLifetime', () => {
  it('refuses a token that was made for longer', async () => {
    const plugin = forIssuer({ maxLifetime: '1h' });
    const refused = '401 Jwt lifetime is too long';
    expect(await outcome(plugin, { iat: NOW, exp: NOW + 3600 })).toBe('200');
    expect(await outcome(plugin, { iat: NOW, exp: NOW + 3601 })).toBe(refused);
    expect(await outcome(plugin, { exp: NOW + 60 }), 'without iat').toBe(refused);
    expect(await outcome(plugin, { iat: NOW, exp: undefined }), 'without exp').toBe(refused);
    expect(await outcome(plugin, { iat: NOW + 100, exp: NOW + 50 }), 'backwards').toBe('200');
  });
});

describe('subjects', () => {
  it('refuses everybody else, with 403', async () => {
    const plugin = forIssuer({ subjects: ['alice', 'svc-*', '*@example.com'] });
    const refused = '403 Subject in Jwt is not allowed';
    for (const sub of ['alice', 'svc-1', 'bob@example.com']) {
      expect(await outcome(plugin, { sub })).toBe('200');
    }
    for (const sub of ['Alice', 'xsvc-1', 'bob@example.org', '', undefined]) {
      expect(await outcome(plugin, { sub })).toBe(refused);
    }
  });
});

describe('unknownIssuers: IGNORE', () => {
  const DENY = denyPolicy([{ from: [{ source: { notRequestPrincipals: ['*'] } }] }]);

  it('treats their tokens as if they were not there, and leaves them in the request', async () => {
    const plugin = startWith({ unknownIssuers: 'IGNORE' });
    const token = await mint(issuer, { iss: 'somebody else' });
    const stream = request(plugin, { token });
    expect(stream.state).toBe('continued');
    expect(stream.headers).toContainEqual(['authorization', `Bearer ${token}`]);
  });

  it('gives them no principal', async () => {
    const plugin = startWith({ unknownIssuers: 'IGNORE' }, {}, [DENY]);
    expect(await outcome(plugin, { iss: 'somebody else' })).toBe('403 RBAC: access denied');
    expect(await outcome(plugin, {})).toBe('200');
  });

  it('still refuses what is wrong with the tokens of known ones, and what is no token', async () => {
    const plugin = startWith({ unknownIssuers: 'IGNORE' });
    expect(await outcome(plugin, { exp: 1 })).toBe('401 Jwt is expired');
    expect(status(plugin, { token: 'deadbeef' })).toBe(401);
    // What is no token has no issuer either, and not that of the token before it.
    expect(await outcome(plugin, { iss: 'somebody else' })).toBe('200');
    expect(status(plugin, { token: 'deadbeef' })).toBe(401);
    expect(status(plugin, { token: 'e30.e30.AA' })).toBe(401);
    const forged = (await mint(issuer)).slice(0, -8) + 'AAAAAAAA';
    expect(status(plugin, { token: forged })).toBe(401);
  });

  it('verifies the known one beside an unknown one', async () => {
    const plugin = startWith({ unknownIssuers: 'IGNORE' }, {}, [DENY]);
    const [known, unknown] = [await mint(issuer), await mint(issuer, { iss: 'x' })];
    expect(status(plugin, { token: known, path: `/ip?access_token=${unknown}` })).toBe(200);
    expect(status(plugin, { token: unknown, path: `/ip?access_token=${known}` })).toBe(200);
  });

  it('REFUSE is the default, as in Istio', async () => {
    for (const settings of [{}, { unknownIssuers: 'REFUSE' }]) {
      const seen = await outcome(startWith(settings), { iss: 'x' });
      expect(seen).toBe('401 Jwt issuer is not configured');
    }
  });
});

describe('certificateBinding', () => {
  const certificate = createHash('sha256').update('certificate').digest();
  const mine = { peerCertificateDigest: certificate.toString('hex') };
  const other = { peerCertificateDigest: certificate.toString('hex').replace(/./g, '0') };
  const bound = { cnf: { 'x5t#S256': certificate.toString('base64url') } };
  const REFUSED = '401 Jwt is bound to another client certificate';

  it('REQUIRE lets a token pass with its own certificate alone', async () => {
    const plugin = forIssuer({ certificateBinding: 'REQUIRE' });
    expect(await outcome(plugin, bound, mine)).toBe('200');
    expect(await outcome(plugin, bound, other)).toBe(REFUSED);
    expect(await outcome(plugin, bound, {})).toBe(REFUSED);
    expect(await outcome(plugin, {}, mine)).toBe(REFUSED);
    expect(await outcome(plugin, { cnf: { jkt: 'x' } }, mine)).toBe(REFUSED);
    expect(await outcome(plugin, { cnf: { 'x5t#S256': 1 } }, mine)).toBe(REFUSED);
    expect(await outcome(plugin, { cnf: { 'x5t#S256': '' } }, mine)).toBe(REFUSED);
  });

  it('refuses a stolen token that is in the cache', async () => {
    const plugin = forIssuer({ certificateBinding: 'REQUIRE' });
    const token = await mint(issuer, bound);
    expect(status(plugin, { token, ...mine })).toBe(200);
    expect(status(plugin, { token, ...other })).toBe(401);
    expect(status(plugin, { token })).toBe(401);
    expect(status(plugin, { token, ...mine })).toBe(200);
  });

  it.each(['REQUIRE', 'IF_PRESENT'])(
    '%s holds each token against its own certificate',
    async (certificateBinding) => {
      const plugin = forIssuer({ certificateBinding });
      const theirs = { cnf: { 'x5t#S256': Buffer.alloc(32).toString('base64url') } };
      const [a, b] = [await mint(issuer, bound), await mint(issuer, theirs)];
      // The second time both come from the cache.
      for (let i = 0; i < 2; i++) {
        expect(status(plugin, { token: a, ...mine })).toBe(200);
        expect(status(plugin, { token: b, ...other })).toBe(200);
        expect(status(plugin, { token: a, ...other })).toBe(401);
        expect(status(plugin, { token: b, ...mine })).toBe(401);
      }
      const free = await mint(issuer);
      for (let i = 0; i < 2; i++) {
        expect(status(plugin, { token: free, ...mine })).toBe(
          certificateBinding === 'REQUIRE' ? 401 : 200,
        );
        expect(status(plugin, { token: a, ...other })).toBe(401);
      }
    },
  );

  it('IF_PRESENT lets other tokens pass', async () => {
    const plugin = forIssuer({ certificateBinding: 'IF_PRESENT' });
    expect(await outcome(plugin, {}, {})).toBe('200');
    expect(await outcome(plugin, bound, mine)).toBe('200');
    expect(await outcome(plugin, bound, other)).toBe(REFUSED);
  });

  it('IGNORE is the default, as in Istio', async () => {
    expect(await outcome(startWith({}), bound, other)).toBe('200');
  });
});

describe('listClaims: COMMA', () => {
  const rule = { outputClaimToHeaders: [{ header: 'x-groups', claim: 'groups' }] };
  const header = async (settings: object, groups: unknown): Promise<string | undefined> => {
    const plugin = startWith(settings, rule);
    const stream = request(plugin, { token: await mint(issuer, { groups }) });
    return stream.headers.find(([name]) => name === 'x-groups')?.[1];
  };

  it.each<[unknown, string | undefined]>([
    [['a', 'b c'], 'a,b c'],
    [['one'], 'one'],
    [[1, true, 'x'], '1,true,x'],
    [[], undefined],
    [['a,b'], Buffer.from('["a,b"]').toString('base64')],
    [['a', ['b']], Buffer.from('["a",["b"]]').toString('base64')],
    [['a', null], Buffer.from('["a",null]').toString('base64')],
    ['plain', 'plain'],
  ])('%j', async (groups, text) => {
    expect(await header({ listClaims: 'COMMA' }, groups)).toBe(text);
  });

  it("BASE64_JSON is the default, Envoy's", async () => {
    expect(await header({}, ['a'])).toBe(Buffer.from('["a"]').toString('base64'));
  });
});

describe('filterStateClaims', () => {
  it('are there for later filters and access logs', async () => {
    const plugin = startWith({ filterStateClaims: ['sub', 'a.b', 'missing'] });
    const stream = request(plugin, { token: await mint(issuer, { a: { b: 7 } }) });
    const state = (name: string): string | undefined => {
      const bytes = stream.filterState(`portcullis.claim.${name}`);
      return bytes === undefined ? undefined : Buffer.from(bytes).toString();
    };
    expect([state('sub'), state('a.b'), state('missing')]).toEqual(['alice', '7', undefined]);
  });

  it('are not there without a token', () => {
    const stream = request(startWith({ filterStateClaims: ['sub'] }), {});
    expect(stream.filterState('portcullis.claim.sub')).toBeUndefined();
  });
});

describe('what is wrong with these settings', () => {
  it.each<[object, string]>([
    [
      { issuers: [{ issuer: 'typo' }] },
      'issuers[0].issuer: no jwtRule of any RequestAuthentication has this issuer',
    ],
    [{ issuers: [{}] }, 'issuers[0].issuer: missing'],
    [{ issuers: [{ issuer: ISSUER }, { issuer: ISSUER }] }, 'issuers[1].issuer: is listed twice'],
    [
      { issuers: [{ issuer: ISSUER, clockSkew: '-1s' }] },
      'issuers[0].clockSkew: must be a duration',
    ],
    [
      { issuers: [{ issuer: ISSUER, maxLifetime: '0s' }] },
      'issuers[0].maxLifetime: must be a duration of at least "1s"',
    ],
    [{ issuers: [{ issuer: ISSUER, subjects: [] }] }, 'issuers[0].subjects: must not be empty'],
    [
      { issuers: [{ issuer: ISSUER, subjects: [''] }] },
      'issuers[0].subjects[0]: empty value not allowed',
    ],
    [
      { issuers: [{ issuer: ISSUER, certificateBinding: 'require' }] },
      'issuers[0].certificateBinding: must be IGNORE, IF_PRESENT or REQUIRE',
    ],
    [{ issuers: [{ issuer: ISSUER, requireExp: true }] }, 'issuers[0].requireExp: unknown field'],
    [{ unknownIssuers: 'ALLOW' }, 'unknownIssuers: must be REFUSE or IGNORE'],
    [{ listClaims: 'CSV' }, 'listClaims: must be BASE64_JSON or COMMA'],
    [{ minRsaKeyBits: 512 }, 'minRsaKeyBits: must be a whole number from 1024 to 16384'],
    [{ filterStateClaims: [''] }, 'filterStateClaims[0]: must not be empty'],
    [
      { jwks: [{ uri: 'https://x/', cooldown: '1ms' }] },
      'jwks[0].cooldown: must be a duration of at least "1s"',
    ],
  ])('%j is refused', (settings, line) => {
    const { process, plugin } = start([requestAuthentication({ jwks: issuer.jwks })], settings);
    expect(process.logs().join('\n')).toContain(line);
    expect(status(plugin)).toBe(500);
  });
});
