// The settings of the plugin: what is wrong with each, in which words and at which path, and what a right one does.
import { generateKeyPairSync } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { nodePlatform } from '../../host/node-platform.ts';
import {
  CLUSTER,
  ISSUER,
  type Issuer,
  JWKS_URI,
  configuration,
  denyPolicy,
  errorLines,
  makeIssuer,
  mint,
  problemsOf,
  request,
  requestAuthentication,
  start,
  status,
  statusOf,
  update,
} from './fixture.ts';

let issuer: Issuer;
let other: Issuer;
beforeAll(async () => {
  [issuer, other] = await Promise.all([makeIssuer(), makeIssuer()]);
});

describe('of a configuration in which everything is wrong', () => {
  it('each problem is told, with the path to its own field', () => {
    const settings = {
      rootNamespace: '',
      trustDomain: '',
      trustDomainAliases: ['old', '', 'a*'],
      connectionFacts: {
        directAddress: '',
        peerUris: '',
        peerCertificate: '',
        singleUriSan: true,
        peerDns: '',
        localUris: '',
      },
      xfcc: { forward: 'SANITIZE', details: ['Subject', 'Hash', 'Chain', 'Cert'] },
      peerRejection: 1,
      clockSkew: 'long',
      jwks: [
        { uri: '', cluster: '', refresh: '999ms', cooldown: '999ms', timeout: '0s' },
        { uri: 'https://a/', timeout: '61s' },
        { uri: 'https://a/', timeout: '1.5us' },
        { cluster: 'c', timeout: '1ms1us' },
      ],
      issuers: [
        {},
        {
          issuer: 'a',
          clockSkew: '1',
          maxLifetime: '999ms',
          subjects: ['a', ''],
          certificateBinding: 'require',
        },
        { issuer: 'a', subjects: [], maxLifetime: 'x' },
      ],
      minRsaKeyBits: 2048.5,
      unknownIssuers: 'ignore',
      listClaims: 'CSV',
      filterStateClaims: ['a', '', 'b'],
      enforcement: 'OFF',
      tokenCache: { maxTokens: 0.5, maxBytes: -1 },
      workload: { namespace: '', containerPort: 0.5, protocol: 'UDP', tcpPorts: [0] },
    };
    expect(problemsOf([], settings)).toEqual([
      'rootNamespace: must not be empty',
      'trustDomain: must not be empty',
      'trustDomainAliases[1]: must be a trust domain, without wildcard',
      'trustDomainAliases[2]: must be a trust domain, without wildcard',
      'connectionFacts.directAddress: must not be empty',
      'connectionFacts.peerUris: must not be empty',
      'connectionFacts.peerCertificate: must not be empty',
      'connectionFacts.singleUriSan: is not for use with peerUris, which tells of all',
      'connectionFacts.singleUriSan: is not for use with peerCertificate, which tells of all',
      'connectionFacts.peerDns: must not be empty',
      'connectionFacts.localUris: must not be empty',
      'xfcc.details[1]: must be one of Subject, URI, DNS',
      'xfcc.details[2]: must be one of Subject, URI, DNS; a Wasm filter does not see the certificate itself',
      'xfcc.details[3]: must be one of Subject, URI, DNS; a Wasm filter does not see the certificate itself',
      'peerRejection: must be RESET or an HTTP status from 400 to 599',
      'clockSkew: must be a duration such as "60s", not negative',
      'jwks[0].uri: missing',
      'jwks[0].cluster: must not be empty',
      'jwks[0].refresh: must be a duration of at least "1s"',
      'jwks[0].cooldown: must be a duration of at least "1s"',
      'jwks[0].timeout: must be a valid duration greater than 1ms',
      'jwks[1].timeout: must not be longer than "60s": requests wait for it',
      'jwks[2].uri: is listed twice',
      'jwks[2].timeout: must be a valid duration greater than 1ms',
      'jwks[3].uri: missing',
      'jwks[3].timeout: only durations to ms precision are supported',
      'issuers[0].issuer: missing',
      'issuers[1].clockSkew: must be a duration such as "60s", not negative',
      'issuers[1].maxLifetime: must be a duration of at least "1s"',
      'issuers[1].subjects[1]: empty value not allowed',
      'issuers[1].certificateBinding: must be IGNORE, IF_PRESENT or REQUIRE',
      'issuers[2].issuer: is listed twice',
      'issuers[2].maxLifetime: must be a duration such as "60s", not negative',
      'issuers[2].maxLifetime: must be a duration of at least "1s"',
      'issuers[2].subjects: must not be empty',
      'minRsaKeyBits: must be a whole number from 1024 to 16384',
      'unknownIssuers: must be REFUSE or IGNORE',
      'listClaims: must be BASE64_JSON or COMMA',
      'filterStateClaims[1]: must not be empty',
      'enforcement: must be ENFORCE or SHADOW',
      'tokenCache.maxTokens: must be a whole number from 0 to 100000',
      'tokenCache.maxBytes: must be a whole number from 0 to 67108864',
      "workload.namespace: missing, and Envoy's node has no metadata NAMESPACE",
      'workload.containerPort: must be a port from 1 to 65535',
      'workload.protocol: must be HTTP or TCP',
      'workload.tcpPorts: must be ports from 1 to 65535',
      'issuers[0].issuer: no jwtRule of any RequestAuthentication has this issuer',
      'issuers[1].issuer: no jwtRule of any RequestAuthentication has this issuer',
      'issuers[2].issuer: no jwtRule of any RequestAuthentication has this issuer',
    ]);
  });
});

