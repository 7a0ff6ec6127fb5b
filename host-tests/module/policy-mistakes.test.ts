// Resources in which much is wrong at once: each mistake is told, in Istio's words, with the path to its own field.
import { describe, expect, it } from 'vitest';
import { denyPolicy, problemsOf } from './fixture.ts';

const POLICY = 'resources[0] AuthorizationPolicy istio-system/deny: ';
const FACTS = 'needs connectionFacts.';
const PEER = `${FACTS}peerCertificate, peerUris, or singleUriSan: a Wasm filter sees the first URI SAN alone`;
const ADDRESS = `${FACTS}directAddress: a Wasm filter sees what X-Forwarded-For claims`;
const EMPTY = 'empty value not allowed';

/** What is wrong with a policy, without the name of it. */
const mistakesOf = (spec: object, settings: object = {}): string[] =>
  problemsOf([denyPolicy([], 'deny', spec)], settings).map((line) => line.replace(POLICY, ''));

describe('of an AuthorizationPolicy all mistakes are told, each with its place', () => {
  it('in the sources of its rules', () => {
    const rules = [
      { from: [{ source: { ipBlocks: ['a', '10.0.0.1', 'b/8'], namespaces: ['', 'n', ''] } }] },
      {
        from: [
          {},
          { source: {} },
          {
            source: {
              remoteIpBlocks: ['x'],
              principals: [],
              notRequestPrincipals: [''],
              serviceAccounts: ['*', 's', 'a/b/c'],
              notRemoteIpBlocks: ['y'],
            },
          },
          { source: { notTrustDomains: ['/', 't', '**'] } },
        ],
        when: [{}],
      },
      { from: [{ source: { notIpBlocks: ['z'] } }] },
    ];
    const first = 'spec.rules[0].from[0].source';
    const second = 'spec.rules[1].from';
    const third = 'spec.rules[2].from[0].source.notIpBlocks';
    expect(mistakesOf({ rules })).toEqual([
      `${first}.ipBlocks: ${ADDRESS}`,
      `${first}.ipBlocks[0]: bad IP address (a)`,
      `${first}.ipBlocks[2]: bad CIDR range (b/8)`,
      `${first}.namespaces[0]: ${EMPTY}`,
      `${first}.namespaces[2]: ${EMPTY}`,
      `${first}.namespaces: ${PEER}`,
      `${second}[0].source: missing; Istio: \`from.source\` must not be nil`,
      `${second}[1].source: empty; Istio: \`from.source\` must not be empty`,
      `${second}[2].source.remoteIpBlocks[0]: bad IP address (x)`,
      `${second}[2].source.notRequestPrincipals[0]: ${EMPTY}`,
      `${second}[2].source.serviceAccounts: ${PEER}`,
      `${second}[2].source.serviceAccounts[0]: wildcard not allowed, found in ServiceAccounts`,
      `${second}[2].source.serviceAccounts[2]: expected format 'serviceAccount' or 'namespace/serviceAccount', found a/b/c`,
      `${second}[2].source.notRemoteIpBlocks[0]: bad IP address (y)`,
      `${second}[2].source: cannot set serviceAccounts with namespaces or principals`,
      `${second}[3].source.notTrustDomains: ${PEER}`,
      `${second}[3].source.notTrustDomains[0]: trust domain must not contain '/', found in TrustDomains`,
      `${second}[3].source.notTrustDomains[2]: at most one wildcard is allowed, found in TrustDomains`,
      'spec.rules[1].when[0].key: `key` must not be empty',
      `${third}: ${ADDRESS}`,
      `${third}[0]: bad IP address (z)`,
    ]);
  });

  it('in the operations of its rules', () => {
    const rules = [
      {
        to: [
          {
            operation: { paths: ['/{', '', '/a', '/{**}/{*}', '/{*}'], ports: ['65536', '1', ''] },
          },
          {},
          { operation: { notPaths: ['/}'], notPorts: ['-1'], methods: [''], hosts: ['a', ''] } },
        ],
      },
      { to: [{ operation: {} }, { operation: { notMethods: [''] } }] },
    ];
    const first = 'spec.rules[0].to';
    const beyond = "Contains '{' or '}' beyond a supported path template";
    expect(mistakesOf({ rules })).toEqual([
      `${first}[0].operation.paths[1]: ${EMPTY}`,
      `${first}[0].operation.paths[0]: invalid or unsupported path /{, found in Paths. ${beyond}`,
      `${first}[0].operation.paths[3]: invalid or unsupported path /{**}/{*}, found in Paths. {**} is not the last operator`,
      `${first}[0].operation.ports[2]: ${EMPTY}`,
      `${first}[0].operation.ports[0]: bad port (65536): must be a number from 0 to 65535`,
      `${first}[0].operation.ports[2]: bad port (): must be a number from 0 to 65535`,
      `${first}[1].operation: missing; Istio: \`to.operation\` must not be nil`,
      `${first}[2].operation.notPaths[0]: invalid or unsupported path /}, found in NotPaths. ${beyond}`,
      `${first}[2].operation.notPorts[0]: bad port (-1): must be a number from 0 to 65535`,
      `${first}[2].operation.methods[0]: ${EMPTY}`,
      `${first}[2].operation.hosts[1]: ${EMPTY}`,
      'spec.rules[1].to[0].operation: empty; Istio: `to.operation` must not be empty',
      `spec.rules[1].to[1].operation.notMethods[0]: ${EMPTY}`,
    ]);
  });

  it('in the further conditions of its rules', () => {
    const rules = [
      {
        when: [
          { key: '', values: ['a'] },
          { key: 'source.principal', values: ['a', ''], notValues: ['', 'b'] },
          { key: 'source.serviceAccount', values: ['a', '*'] },
          { key: 'source.ip', values: ['x'], notValues: ['1.2.3.4'] },
          { key: 'remote.ip', values: ['x', '::1', 'y'], notValues: ['z'] },
          { key: 'destination.ip', values: ['1.2.3.4/x'] },
          { key: 'destination.port', notValues: ['p', '1'] },
          { key: 'a.b', values: [] },
          { key: 'a.b', values: ['c'] },
          { key: 'request.headers[x]y', values: ['c'] },
          { key: 'request.auth.claims', values: ['c'] },
          { key: 'request.auth.claims[]', values: ['c'] },
          { key: 'experimental.envoy.filters.a.b', values: ['c'] },
        ],
      },
      { when: [{ key: 'connection.sni', notValues: [''] }] },
    ];
    const when = 'spec.rules[0].when';
    expect(mistakesOf({ rules })).toEqual([
      `${when}[0].key: \`key\` must not be empty`,
      `${when}[1].values[1]: ${EMPTY}`,
      `${when}[1].values: ${PEER}`,
      `${when}[1].notValues[0]: ${EMPTY}`,
      `${when}[1].notValues: ${PEER}`,
      `${when}[2].values: ${PEER}`,
      `${when}[2].values[1]: wildcard not allowed, found in ServiceAccounts`,
      `${when}[3].values: ${ADDRESS}`,
      `${when}[3].values[0]: bad IP address (x)`,
      `${when}[3].notValues: ${ADDRESS}`,
      `${when}[4].values[0]: bad IP address (x)`,
      `${when}[4].values[2]: bad IP address (y)`,
      `${when}[4].notValues[0]: bad IP address (z)`,
      `${when}[5].values[0]: bad CIDR range (1.2.3.4/x)`,
      `${when}[6].notValues[0]: bad port (p): must be a number from 0 to 65535`,
      `${when}[7]: at least one of \`values\` or \`notValues\` must be set for key a.b`,
      `${when}[8].key: unknown attribute: a.b`,
      `${when}[9].key: bad key (request.headers[x]y): should have format a[b]`,
      `${when}[10].key: unknown attribute: request.auth.claims`,
      `${when}[11].key: bad key (request.auth.claims[]): should have format a[b]`,
      `${when}[12].key: bad key (experimental.envoy.filters.a.b): should have format a[b]`,
      `spec.rules[1].when[0].notValues[0]: ${EMPTY}`,
    ]);
  });

  it('and in what stands around the rules', () => {
    const wrong = denyPolicy([], 'deny', { action: 'BLOCK', provider: { name: 'a' } });
    const metadata = {
      name: 'deny',
      namespace: 'istio-system',
      annotations: { 'istio.io/dry-run': 'true' },
    };
    const annotation = `${POLICY}metadata.annotations.istio.io/dry-run: `;
    const other = denyPolicy([{ when: [{}] }], 'other', { action: 'CUSTOM' });
    expect(problemsOf([{ ...wrong, metadata }, other])).toEqual([
      `${POLICY}spec.action: must be one of ALLOW, DENY, AUDIT, CUSTOM, not "BLOCK"`,
      `${annotation}the annotation istio.io/dry-run currently only supports action ALLOW/DENY, found action BLOCK`,
      `${POLICY}spec.provider: \`provider\` must not be with non CUSTOM action, found BLOCK`,
      'resources[1] AuthorizationPolicy istio-system/other: spec.provider.name: `provider.name` must not be empty',
      'resources[1] AuthorizationPolicy istio-system/other: spec.rules[0].when[0].key: `key` must not be empty',
    ]);
  });
});

