import { certificateText } from '../../../host/certificate-text.ts';
import type { Pair } from '../../../host/pairs.ts';
import { Difference } from '../target.ts';
import { Gate, gateTarget, headersOf } from './gate.ts';
import { agree } from './parser.ts';
import { ISSUER, KEY_SET, TOKENS } from './token.ts';

const XFCC = 'x-forwarded-client-cert';
/** Of the tokens. */
const SUBJECTS = ['alice', 'bob'];
const PEER = 'spiffe://cluster.local/ns/foo/sa/sleep';
const ELEMENT = `By=spiffe://cluster.local/ns/foo/sa/me;Hash=aa;Subject="";URI=${PEER}`;

const gate = new Gate({
  workload: { namespace: 'foo' },
  connectionFacts: { directAddress: 'a', peerCertificate: 'b', localUris: 'c' },
  xfcc: { forward: 'APPEND_FORWARD', details: ['Subject', 'URI'] },
  resources: [
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'RequestAuthentication',
      metadata: { name: 'jwt', namespace: 'foo' },
      spec: {
        jwtRules: [
          {
            issuer: ISSUER,
            jwks: KEY_SET,
            fromHeaders: [{ name: 'authorization', prefix: 'Bearer ' }, { name: 'x-jwt' }],
            fromParams: ['access_token'],
            fromCookies: ['session'],
            outputClaimToHeaders: [{ header: 'x-sub', claim: 'sub' }],
          },
        ],
      },
    },
    {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'token', namespace: 'foo' },
      spec: { rules: [{ from: [{ source: { requestPrincipals: [`${ISSUER}/*`] } }] }] },
    },
  ],
});

const connection = {
  id: 1,
  tls: true,
  sourceAddress: '10.0.0.1:1',
  destinationAddress: '10.0.0.2:8000',
  destinationPort: 8000,
  peerCertificate: { uri: PEER, subject: '', digest: 'aa' },
  localCertificate: { uri: 'spiffe://cluster.local/ns/foo/sa/me' },
  filterState: {
    a: '10.0.0.1',
    b: certificateText([PEER], []),
    c: 'spiffe://cluster.local/ns/foo/sa/me',
  },
};

/** Whole requests, their path and their headers: none passes without a token that was signed. */
export const request = gateTarget(gate, {
  name: 'request',
  shape: 'lines',
  share: 1,
  seeds: [
    `/headers\nauthorization: Bearer ${TOKENS[0]}\naccept: */*`,
    `/get?a=b&access_token=${TOKENS[1]}&c=d\ncookie: a=b`,
    `/get\ncookie: a=b; session=${TOKENS[2]}\nx-sub: forged`,
    `/get\nx-jwt: ${TOKENS[0]}\n${XFCC}: By=x;URI=spiffe://forged,Hash=1`,
    `/get\n${XFCC}: "a\\",b"\n${XFCC}: \nauthorization: bearer x`,
    `/get?access_token=x\nauthorization: Bearer ${TOKENS[0]}\nauthorization: Bearer x`,
  ],
  dictionary: [
    ...[
      'authorization: Bearer ',
      'x-jwt: ',
      'cookie: session=',
      '?access_token=',
      '&access_token=',
      '%2E',
      'Bearer ',
    ],
    ...[
      `${XFCC}: `,
      'URI=spiffe://x',
      ',',
      ';',
      '"',
      '\n',
      'origin: a',
      'access-control-request-method: GET',
      '%00',
    ],
    ...[
      'x-sub: ',
      'x-envoy-original-path: /',
      'x-forwarded-proto: https',
      '\xff',
      ' ',
      'authorization: Bearer a.b.c',
    ],
  ],
  check(text) {
    const [path = '', ...lines] = text.split('\n');
    const own = headersOf(lines);
    const first: Pair[] = [
      [':authority', 'a'],
      [':path', `/${path.replace(/^\//, '').replace(/[\0\r]/g, '')}`],
      [':method', 'GET'],
      [':scheme', 'http'],
    ];
    const stream = gate.open([...first, ...own], connection);
    gate.close(stream);
    if (stream.state === 'continued') {
      const decoded = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
        String.fromCharCode(parseInt(hex, 16)),
      );
      if (!TOKENS.some((token) => decoded.includes(token))) {
        throw new Difference('it has passed without a token');
      }
      const theirs = own.filter(([name, value]) => name === XFCC && value !== '');
      const expected = [...theirs.map(([, value]) => value), ELEMENT].join(',');
      agree(
        stream.headers
          .filter(([name]) => name === XFCC)
          .map(([, value]) => value)
          .join('|'),
        expected,
      );
      const written = stream.headers.filter(([name]) => name === 'x-sub');
      // One for each token, as in Envoy, and none of them the client's own.
      agree(written.length > 0 && written.every(([, value]) => SUBJECTS.includes(value)), true);
      return 1;
    }
    if (stream.state !== 'replied') throw new Difference(`it is ${stream.state}`);
    const { status, body } = stream.reply!;
    if (status !== 401 && status !== 403) throw new Difference(`it is answered ${status}: ${body}`);
    return status * 100 + body.length;
  },
});