describe('a configuration', () => {
  it('may have nothing in any of its fields, as Kubernetes writes it, and is taken', () => {
    const names = [
      ...['rootNamespace', 'trustDomain', 'trustDomainAliases', 'connectionFacts', 'xfcc', 'jwks'],
      ...['peerRejection', 'clockSkew', 'issuers', 'minRsaKeyBits', 'unknownIssuers', 'listClaims'],
      ...['filterStateClaims', 'enforcement', 'tokenCache', 'workload', 'extensionProviders'],
      ...['debugHeaders', 'guard', 'forwardOriginalToken', 'allowOnHeadersStopIteration'],
    ];
    expect(problemsOf([], Object.fromEntries(names.map((name) => [name, null])))).toEqual([]);
    const nulls = (text: string): object =>
      Object.fromEntries(text.split(' ').map((name) => [name, null]));
    const within = {
      workload: nulls('namespace labels containerPort protocol tcpPorts gateway'),
      jwks: [{ uri: 'https://a/', ...nulls('cluster refresh timeout cooldown') }],
      issuers: [
        {
          issuer: ISSUER,
          ...nulls('clockSkew requireExpiration maxLifetime subjects certificateBinding'),
        },
      ],
      tokenCache: nulls('maxTokens maxBytes'),
      connectionFacts: nulls(
        'directAddress peerCertificate peerUris peerDns localUris singleUriSan',
      ),
      xfcc: { forward: 'SANITIZE', details: null },
    };
    expect(problemsOf([requestAuthentication({ jwksUri: JWKS_URI })], within)).toEqual([]);
  });

  it('may say of an issuer what holds for it by default, and name one of a rule elsewhere', () => {
    const elsewhere = (rule: object): object => ({
      ...requestAuthentication({ jwksUri: JWKS_URI, ...rule }),
      metadata: { name: 'elsewhere', namespace: 'bar' },
    });
    const issuers = [{ issuer: ISSUER, certificateBinding: 'IGNORE', requireExpiration: false }];
    expect(problemsOf([elsewhere({})], { issuers })).toEqual([]);
    // Rules without issuer are named by one of no characters.
    expect(problemsOf([elsewhere({ issuer: undefined })], { issuers: [{ issuer: '' }] })).toEqual(
      [],
    );
    expect(problemsOf([elsewhere({})], { issuers: [...issuers, { issuer: '' }] })).toEqual([
      'issuers[1].issuer: no jwtRule of any RequestAuthentication has this issuer',
    ]);
  });

  it('may go to each of its bounds', () => {
    const settings = {
      jwks: [
        { uri: 'https://a/', refresh: '1s', cooldown: '1s', timeout: '1ms' },
        { uri: 'https://b/', timeout: '60s' },
      ],
      issuers: [{ issuer: ISSUER, maxLifetime: '1s', clockSkew: '0', subjects: ['a'] }],
      filterStateClaims: ['a'],
      trustDomainAliases: ['a', 'b'],
      connectionFacts: { directAddress: 'a', peerUris: 'b', peerDns: 'c', localUris: 'd' },
      tokenCache: { maxTokens: 100_000, maxBytes: 67_108_864 },
      minRsaKeyBits: 16_384,
    };
    const rule = requestAuthentication({ jwksUri: JWKS_URI, timeout: '60s' });
    expect(problemsOf([rule], settings)).toEqual([]);
    const beyond = {
      tokenCache: { maxTokens: 100_001, maxBytes: 67_108_865 },
      minRsaKeyBits: 16_385,
    };
    expect(problemsOf([rule], beyond)).toEqual([
      'minRsaKeyBits: must be a whole number from 1024 to 16384',
      'tokenCache.maxTokens: must be a whole number from 0 to 100000',
      'tokenCache.maxBytes: must be a whole number from 0 to 67108864',
    ]);
    expect(problemsOf([], { minRsaKeyBits: 1023 })).toHaveLength(1);
  });

  it('is said to be of the wrong type where it is, and not looked into', () => {
    const world = start([]);
    for (const [text, kind] of [
      ['null', 'null'],
      ['[]', 'a list'],
      ['"a"', 'a string'],
      ['1', 'a number'],
      ['true', 'a boolean'],
    ]) {
      expect(update(world, text!)).toBe(false);
      expect(errorLines(world.process).at(-1)).toBe(`config: must be an object, not ${kind}`);
    }
  });

  it('that is no JSON is refused with the place, and a binary message with what to write instead', () => {
    const struct =
      '; did you mean google.protobuf.StringValue? Envoy passes a google.protobuf.Struct in binary form';
    const table: [string, number, string][] = [
      ['\n\x10\n\tresources', 1, struct],
      ['\nx', 1, struct],
      ['\n', 1, ''],
      ['\n{', 2, ''],
      [' x', 1, ''],
      ['x\n', 0, ''],
    ];
    for (const [text, at, hint] of table) {
      const world = start([]);
      expect(update(world, text)).toBe(false);
      expect(errorLines(world.process)).toEqual([`config: not valid JSON, at byte ${at}${hint}`]);
    }
  });
});

