import { describe, expect, it } from 'vitest';
import {
  configuration,
  denyPolicy,
  problemsOf as errors,
  start,
  status,
  update,
} from './fixture.ts';

const resource = (kind: string, spec: unknown, more = {}): object => ({
  apiVersion: 'security.istio.io/v1',
  kind,
  metadata: { name: 'p', namespace: 'foo', ...more },
  spec,
});
const policy = (spec: unknown, more = {}): object => resource('AuthorizationPolicy', spec, more);
const authentication = (rule: unknown, more = {}): object =>
  resource('RequestAuthentication', { jwtRules: [rule] }, more);
const deny = (rule: unknown): object => policy({ action: 'DENY', rules: [rule] });

const AT = 'resources[0] AuthorizationPolicy foo/p: ';
const RA = 'resources[0] RequestAuthentication foo/p: ';
const uri = 'https://idp.example/jwks.json';

describe('a resource is refused', () => {
  it.each<[string, object, string[]]>([
    [
      'whose notRequestPrincipals stands beside source, as a task page prints it',
      deny({ from: [{ source: null, notRequestPrincipals: ['*'] }] }),
      [
        `${AT}spec.rules[0].from[0].notRequestPrincipals: unknown field; did you mean to indent it under "source"?`,
      ],
    ],
    [
      'whose to stands in from, as a task page prints it',
      deny({
        from: [
          { source: null, notRequestPrincipals: ['*'], to: null },
          { operation: null, paths: ['/headers'] },
        ],
      }),
      [
        `${AT}spec.rules[0].from[0].notRequestPrincipals: unknown field; did you mean to indent it under "source"?`,
        `${AT}spec.rules[0].from[0].to: unknown field; did you mean to un-indent it, to the level of "from"?`,
        `${AT}spec.rules[0].from[1].operation: unknown field; did you mean "to[].operation", beside "from"?`,
        `${AT}spec.rules[0].from[1].paths: unknown field; did you mean "to[].operation.paths", beside "from"?`,
      ],
    ],
    [
      'with a misspelt field',
      policy({ action: 'DENY', rule: [{}], rules: [{}] }),
      [`${AT}spec.rule: unknown field; did you mean "rules"?`],
    ],
    [
      'with a field of nowhere',
      policy({ action: 'DENY', rules: [{}], zzz: 1 }),
      [`${AT}spec.zzz: unknown field`],
    ],
    [
      'with an empty source',
      deny({ from: [{ source: {} }] }),
      [`${AT}spec.rules[0].from[0].source: empty; Istio: \`from.source\` must not be empty`],
    ],
    [
      'with an absent source',
      deny({ from: [{}] }),
      [`${AT}spec.rules[0].from[0].source: missing; Istio: \`from.source\` must not be nil`],
    ],
    [
      'with a source of empty lists',
      deny({ from: [{ source: { requestPrincipals: [] } }] }),
      [`${AT}spec.rules[0].from[0].source: empty; Istio: \`from.source\` must not be empty`],
    ],
    [
      'with an empty operation',
      deny({ to: [{ operation: {} }] }),
      [`${AT}spec.rules[0].to[0].operation: empty; Istio: \`to.operation\` must not be empty`],
    ],
    [
      'with an empty value',
      deny({ to: [{ operation: { paths: ['/a', ''] } }] }),
      [`${AT}spec.rules[0].to[0].operation.paths[1]: empty value not allowed`],
    ],
    [
      'with a port that is none',
      deny({ to: [{ operation: { ports: ['http', '65536', '-1'] } }] }),
      [
        `${AT}spec.rules[0].to[0].operation.ports[0]: bad port (http): must be a number from 0 to 65535`,
        `${AT}spec.rules[0].to[0].operation.ports[1]: bad port (65536): must be a number from 0 to 65535`,
        `${AT}spec.rules[0].to[0].operation.ports[2]: bad port (-1): must be a number from 0 to 65535`,
      ],
    ],
    [
      'with a port as a number',
      deny({ to: [{ operation: { ports: [80] } }] }),
      [`${AT}spec.rules[0].to[0].operation.ports[0]: must be a string, not a number`],
    ],
    [
      'with a value instead of a list',
      deny({ to: [{ operation: { paths: '/a' } }] }),
      [`${AT}spec.rules[0].to[0].operation.paths: must be a list of strings, not a string`],
    ],
    [
      'with an object instead of a list',
      policy({ action: 'DENY', rules: { to: [] } }),
      [`${AT}spec.rules: must be a list, not an object`],
    ],
    [
      'with an element that is null',
      policy({ action: 'DENY', rules: [null] }),
      [`${AT}spec.rules[0]: must be an object, not null`],
    ],
    [
      'that denies and has no rules',
      policy({ action: 'DENY' }),
      [
        `${AT}spec.rules: DENY action without \`rules\` is meaningless as it will never be triggered, add an empty rule \`{}\` if you want it be triggered for every request`,
      ],
    ],
    [
      'with an action in lower case',
      policy({ action: 'deny', rules: [{}] }),
      [`${AT}spec.action: must be one of ALLOW, DENY, AUDIT, CUSTOM, not "deny"`],
    ],
    [
      'with a wildcard in its selector',
      policy({ action: 'DENY', rules: [{}], selector: { matchLabels: { app: 'h*' } } }),
      [`${AT}spec.selector.matchLabels: wildcard is not supported in selector: "app=h*"`],
    ],
    [
      'without keys',
      authentication({ issuer: 'i' }),
      [
        `${RA}spec.jwtRules[0].jwksUri: missing: OpenID discovery is not supported; set jwksUri or jwks`,
      ],
    ],
    [
      'with keys twice',
      authentication({ issuer: 'i', jwksUri: uri, jwks: '{}' }),
      [`${RA}spec.jwtRules[0].jwks: only one of jwks or jwksUri can be set`],
    ],
    [
      'with a URI by two names',
      authentication({ issuer: 'i', jwksUri: uri, jwks_uri: uri }),
      [`${RA}spec.jwtRules[0].jwks_uri: is another name of jwksUri; set one of them`],
    ],
    [
      'with an audience of nothing',
      authentication({ issuer: 'i', jwksUri: uri, audiences: ['a', ''] }),
      [`${RA}spec.jwtRules[0].audiences[1]: audience must be non-empty string`],
    ],
    [
      'with a parameter of nothing',
      authentication({ issuer: 'i', jwksUri: uri, fromParams: [''] }),
      [`${RA}spec.jwtRules[0].fromParams[0]: location query must be non-empty string`],
    ],
    [
      'with a cookie of nothing',
      authentication({ issuer: 'i', jwksUri: uri, fromCookies: [''] }),
      [`${RA}spec.jwtRules[0].fromCookies[0]: cookie name must be non-empty string`],
    ],
    [
      'with a header without name',
      authentication({ issuer: 'i', jwksUri: uri, fromHeaders: [{ prefix: 'a' }] }),
      [`${RA}spec.jwtRules[0].fromHeaders[0].name: location header name must be non-empty string`],
    ],
    [
      'with an output header that is none',
      authentication({
        issuer: 'i',
        jwksUri: uri,
        outputPayloadToHeader: ':path',
        outputClaimToHeaders: [{ header: 'a b', claim: '' }],
      }),
      [
        `${RA}spec.jwtRules[0].outputPayloadToHeader: header name :path is not a valid header name`,
        `${RA}spec.jwtRules[0].outputClaimToHeaders[0].header: header name a b is not a valid header name`,
        `${RA}spec.jwtRules[0].outputClaimToHeaders[0].claim: outputClaimToHeaders header and claim value must be non-empty string`,
      ],
    ],
    [
      'with a peer that nobody tells of',
      deny({ from: [{ source: { principals: ['a'], notIpBlocks: ['::1'] } }] }),
      [
        `${AT}spec.rules[0].from[0].source.principals: needs connectionFacts.peerCertificate, peerUris, or singleUriSan: a Wasm filter sees the first URI SAN alone`,
        `${AT}spec.rules[0].from[0].source.notIpBlocks: needs connectionFacts.directAddress: a Wasm filter sees what X-Forwarded-For claims`,
      ],
    ],
    [
      'with a when without key',
      deny({ when: [{ values: ['a'] }] }),
      [`${AT}spec.rules[0].when[0].key: \`key\` must not be empty`],
    ],
    [
      'with a when without values',
      deny({ when: [{ key: 'remote.ip' }] }),
      [
        `${AT}spec.rules[0].when[0]: at least one of \`values\` or \`notValues\` must be set for key remote.ip`,
      ],
    ],
    [
      'with an attribute that is none',
      deny({ when: [{ key: 'request.method', values: ['GET'] }] }),
      [`${AT}spec.rules[0].when[0].key: unknown attribute: request.method`],
    ],
    [
      'with a header without name',
      deny({ when: [{ key: 'request.headers[]', values: ['a'] }] }),
      [`${AT}spec.rules[0].when[0].key: bad key (request.headers[]): should have format a[b]`],
    ],
    [
      'with a claim cut off',
      deny({ when: [{ key: 'request.auth.claims[a', values: ['a'] }] }),
      [`${AT}spec.rules[0].when[0].key: bad key (request.auth.claims[a): should have format a[b]`],
    ],
    [
      'with addresses that are none',
      deny({
        from: [
          { source: { remoteIpBlocks: ['10.0.0.0/33', '1.2.3', '::1::', '01.2.3.4', '1::/129'] } },
        ],
      }),
      ['10.0.0.0/33', '1.2.3', '::1::', '01.2.3.4', '1::/129'].map(
        (text, i) =>
          `${AT}spec.rules[0].from[0].source.remoteIpBlocks[${i}]: bad ${text.includes('/') ? 'CIDR range' : 'IP address'} (${text})`,
      ),
    ],
    [
      'with path templates that are none',
      deny({ to: [{ operation: { paths: ['/{a}', '/{**}/{*}', '/a*/{*}', '//{*}', 'a/{*}'] } }] }),
      [
        "invalid or unsupported path /{a}, found in Paths. Contains '{' or '}' beyond a supported path template",
        'invalid or unsupported path /{**}/{*}, found in Paths. {**} is not the last operator',
        'invalid or unsupported path /a*/{*}, found in Paths. Contains segment a* with invalid string literal',
        'invalid or unsupported path //{*}, found in Paths. Contains segment  with invalid string literal',
        'invalid or unsupported path a/{*}, found in Paths. It does not begin with a slash',
      ].map((text, i) => `${AT}spec.rules[0].to[0].operation.paths[${i}]: ${text}`),
    ],
    [
      'with a dry-run of neither kind',
      policy({ action: 'DENY', rules: [{}] }, { annotations: { 'istio.io/dry-run': 'maybe' } }),
      [
        `${AT}metadata.annotations.istio.io/dry-run: annotation istio.io/dry-run with invalid value (maybe): neither true nor false`,
      ],
    ],
    [
      'with a dry-run of what only looks',
      policy({ action: 'AUDIT', rules: [{}] }, { annotations: { 'istio.io/dry-run': 'true' } }),
      [
        `${AT}metadata.annotations.istio.io/dry-run: the annotation istio.io/dry-run currently only supports action ALLOW/DENY, found action AUDIT`,
      ],
    ],
    [
      'with neither issuer nor keys',
      authentication({}),
      [
        `${RA}spec.jwtRules[0].issuer: issuer or jwksUri must be non-empty string`,
        `${RA}spec.jwtRules[0].jwksUri: missing: OpenID discovery is not supported; set jwksUri or jwks`,
      ],
    ],
    [
      'with keys at another scheme',
      authentication({ issuer: 'i', jwksUri: 'ftp://x/' }),
      [`${RA}spec.jwtRules[0].jwksUri: url must have scheme http:// or https://`],
    ],
    [
      'with a timeout that is none',
      authentication({ issuer: 'i', jwksUri: uri, timeout: '5' }),
      [`${RA}spec.jwtRules[0].timeout: must be a valid duration greater than 1ms`],
    ],
    [
      'with a timeout of nothing',
      authentication({ issuer: 'i', jwksUri: uri, timeout: '0s' }),
      [`${RA}spec.jwtRules[0].timeout: must be a valid duration greater than 1ms`],
    ],
    [
      'with keys that are none',
      authentication({ issuer: 'i', jwks: '{"keys":[{"kty":"RSA","n":"AQAB","e":"AQAB"}]}' }),
      [
        `${RA}spec.jwtRules[0].jwks: jwks parse error: Jwks doesn't have any valid public key`,
        `${RA}spec.jwtRules[0].jwks: key 0 is left out: its modulus has less than 2048 bits`,
      ],
    ],
    [
      'of another version',
      { ...policy({ action: 'DENY', rules: [{}] }), apiVersion: 'v1' },
      [`${AT}apiVersion: must be "security.istio.io/v1" or "security.istio.io/v1beta1"`],
    ],
    [
      'of another kind',
      { ...policy({}), kind: 'Gateway' },
      ['resources[0] Gateway foo/p: kind: unknown kind "Gateway"'],
    ],
    ['without kind', { ...policy({}), kind: undefined }, ['resources[0] foo/p: kind: missing']],
    [
      'without name',
      policy({ action: 'DENY', rules: [{}] }, { name: undefined }),
      ['resources[0] AuthorizationPolicy: metadata.name: missing'],
    ],
    [
      'without namespace',
      policy({ action: 'DENY', rules: [{}] }, { namespace: undefined }),
      ['resources[0] AuthorizationPolicy: metadata.namespace: missing'],
    ],
  ])('%s', (_, wrong, lines) => {
    expect(errors([wrong])).toEqual(lines);
  });

  it.each<[string, object, string]>([
    [
      'targetRefs',
      policy({ action: 'DENY', rules: [{}], targetRefs: [] }),
      'targetRefs: not supported yet',
    ],
  ])('rather than ignored, while it is not supported: %s', (_, unsupported, text) => {
    expect(errors([unsupported]).join('\n')).toContain(text);
  });

  it('even where it would not apply', () => {
    const elsewhere = policy({ action: 'DENY', rules: [{ whom: 1 }] }, { namespace: 'elsewhere' });
    expect(errors([elsewhere])).toHaveLength(1);
  });

  it('that is there twice', () => {
    const one = policy({ action: 'DENY', rules: [{}] });
    expect(errors([one, one])).toEqual(['resources[1] AuthorizationPolicy foo/p: is there twice']);
  });

  it('with all its errors at once, up to a bound', () => {
    const many = Array.from({ length: 60 }, (_, i) => ({
      ...deny({ a: 1 }),
      metadata: { name: `p${i}`, namespace: 'foo' },
    }));
    const lines = errors(many);
    expect(lines).toHaveLength(51);
    expect(lines.at(-1)).toBe('10 more problems are not shown');
  });
});

