// What is known of a connection and its client: read once, counted by name, and nothing decided without it.
import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Connection, HttpStream } from '../../host/contexts.ts';
import type { Plugin, Process } from '../../host/process.ts';
import {
  ISSUER,
  type Issuer,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  status,
  statusOf,
} from './fixture.ts';

const URI = 'spiffe://cluster.local/ns/foo/sa/sleep';
const MISSING = 'portcullis_connection_fact_missing';
const FAILED = 'portcullis_host_call_failed';

function ask(plugin: Plugin, connection: Connection): HttpStream {
  const stream = plugin.request(
    [
      [':authority', 'a'],
      [':path', '/'],
      [':method', 'GET'],
    ],
    { connection },
  )!;
  plugin.end(stream);
  return stream;
}

/** 200, or the response code details of the refusal. */
const outcome = (stream: HttpStream): number | string =>
  stream.reply === undefined ? statusOf(stream) : stream.reply.details;

const bySource = (source: object): object => denyPolicy([{ from: [{ source }] }]);
const DENIED = 'rbac_access_denied_matched_policy[ns[istio-system]-policy[deny]-rule[0]]';

function peers(spec: object): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace: 'foo' },
    spec: { selector: { matchLabels: { app: 'httpbin' } }, ...spec },
  };
}

describe('what cannot be read of a connection', () => {
  it.each([['connection.tls_version'], ['connection.mtls']])(
    '(%s) refuses its request, and is asked for again by the next',
    (property) => {
      const { process, plugin } = start([]);
      const connection = { id: 1, tls: true };
      process.failing.add(`proxy_get_property ${property}`);
      expect(outcome(ask(plugin, connection))).toBe(FAILED);
      process.failing.clear();
      expect(outcome(ask(plugin, connection))).toBe(200);
    },
  );

  it('(its address) refuses its request, and is asked for again by the next', () => {
    const settings = { connectionFacts: { directAddress: 'f.direct' } };
    const { plugin } = start([bySource({ ipBlocks: ['10.0.0.9'] })], settings);
    const from = (address?: string): Connection => ({
      id: 1,
      ...(address === undefined ? {} : { filterState: { 'f.direct': address } }),
    });
    expect(outcome(ask(plugin, from()))).toBe(MISSING);
    expect(outcome(ask(plugin, from('nonsense')))).toBe(MISSING);
    expect(outcome(ask(plugin, from('10.0.0.9')))).toBe(DENIED);
    // What is known once is known for good.
    expect(outcome(ask(plugin, from()))).toBe(DENIED);
  });

  it('(its names) refuses its request, and is asked for again by the next', () => {
    const settings = { connectionFacts: { peerUris: 'f.uris' } };
    const { plugin } = start(
      [bySource({ principals: ['cluster.local/ns/foo/sa/sleep'] })],
      settings,
    );
    const peerCertificate = { uri: URI, subject: '' };
    const filterState = { 'f.uris': URI };
    expect(outcome(ask(plugin, { id: 1, peerCertificate }))).toBe(MISSING);
    expect(outcome(ask(plugin, { id: 1, peerCertificate, filterState }))).toBe(DENIED);
    expect(outcome(ask(plugin, { id: 1, peerCertificate }))).toBe(DENIED);
  });

  it('(its names) refuses a request on plaintext as well: a fact that is declared is there', () => {
    const settings = { connectionFacts: { peerUris: 'f.uris' } };
    const { plugin } = start([bySource({ notPrincipals: ['x'] })], settings);
    expect(outcome(ask(plugin, { id: 1 }))).toBe(MISSING);
    expect(outcome(ask(plugin, { id: 2, filterState: { 'f.uris': '-' } }))).toBe(DENIED);
  });

  it.each([['uri_san'], ['dns_san'], ['subject']])(
    '(%s) refuses a request that is judged by who it is from',
    (property) => {
      const { process, plugin } = start([bySource({ principals: ['x'] })], {
        connectionFacts: { singleUriSan: true },
      });
      const connection = { peerCertificate: { uri: URI, dns: 'a', subject: 'CN=a' } };
      expect(outcome(ask(plugin, connection))).toBe(200);
      process.failing.add(`proxy_get_property connection.${property}_peer_certificate`);
      expect(outcome(ask(plugin, connection))).toBe(MISSING);
    },
  );
});

describe('a connection', () => {
  it('is known as long as it is asked for now and then, and forgotten some day', () => {
    const settings = { connectionFacts: { directAddress: 'f.direct' } };
    const { plugin } = start([bySource({ ipBlocks: ['10.0.0.9'] })], settings);
    const from = (id: number, address: string): Connection => ({
      id,
      filterState: { 'f.direct': address },
    });
    let next = 1;
    const others = (count: number): void => {
      for (let i = 0; i < count; i++) ask(plugin, from(++next, '10.0.0.1'));
    };
    expect(outcome(ask(plugin, from(1, '10.0.0.9')))).toBe(DENIED);
    for (let round = 0; round < 4; round++) {
      others(500);
      expect(outcome(ask(plugin, { id: 1 }))).toBe(DENIED);
    }
    others(1100);
    expect(outcome(ask(plugin, { id: 1 }))).toBe(MISSING);
  });
});