describe('a configuration of so many bytes', () => {
  const MOST = 3 * 1024 * 1024;
  const of = (bytes: number): string => configuration([denyPolicy([{}])]).padEnd(bytes);

  it('is taken up to 3 MiB, and refused beyond, with the bound', () => {
    const world = start([]);
    expect(update(world, of(MOST))).toBe(true);
    expect(status(world.plugin)).toBe(403);
    expect(update(world, of(MOST + 1))).toBe(false);
    expect(errorLines(world.process)).toEqual([`config: more than ${MOST} bytes`]);
    expect(status(world.plugin)).toBe(403);
  });

  it('tells how long it took, where it is taken', () => {
    const name = 'portcullis_compile_microseconds';
    expect(start([]).process.metrics.has(name)).toBe(true);
    expect(start([denyPolicy([{ a: 1 }])]).process.metrics.has(name)).toBe(false);
  });
});

describe('the facts that a header of certificates needs', () => {
  const HERE = ': a Wasm filter sees the first SAN alone';
  const BY = `xfcc: needs connectionFacts.localUris for By${HERE}`;
  const URI = `xfcc: needs connectionFacts.peerCertificate or peerUris for URI${HERE}`;
  const DNS = `xfcc: needs connectionFacts.peerCertificate or peerDns for DNS${HERE}`;

  it.each<[object, object, string[]]>([
    [{ forward: 'APPEND_FORWARD' }, {}, [BY, URI, DNS]],
    [{ forward: 'SANITIZE_SET' }, {}, [BY, URI, DNS]],
    [{ forward: 'SANITIZE_SET', details: null }, {}, [BY, URI, DNS]],
    [{ forward: 'SANITIZE_SET', details: [] }, {}, [BY]],
    [{ forward: 'SANITIZE_SET', details: ['Subject'] }, {}, [BY]],
    [{ forward: 'SANITIZE_SET', details: ['URI'] }, {}, [BY, URI]],
    [{ forward: 'SANITIZE_SET', details: ['DNS'] }, {}, [BY, DNS]],
    [{ forward: 'SANITIZE_SET' }, { localUris: 'a' }, [URI, DNS]],
    [{ forward: 'SANITIZE_SET' }, { localUris: 'a', peerUris: 'b' }, [DNS]],
    [{ forward: 'SANITIZE_SET' }, { localUris: 'a', peerDns: 'b' }, [URI]],
    [{ forward: 'SANITIZE_SET' }, { localUris: 'a', peerCertificate: 'b' }, []],
    ...['SANITIZE', 'FORWARD_ONLY', 'ALWAYS_FORWARD_ONLY'].map(
      (forward): [object, object, string[]] => [{ forward }, {}, []],
    ),
  ])('%j with %j', (xfcc, connectionFacts, lines) => {
    expect(problemsOf([], { xfcc, connectionFacts })).toEqual(lines);
  });
});