describe('a bound is kept to, and not one beyond it is taken:', () => {
  const list = <T>(length: number, of: (i: number) => T): T[] =>
    Array.from({ length }, (_, i) => of(i));
  const facts = { connectionFacts: { singleUriSan: true } };
  const rule = (more: object): object => authentication({ issuer: 'i', jwksUri: uri, ...more });
  const source = (fields: object): object => deny({ from: [{ source: fields }] });
  const tcp = { workload: { namespace: 'foo', protocol: 'TCP' } };

  it.each<
    [
      string,
      number | [least: number, most: number],
      (n: number) => [resources: object[], settings?: object],
      string,
    ]
  >([
    [
      'rules of a policy',
      512,
      (n) => [[policy({ action: 'DENY', rules: list(n, () => ({})) })]],
      `${AT}spec.rules: must have at most 512 items`,
    ],
    [
      'sources of a rule',
      512,
      (n) => [[deny({ from: list(n, () => ({ source: { remoteIpBlocks: ['10.0.0.1'] } })) })]],
      `${AT}spec.rules[0].from: must have at most 512 items`,
    ],
    [
      'service accounts of a source',
      16,
      (n) => [[source({ serviceAccounts: list(n, (i) => `a${i}`) })], facts],
      `${AT}spec.rules[0].from[0].source.serviceAccounts: may not have more than 16 values`,
    ],
    [
      'characters of a service account',
      320,
      (n) => [[source({ serviceAccounts: ['a'.repeat(n)] })], facts],
      `${AT}spec.rules[0].from[0].source.serviceAccounts[0]: value cannot exceed 320 characters`,
    ],
    [
      'space-delimited claims',
      64,
      (n) => [[rule({ spaceDelimitedClaims: list(n, (i) => `c${i}`) })]],
      `${RA}spec.jwtRules[0].spaceDelimitedClaims: must have at most 64 items`,
    ],
    [
      'characters of a jwksUri',
      2048,
      (n) => [[rule({ jwksUri: 'https://a/'.padEnd(n, 'b') })]],
      `${RA}spec.jwtRules[0].jwksUri: must have at most 2048 characters`,
    ],
    [
      'a port of a policy',
      65_535,
      (n) => [[deny({ to: [{ operation: { ports: [`${n}`] } }] })]],
      `${AT}spec.rules[0].to[0].operation.ports[0]: bad port (65536): must be a number from 0 to 65535`,
    ],
    [
      'a port of the workload',
      [1, 65_535],
      (n) => [[], { workload: { containerPort: n } }],
      'workload.containerPort: must be a port from 1 to 65535',
    ],
    [
      'a port without HTTP',
      [1, 65_535],
      (n) => [[], { workload: { ...tcp.workload, tcpPorts: [n] } }],
      'workload.tcpPorts: must be ports from 1 to 65535',
    ],
    [
      'ports without HTTP',
      64,
      (n) => [[], { workload: { ...tcp.workload, tcpPorts: list(n, (i) => i + 1) } }],
      'workload.tcpPorts: must be a list of 1 to 64 ports',
    ],
    [
      'cached tokens',
      100_000,
      (n) => [[], { tokenCache: { maxTokens: n } }],
      'tokenCache.maxTokens: must be a whole number from 0 to 100000',
    ],
    [
      'bytes of cached tokens',
      67_108_864,
      (n) => [[], { tokenCache: { maxBytes: n } }],
      'tokenCache.maxBytes: must be a whole number from 0 to 67108864',
    ],
    [
      'bits of an RSA key',
      [1024, 16_384],
      (n) => [[], { minRsaKeyBits: n }],
      'minRsaKeyBits: must be a whole number from 1024 to 16384',
    ],
    [
      'a status for plaintext',
      [400, 599],
      (n) => [[], { peerRejection: n }],
      'peerRejection: must be RESET or an HTTP status from 400 to 599',
    ],
  ])('%s: %j', (_, bounds, at, line) => {
    const [least, most] = typeof bounds === 'number' ? [undefined, bounds] : bounds;
    expect(errors(...at(most))).toEqual([]);
    expect(errors(...at(most + 1))).toEqual([line]);
    if (least === undefined) return;
    expect(errors(...at(least))).toEqual([]);
    expect(errors(...at(least - 1))).toEqual([line]);
  });
});

