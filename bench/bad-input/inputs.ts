// What is given to commands in the place of good input: endless, huge, deep, binary, not to be read, up to the bounds.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { PAIRS } from './pairs.ts';

/** One input. */
export interface BadInput {
  what: string;
  /** The file that is given, or `-` for what `source` writes. */
  path: string;
  /** A shell's command whose output is the command's standard input; nothing else is. */
  source?: string;
  /** Where standard output leads to, as a shell writes it. */
  sink?: string;
  /** Whether it is good, and large or beside the bounds: any verdict is right, in time and without much memory. */
  isGood?: boolean;
}

const MIB = 1024 * 1024;

const policy = (name: string, spec: string): string =>
  `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: ${name}, namespace: foo }
spec: ${spec}
`;
const DENY = '{ action: DENY, rules: [{ to: [{ operation: { paths: ["/x"] } }] }] }';
const GOOD = policy('deny', DENY);

const numbered = (count: number, line: (i: number) => string): string =>
  Array.from({ length: count }, (_, i) => line(i)).join('');

/** Policies of 33 words and marks, and of two more for each path beyond the first. */
const blockPolicies = (count: number, paths = 1, suffix = ''): string =>
  numbered(
    count,
    (i) => `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: p${i}
  namespace: foo
spec:
  action: DENY
  rules:
  - to:
    - operation:
        paths: ["/secret${i}/${suffix}*"${', "/a"'.repeat(paths - 1)}]
`,
  );

/** A workload's own policy, of which lint has something to say: 68 words and marks. */
const densePolicy = (i: number): string =>
  `---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: p${i}
  namespace: foo
spec:
  selector:
    matchLabels:
      app: a${i}
  action: DENY
  rules:
  - from:
    - source:
        principals: ["cluster.local/ns/foo/sa/client-${i}"]
    to:
    - operation:
        methods: ["GET", "POST"]
        paths: ["/api/${i}/*"]
    when:
    - key: request.headers[x-tenant]
      values: ["t${i}"]
`;

const rule = (i: number): string =>
  `{ to: [{ operation: { methods: [GET], paths: ["/${i}"] } }], when: [] },`;

const peerAuthentication = (i: number): string =>
  `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: p${i}, namespace: foo }
spec: { mtls: { mode: STRICT } }
`;

const requestAuthentication = (i: number): string =>
  `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: r${i}, namespace: foo }
spec:
  selector: { matchLabels: { app: a${i} } }
  jwtRules:
  - issuer: https://issuer-${i}.example
    jwksUri: https://issuer-${i}.example/keys
    audiences: [a, b]
    forwardOriginalToken: true
    fromHeaders: [{ name: x-token, prefix: "Bearer " }]
    outputClaimToHeaders: [{ header: x-sub, claim: sub }]
`;

const listOf = (count: number): string =>
  JSON.stringify({
    apiVersion: 'v1',
    kind: 'List',
    items: Array.from({ length: count }, (_, i) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: `p${i}`, namespace: 'foo' },
      spec: { action: 'DENY', rules: [{ to: [{ operation: { paths: [`/${i}`] } }] }] },
    })),
  });

