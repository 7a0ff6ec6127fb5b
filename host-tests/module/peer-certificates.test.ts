// `connectionFacts.peerCertificate`: the names that are read from a certificate, byte by byte, and what is no certificate. Nobody may pass
// by a name that is not certain, and nobody is told apart from what Envoy has verified.
import { describe, expect, it } from 'vitest';
import type { Plugin } from '../../host/process.ts';
import { fromUtf8 } from '../../host/text.ts';
import { request, start, statusOf } from './fixture.ts';

const ADMIN = 'spiffe://cluster.local/ns/foo/sa/admin';
/** Of 128 bytes. */
const LONG = `spiffe://cluster.local/ns/foo/sa/${'a'.repeat(95)}`;

const [SEQUENCE, OID, BOOLEAN, OCTETS, INTEGER] = [0x30, 0x06, 0x01, 0x04, 0x02];
const [EMAIL, DNS, URI, IP] = [0x81, 0x82, 0x86, 0x87];
const EXTENSIONS = 0xa3;

type Bytes = number[];

/** A value in DER, its length in `lengthBytes` bytes behind the first or as short as it can be. */
function der(tag: number, ...parts: Bytes[]): Bytes {
  const content = parts.flat();
  const { length } = content;
  if (length < 0x80) return [tag, length, ...content];
  const size = [length >> 16, (length >> 8) & 255, length & 255];
  while (size[0] === 0) size.shift();
  return [tag, 0x80 | size.length, ...size, ...content];
}

const ascii = (text: string): Bytes => [...new TextEncoder().encode(text)];
const uri = (text: string): Bytes => der(URI, ascii(text));
const dns = (text: string): Bytes => der(DNS, ascii(text));
const nameList = (...names: Bytes[]): Bytes => der(SEQUENCE, ...names);
const SAN = der(OID, [0x55, 0x1d, 0x11]);
const san = (...names: Bytes[]): Bytes => der(SEQUENCE, SAN, der(OCTETS, nameList(...names)));
const BASIC_CONSTRAINTS = der(SEQUENCE, der(OID, [0x55, 0x1d, 0x13]), der(OCTETS, der(SEQUENCE)));
const extensions = (...list: Bytes[]): Bytes => der(EXTENSIONS, der(SEQUENCE, ...list));
/** Everything of a certificate around its extensions, as an authority writes it. */
const HEAD = [der(0xa0, der(INTEGER, [2])), der(INTEGER, [1, 2, 3]), der(SEQUENCE), der(SEQUENCE)];
const TAIL = [der(SEQUENCE), der(0x03, [0, 1, 2])];
const certificate = (...parts: Bytes[]): Bytes =>
  der(SEQUENCE, der(SEQUENCE, ...HEAD, ...parts), ...TAIL);
const withNames = (...names: Bytes[]): Bytes => certificate(extensions(san(...names)));

const base64 = (bytes: Bytes): string => btoa(String.fromCharCode(...bytes));
const BEGIN = '-----BEGIN CERTIFICATE-----';
const END = '-----END CERTIFICATE-----';
const pem = (body: string): string => `${BEGIN}\n${body}\n${END}\n`;
const pemOf = (bytes: Bytes): string => pem(base64(bytes).replace(/.{64}/g, '$&\n'));

/** What Envoy has seen of the certificate. */
interface Seen {
  uri?: string;
  dns?: string;
  subject?: string;
}

/** A plugin that lets this identity in alone. */
function lettingIn(identity: string): Plugin {
  const allow = {
    apiVersion: 'security.istio.io/v1',
    kind: 'AuthorizationPolicy',
    metadata: { name: 'allow', namespace: 'foo' },
    spec: { rules: [{ from: [{ source: { principals: [identity.replace('spiffe://', '')] } }] }] },
  };
  return start([allow], { connectionFacts: { peerCertificate: 'f.certificate' } }).plugin;
}