describe('an identity that no peer can have is refused', () => {
  const facts = { connectionFacts: { singleUriSan: true } };
  const found = (fields: object): string[] =>
    errors([deny({ from: [{ source: fields }] })], facts).map((line) =>
      line.replace(`${AT}spec.rules[0].from[0].source`, ''),
    );
  const FORMAT = "expected format 'serviceAccount' or 'namespace/serviceAccount', found ";

  it.each<[object, string[]]>([
    [{ serviceAccounts: ['a', 'b/c'] }, []],
    [{ serviceAccounts: ['a/b/c'] }, [`.serviceAccounts[0]: ${FORMAT}a/b/c`]],
    [{ notServiceAccounts: ['a', '/b'] }, [`.notServiceAccounts[1]: ${FORMAT}/b`]],
    [{ serviceAccounts: ['a/'] }, [`.serviceAccounts[0]: ${FORMAT}a/`]],
    [
      { serviceAccounts: ['a*'] },
      ['.serviceAccounts[0]: wildcard not allowed, found in ServiceAccounts'],
    ],
    [{ serviceAccounts: [''] }, ['.serviceAccounts[0]: empty value not allowed']],
    [{ trustDomains: ['a', 'a*', '*a', '*'], notTrustDomains: ['a'] }, []],
    [
      { trustDomains: ['a/b'] },
      [".trustDomains[0]: trust domain must not contain '/', found in TrustDomains"],
    ],
    [
      { trustDomains: ['*a*'] },
      ['.trustDomains[0]: at most one wildcard is allowed, found in TrustDomains'],
    ],
    [
      { notTrustDomains: ['a', 'a*b'] },
      ['.notTrustDomains[1]: wildcard is only allowed at the start or end, found in TrustDomains'],
    ],
    [{ serviceAccounts: ['a'], notServiceAccounts: ['b'] }, []],
    [{ principals: ['a'], namespaces: ['b'], notPrincipals: ['c'], notNamespaces: ['d'] }, []],
    ...['principals', 'notPrincipals', 'namespaces', 'notNamespaces'].flatMap((other) =>
      ['serviceAccounts', 'notServiceAccounts'].map((accounts): [object, string[]] => [
        { [accounts]: ['a'], [other]: ['b'] },
        [': cannot set serviceAccounts with namespaces or principals'],
      ]),
    ),
    [
      { serviceAccounts: ['a'], principals: [] },
      [': cannot set serviceAccounts with namespaces or principals'],
    ],
  ])('%j: %j', (fields, lines) => {
    expect(found(fields)).toEqual(lines);
  });
});