/** All of them, with their files in `folder`. */
export function badInputs(folder: string): BadInput[] {
  const put = (name: string, data: string | Uint8Array): string => {
    const path = join(folder, name);
    writeFileSync(path, data);
    return path;
  };
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const empty = join(folder, 'empty-folder');
  mkdirSync(empty);
  symlinkSync('loop', join(folder, 'loop'));
  symlinkSync('nowhere', join(folder, 'dangling'));
  const secret = put('secret.yaml', GOOD);
  chmodSync(secret, 0);
  const good = put('good.yaml', GOOD);
  const file = (what: string, name: string, data: string | Uint8Array): BadInput => ({
    what,
    path: put(name, data),
  });
  const upTo = (what: string, name: string, data: string): BadInput => ({
    ...file(what, name, data),
    isGood: true,
  });
  return [
    // Without end, or without a beginning.
    { what: 'a device without end', path: '/dev/zero' },
    { what: 'random bytes without end', path: '/dev/urandom' },
    { what: 'standard input without end', path: '-', source: 'yes "a: 1"' },
    { what: 'standard input, NULs without end', path: '-', source: 'cat /dev/zero' },
    { what: 'a FIFO that nobody writes to', path: fifo },
    { what: 'standard input that is empty', path: '-', source: 'true' },
    // Not to be read.
    { what: 'a file that is not there', path: join(folder, 'missing.yaml') },
    { what: 'a link that leads nowhere', path: join(folder, 'dangling') },
    { what: 'a link that leads to itself', path: join(folder, 'loop') },
    { what: 'a file below a file', path: join(good, 'below.yaml') },
    { what: 'a name of 300 characters', path: join(folder, 'n'.repeat(300)) },
    { what: 'a folder with nothing in it', path: empty },
    // Root may read it.
    { what: 'a file without permission', path: secret, isGood: process.getuid?.() === 0 },
    // Too large.
    file('5 MiB of a comment', 'comment.yaml', `# ${'x'.repeat(5 * MIB)}\n`),
    file('100 MiB of policies', 'huge.yaml', `${GOOD}---\n`.repeat((100 * MIB) / GOOD.length)),
    file(
      '80,000 fields',
      'fields.yaml',
      numbered(80_000, (i) => `k${i}: 1\n`),
    ),
    file(
      '80,000 fields, as JSON',
      'fields.json',
      `{${numbered(80_000, (i) => `"k${i}":1,`)}"z":1}`,
    ),
    file('10,001 policies', 'documents.yaml', blockPolicies(10_001)),
    file('10,000 policies of too many words', 'words.yaml', blockPolicies(10_000, 30)),
    // Too deep.
    file('10,000 brackets', 'brackets.yaml', '['.repeat(10_000)),
    file('10,000 braces', 'braces.json', '{"a":'.repeat(10_000)),
    file('a million closed brackets', 'closed.yaml', '['.repeat(500_000) + ']'.repeat(500_000)),
    file('5,000 levels by indentation', 'dashes.yaml', `${'- '.repeat(5000)}a\n`),
    file('a billion laughs by aliases', 'laughs.yaml', laughs()),
    file('an alias of itself', 'itself.yaml', 'a: &a [*a]\n'),
    // No text, or not the one that is meant.
    file('bytes that are no text', 'binary.yaml', new Uint8Array([0xff, 0xfe, 0, 1])),
    file('UTF-16', 'utf16.yaml', Buffer.from(`\ufeff${GOOD}`, 'utf16le')),
    file('gzip', 'policies.yaml.gz', gzipSync(GOOD)),
    file('half of a character', 'half.yaml', Buffer.from([...Buffer.from(GOOD), 0xe2, 0x82])),
    file('NULs', 'nul.yaml', GOOD.replace('deny', 'de\0ny')),
    file('escape sequences', 'escapes.yaml', GOOD.replace('deny', '"\u001b[2Jdeny\\e[2J"')),
    // Broken.
    file('a policy cut in the middle', 'cut.yaml', GOOD.slice(0, -20)),
    file('tabs', 'tabs.yaml', GOOD.replace('metadata: {', 'metadata:\n\tname: a\n#')),
    file('a field twice', 'twice.yaml', `${GOOD}kind: AuthorizationPolicy\n`),
    file('a number that ends nowhere', 'number.yaml', policy('1'.repeat(10_000), DENY)),
    file('an unknown tag', 'tag.yaml', policy('a', '!!js/function "x"')),
    file('a list in the place of a resource', 'list.yaml', '- 1\n- 2\n'),
    file('text in the place of a resource', 'text.yaml', 'hello\n'),
    // Good, and very large.
    upTo('10,000 policies', 'large.yaml', blockPolicies(10_000)),
    upTo('5,000 policies with conditions', 'dense.yaml', numbered(5000, densePolicy)),
    upTo('10,000 PeerAuthentications', 'peers.yaml', numbered(10_000, peerAuthentication)),
    upTo('6,700 policies, as a List in JSON', 'list.json', listOf(6700)),
    upTo('3.9 MiB of policies', 'long.yaml', blockPolicies(10_000, 1, 'x'.repeat(215))),
    upTo(
      '170,000 values in one rule',
      'values.yaml',
      policy(
        'a',
        `{ rules: [{ to: [{ operation: { paths: [${numbered(170_000, (i) => `"/${i}",`)}"/"] } }] }] }`,
      ),
    ),
    upTo(
      '11,600 rules in 290 policies',
      'rules.yaml',
      numbered(290, (i) => `${policy(`p${i}`, `{ rules: [${numbered(40, rule)}] }`)}---\n`),
    ),
    upTo(
      '4,500 RequestAuthentications',
      'authentications.yaml',
      numbered(4500, (i) => `${requestAuthentication(i)}---\n`),
    ),
    upTo(
      'one value of 3.9 MiB',
      'value.yaml',
      policy('a', `{ selector: { matchLabels: { a: "${'x'.repeat(3.9 * MIB)}" } } }`),
    ),
    ...PAIRS.map(([what, text], i) => upTo(what, `pairs-${i}.yaml`, text)),
    upTo('9,999 empty documents', 'nothing.yaml', '---\n'.repeat(9999)),
    upTo('95 levels', 'levels.yaml', policy('a', `${'['.repeat(95)}${']'.repeat(95)}`)),
    upTo('9,999 fields', 'many-fields.yaml', `${GOOD}${numbered(9990, (i) => `k${i}: 1\n`)}`),
    // Output that nobody takes.
    { what: 'a full disk behind the output', path: good, sink: '> /dev/full' },
    { what: 'a pipe that is closed early', path: good, sink: '| true', isGood: true },
  ];
}

/** Nine levels of nine aliases. */
function laughs(): string {
  const lines = ['a0: &a0 ha'];
  for (let i = 1; i < 10; i++) {
    lines.push(`a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(',')}]`);
  }
  return `${lines.join('\n')}\n`;
}
