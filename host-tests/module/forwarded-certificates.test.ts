// X-Forwarded-Client-Cert, byte for byte as Envoy's connection manager writes it: every way to forward it, every detail, and what
// becomes of a request where it cannot be written.
import { describe, expect, it } from 'vitest';
import type { Connection, HttpStream } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import type { Plugin } from '../../host/process.ts';
import { denyPolicy, start, statusOf } from './fixture.ts';

const HEADER = 'x-forwarded-client-cert';
const CLIENT = 'spiffe://cluster.local/ns/foo/sa/sleep';
const OURS = 'spiffe://cluster.local/ns/foo/sa/httpbin';
const HASH = 'ab'.repeat(32);
const FACTS = { peerUris: 'f.uris', peerDns: 'f.dns', localUris: 'f.local' };
const ELEMENT = `By=${OURS};Hash=${HASH};Subject="CN=a";URI=${CLIENT};DNS=a.example`;

interface Names {
  uris?: string[];
  hosts?: string[];
  local?: string[];
  subject?: string | undefined;
  digest?: string | undefined;
}

/** A connection by mutual TLS, with these names in the certificates of both sides. */
function mutual(names: Names = {}): Connection {
  const { uris = [CLIENT], hosts = ['a.example'], local = [OURS] } = names;
  const { subject, digest } = { subject: 'CN=a', digest: HASH, ...names };
  const list = (all: string[]): string => (all.length === 0 ? '-' : all.join(','));
  const certificate = (names: Record<string, string | undefined>): Record<string, string> =>
    Object.fromEntries(
      Object.entries(names).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );
  return {
    peerCertificate: certificate({ uri: uris[0], dns: hosts[0], subject, digest }),
    localCertificate: certificate({ uri: local[0] }),
    filterState: { 'f.uris': list(uris), 'f.dns': list(hosts), 'f.local': list(local) },
  };
}

const PLAIN: Connection = { filterState: { 'f.uris': '-', 'f.dns': '-', 'f.local': '-' } };

function forwarding(forward: string, details?: string[], resources: object[] = []): Plugin {
  const xfcc = { forward, ...(details === undefined ? {} : { details }) };
  return start(resources, { connectionFacts: FACTS, xfcc }).plugin;
}

function ask(plugin: Plugin, connection: Connection, ...values: string[]): HttpStream {
  const headers: Pair[] = [
    [':authority', 'a'],
    [':path', '/'],
    [':method', 'GET'],
    ...values.map((value): Pair => [HEADER, value]),
  ];
  return plugin.request(headers, { connection })!;
}

const valuesOf = (stream: HttpStream): string[] =>
  stream.headers.filter(([name]) => name === HEADER).map(([, value]) => value);

describe('the header that a client sends', () => {
  it.each<[string, string[], string[]]>([
    ['SANITIZE', [], []],
    ['FORWARD_ONLY', [], ['By=before']],
    ['APPEND_FORWARD', [], [`By=before,${ELEMENT}`]],
    ['SANITIZE_SET', [], [ELEMENT]],
    ['ALWAYS_FORWARD_ONLY', ['By=before'], ['By=before']],
  ])('under %s, on plaintext, TLS and mutual TLS', (forward, onOthers, onMutual) => {
    const plugin = forwarding(forward);
    expect(valuesOf(ask(plugin, PLAIN, 'By=before'))).toEqual(onOthers);
    expect(valuesOf(ask(plugin, { ...PLAIN, tls: true }, 'By=before'))).toEqual(onOthers);
    expect(valuesOf(ask(plugin, mutual(), 'By=before'))).toEqual(onMutual);
  });

  it('that is not there is no harm', () => {
    expect(valuesOf(ask(forwarding('SANITIZE'), PLAIN))).toEqual([]);
    expect(valuesOf(ask(forwarding('FORWARD_ONLY'), mutual()))).toEqual([]);
    expect(valuesOf(ask(forwarding('APPEND_FORWARD'), mutual()))).toEqual([ELEMENT]);
    expect(valuesOf(ask(forwarding('SANITIZE_SET'), mutual()))).toEqual([ELEMENT]);
  });

  it.each<[string[], string]>([
    [['By=1', 'By=2'], `By=1,By=2,${ELEMENT}`],
    [['By=1,By=2'], `By=1,By=2,${ELEMENT}`],
    [['', 'By=2'], `By=2,${ELEMENT}`],
    [[''], ELEMENT],
  ])('%j is appended to', (before, after) => {
    expect(valuesOf(ask(forwarding('APPEND_FORWARD'), mutual(), ...before))).toEqual([after]);
  });

  it('is what policies see: as it is written, and not as the client has sent it', () => {
    const rule = (value: string): object =>
      denyPolicy([{ when: [{ key: `request.headers[${HEADER}]`, values: [value] }] }]);
    const statusUnder = (forward: string, value: string, connection: Connection): unknown =>
      statusOf(ask(forwarding(forward, undefined, [rule(value)]), connection, 'forged'));
    expect(statusUnder('SANITIZE_SET', 'forged', mutual())).toBe(200);
    expect(statusUnder('SANITIZE_SET', ELEMENT, mutual())).toBe(403);
    expect(statusUnder('SANITIZE', '*', PLAIN)).toBe(200);
    expect(statusUnder('ALWAYS_FORWARD_ONLY', 'forged', PLAIN)).toBe(403);
  });
});

