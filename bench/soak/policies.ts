// The policies of the soak test: one of each kind of condition that needs nothing but a request.

const NAMESPACE = 'istio-system';

function policy(name: string, action: string, rules: object[]): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name, namespace: NAMESPACE },
    spec: { action, rules },
  };
}

const to = (operation: object): object => ({ to: [{ operation }] });
const from = (source: object): object => ({ from: [{ source }] });
const when = (key: string, values: string[]): object => ({ when: [{ key, values }] });

/** The resources. `jwks`: the key set of both issuers. `salt`: what tells one configuration from another, and decides nothing. */
export function resourcesOf(jwks: string, salt: string): object[] {
  return [
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'RequestAuthentication',
      metadata: { name: 'jwt', namespace: NAMESPACE },
      spec: {
        jwtRules: [
          { issuer: 'a', jwks, audiences: ['x', 'y'], forwardOriginalToken: true },
          {
            issuer: 'b',
            jwks,
            fromCookies: ['session'],
            fromHeaders: [{ name: 'x-b', prefix: 'B ' }],
            outputClaimToHeaders: [{ header: 'x-b-sub', claim: 'sub' }],
          },
        ],
      },
    },
    policy('deny-paths', 'DENY', [to({ paths: ['/denied', '/d/*', '*.secret', '/t/{*}/end'] })]),
    policy('deny-methods', 'DENY', [to({ methods: ['DELETE'], paths: ['/m'] })]),
    policy('deny-hosts', 'DENY', [to({ hosts: ['bad.example', '*.bad.example'] })]),
    policy('deny-not-paths', 'DENY', [to({ hosts: ['open.example'], notPaths: ['/open*'] })]),
    policy('deny-headers', 'DENY', [when('request.headers[x-bad]', ['1', 'yes*'])]),
    policy('deny-claims', 'DENY', [when('request.auth.claims[role]', ['bad'])]),
    policy('deny-strangers', 'DENY', [
      { ...from({ notRequestPrincipals: ['*'] }), ...to({ paths: ['/jwt/*'] }) },
      { ...from({ notRequestPrincipals: ['a/admin'] }), ...to({ paths: ['/admin/*'] }) },
    ]),
    policy('deny-addresses', 'DENY', [
      { ...from({ remoteIpBlocks: ['127.0.0.0/8'] }), ...to({ paths: ['/ip-all'] }) },
      { ...from({ remoteIpBlocks: ['192.0.2.0/24'] }), ...to({ paths: ['/ip-none'] }) },
    ]),
    policy('deny-salt', 'DENY', [when('request.headers[x-salt]', [salt])]),
    policy('allow', 'ALLOW', [
      to({ notPaths: ['/only/*'] }),
      { ...from({ requestPrincipals: ['a/*'] }), ...to({ paths: ['/only/a'] }) },
      { ...to({ paths: ['/only/g'] }), ...when('request.auth.claims[groups]', ['g1']) },
    ]),
  ];
}