describe('a trust domain', () => {
  const facts = { connectionFacts: { singleUriSan: true } };
  const from = (principals: string[]): object =>
    denyPolicy([{ from: [{ source: { principals } }] }]);

  /** Trust domains whose workload `a` the policy is about. */
  function denied(principal: string, settings: object): string[] {
    const { plugin } = start([from([`${principal}/ns/foo/sa/a`])], { ...facts, ...settings });
    return ['cluster.local', 'corp', 'old', 'older', 'other'].filter((domain) => {
      const peerCertificate = { uri: `spiffe://${domain}/ns/foo/sa/a`, subject: '', digest: 'ab' };
      const headers: [string, string][] = [
        [':method', 'GET'],
        [':path', '/'],
        [':authority', 'a'],
      ];
      const stream = plugin.request(headers, { connection: { tls: true, peerCertificate } })!;
      plugin.end(stream);
      return statusOf(stream) === 403;
    });
  }

  it.each<[string, object, string[]]>([
    ['cluster.local', {}, ['cluster.local']],
    ['corp', {}, ['corp']],
    ['cluster.local', { trustDomain: 'corp' }, ['corp']],
    ['corp', { trustDomain: 'corp', trustDomainAliases: null }, ['corp']],
    [
      'corp',
      { trustDomain: 'corp', trustDomainAliases: ['old', 'corp', 'older'] },
      ['corp', 'old', 'older'],
    ],
    [
      'older',
      { trustDomain: 'corp', trustDomainAliases: ['old', 'older'] },
      ['corp', 'old', 'older'],
    ],
    ['other', { trustDomain: 'corp', trustDomainAliases: ['old', 'older'] }, ['other']],
  ])('%s with %j', (principal, settings, domains) => {
    expect(denied(principal, settings)).toEqual(domains);
  });
});

describe('of the settings of a key set', () => {
  const rule = (name: string, more: object = {}): object => ({
    ...requestAuthentication({ jwksUri: JWKS_URI, issuer: name, ...more }),
    metadata: { name, namespace: 'istio-system' },
  });
  const timeoutOf = (resources: object[], settings: object = {}): number => {
    const { process } = start(resources, settings);
    process.advance(100);
    expect(process.httpCalls).toHaveLength(1);
    return process.httpCalls[0]!.timeout;
  };

  it('the timeout is that of the setting, else the longest of the rules', () => {
    const rules = [
      rule('a', { timeout: '1s' }),
      rule('b', { timeout: '3s' }),
      rule('c', { timeout: '2s' }),
    ];
    expect(timeoutOf(rules)).toBe(3000);
    expect(timeoutOf([...rules].reverse())).toBe(3000);
    expect(timeoutOf([rule('a')])).toBe(5000);
    expect(timeoutOf(rules, { jwks: [{ uri: JWKS_URI, timeout: '500ms' }] })).toBe(500);
    expect(timeoutOf(rules, { jwks: [{ uri: JWKS_URI }] })).toBe(3000);
    expect(timeoutOf(rules, { jwks: [{ uri: `${JWKS_URI}#`, timeout: '500ms' }] })).toBe(3000);
  });

  it('the URI tells it from another at the same place, whose keys are good for nobody else', async () => {
    const at = (name: string, jwksUri: string): object => rule(name, { jwksUri });
    const uris = ['https://idp.example/a', 'https://idp.example/b'];
    const { process, plugin } = start(uris.map((uri, i) => at(`issuer${i}`, uri)));
    process.advance(100);
    expect(process.httpCalls).toHaveLength(2);
    for (const call of process.httpCalls) {
      const path = call.headers.find(([name]) => name === ':path')![1];
      call.respond({ status: 200, body: path === '/a' ? issuer.jwks : other.jwks });
    }
    process.advance(1100);
    const answer = async (by: Issuer, iss: string): Promise<number | string> =>
      status(plugin, { token: await mint(by, { iss }) });
    expect(await answer(issuer, 'issuer0')).toBe(200);
    expect(await answer(other, 'issuer1')).toBe(200);
    expect(await answer(issuer, 'issuer1')).toBe(401);
    expect(await answer(other, 'issuer0')).toBe(401);
  });

  it('the cluster is the one that is asked', () => {
    const cluster = (jwks: object[]): string[] => {
      const { process } = start([rule('a')], { jwks }, { clusters: [CLUSTER, 'idp'] });
      process.advance(100);
      return process.httpCalls.map((call) => call.cluster);
    };
    expect(cluster([])).toEqual([CLUSTER]);
    expect(cluster([{ uri: JWKS_URI }])).toEqual([CLUSTER]);
    expect(
      cluster([
        { uri: 'https://other.example/', cluster: 'other' },
        { uri: JWKS_URI, cluster: 'idp' },
      ]),
    ).toEqual(['idp']);
  });

  it('the refresh is from one fetch to the next, up to a quarter earlier', () => {
    for (const [refresh, seconds] of [
      [undefined, 300],
      ['20s', 20],
    ] as const) {
      const jwks = [
        { uri: 'https://other.example/', refresh: '1s' },
        { uri: JWKS_URI, refresh },
      ];
      const { process } = start([rule('a')], { jwks });
      process.advance(100);
      process.httpCalls[0]!.respond({ status: 200, body: issuer.jwks });
      process.advance((seconds * 3000) / 4 - 2000);
      expect(process.httpCalls).toHaveLength(0);
      process.advance(seconds * 250 + 4000);
      expect(process.httpCalls).toHaveLength(1);
    }
  });
});