describe('the action of a policy', () => {
  const provider = { name: 'authz' };
  const settings = {
    extensionProviders: [{ name: 'authz', envoyExtAuthzHttp: { service: 'a', port: 80 } }],
  };

  it.each<[string, object]>([
    ['ALLOW', {}],
    ['ALLOW', { rules: undefined }],
    ['AUDIT', {}],
    ['DENY', { rules: [{}] }],
    ['CUSTOM', { rules: [{}], provider }],
  ])('may be %s with %j', (action, more) => {
    expect(mistakesOf({ action, ...more }, settings)).toEqual([]);
  });

  it.each(['DENY', 'CUSTOM'])('%s needs rules', (action) => {
    const needed = action === 'CUSTOM' ? { provider } : {};
    for (const rules of [undefined, null, []]) {
      expect(mistakesOf({ action, rules, ...needed }, settings)).toEqual([
        `spec.rules: ${action} action without \`rules\` is meaningless as it will never be triggered, add an empty rule \`{}\` if you want it be triggered for every request`,
      ]);
    }
  });

  it.each([null, {}, { name: '' }])('CUSTOM needs a provider, and %j is none', (none) => {
    const spec = { action: 'CUSTOM', rules: [{}], provider: none };
    expect(mistakesOf(spec, settings)).toEqual([
      'spec.provider.name: `provider.name` must not be empty',
    ]);
  });

  it.each(['ALLOW', 'AUDIT', 'DENY'])('%s has no provider', (action) => {
    expect(mistakesOf({ action, rules: [{}], provider }, settings)).toEqual([
      `spec.provider: \`provider\` must not be with non CUSTOM action, found ${action}`,
    ]);
  });

  it.each(['ALLOW', 'DENY', 'AUDIT', 'CUSTOM'])('%s with dry-run', (action) => {
    const tried = denyPolicy([{}], 'deny', action === 'CUSTOM' ? { action, provider } : { action });
    const metadata = {
      name: 'deny',
      namespace: 'istio-system',
      annotations: { 'istio.io/dry-run': 'true' },
    };
    const message = `${POLICY}metadata.annotations.istio.io/dry-run: the annotation istio.io/dry-run currently only supports action ALLOW/DENY, found action ${action}`;
    const canBeTried = action === 'ALLOW' || action === 'DENY';
    expect(problemsOf([{ ...tried, metadata }], settings)).toEqual(canBeTried ? [] : [message]);
  });
});