describe('the names of a client', () => {
  it('up to 16 KiB are kept, its subject included', () => {
    const { plugin } = start([bySource({ principals: ['x'] })], {
      connectionFacts: { singleUriSan: true },
    });
    const of = (length: number): Connection => ({
      peerCertificate: { uri: 'u', dns: 'd', subject: 's'.repeat(length - 2) },
    });
    expect(outcome(ask(plugin, of(16 * 1024)))).toBe(200);
    expect(outcome(ask(plugin, of(16 * 1024 + 1)))).toBe(MISSING);
  });
});

describe('PeerAuthentication by port', () => {
  const mtls: Connection = { peerCertificate: { uri: URI, subject: '' } };
  /** How plaintext and mutual TLS fare. */
  const both = (plugin: Plugin, port: Connection): string[] =>
    [port, { ...mtls, ...port }].map((connection) => ask(plugin, connection).state);

  it.each<[string, object, Connection, string[]]>([
    [
      'is that of the first of several ports',
      { 80: 'STRICT', 81: 'DISABLE' },
      { destinationPort: 80 },
      ['reset', 'continued'],
    ],
    [
      '… of the second',
      { 80: 'DISABLE', 81: 'STRICT' },
      { destinationPort: 81 },
      ['reset', 'continued'],
    ],
    [
      'is the workload’s for any other',
      { 80: 'STRICT', 81: 'STRICT' },
      { destinationPort: 82 },
      ['continued', 'continued'],
    ],
    [
      'is the strictest where the port is not told',
      { 80: 'DISABLE', 81: 'STRICT' },
      {},
      ['reset', 'continued'],
    ],
    [
      'is the workload’s where none is strict',
      { 80: 'DISABLE', 81: 'PERMISSIVE' },
      {},
      ['continued', 'continued'],
    ],
  ])('%s', (_, ports, connection, states) => {
    const portLevelMtls = Object.fromEntries(
      Object.entries(ports as Record<string, string>).map(([port, mode]) => [port, { mode }]),
    );
    const { plugin } = start([peers({ portLevelMtls })]);
    expect(both(plugin, connection)).toEqual(states);
  });

  it('is the strictest where the host fails to tell the port', () => {
    const { process, plugin } = start([peers({ portLevelMtls: { 80: { mode: 'STRICT' } } })]);
    process.failing.add('proxy_get_property destination.port');
    expect(both(plugin, { destinationPort: 81 })).toEqual(['reset', 'continued']);
  });
});

