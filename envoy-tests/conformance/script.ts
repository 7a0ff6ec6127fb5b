// The conformance script: steps, each with what the probe is told. What it says of them is the transcript.
import { createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { BACKEND, DEAD, type Exchange, type ProbeHost } from './probe-host.ts';

/** A step: does something, and returns what the clients saw. */
export type Step = (host: ProbeHost) => Promise<(string | boolean)[]>;

/** A request, and what became of it. */
const one =
  (commands: string, headers?: string[], wait?: number): Step =>
  async (host) => {
    const exchange = host.open(commands, headers);
    await host.settle(wait);
    return [exchange.outcome];
  };

const outcomes = (...exchanges: Exchange[]): string[] => exchanges.map(({ outcome }) => outcome);

const key = generateKeyPairSync('rsa', { modulusLength: 2048 });
const text = Buffer.from('what is signed');
const signature = sign('sha256', text, key.privateKey);
const spki = createPublicKey(key.privateKey).export({ type: 'spki', format: 'der' });

/** The protobuf message of Envoy's verify_signature, in hex. */
function signatureCheck(hash: string, publicKey: Buffer, signed: Buffer, message: Buffer): string {
  const fields = [Buffer.from(hash), publicKey, signed, message].map((bytes, i) => {
    const size =
      bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7];
    return Buffer.concat([Buffer.from([((i + 1) << 3) | 2, ...size]), bytes]);
  });
  return Buffer.concat(fields).toString('hex');
}

const verify = (...args: Parameters<typeof signatureCheck>): Step =>
  one(`foreign verify_signature ${signatureCheck(...args)}`);