describe('an element has', () => {
  it.each<[string, Names, string[] | undefined, string]>([
    ['all details unless told otherwise', {}, undefined, ELEMENT],
    ['By and Hash alone', {}, [], `By=${OURS};Hash=${HASH}`],
    ['the subject', {}, ['Subject'], `By=${OURS};Hash=${HASH};Subject="CN=a"`],
    ['the URI', {}, ['URI'], `By=${OURS};Hash=${HASH};URI=${CLIENT}`],
    ['the host', {}, ['DNS'], `By=${OURS};Hash=${HASH};DNS=a.example`],
    ['an order of its own', {}, ['DNS', 'URI', 'Subject'], ELEMENT],
    [
      'every URI',
      { uris: [CLIENT, 'spiffe://b'] },
      ['URI'],
      `By=${OURS};Hash=${HASH};URI=${CLIENT};URI=spiffe://b`,
    ],
    ['the key alone without a URI', { uris: [] }, ['URI'], `By=${OURS};Hash=${HASH};URI=`],
    ['every host', { hosts: ['a', 'b'] }, ['DNS'], `By=${OURS};Hash=${HASH};DNS=a;DNS=b`],
    ['no key without a host', { hosts: [] }, ['DNS'], `By=${OURS};Hash=${HASH}`],
    ['an empty subject', { subject: '' }, ['Subject'], `By=${OURS};Hash=${HASH};Subject=""`],
    ['no subject', { subject: undefined }, ['Subject'], `By=${OURS};Hash=${HASH};Subject=""`],
    [
      'every name of this proxy',
      { local: [OURS, 'spiffe://o'] },
      [],
      `By=${OURS};By=spiffe://o;Hash=${HASH}`,
    ],
    ['no By where this proxy has no name', { local: [] }, [], `Hash=${HASH}`],
    ['no hash where the host has none', { digest: undefined }, [], `By=${OURS}`],
    ['nothing to say', { local: [], digest: '' }, [], ''],
  ])('%s', (_, names, details, element) => {
    expect(valuesOf(ask(forwarding('SANITIZE_SET', details), mutual(names)))).toEqual([element]);
  });

  it('no more than 16 KiB', () => {
    const fixed = `By=${OURS};Hash=${HASH};Subject=""`.length;
    const plugin = forwarding('SANITIZE_SET', ['Subject']);
    const of = (length: number): HttpStream =>
      ask(plugin, mutual({ subject: 's'.repeat(length - fixed) }));
    expect(valuesOf(of(16 * 1024))[0]).toHaveLength(16 * 1024);
    expect(of(16 * 1024 + 1).reply?.details).toBe('portcullis_connection_fact_missing');
  });

  it('what the connection had when it was first asked for', () => {
    const plugin = forwarding('SANITIZE_SET');
    for (let i = 0; i < 2; i++) {
      expect(valuesOf(ask(plugin, { ...mutual(), id: 7 }))).toEqual([ELEMENT]);
    }
  });
});

describe('a request is refused where the host', () => {
  it.each([
    ['does not tell the hash', 'proxy_get_property connection.sha256_peer_certificate_digest'],
    ['does not tell the subject', 'proxy_get_property connection.subject_peer_certificate'],
    ['does not tell the first URI', 'proxy_get_property connection.uri_san_peer_certificate'],
    ['does not tell the first host', 'proxy_get_property connection.dns_san_peer_certificate'],
    ['does not tell its own name', 'proxy_get_property connection.uri_san_local_certificate'],
    ['does not tell the URIs', 'proxy_get_property filter_state.f.uris'],
    ['does not tell the hosts', 'proxy_get_property filter_state.f.dns'],
    ['does not tell its own names', 'proxy_get_property filter_state.f.local'],
  ])('%s', (_, call) => {
    const { process, plugin } = start([], {
      connectionFacts: FACTS,
      xfcc: { forward: 'SANITIZE_SET' },
    });
    process.failing.add(call);
    const stream = ask(plugin, mutual(), 'By=forged');
    expect(stream.reply).toMatchObject({
      status: 403,
      details: 'portcullis_connection_fact_missing',
      body: 'RBAC: access denied',
    });
    const counted = 'portcullis_requests_total;outcome=error;reason=connection_fact_missing';
    expect(process.metrics.value(counted)).toBe(1);
  });

  it.each<[string, string, string, Connection]>([
    ['does not let the header be written', 'SANITIZE_SET', 'replace', mutual()],
    ['does not let it be appended to', 'APPEND_FORWARD', 'replace', mutual()],
    ['does not let it be removed', 'SANITIZE', 'remove', PLAIN],
  ])('%s', (_, forward, verb, connection) => {
    const { process, plugin } = start([], { connectionFacts: FACTS, xfcc: { forward } });
    process.failing.add(`proxy_${verb}_header_map_value ${HEADER}`);
    const stream = ask(plugin, connection, 'By=forged');
    expect(stream.reply).toMatchObject({ status: 500, details: 'portcullis_host_call_failed' });
  });
});
