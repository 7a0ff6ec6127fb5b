// The fields of a jwtRule: which of them are wrong, in Istio's words, and what each right one does, to its last element.
import type { JWTPayload } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import type { HttpStream } from '../../host/contexts.ts';
import {
  CLUSTER,
  ISSUER,
  type Issuer,
  JWKS_URI,
  type RequestOptions,
  denyPolicy,
  makeIssuer,
  mint,
  problemsOf,
  request,
  requestAuthentication,
  start,
  status,
  statusOf,
} from './fixture.ts';

const AT = 'resources[0] RequestAuthentication istio-system/jwt: ';
let issuer: Issuer;
beforeAll(async () => {
  issuer = await makeIssuer();
});

/** What is wrong with these rules, without the name of their resource. */
const mistakesOf = (jwtRules: object[]): string[] =>
  problemsOf([requestAuthentication({}, { jwtRules })]).map((line) => line.replace(AT, ''));

describe('of a RequestAuthentication all mistakes are told, each with its place', () => {
  it('in its rules', () => {
    const jwtRules = [
      {
        issuer: 'i',
        jwksUri: 'ftp://x',
        audiences: ['', 'a', ''],
        fromParams: ['a', ''],
        fromCookies: ['', 'a'],
        spaceDelimitedClaims: [''],
        fromHeaders: [{}, { name: 'ok' }, { name: 'a b' }, { name: '' }],
        outputPayloadToHeader: 'a:b',
        outputClaimToHeaders: [
          {},
          { header: 'ok', claim: 'ok' },
          { header: 'a.b', claim: '' },
          { claim: 'c' },
        ],
        timeout: '1',
      },
      { issuer: 'i', jwksUri: JWKS_URI, audiences: [''] },
    ];
    const rule = 'spec.jwtRules[0]';
    const claim = 'outputClaimToHeaders header and claim value must be non-empty string';
    expect(mistakesOf(jwtRules)).toEqual([
      `${rule}.jwksUri: url must have scheme http:// or https://`,
      `${rule}.timeout: must be a valid duration greater than 1ms`,
      `${rule}.audiences[0]: audience must be non-empty string`,
      `${rule}.audiences[2]: audience must be non-empty string`,
      `${rule}.fromParams[1]: location query must be non-empty string`,
      `${rule}.fromCookies[0]: cookie name must be non-empty string`,
      `${rule}.spaceDelimitedClaims[0]: must not be empty`,
      `${rule}.fromHeaders[0].name: location header name must be non-empty string`,
      `${rule}.fromHeaders[2].name: header name a b is not a valid header name`,
      `${rule}.fromHeaders[3].name: location header name must be non-empty string`,
      `${rule}.outputPayloadToHeader: header name a:b is not a valid header name`,
      `${rule}.outputClaimToHeaders[0].header: ${claim}`,
      `${rule}.outputClaimToHeaders[0].claim: ${claim}`,
      `${rule}.outputClaimToHeaders[2].header: header name a.b is not a valid header name`,
      `${rule}.outputClaimToHeaders[2].claim: ${claim}`,
      `${rule}.outputClaimToHeaders[3].header: ${claim}`,
      'spec.jwtRules[1].audiences[0]: audience must be non-empty string',
    ]);
  });

  it('and around them', () => {
    const metadata = {
      name: 'jwt',
      namespace: 'istio-system',
      annotations: { 'istio.io/dry-run': 'false' },
    };
    const wrong = { ...requestAuthentication({}, { jwtRules: [{ issuer: 'i' }] }), metadata };
    expect(problemsOf([wrong])).toEqual([
      `${AT}metadata.annotations.istio.io/dry-run: unsupported annotation istio.io/dry-run, please remove the annotation`,
      `${AT}spec.jwtRules[0].jwksUri: missing: OpenID discovery is not supported; set jwksUri or jwks`,
    ]);
  });

  it('and of 4096 rules there are none too many, of 4097 there is one', () => {
    const rules = (length: number): object[] =>
      Array.from({ length }, () => ({ issuer: 'i', jwksUri: JWKS_URI }));
    expect(mistakesOf(rules(4096))).toEqual([]);
    expect(mistakesOf(rules(4097))).toEqual(['spec.jwtRules: must have at most 4096 items']);
  });
});

