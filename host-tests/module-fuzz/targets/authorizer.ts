import type { Pair } from '../../../host/pairs.ts';
import { Difference } from '../target.ts';
import { Gate, gateTarget, headersOf } from './gate.ts';
import { agree } from './parser.ts';

const gate = new Gate(
  {
    workload: { namespace: 'foo' },
    extensionProviders: [
      {
        name: 'authz',
        envoyExtAuthzHttp: {
          service: 'authz.example',
          port: 8000,
          headersToUpstreamOnAllow: ['x-user', 'x-up-*'],
          headersToDownstreamOnDeny: ['x-deny', 'set-cookie'],
          headersToDownstreamOnAllow: ['x-down'],
        },
      },
    ],
    resources: [
      {
        apiVersion: 'security.istio.io/v1',
        kind: 'AuthorizationPolicy',
        metadata: { name: 'ask', namespace: 'foo' },
        spec: { action: 'CUSTOM', provider: { name: 'authz' }, rules: [{}] },
      },
    ],
  },
  ['outbound|8000||authz.example'],
);

const REQUEST: Pair[] = [
  [':authority', 'a'],
  [':path', '/'],
  [':method', 'GET'],
  [':scheme', 'http'],
  ['x-secret', '1'],
  ['x-keep', '2'],
];
const TO_REMOVE = 'x-envoy-auth-headers-to-remove';

/** Answers of an external authorizer: 200 alone lets a request through, and changes of it nothing but what it may. */
export const authorizer = gateTarget(gate, {
  name: 'authorizer',
  shape: 'lines',
  share: 0.5,
  seeds: [
    `200\nx-user: alice\nx-up-a: 1\n${TO_REMOVE}: x-secret, :path,host\n\nbody`,
    '403\nx-deny: because\nset-cookie: a=1\ncontent-type: text/html\n\n<p>no',
    '302\nlocation: https://login.example/\n\n',
    '503\n\nbroken',
    '201\ncontent-length: 5\n\nwhatever',
    '401\nwww-authenticate: Basic\ntransfer-encoding: chunked\n\n',
  ],
  dictionary: [
    ...[
      '200',
      '100',
      '204',
      '299',
      '300',
      '499',
      '500',
      '599',
      '0',
      '2',
      '20',
      '\n\n',
      ',',
      ', ',
      ': ',
      '\n',
    ],
    ...[
      'x-user: ',
      'x-up-b: ',
      'x-deny: ',
      `${TO_REMOVE}: `,
      ':path',
      ':authority',
      'host',
      'x-keep',
      '\xff',
    ],
    ...['content-length: 99999', 'x-down: 1', 'location: ', 'path: /admin', 'x-secret: 2'],
  ],
  check(text) {
    const end = text.indexOf('\n\n');
    const head = end < 0 ? text : text.slice(0, end);
    const [line = '', ...lines] = head.split('\n');
    // What an HTTP codec takes for a status.
    const status = /^[1-5]\d\d$/.test(line) ? Number(line) : 200 + (line.length % 400);
    const headers = headersOf(lines);
    const stream = gate.open(REQUEST);
    const [call] = gate.process.httpCalls;
    const before = stream.state;
    if (call === undefined || before !== 'paused') throw new Difference(`it is ${before}`);
    call.respond({
      status,
      headers,
      body: Buffer.from(end < 0 ? '' : text.slice(end + 2), 'latin1'),
    });
    gate.close(stream);
    const { state } = stream;
    if (state === 'continued') {
      agree(status, 200);
      agree(inOrder(stream.headers), inOrder(expected(headers)));
      return 1;
    }
    const answered = stream.reply?.status;
    const isTheirs = status > 200 && status < 500;
    agree(`${state} ${answered}`, `replied ${isTheirs ? status : 403}`);
    return status;
  },
});

/** The request as the answer allows it to be changed. */
function expected(answer: Pair[]): Pair[] {
  let headers = [...REQUEST];
  for (const [name, value] of answer) {
    if (name !== 'x-user' && !name.startsWith('x-up-')) continue;
    headers = [...headers.filter(([other]) => other !== name), [name, value]];
  }
  const removed = answer
    .filter(([name]) => name === TO_REMOVE)
    .flatMap(([, value]) =>
      value.split(',').map((one) => one.replace(/^ +| +$/g, '').toLowerCase()),
    )
    .filter((name) => name !== 'host' && !name.startsWith(':'));
  return headers.filter(([name]) => !removed.includes(name));
}

function inOrder(headers: Pair[]): string {
  return headers
    .map((pair) => pair.join(': '))
    .sort()
    .join('\n');
}