describe('a configuration is refused', () => {
  it.each<[string, object, string]>([
    [
      'an unknown field',
      { rootNamespce: 'x' },
      'rootNamespce: unknown field; did you mean "rootNamespace"?',
    ],
    [
      'a skew without unit',
      { clockSkew: '60' },
      'clockSkew: must be a duration such as "60s", not negative',
    ],
    [
      'a negative skew',
      { clockSkew: '-1s' },
      'clockSkew: must be a duration such as "60s", not negative',
    ],
    ['a skew as a number', { clockSkew: 60 }, 'clockSkew: must be a string, not a number'],
    ['an empty root namespace', { rootNamespace: '' }, 'rootNamespace: must not be empty'],
    [
      'an unknown way to forward certificates',
      { xfcc: { forward: 'sanitize' } },
      'xfcc.forward: must be one of SANITIZE, FORWARD_ONLY, APPEND_FORWARD, SANITIZE_SET, ALWAYS_FORWARD_ONLY',
    ],
    [
      'xfcc that says nothing',
      { xfcc: {} },
      'xfcc.forward: must be one of SANITIZE, FORWARD_ONLY, APPEND_FORWARD, SANITIZE_SET, ALWAYS_FORWARD_ONLY',
    ],
    [
      'a detail that Wasm does not see',
      { xfcc: { forward: 'SANITIZE', details: ['URI', 'Cert'] } },
      'xfcc.details[1]: must be one of Subject, URI, DNS; a Wasm filter does not see the certificate itself',
    ],
    [
      'xfcc without the facts that it needs',
      { xfcc: { forward: 'SANITIZE_SET', details: ['Subject'] } },
      'xfcc: needs connectionFacts.localUris for By: a Wasm filter sees the first SAN alone',
    ],
    [
      'a peer rejection that is no refusal',
      { peerRejection: 200 },
      'peerRejection: must be RESET or an HTTP status from 400 to 599',
    ],
    [
      'a peer rejection in words',
      { peerRejection: 'reset' },
      'peerRejection: must be RESET or an HTTP status from 400 to 599',
    ],
    [
      'ports without HTTP where there is HTTP',
      { workload: { protocol: 'HTTP', tcpPorts: [9000] } },
      'workload.tcpPorts: needs protocol TCP',
    ],
    [
      'no port at all in the list of ports',
      { workload: { protocol: 'TCP', tcpPorts: [] } },
      'workload.tcpPorts: must be a list of 1 to 64 ports',
    ],
    [
      'a port beside a list',
      { workload: { protocol: 'TCP', tcpPorts: 9000 } },
      'workload.tcpPorts: must be a list of 1 to 64 ports',
    ],
    [
      'a port in words',
      { workload: { protocol: 'TCP', tcpPorts: ['9000'] } },
      'workload.tcpPorts: must be ports from 1 to 65535',
    ],
    [
      'a port that is none',
      { workload: { protocol: 'TCP', tcpPorts: [9000, 65536] } },
      'workload.tcpPorts: must be ports from 1 to 65535',
    ],
    [
      'an unknown protocol',
      { workload: { protocol: 'tcp' } },
      'workload.protocol: must be HTTP or TCP',
    ],
    [
      'a container port of 0',
      { workload: { containerPort: 0 } },
      'workload.containerPort: must be a port from 1 to 65535',
    ],
    [
      'a cache too large',
      { tokenCache: { maxTokens: 1e6 } },
      'tokenCache.maxTokens: must be a whole number from 0 to 100000',
    ],
    [
      'a refresh too often',
      { jwks: [{ uri, refresh: '10ms' }] },
      'jwks[0].refresh: must be a duration of at least "1s"',
    ],
    ['a URI twice', { jwks: [{ uri }, { uri }] }, 'jwks[1].uri: is listed twice'],
  ])('with %s', (_, settings, line) => {
    const world = start([]);
    expect(update(world, configuration([], settings))).toBe(false);
    expect(world.process.logs('error')).toContain(`config: ${line}`);
  });

  it('that is no JSON, with the place', () => {
    const world = start([]);
    expect(update(world, '{"resources":[}')).toBe(false);
    expect(world.process.logs('error')).toContain('config: not valid JSON, at byte 14');
  });

  it('that Envoy passes as a binary Struct, with what to write instead', () => {
    const world = start([]);
    expect(update(world, '\n\x10\n\tresources\x12\x032\x01\n')).toBe(false);
    expect(world.process.logs('error')).toContain(
      'config: not valid JSON, at byte 1; did you mean google.protobuf.StringValue? ' +
        'Envoy passes a google.protobuf.Struct in binary form',
    );
  });

  it('whose resources are no list', () => {
    const world = start([]);
    expect(update(world, '{"resources":{}}')).toBe(false);
    expect(world.process.logs('error')).toContain('config: resources: must be a list');
  });

  it('that is empty', () => {
    expect(update(start([]), '')).toBe(false);
  });

  it('when nobody says which namespace the workload is in', () => {
    const { process, plugin } = start([], {}, { node: {} });
    expect(status(plugin)).toBe(500);
    expect(process.logs('error')).toContain(
      "config: workload.namespace: missing, and Envoy's node has no metadata NAMESPACE",
    );
  });

  it('and the one in force stays', () => {
    const world = start([denyPolicy([{}])]);
    expect(update(world, '{"resources":[{}]}')).toBe(false);
    expect(status(world.plugin)).toBe(403);
    expect(world.process.logs('critical')).toContain(
      'the configuration is rejected: the one before stays in force',
    );
  });
});

