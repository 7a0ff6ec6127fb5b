// What an external authorizer of the tests says: what the header `x-ext-authz` of the request tells it.

/** An answer; or none, since it says nothing, or closes the connection. */
export type AuthorizerReply =
  'silence' | 'hang-up' | [status: number, headers: [string, string][], body?: string];

const REPLIES: Record<string, AuthorizerReply> = {
  allow: [
    200,
    [
      ['x-user', 'alice'],
      ['x-up-a', '1'],
      ['X-Up-B', '2'],
      ['x-other', 'no'],
      ['x-down', 'd'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['x-envoy-auth-headers-to-remove', 'x-secret, X-Gone,,:path,host'],
    ],
    'allowed',
  ],
  deny: [
    403,
    [
      ['x-deny', 'because'],
      ['x-other', 'no'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
      ['content-type', 'text/html'],
    ],
    '<p>denied by authorizer',
  ],
  redirect: [302, [['location', 'https://login.example/']]],
  unauthorized: [401, [['www-authenticate', 'Basic realm="x"']], 'who?'],
  created: [201, [], 'created'],
  'no-content': [204, []],
  teapot: [418, []],
  error: [503, [['x-deny', 'x']], 'broken'],
  'server-error': [500, [], 'broken'],
  silence: 'silence',
  'hang-up': 'hang-up',
};

/** What it says to a request with this header. */
export function replyOf(told: string | undefined): AuthorizerReply {
  return REPLIES[told ?? ''] ?? [403, []];
}