describe('the issuer and the keys of a rule', () => {
  const NO_ISSUER = 'issuer: issuer or jwksUri must be non-empty string';
  const NO_KEYS = 'jwksUri: missing: OpenID discovery is not supported; set jwksUri or jwks';
  const BOTH = 'jwks: only one of jwks or jwksUri can be set';
  const EMPTY = 'jwksUri: must not be empty';
  const keys = JSON.stringify({
    keys: [{ kty: 'oct', alg: 'HS256', k: Buffer.alloc(32).toString('base64url') }],
  });

  it.each<[object, string[]]>([
    [{ issuer: 'i', jwksUri: JWKS_URI }, []],
    [{ issuer: 'i', jwks_uri: JWKS_URI }, []],
    [{ issuer: 'i', jwks: keys }, []],
    [{ jwksUri: JWKS_URI }, []],
    [{ jwks_uri: JWKS_URI }, []],
    [{ jwks: keys }, [NO_ISSUER]],
    [{ issuer: '', jwksUri: JWKS_URI }, [NO_ISSUER]],
    [{ issuer: '', jwks: keys }, [NO_ISSUER]],
    [{}, [NO_ISSUER, NO_KEYS]],
    [{ issuer: 'i' }, [NO_KEYS]],
    [{ issuer: 'i', jwksUri: '' }, [EMPTY, NO_KEYS]],
    [{ issuer: 'i', jwks_uri: '' }, [EMPTY, NO_KEYS]],
    [{ issuer: 'i', jwks: '' }, [NO_KEYS]],
    [{ issuer: 'i', jwks: '', jwksUri: '' }, [EMPTY, BOTH, NO_KEYS]],
    [{ issuer: 'i', jwks: keys, jwksUri: JWKS_URI }, [BOTH]],
    [{ issuer: 'i', jwks: keys, jwks_uri: JWKS_URI }, [BOTH]],
    [{ issuer: 'i', jwksUri: 'https://a/'.padEnd(2048, 'b') }, []],
    [
      { issuer: 'i', jwksUri: 'https://a/'.padEnd(2049, 'b') },
      ['jwksUri: must have at most 2048 characters'],
    ],
    [
      { issuer: 'i', jwksUri: JWKS_URI, jwks_uri: JWKS_URI },
      ['jwks_uri: is another name of jwksUri; set one of them'],
    ],
    [{ issuer: 'i', jwks: 'x' }, ['jwks: jwks parse error: Jwks is an invalid JSON']],
  ])('%j: %j', (rule, lines) => {
    expect(mistakesOf([rule])).toEqual(lines.map((line) => `spec.jwtRules[0].${line}`));
  });

  it('are looked at where the rule does not apply, too', () => {
    const elsewhere = { selector: { matchLabels: { app: 'another' } } };
    const wrong = requestAuthentication({ jwks: '{"keys":[]}' }, elsewhere);
    expect(problemsOf([wrong])).toEqual([
      `${AT}spec.jwtRules[0].jwks: jwks parse error: Jwks doesn't have any valid public key`,
    ]);
    expect(problemsOf([requestAuthentication({ jwks: keys }, elsewhere)])).toEqual([]);
    const jwtRules = [
      { issuer: 'i', jwksUri: JWKS_URI },
      { issuer: 'j', jwks: keys },
    ];
    const { process, plugin } = start([requestAuthentication({}, { jwtRules, ...elsewhere })]);
    process.advance(10_000);
    expect(process.httpCalls).toEqual([]);
    expect(status(plugin, { token: 'none' })).toBe(200);
  });

  it('are told of in the log where some of the keys are none', () => {
    const { keys: own } = JSON.parse(issuer.jwks) as { keys: object[] };
    const jwks = JSON.stringify({ keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }, ...own] });
    const warnings = (spec: object): string[] =>
      start([requestAuthentication({ jwks }, spec)]).process.logs('warn');
    const line = `jwks: ${ISSUER}: key 0 is left out: its modulus has less than 2048 bits`;
    expect([...new Set(warnings({}))]).toEqual([line]);
    expect(warnings({ selector: { matchLabels: { app: 'another' } } })).toEqual([]);
  });
});