describe('minRsaKeyBits', () => {
  it('leaves out the keys below, which are those of less than 2048 bits by default', () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwks = JSON.stringify({ keys: [publicKey.export({ format: 'jwk' })] });
    const problems = (minRsaKeyBits?: number): number =>
      problemsOf([requestAuthentication({ jwks })], { minRsaKeyBits }).length;
    expect([problems(1024), problems(1025), problems(2048), problems()]).toEqual([0, 2, 2, 2]);
  });
});

describe('the rules of RequestAuthentications', () => {
  it('are asked by issuer, those of the root namespace first, and then as they stand', async () => {
    const foreign = await mint({ ...other, kid: issuer.kid });
    const AUDIENCE = 'Audiences in Jwt are not allowed';
    const SIGNATURE = 'Jwt verification fails';
    const rule = (namespace: string, name: string, more: object): object => ({
      ...requestAuthentication({ jwks: issuer.jwks, ...more }),
      metadata: { name, namespace },
    });
    const [strict, lax] = [{ audiences: ['a'] }, {}];
    /** What the first rule says of a token that each of them has something against. */
    const first = (...rules: object[]): string | undefined => {
      const { plugin } = start(rules);
      const stream = request(plugin, { token: foreign });
      plugin.end(stream);
      return stream.reply?.body;
    };
    const root = 'istio-system';
    expect(first(rule('foo', 'a', lax), rule(root, 'b', strict))).toBe(AUDIENCE);
    expect(first(rule(root, 'b', strict), rule('foo', 'a', lax))).toBe(AUDIENCE);
    expect(first(rule('foo', 'a', strict), rule(root, 'b', lax))).toBe(SIGNATURE);
    expect(first(rule(root, 'b', lax), rule('foo', 'a', strict))).toBe(SIGNATURE);
    expect(first(rule('foo', 'a', lax), rule('foo', 'b', strict))).toBe(SIGNATURE);
    expect(first(rule('foo', 'a', strict), rule('foo', 'b', lax))).toBe(AUDIENCE);
    // A rule without issuer, which takes every token, stands before all others.
    const any = { ...strict, issuer: undefined, jwks: undefined, jwksUri: JWKS_URI };
    expect(first(rule('foo', 'a', any), rule(root, 'b', lax))).toBe(AUDIENCE);
    expect(first(rule(root, 'a', lax), rule('foo', 'b', any))).toBe(AUDIENCE);
  });
});

describe('tokenCache', () => {
  it.each<[object, number]>([
    [{}, 1],
    [{ tokenCache: { maxTokens: 1 } }, 1],
    [{ tokenCache: { maxTokens: 0 } }, 0],
    [{ tokenCache: { maxBytes: 0 } }, 0],
    [{ tokenCache: { maxTokens: null, maxBytes: null } }, 1],
  ])('%j: of two requests with one token, %i needs no verification', async (settings, hits) => {
    const token = await mint(issuer);
    const { process, plugin } = start([requestAuthentication({ jwks: issuer.jwks })], settings);
    expect([1, 2].map(() => status(plugin, { token }))).toEqual([200, 200]);
    const found = Object.entries(process.metrics.nonZero()).find(([name]) =>
      /cache.*hit/.test(name),
    );
    expect(found?.[1] ?? 0).toBe(hits);
  });
});