describe('who speaks to the workload', () => {
  const counts = (process: Process): Record<string, number> => {
    process.advance(1100);
    const prefix = 'portcullis_peer_requests_total;';
    const all = Object.entries(process.metrics.nonZero());
    return Object.fromEntries(
      all
        .filter(([name]) => name.startsWith(prefix))
        .map(([name, n]) => [name.slice(prefix.length), n]),
    );
  };

  it.each<[string, object, Connection, string]>([
    ['nobody knows who', {}, { destinationPort: 80 }, 'security=plaintext;port=80;source=unknown'],
    ['nor where', {}, {}, 'security=plaintext;port=-1;source=unknown'],
    [
      'an address',
      { directAddress: 'f.a' },
      { destinationPort: 80, filterState: { 'f.a': '10.0.0.1' } },
      'security=plaintext;port=80;source=10.0.0.1',
    ],
    [
      'an identity',
      { singleUriSan: true },
      { peerCertificate: { uri: URI, subject: '' } },
      'security=mtls;port=-1;source=cluster.local/ns/foo/sa/sleep',
    ],
    [
      'a name of another kind',
      { singleUriSan: true },
      { peerCertificate: { uri: 'https://a', subject: '' } },
      'security=mtls;port=-1;source=https://a',
    ],
    [
      'a host',
      { singleUriSan: true },
      { peerCertificate: { dns: 'a.example' } },
      'security=mtls;port=-1;source=a.example',
    ],
    [
      'a certificate without names',
      { singleUriSan: true, directAddress: 'f.a' },
      { peerCertificate: {}, filterState: { 'f.a': '10.0.0.1' } },
      'security=mtls;port=-1;source=10.0.0.1',
    ],
    [
      'mutual TLS where no identities are declared',
      { directAddress: 'f.a' },
      { peerCertificate: { uri: URI }, filterState: { 'f.a': '10.0.0.1' } },
      'security=mtls;port=-1;source=10.0.0.1',
    ],
    [
      'TLS',
      { singleUriSan: true, directAddress: 'f.a' },
      { tls: true, filterState: { 'f.a': '::1' } },
      'security=tls;port=-1;source=::1',
    ],
    [
      'a name with a semicolon',
      { singleUriSan: true },
      { peerCertificate: { uri: 'spiffe://a;b;c' } },
      'security=mtls;port=-1;source=a_b_c',
    ],
    [
      'a name of 256 bytes',
      { singleUriSan: true },
      { peerCertificate: { uri: 'x'.repeat(256) } },
      `security=mtls;port=-1;source=${'x'.repeat(256)}`,
    ],
    [
      'a longer one',
      { singleUriSan: true },
      { peerCertificate: { uri: 'x'.repeat(257) } },
      `security=mtls;port=-1;source=${'x'.repeat(256)}`,
    ],
  ])('is counted by name: %s', (_, connectionFacts, connection, labels) => {
    const { process, plugin } = start([], { connectionFacts });
    ask(plugin, connection);
    expect(counts(process)).toEqual({ [labels]: 1 });
    // What has been told is not told again.
    ask(plugin, connection);
    expect(counts(process)).toEqual({ [labels]: 2 });
    expect(counts(process)).toEqual({ [labels]: 2 });
  });

  it('is counted by the container’s port where that is told', () => {
    const { process, plugin } = start([], { workload: { containerPort: 8080 } });
    ask(plugin, { destinationPort: 15006 });
    expect(counts(process)).toEqual({ 'security=plaintext;port=8080;source=unknown': 1 });
  });

  it('is counted by name up to 256 of them, all others together, connection by connection', () => {
    const { process, plugin } = start([], { connectionFacts: { directAddress: 'f.a' } });
    const from = (i: number): Connection => ({
      id: i,
      destinationPort: 80,
      filterState: { 'f.a': `10.0.${i >> 8}.${i & 255}` },
    });
    for (let i = 0; i < 256; i++) ask(plugin, from(i));
    expect(Object.keys(counts(process))).toHaveLength(256);
    for (let i = 250; i < 260; i++) ask(plugin, from(i));
    const all = counts(process);
    expect(Object.keys(all)).toHaveLength(257);
    expect(all['security=plaintext;port=80;source=other']).toBe(4);
    expect(all['security=plaintext;port=80;source=10.0.0.255']).toBe(2);
  });
});

describe('a token that is bound to a certificate', () => {
  let issuer: Issuer;
  beforeAll(async () => {
    issuer = await makeIssuer();
  });
  // With bytes in it that a digit which is none could be taken for.
  const tricky = Buffer.from('10090aaffa99ff90', 'hex');
  const rest = createHash('sha256').update('x').digest().subarray(tricky.length);
  const digest = Buffer.concat([tricky, rest]);
  const hex = digest.toString('hex');

  it.each<[string, string | undefined, number]>([
    ['its own', hex, 200],
    ['its own, in capitals', hex.toUpperCase(), 200],
    ['another, by its last digit', `${hex.slice(0, 63)}${hex.endsWith('0') ? '1' : '0'}`, 401],
    ['another, by its first digit', `2${hex.slice(1)}`, 401],
    ['one of more digits', `${hex}00`, 401],
    ['one of fewer', hex.slice(0, 62), 401],
    ['one of no digits', '', 401],
    ['a digit g', hex.replace(/^10/, '0g'), 401],
    ['a digit `', hex.replace(/^1009/, '100`'), 401],
    ['a digit /', hex.replace(/^(.{12})ff/, '$1f/'), 401],
    ['a digit :', hex.replace(/^10090a/, '10090:'), 401],
    ['a certificate without a digest', undefined, 401],
  ])('is held against the client’s own: %s', async (_, peerCertificateDigest, expected) => {
    const { plugin } = start([requestAuthentication({ jwks: issuer.jwks })], {
      issuers: [{ issuer: ISSUER, certificateBinding: 'REQUIRE' }],
    });
    const token = await mint(issuer, { cnf: { 'x5t#S256': digest.toString('base64url') } });
    const connection = peerCertificateDigest === undefined ? {} : { peerCertificateDigest };
    expect(status(plugin, { token, ...connection })).toBe(expected);
  });

  it.each([
    ['31 bytes of it', digest.subarray(0, 31).toString('base64url')],
    ['a byte more', Buffer.concat([digest, Buffer.from([0])]).toString('base64url')],
    ['no base64url', `${digest.toString('base64url').slice(0, -1)}!`],
  ])('does not pass by %s', async (_, thumbprint) => {
    const { plugin } = start([requestAuthentication({ jwks: issuer.jwks })], {
      issuers: [{ issuer: ISSUER, certificateBinding: 'REQUIRE' }],
    });
    const token = await mint(issuer, { cnf: { 'x5t#S256': thumbprint } });
    expect(statusOf(request(plugin, { token, peerCertificateDigest: hex }))).toBe(401);
  });
});