describe('the name of a header', () => {
  /** All that can be typed. */
  const TYPED = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i));
  const LETTERS_AND_DIGITS = /^[A-Za-z0-9]$/;

  /** Those of these characters that no such name may have. */
  function refused(characters: string[], field: (name: string) => object): string[] {
    // No more than 50 problems are told at once.
    const halves = [characters.slice(0, 40), characters.slice(40)];
    return halves.flatMap((some) => {
      const jwtRules = some.map((c) => ({ issuer: 'i', jwksUri: JWKS_URI, ...field(`a${c}b`) }));
      return mistakesOf(jwtRules).map((line) => /header name a(.)b is not/.exec(line)![1]!);
    });
  }

  it('that gets a claim is what Istio’s CRD says: letters, digits, `-` and `_`', () => {
    const others = TYPED.filter((c) => !LETTERS_AND_DIGITS.test(c) && !'-_'.includes(c));
    const field = (header: string): object => ({ outputClaimToHeaders: [{ header, claim: 'c' }] });
    expect(refused(TYPED, field)).toEqual(others);
  });

  it.each<[string, (name: string) => object]>([
    ['that has a token', (name) => ({ fromHeaders: [{ name }] })],
    ['that gets the payload', (name) => ({ outputPayloadToHeader: name })],
  ])('%s is any that HTTP knows', (_, field) => {
    const others = TYPED.filter(
      (c) => !LETTERS_AND_DIGITS.test(c) && !"!#$%&'*+-.^_`|~".includes(c),
    );
    expect(refused(TYPED, field)).toEqual(others);
  });

  it('may be written large or small, by the rule as by the client', async () => {
    const { plugin } = start([
      requestAuthentication({
        jwks: issuer.jwks,
        fromHeaders: [{ name: 'X-AZ-az.Token' }],
        outputPayloadToHeader: 'X-AZ-Payload',
        outputClaimToHeaders: [{ header: 'X-AZ-az_Sub', claim: 'sub' }],
      }),
    ]);
    const token = await mint(issuer);
    const stream = request(plugin, { headers: [['x-az-az.token', token]] });
    expect(stream.state).toBe('continued');
    expect(stream.headers).toContainEqual(['x-az-payload', token.split('.')[1]]);
    expect(stream.headers).toContainEqual(['x-az-az_sub', 'alice']);
    expect(stream.headers.map(([name]) => name)).not.toContain('x-az-az.token');
  });
});