/** `200` for who is let in, `other` for who is known to be somebody else, `unknown` where nobody can tell. */
function answer(text: string, seen: Seen, plugin = lettingIn(ADMIN)): string {
  const stream = plugin.request(
    [
      [':authority', 'a'],
      [':path', '/'],
      [':method', 'GET'],
    ],
    { connection: { peerCertificate: seen, filterState: { 'f.certificate': text } } },
  )!;
  plugin.end(stream);
  if (stream.state === 'continued') return '200';
  return stream.reply?.details === 'portcullis_connection_fact_missing' ? 'unknown' : 'other';
}

const ofDer = (bytes: Bytes, seen: Seen, plugin?: Plugin): string =>
  answer(encodeURIComponent(pemOf(bytes)), seen, plugin);
const BY_URI = { uri: ADMIN };

describe('the names of a certificate are read', () => {
  const large = der(
    SEQUENCE,
    der(OID, [0x55, 0x1d, 0x20]),
    der(OCTETS, new Array<number>(70_000).fill(7)),
  );

  it.each<[string, Bytes, Seen, string]>([
    ['as the only extension', withNames(uri(ADMIN)), BY_URI, '200'],
    ['behind another', certificate(extensions(BASIC_CONSTRAINTS, san(uri(ADMIN)))), BY_URI, '200'],
    [
      'in front of another',
      certificate(extensions(san(uri(ADMIN)), BASIC_CONSTRAINTS)),
      BY_URI,
      '200',
    ],
    ['behind one of 70,000 bytes', certificate(extensions(large, san(uri(ADMIN)))), BY_URI, '200'],
    [
      'where they are critical',
      certificate(
        extensions(der(SEQUENCE, SAN, der(BOOLEAN, [255]), der(OCTETS, nameList(uri(ADMIN))))),
      ),
      BY_URI,
      '200',
    ],
    ['behind another URI', withNames(uri('spiffe://x'), uri(ADMIN)), { uri: 'spiffe://x' }, '200'],
    ['beside hosts', withNames(dns('a'), uri(ADMIN), dns('b')), { uri: ADMIN, dns: 'a' }, '200'],
    [
      'beside names of other kinds',
      withNames(der(EMAIL, ascii(ADMIN)), uri(ADMIN), der(IP)),
      BY_URI,
      '200',
    ],
    ['and no email address is an identity', withNames(der(EMAIL, ascii(ADMIN))), {}, 'other'],
    [
      'and a name of one more byte is another',
      withNames(uri(`${ADMIN}x`)),
      { uri: `${ADMIN}x` },
      'other',
    ],
    ['where there are none', withNames(), {}, 'other'],
    ['where there is no such extension', certificate(extensions(BASIC_CONSTRAINTS)), {}, 'other'],
    ['where there are no extensions', certificate(), {}, 'other'],
    ['and other extensions are not', certificate(extensions(BASIC_CONSTRAINTS)), BY_URI, 'unknown'],
  ])('%s', (_, bytes, seen, expected) => {
    expect(ofDer(bytes, seen)).toBe(expected);
  });

  it('up to 32 of them, its subject included', () => {
    const others = (count: number): Bytes[] =>
      Array.from({ length: count }, (_, i) => dns(`h${i}`));
    const seen = { uri: ADMIN, dns: 'h0' };
    const plugin = lettingIn(ADMIN);
    expect(ofDer(withNames(uri(ADMIN), ...others(31)), seen, plugin)).toBe('200');
    expect(ofDer(withNames(uri(ADMIN), ...others(32)), seen, plugin)).toBe('unknown');
    expect(ofDer(withNames(uri(ADMIN), ...others(30)), { ...seen, subject: 'CN=a' }, plugin)).toBe(
      '200',
    );
    expect(ofDer(withNames(uri(ADMIN), ...others(31)), { ...seen, subject: 'CN=a' }, plugin)).toBe(
      'unknown',
    );
  });

  it('up to 16 KiB of them', () => {
    const rest = 16 * 1024 - ADMIN.length;
    const of = (size: number): string =>
      ofDer(withNames(uri(ADMIN), dns('h'.repeat(size))), { uri: ADMIN, dns: 'h'.repeat(size) });
    expect(of(rest)).toBe('200');
    expect(of(rest + 1)).toBe('unknown');
  });

  it('of 128 bytes and more', () => {
    expect(ofDer(withNames(uri(LONG)), { uri: LONG }, lettingIn(LONG))).toBe('200');
  });
});