describe('a CUSTOM policy asks before anybody has looked at tokens and certificates', () => {
  const settings = {
    connectionFacts: { directAddress: 'd', peerUris: 'p' },
    extensionProviders: [{ name: 'authz', envoyExtAuthzHttp: { service: 'a', port: 80 } }],
  };
  const mistakes = (rule: object): string[] =>
    mistakesOf({ action: 'CUSTOM', provider: { name: 'authz' }, rules: [rule] }, settings);
  const NOT_YET = 'is currently not supported with CUSTOM action';

  it.each([
    'principals',
    'namespaces',
    'serviceAccounts',
    'trustDomains',
    'requestPrincipals',
    'notPrincipals',
    'notNamespaces',
    'notServiceAccounts',
    'notTrustDomains',
    'notRequestPrincipals',
  ])('so it has no %s', (field) => {
    const name = field.charAt(0).toUpperCase() + field.slice(1);
    expect(mistakes({ from: [{ source: { [field]: ['a'] } }] })).toEqual([
      `spec.rules[0].from[0].source.${field}: From.${name} ${NOT_YET}`,
    ]);
  });

  it.each([
    'source.principal',
    'source.namespace',
    'source.serviceAccount',
    'source.trustDomain',
    'request.auth.principal',
    'request.auth.audiences',
    'request.auth.presenter',
    'request.auth.claims[a]',
  ])('so it has no condition about %s', (key) => {
    expect(mistakes({ when: [{ key, values: ['a'] }] })).toEqual([
      `spec.rules[0].when[0].key: ${key} ${NOT_YET}`,
    ]);
  });

  it.each<[object]>([
    [{ from: [{ source: { ipBlocks: ['10.0.0.1'], notRemoteIpBlocks: ['10.0.0.1'] } }] }],
    [{ to: [{ operation: { paths: ['/a'], methods: ['GET'], hosts: ['a'], ports: ['80'] } }] }],
    [{ when: [{ key: 'source.ip', values: ['10.0.0.1'] }] }],
    [{ when: [{ key: 'remote.ip', values: ['10.0.0.1'] }] }],
    [{ when: [{ key: 'destination.ip', values: ['10.0.0.1'] }] }],
    [{ when: [{ key: 'request.headers[source.principal]', values: ['a'] }] }],
    [{ when: [{ key: 'connection.sni', values: ['a'] }] }],
  ])('but %j', (rule) => {
    expect(mistakes(rule)).toEqual([]);
  });
});
