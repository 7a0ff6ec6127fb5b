// The policies of the task "end-user authentication": ours in what the page means, and the page's own slips of indentation.

/** Where the demo's key set is said to be: a name that only the demo's own Envoy can reach. */
export const JWKS_URI = 'https://jwks.portcullis.example/jwks.json';

/** Tokens of the demo's issuer are verified; requests without a token pass. */
export const REQUEST_AUTHENTICATION = `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata:
  name: jwt-example
  namespace: istio-system
spec:
  selector:
    matchLabels:
      istio: ingressgateway
  jwtRules:
  - issuer: testing@secure.istio.io
    jwksUri: ${JWKS_URI}
`;

/** Requests without a valid token are refused. */
export const REQUIRE_TOKEN = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: frontend-ingress
  namespace: istio-system
spec:
  selector:
    matchLabels:
      istio: ingressgateway
  action: DENY
  rules:
  - from:
    - source:
        notRequestPrincipals: ["*"]
`;

/** The same for one path alone. */
export const REQUIRE_TOKEN_FOR_HEADERS = `${REQUIRE_TOKEN}    to:
    - operation:
        paths: ["/headers"]
`;

const slipped = (rules: string): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: frontend-ingress
  namespace: istio-system
spec:
  selector:
    matchLabels:
      istio: ingressgateway
  action: DENY
  rules:
${rules}`;

/** As the task page prints it: `notRequestPrincipals` stands beside `source` instead of in it. */
export const SLIPPED_REQUIRE_TOKEN = slipped(`  - from:
    - source:
      notRequestPrincipals: ["*"]
`);

/** As the task page prints it: `to` stands in `from`, and `paths` beside `operation`. */
export const SLIPPED_REQUIRE_TOKEN_FOR_HEADERS = slipped(`  - from:
    - source:
      notRequestPrincipals: ["*"]
      to:
    - operation:
      paths: ["/headers"]
`);