describe('nobody is known by what is no DER of a certificate:', () => {
  const admin = nameList(uri(ADMIN));
  const sanWith = (...parts: Bytes[]): Bytes =>
    certificate(extensions(der(SEQUENCE, SAN, ...parts)));

  it.each<[string, Bytes, Seen]>([
    ['the names twice', certificate(extensions(san(uri(ADMIN)), san())), BY_URI],
    ['… the second time with the identity', certificate(extensions(san(), san(uri(ADMIN)))), {}],
    ['no octets around the names', sanWith(admin), BY_URI],
    ['no names at all', sanWith(), {}],
    [
      'octets that end too soon, behind names',
      sanWith(der(SEQUENCE, admin), [OCTETS, 0x7f]),
      BY_URI,
    ],
    ['octets that hold no list', sanWith(der(OCTETS, der(OCTETS, uri(ADMIN)))), {}],
    [
      'an extension without its number',
      certificate(extensions(der(SEQUENCE, der(OCTETS, admin)))),
      {},
    ],
    ['an extension of no bytes', certificate(extensions(der(SEQUENCE))), {}],
    ['extensions that are no list', certificate(der(EXTENSIONS, der(OCTETS, san(uri(ADMIN))))), {}],
    ['a byte behind the names', withNames(uri(ADMIN), [URI]), BY_URI],
    ['a name that is longer than what holds it', withNames(uri(ADMIN), [DNS, 1]), BY_URI],
    ['a byte behind the extensions', certificate(extensions(san(uri(ADMIN)), [SEQUENCE])), BY_URI],
    ['a byte in the place of the extensions', certificate([SEQUENCE]), {}],
    ['another value in its place', der(OCTETS, der(SEQUENCE, extensions(san(uri(ADMIN))))), BY_URI],
    ['another value within', der(SEQUENCE, der(OCTETS, extensions(san(uri(ADMIN))))), BY_URI],
    ['nothing within', der(SEQUENCE), {}],
    [
      'a length in four bytes',
      withNames([URI, 0x84, 0, 0, 0, ADMIN.length, ...ascii(ADMIN)]),
      BY_URI,
    ],
    ['a length in no bytes', withNames([URI, 0x80, ...ascii(LONG)]), { uri: LONG }],
    ['a length in no bytes, within', der(SEQUENCE, [SEQUENCE, 0x80, 0, 0]), {}],
    [
      'a length in four bytes, in front of extensions',
      certificate([OCTETS, 0x84, 0, 0, 0, 1, 0]),
      {},
    ],
    ['names in another wrapper', sanWith(der(SEQUENCE, admin)), BY_URI],
    ['a length whose bytes are not there', withNames(uri(ADMIN), [DNS, 0x82, 0]), BY_URI],
  ])('%s', (_, bytes, seen) => {
    expect(ofDer(bytes, seen, lettingIn(seen.uri ?? ADMIN))).toBe('unknown');
  });

  it('any part of it', () => {
    const whole = certificate(extensions(san(uri(ADMIN))));
    const plugin = lettingIn(ADMIN);
    for (let size = 0; size < whole.length; size++) {
      expect(ofDer(whole.slice(0, size), BY_URI, plugin), `${size} bytes`).toBe('unknown');
    }
  });
});