describe('enforcement', () => {
  it('does not change responses where nothing is enforced: no debugHeaders beside SHADOW', () => {
    const both = { enforcement: 'SHADOW', debugHeaders: true };
    expect(problemsOf([], both)).toEqual([
      'debugHeaders: changes responses, and enforcement is SHADOW',
    ]);
    for (const settings of [
      { ...both, enforcement: 'ENFORCE' },
      { ...both, debugHeaders: false },
      { debugHeaders: true },
    ]) {
      expect(problemsOf([], settings)).toEqual([]);
    }
  });

  it('is what a configuration says, be the rest of it wrong or not', () => {
    const answer = (settings: object): number | string =>
      status(start([denyPolicy([{ a: 1 }])], settings).plugin);
    expect(answer({ enforcement: 'SHADOW' })).toBe(200);
    expect(answer({ enforcement: 'ENFORCE' })).toBe(500);
    expect(answer({})).toBe(500);
    expect(status(start([], { enforcement: 'SHADOWS' }).plugin)).toBe(500);
    expect(status(start([], { resources: [], workload: { enforcement: 'SHADOW' } }).plugin)).toBe(
      500,
    );
  });
});

describe('a host that verifies no signatures', () => {
  const platform = { ...nodePlatform, verifySignature: () => undefined };
  const LINE =
    "config: the host's verify_signature is missing or wrong, so tokens by RS* and ES* cannot be verified; it needs Envoy 1.40";
  const lines = (resources: object[], settings: object = {}): string[] =>
    errorLines(start(resources, settings, { platform }).process);
  const rule = requestAuthentication({ jwksUri: JWKS_URI });

  it('does for policies that need none, and is told of after all that is wrong otherwise', () => {
    expect(lines([denyPolicy([{}])])).toEqual([]);
    expect(lines([rule])).toEqual([LINE]);
    expect(lines([rule], { rootNamespace: '' })).toEqual([
      'config: rootNamespace: must not be empty',
    ]);
  });
});

describe('a boolean setting', () => {
  it.each([undefined, null, false, true])('does what it says: %s', async (value) => {
    const settings = { debugHeaders: value, guard: value, forwardOriginalToken: value };
    const { plugin } = start([requestAuthentication({ jwks: issuer.jwks })], settings);
    const stream = request(plugin, { token: await mint(issuer) });
    const before = stream.hostCalls.length;
    plugin.respond(stream);
    expect(stream.filterState('portcullis.passed') !== undefined).toBe(value === true);
    const names = stream.headers.map(([name]) => name);
    expect(names.includes('authorization')).toBe(value === true);
    // Of a response this host knows no more than that the module writes something into it.
    const writes = stream.hostCalls.slice(before).some((name) => name.includes('header_map'));
    expect(writes).toBe(value === true);
  });

  it('says whether a body can be held for an authorizer', () => {
    const includeRequestBodyInCheck = { maxRequestBytes: 1 };
    const envoyExtAuthzHttp = { service: 'idp.example', port: 443, includeRequestBodyInCheck };
    const extensionProviders = [{ name: 'a', envoyExtAuthzHttp }];
    const problems = (allowOnHeadersStopIteration: unknown): number =>
      problemsOf([], { extensionProviders, allowOnHeadersStopIteration }).length;
    expect([true, false, null].map(problems)).toEqual([0, 1, 1]);
  });
});

describe('what a fact is needed for', () => {
  it('is taken where the fact is declared', () => {
    const of = (source: object): object => denyPolicy([{ from: [{ source }] }]);
    const [address, identity] = [of({ ipBlocks: ['::1'] }), of({ principals: ['a'] })];
    const problems = (connectionFacts: object): number[] =>
      [address, identity].map((one) => problemsOf([one], { connectionFacts }).length);
    expect(problems({})).toEqual([1, 1]);
    expect(problems({ directAddress: 'a' })).toEqual([0, 1]);
    expect(problems({ peerUris: 'a' })).toEqual([1, 0]);
    expect(problems({ peerCertificate: 'a' })).toEqual([1, 0]);
    expect(problems({ singleUriSan: true })).toEqual([1, 0]);
    expect(problems({ singleUriSan: false })).toEqual([1, 1]);
    expect(problems({ peerDns: 'a', localUris: 'b' })).toEqual([1, 1]);
  });
});