describe('the lists of a rule have no element more than they say', () => {
  /** A rule whose fields stand in this order, with a name that stands behind a list. */
  const running = (rule: object, more: object[] = []): ReturnType<typeof start> =>
    start([requestAuthentication({ jwks: issuer.jwks, ...rule }), ...more]);
  const asked = async (
    rule: object,
    claims: JWTPayload,
    options: RequestOptions = {},
  ): Promise<HttpStream> =>
    request(running(rule).plugin, { token: await mint(issuer, claims), ...options });

  it.each([
    ['a', 200],
    ['b', 200],
    ['forwardOriginalToken', 403],
    ['', 403],
  ])('audiences: %s', async (aud, expected) => {
    const rule = { audiences: ['a', 'b'], forwardOriginalToken: true };
    expect(statusOf(await asked(rule, { aud }))).toBe(expected);
  });

  it('spaceDelimitedClaims', async () => {
    const claims = ['first', 'second', 'forwardOriginalToken'];
    const { plugin } = running(
      { spaceDelimitedClaims: claims.slice(0, 2), forwardOriginalToken: true },
      [
        denyPolicy(
          claims.map((claim) => ({
            when: [{ key: `request.auth.claims[${claim}]`, values: ['one'] }],
          })),
        ),
      ],
    );
    const seen = await Promise.all(claims.map((claim) => mint(issuer, { [claim]: 'one two' })));
    expect(seen.map((token) => status(plugin, { token }))).toEqual([403, 403, 200]);
  });

  it.each<[string, (token: string) => RequestOptions, number]>([
    ['the first header', (token) => ({ headers: [['x-first', token]] }), 200],
    ['the second header', (token) => ({ headers: [['x-second', `by ${token}`]] }), 200],
    ['the first parameter', (token) => ({ path: `/?first=${token}` }), 200],
    ['the second parameter', (token) => ({ path: `/?second=${token}` }), 200],
    ['the first cookie', (token) => ({ headers: [['cookie', `first=${token}`]] }), 200],
    ['the second cookie', (token) => ({ headers: [['cookie', `second=${token}`]] }), 200],
    ['the header behind a list', (token) => ({ headers: [['fromParams', token]] }), 403],
    ['the parameter behind a list', (token) => ({ path: `/?fromCookies=${token}` }), 403],
    ['the cookie behind a list', (token) => ({ headers: [['cookie', `issuer=${token}`]] }), 403],
    ['the usual header', (token) => ({ token }), 403],
    ['the usual parameter', (token) => ({ path: `/?access_token=${token}` }), 403],
  ])('places: a token in %s', async (_, options, expected) => {
    const places = {
      fromHeaders: [{ name: 'x-first' }, { name: 'x-second', prefix: 'by ' }],
      fromParams: ['first', 'second'],
      fromCookies: ['first', 'second'],
      issuer: ISSUER,
    };
    const resource = requestAuthentication({}, { jwtRules: [{ jwks: issuer.jwks, ...places }] });
    const anonymous = denyPolicy([{ from: [{ source: { notRequestPrincipals: ['*'] } }] }]);
    const { plugin } = start([resource, anonymous]);
    expect(status(plugin, options(await mint(issuer)))).toBe(expected);
  });

  it('outputClaimToHeaders', async () => {
    const outputClaimToHeaders = [
      { header: 'x-sub', claim: 'sub' },
      { header: 'x-deep', claim: 'a.b' },
    ];
    const before = (await asked({}, {})).headers.map(([name]) => name);
    const rule = { outputClaimToHeaders, outputPayloadToHeader: '' };
    const stream = await asked(rule, { a: { b: 'c' }, '': 'nameless' });
    const added = stream.headers.filter(([name]) => !before.includes(name));
    expect(added).toEqual([
      ['x-sub', 'alice'],
      ['x-deep', 'c'],
    ]);
  });
});

describe('the key set of a rule', () => {
  const ready = (rule: object, settings: object = {}): number[] => {
    const world = start([requestAuthentication({ jwksUri: JWKS_URI, ...rule })], settings);
    world.process.advance(100);
    return world.process.httpCalls.map(({ timeout }) => timeout);
  };

  it('is waited for as long as the rule says, unless the plugin says otherwise', () => {
    expect(ready({})).toEqual([5000]);
    expect(ready({ timeout: '3s' })).toEqual([3000]);
    expect(ready({ timeout: '3s' }, { jwks: [{ uri: JWKS_URI }] })).toEqual([3000]);
    expect(ready({ timeout: '3s' }, { jwks: [{ uri: JWKS_URI, timeout: '2s' }] })).toEqual([2000]);
    expect(ready({}, { jwks: [{ uri: `${JWKS_URI}?`, timeout: '2s' }] })).toEqual([5000]);
  });

  it('is fetched through the cluster that is named for its own URI', () => {
    const other = { uri: 'https://idp.example/other.json', cluster: 'other', timeout: '2s' };
    const { process } = start(
      [requestAuthentication({ jwksUri: JWKS_URI })],
      { jwks: [other, { uri: JWKS_URI, cluster: 'own' }, { ...other, uri: 'https://a/b' }] },
      { clusters: [CLUSTER, 'own', 'other'] },
    );
    process.advance(100);
    expect(process.httpCalls).toMatchObject([{ cluster: 'own', timeout: 5000 }]);
  });
});