describe('the text of a certificate', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const all = [...atob(alphabet)].map((byte) => byte.charCodeAt(0));
  /** Names whose base64 has all of its characters, wherever they begin. */
  const names = [
    uri(ADMIN),
    dns('a'),
    ...[0, 1, 2].map((n) => der(DNS, new Array<number>(n).fill(0), all)),
  ];
  const unpadded = [0, 1, 2]
    .map((n) => withNames(...names, dns('x'.repeat(n))))
    .find((bytes) => bytes.length % 3 === 0)!;
  const body = base64(unpadded);
  const seen = { uri: ADMIN, dns: 'a' };
  const escaped = (text: string, ...more: string[]): string =>
    [...text]
      .map((c) => (more.includes(c) ? c : `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`))
      .join('');

  it('is read in all of its alphabet, in lines of any kind, escaped or not', () => {
    expect(new Set(body).size).toBe(64);
    const lines = body.replace(/.{64}/g, '$&\n');
    const plugin = lettingIn(ADMIN);
    for (const text of [
      encodeURIComponent(pem(lines)),
      encodeURIComponent(pem(lines.replaceAll('\n', '\r\n'))),
      pem(body),
      escaped(pem(body)),
      escaped(pem(body)).toUpperCase(),
      `${encodeURIComponent(pem(body))}%0A${encodeURIComponent(pem('AAAA'))}`,
    ]) {
      expect(answer(text, seen, plugin), text.slice(0, 60)).toBe('200');
    }
  });

  it.each([0, 1, 2])('ends in padding, or not (%i)', (n) => {
    expect(
      ofDer(withNames(uri(ADMIN), dns('x'.repeat(n + 1))), { uri: ADMIN, dns: 'x'.repeat(n + 1) }),
    ).toBe('200');
  });

  // Each stands where a character stands that it could be taken for.
  it.each([
    ['a', '['],
    ['0', '{'],
    ['+', ':'],
    ['+', '-'],
    ['/', '_'],
    ['9', '@'],
    ['A', ' '],
    ['A', '='],
  ])('has no other characters: for %j %j', (good, bad) => {
    expect(body).toContain(good);
    expect(answer(pem(body.replace(good, bad)), seen)).toBe('unknown');
  });

  it.each<[string, string]>([
    ['one character more', `${body}A`],
    ['two more', `${body}AA`],
    ['three more', `${body}AAA`],
    ['padding of three', `${body}A===`],
    ['more behind the padding', `${body}AA==AAAA`],
    ['more within the padding', `${body}A=A=`],
    ['nothing', ''],
  ])('with %s is none', (_, text) => {
    expect(answer(pem(text), seen)).toBe('unknown');
  });

  it('is none without its padding', () => {
    const host = ['x', 'xx', 'xxx'].find((name) =>
      base64(withNames(uri(ADMIN), dns(name))).endsWith('='),
    )!;
    const text = base64(withNames(uri(ADMIN), dns(host)));
    expect(answer(pem(text), { uri: ADMIN, dns: host })).toBe('200');
    expect(answer(pem(text.replace(/=+$/, '')), { uri: ADMIN, dns: host })).toBe('unknown');
  });

  it.each<[string, string]>([
    ['that begins otherwise', pem(body).slice(1)],
    ['of something else', pem(body).replace('BEGIN CERTIFICATE', 'BEGIN CERTIFICATX')],
    ['that does not end', `${BEGIN}\n${body}\n`],
    ['that ends otherwise', pem(body).replace('END', 'AND')],
    ['that ends in the middle of its last line', pem(body).trimEnd().slice(0, -1)],
    ['an escape that is none', escaped(pem(body), 'P').replace('P', '%5g')],
    ['an escape of another character', escaped(pem(body), 'I').replace('I', '%4`')],
    ['half an escape', pem(body).replace(body[7]!, '%4')],
  ])('%s is none', (_, text) => {
    expect(answer(text, seen)).toBe('unknown');
    expect(answer(text, {})).toBe('unknown');
  });
});

it('who speaks to the workload is counted by the first of the names', () => {
  const { process, plugin } = start([], { connectionFacts: { peerCertificate: 'f.certificate' } });
  const stream = plugin.connect({
    id: 1,
    destinationPort: 8000,
    peerCertificate: { uri: ADMIN, subject: '' },
    filterState: {
      'f.certificate': encodeURIComponent(pemOf(withNames(uri(ADMIN), uri('spiffe://b')))),
    },
  })!;
  plugin.receive(stream);
  expect(fromUtf8(stream.filterState('portcullis.peer')!)).toBe(`mtls ${ADMIN}`);
  process.advance(1100);
  expect(process.metrics.nonZero()).toMatchObject({
    'portcullis_peer_connections_total;security=mtls;port=8000;source=cluster.local/ns/foo/sa/admin': 1,
  });
  expect(statusOf(request(plugin))).toBe(200);
});
