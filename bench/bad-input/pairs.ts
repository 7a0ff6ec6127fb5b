// Good input in which each part has to be held against each other.

/** One of them: what it is, and its text. */
export type Pairs = [what: string, text: string];

const numbered = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

const resource = (kind: string, name: string, spec: string, version: string): string =>
  `---\napiVersion: ${version}\nkind: ${kind}\nmetadata: { name: ${name}, namespace: foo }\nspec: ${spec}\n`;
const istio = (kind: string, i: number, spec: string): string =>
  resource(kind, `${kind.toLowerCase()}-${i}`, spec, 'security.istio.io/v1');
const policy = (i: number, action: string, field: string): string =>
  istio(
    'AuthorizationPolicy',
    i,
    `{ action: ${action}, rules: [{ to: [{ operation: { ${field} } }] }] }`,
  );
const selector = (label: string): string => `selector: { matchLabels: { app: ${label} } }`;
const deployment = (i: number): string =>
  resource(
    'Deployment',
    `d${i}`,
    `{ template: { metadata: { labels: { app: d-${i} } } } }`,
    'apps/v1',
  );

/** All of them, each up to the bounds. */
export const PAIRS: Pairs[] = [
  [
    'as many ALLOW as DENY',
    numbered(7000, (i) => policy(i, i % 2 === 0 ? 'DENY' : 'ALLOW', `paths: ["/a${i}/*"]`)),
  ],
  [
    'as many ALLOW as DENY, by what they leave out',
    numbered(7000, (i) => policy(i, i % 2 === 0 ? 'DENY' : 'ALLOW', `notPaths: ["/a${i}/*"]`)),
  ],
  [
    'two rules of 80,000 paths',
    istio(
      'AuthorizationPolicy',
      0,
      `{ rules: [${[0, 1].map((j) => `{ to: [{ operation: { paths: [${numbered(80_000, (i) => `/${j}-${i},`)}] } }] }`).join(',')}] }`,
    ),
  ],
  [
    '150,000 hosts in one rule',
    policy(0, 'DENY', `hosts: [${numbered(150_000, (i) => `h${i},`)}]`),
  ],
  [
    '150,000 escaped paths in one rule',
    policy(0, 'DENY', `paths: [${numbered(150_000, (i) => `/%aa${i},`)}]`),
  ],
  [
    '8,000 PeerAuthentications for others',
    numbered(8000, (i) =>
      istio('PeerAuthentication', i, `{ ${selector(`a${i}`)}, mtls: { mode: STRICT } }`),
    ),
  ],
  [
    '3,500 PeerAuthentications, and as many policies about identities',
    numbered(3500, (i) =>
      istio('PeerAuthentication', i, `{ ${selector(`a${i}`)}, mtls: { mode: PERMISSIVE } }`),
    ) +
      numbered(3500, (i) =>
        istio(
          'AuthorizationPolicy',
          i,
          `{ action: DENY, rules: [{ from: [{ source: { principals: [cluster.local/ns/a/sa/s${i}] } }] }] }`,
        ),
      ),
  ],
  [
    '6,000 policies of as many providers',
    numbered(6000, (i) =>
      istio(
        'AuthorizationPolicy',
        i,
        `{ ${selector(`a${i}`)}, action: CUSTOM, provider: { name: p${i} }, rules: [{}] }`,
      ),
    ),
  ],
  [
    '3,500 issuers, and as many policies about others',
    numbered(3500, (i) =>
      istio(
        'RequestAuthentication',
        i,
        `{ jwtRules: [{ issuer: https://i${i}, jwksUri: https://i${i}/keys }] }`,
      ),
    ) +
      numbered(3500, (i) =>
        istio(
          'AuthorizationPolicy',
          i,
          `{ rules: [{ from: [{ source: { requestPrincipals: [https://x${i}/a] } }] }] }`,
        ),
      ),
  ],
  [
    '3,500 workloads, and as many policies for none of them',
    numbered(3500, deployment) +
      numbered(3500, (i) =>
        istio('AuthorizationPolicy', i, `{ ${selector(`e-${i}`)}, action: DENY, rules: [{}] }`),
      ),
  ],
  [
    '2,500 workloads, as many Services and policies about ports',
    numbered(2500, deployment) +
      numbered(2500, (i) =>
        resource('Service', `s${i}`, `{ selector: { app: d-${i} }, ports: [{ port: 80 }] }`, 'v1'),
      ) +
      numbered(2500, (i) => policy(i, 'DENY', `ports: ["${i + 1}"], paths: ["/"]`)),
  ],
  [
    '5,000 namespaces, and as many policies about others',
    numbered(
      5000,
      (i) => `---\napiVersion: v1\nkind: Namespace\nmetadata: { name: namespace-${i} }\n`,
    ) +
      numbered(5000, (i) =>
        istio(
          'AuthorizationPolicy',
          i,
          `{ action: DENY, rules: [{ from: [{ source: { namespaces: [namespice-${i}] } }] }] }`,
        ),
      ),
  ],
  ['6,000 policies that are wrong', numbered(6000, (i) => policy(i, 'DENYY', `path: ["/${i}"]`))],
];