/** The steps, in order: each finds the host as the one before has left it. */
export const SCRIPT: [string, Step][] = [
  [
    'a first configuration reaches the main thread, a trial and the worker',
    async (host) => [await host.configure('property plugin_name')],
  ],
  [
    'a second one is a new root in the same VMs',
    async (host) => [await host.configure('property plugin_root_id')],
  ],
  [
    'a refused one leaves the old in force',
    async (host) => [await host.configure('refuse'), ...(await one('get x-do')(host))],
  ],
  ['a request has its callbacks in order', one('')],
  [
    'a root that has had streams is replaced',
    async (host) => {
      const taken = await host.configure('property plugin_name  ');
      await host.settle(500);
      return [taken];
    },
  ],
  [
    'a header that is absent, empty, there',
    one('get x-p-a;get x-p-b;get x-p-c;get ~', ['x-p-b', '', 'x-p-c', 'v']),
  ],
  ['a header is found whatever its case', one('get X-P-C', ['X-P-c', 'v'])],
  [
    'a repeated header: the first by name, all by pairs',
    one('get x-p-r;pairs', ['x-p-r', '1', 'x-p-r', '', 'x-p-r', '3']),
  ],
  [
    'headers are added, replaced, removed',
    one(
      'add x-p-a 1;add x-p-a 2;replace x-p-b new;replace x-p-c c;remove x-p-d;remove x-p-none;pairs',
      ['x-p-b', 'old', 'x-p-b', 'older', 'x-p-d', 'd', 'x-p-d', 'e'],
    ),
  ],
  ['a header becomes empty', one('replace x-p-b ~;add x-p-e ~;pairs', ['x-p-b', 'old'])],
  ['a reply, with blanks in its details', one('reply 403 some+details+here no;pause')],
  ['a reply without details or body', one('reply 418 ~ ~;pause')],
  ['a reply although the request goes on', one('reply 401 d b')],
  ['a second reply', one('reply 401 first a;reply 402 second b;pause')],
  ['a reply, then continue', one('reply 401 first a;continue;pause')],
  [
    'properties: of the plugin, the node, the stream, absent ones',
    one(
      'property plugin_name;property plugin_root_id;property xds%0node%0metadata%0NAMESPACE;property xds%0node%0metadata%0LABELS;property none;property xds%0node%0metadata%0NONE;property ~',
    ),
  ],
  [
    'a property that was written',
    one(
      'set-property mine some+value;property mine;set-property empty ~;property empty;property wasm.mine',
    ),
  ],
  ['the log level, and a line below it', one('level;whisper psst')],
  ['buffers that are not there', one('buffer 7 0 10;buffer 0 0 10;buffer 4 0 10;buffer 99 0 1')],
  [
    'parts of the configuration',
    async (host) => [
      await host.configure(
        'buffer 7 0 6;buffer 7 7 4;buffer 7 1000 4;buffer 7 0 99999;buffer 7 5 0',
      ),
    ],
  ],
  [
    'a pause, and nothing more',
    async (host) => {
      const exchange = host.open('pause');
      await host.settle();
      const before = exchange.outcome;
      exchange.abort();
      await host.settle();
      return [before, exchange.outcome];
    },
  ],
  [
    'a tick continues nothing in its own context, and all in the right one',
    async (host) => {
      const exchange = host.open(
        'on-tick continue,effective 9999,continue,effective paused,get x-do,continue;tick 50;pause',
      );
      await host.settle(300);
      return [exchange.outcome];
    },
  ],
  [
    'a tick that only continues wakes nobody',
    async (host) => {
      const exchange = host.open('on-tick continue;tick 50;pause');
      await host.settle(300);
      const before = exchange.outcome;
      exchange.abort();
      await host.settle();
      return [before];
    },
  ],
  [
    'after a failed set, the one before stays in effect',
    async (host) => {
      const other = host.open('pause', ['x-p-who', 'other']);
      await host.settle();
      const exchange = host.open(
        'get x-p-who;effective paused;get x-p-who;effective 9999;get x-p-who',
        ['x-p-who', 'self'],
      );
      await host.settle();
      const seen = outcomes(exchange, other);
      other.abort();
      await host.settle();
      return seen;
    },
  ],
  [
    'a reply in the name of another stream',
    async (host) => {
      const other = host.open('pause');
      await host.settle();
      const exchange = host.open('effective paused;reply 429 for+another x');
      await host.settle();
      return outcomes(exchange, other);
    },
  ],
  ['a call to no such cluster', one('call none /hello 1000')],
  [
    'a call that is answered',
    one(
      `on-answer answer-header :status,buffer 4 0 100,buffer 4 7 3,effective paused,continue;call ${BACKEND} /hello 1000;pause`,
    ),
  ],
  [
    'a call that is answered by nothing',
    one(
      `on-answer answer-header :status,buffer 4 0 100,effective paused,continue;call ${BACKEND} /empty 1000;pause`,
    ),
  ],
  [
    'a call that is answered by 500',
    one(
      `on-answer answer-header :status,buffer 4 0 100,effective paused,reply 401 from+call x;call ${BACKEND} /500 1000;pause`,
    ),
  ],
  [
    'a call that nobody takes',
    one(`on-answer answer-header :status,effective paused,continue;call ${DEAD} /hello 1000;pause`),
  ],
  [
    'a call that times out',
    one(
      `on-answer answer-header :status,buffer 4 0 100,effective paused,continue;call ${BACKEND} /never 200;pause`,
      [],
      500,
    ),
  ],
  [
    'two calls of one stream',
    async (host) => {
      const exchange = host.open(
        `on-answer answer-header :status;call ${BACKEND} /hello 1000;call ${BACKEND} /hello 1000;pause`,
      );
      await host.settle();
      const seen = outcomes(exchange);
      exchange.abort();
      return seen;
    },
  ],
  [
    'a call whose stream is gone before the answer',
    async (host) => {
      const exchange = host.open(
        `on-answer answer-header :status,effective paused,continue;call ${BACKEND} /never 400;pause`,
      );
      await host.settle();
      exchange.abort();
      await host.settle(600);
      return [];
    },
  ],
  [
    'one answer wakes two',
    async (host) => {
      const first = host.open('pause', ['x-p-n', '1']);
      await host.settle();
      const second = host.open(
        `on-answer effective paused,continue;call ${BACKEND} /hello 1000;pause`,
        ['x-p-n', '2'],
      );
      await host.settle();
      const between = outcomes(first, second);
      first.abort();
      await host.settle();
      return between;
    },
  ],
  [
    'edits after continue',
    one(
      `on-answer effective paused,continue,replace x-p-late yes,get x-do,pairs,add x-p-l m,remove x-do;call ${BACKEND} /hello 1000;pause`,
    ),
  ],
  [
    'shared data: absent, written, compare and swap',
    one(
      'shared none;share a one;shared a;share a two 99;share a three 1;shared a;share a four;shared a;shared b',
    ),
  ],
  [
    'shared data: created once',
    one(
      'share new first 4294967295;share new second 4294967295;shared new;share ~ x;shared ~;share empty ~;shared empty',
    ),
  ],
  [
    'metrics: a counter',
    one(
      'define probe_counter 0;metric;increment 3;metric;record 4;metric;increment -1;increment 0;metric',
    ),
  ],
  [
    'metrics: a gauge',
    one('define probe_gauge 1;record 7;metric;increment -2;metric;increment 0;metric'),
  ],
  [
    'metrics: a histogram, an unknown type, an unknown number',
    one(
      'define probe_histogram 2;record 7;metric;increment 1;define probe_odd 9;no-metric;no-increment',
    ),
  ],
  ['metrics: defined again, the same', one('define probe_counter 0;metric')],
  ['a signature that is good', verify('sha256', spki, signature, text)],
  ['a signature in the other case of the hash name', verify('SHA256', spki, signature, text)],
  ['a signature that is bad', verify('sha256', spki, signature, Buffer.from('what is not'))],
  ['a signature of the wrong length', verify('sha256', spki, signature.subarray(1), text)],
  ['a signature with an unknown hash', verify('md5', spki, signature, text)],
  ['a key that cannot be parsed', verify('sha256', Buffer.from('key'), signature, text)],
  ['no key at all', verify('sha256', Buffer.alloc(0), signature, text)],
  [
    'a message that cannot be parsed, and an unknown function',
    one('foreign verify_signature ff;foreign verify_signature ~;foreign none 00'),
  ],
  [
    'an old root lives as long as its streams, and ticks',
    async (host) => {
      const exchange = host.open('on-tick ~;pause');
      await host.settle();
      const taken = await host.configure('property plugin_name ');
      await host.settle();
      const ticking = host.open('tick 50');
      await host.settle(300);
      exchange.abort();
      await host.settle(300);
      return [taken, ...outcomes(ticking)];
    },
  ],
  [
    'a reply to a stream that waited does not stop the next one',
    async (host) => {
      const waiting = host.open(
        `on-answer effective paused,reply 401 late x;call ${BACKEND} /500 1000;pause`,
      );
      await host.settle();
      const next = host.open('');
      await host.settle();
      const after = host.open('');
      await host.settle();
      const seen = outcomes(waiting, next, after);
      next.abort();
      await host.settle();
      return seen;
    },
  ],
  [
    'in a tick there are no headers, no body, no configuration, and nobody to reply to',
    async (host) => {
      const first = host.open(
        'on-tick get x-do,pairs,replace x-p-a b,buffer 0 0 1,buffer 4 0 1,buffer 7 0 1,property plugin_name,set-property mine x,reply 401 a b,close;tick 50',
      );
      await host.settle(300);
      const next = host.open('');
      await host.settle();
      const after = host.open('');
      await host.settle();
      const seen = outcomes(first, next, after);
      next.abort();
      await host.settle();
      return seen;
    },
  ],
  [
    'a trap: this request, the next after a reload, and another trap too soon after it',
    async (host) => {
      // The reload's backoff counts from the last load.
      await host.settle(2000);
      const waiting = host.open('pause');
      await host.settle();
      const trapped = host.open('trap');
      await host.settle();
      const reloaded = host.open('get x-do');
      await host.settle();
      const again = host.open('trap');
      await host.settle();
      const soon = host.open('');
      await host.settle(2500);
      const later = host.open('');
      await host.settle();
      const seen = outcomes(waiting, trapped, reloaded, again, soon, later);
      waiting.abort();
      await host.settle();
      return seen;
    },
  ],
];

/** Runs the script: for each step what the clients saw, then what the probe said. */
export async function transcript(host: ProbeHost): Promise<Map<string, string[]>> {
  const all = new Map<string, string[]>();
  for (const [name, step] of SCRIPT) {
    const seen = await step(host);
    await host.settle();
    all.set(name, [...seen.map((outcome) => `client: ${outcome}`), ...(await host.lines())]);
  }
  return all;
}