describe('a configuration is accepted', () => {
  it('with what Kubernetes adds to a resource', () => {
    const verbatim = {
      ...policy(
        { action: 'DENY', rules: [{ to: [{ operation: { paths: ['/x'] } }] }] },
        {
          annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' },
          creationTimestamp: '2026-01-01T00:00:00Z',
          generation: 1,
          labels: { a: 'b' },
          managedFields: [{}],
          resourceVersion: '7',
          uid: 'x',
        },
      ),
      status: {},
    };
    expect(errors([verbatim])).toEqual([]);
  });

  it('with v1beta1, with null for absent, without spec', () => {
    const beta = {
      ...deny({ from: null, to: [{ operation: { paths: ['/x'] } }] }),
      apiVersion: 'security.istio.io/v1beta1',
    };
    expect(errors([beta])).toEqual([]);
    expect(errors([resource('RequestAuthentication', undefined)])).toEqual([]);
  });

  it('a thousand policies, and enforces the last', () => {
    const many = Array.from({ length: 1000 }, (_, i) => ({
      ...policy({
        action: 'DENY',
        rules: Array.from({ length: 10 }, (_, j) => ({
          to: [{ operation: { paths: [`/p${i}/r${j}`] } }],
        })),
      }),
      metadata: { name: `p${i}`, namespace: 'foo' },
    }));
    const { plugin } = start(many);
    expect(['/p999/r9', '/p999/r10'].map((path) => status(plugin, { path }))).toEqual([403, 200]);
  });
});
