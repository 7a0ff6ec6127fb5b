// PeerAuthentication, X-Forwarded-Client-Cert and the network filter in the Node host.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { certificateText } from '../../host/certificate-text.ts';
import type { Connection, HttpStream } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import type { Plugin } from '../../host/process.ts';
import { fromUtf8 } from '../../host/text.ts';
import { NOW, configuration, denyPolicy, errorLines, start, statusOf, update } from './fixture.ts';

const MODES = ['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'];
const FACTS = {
  directAddress: 'f.direct',
  peerUris: 'f.uris',
  peerDns: 'f.dns',
  localUris: 'f.local',
};
const URI = 'spiffe://cluster.local/ns/foo/sa/sleep';
const HEADER = 'x-forwarded-client-cert';

/** A PeerAuthentication. */
function peers(namespace: string, name: string, spec: object, metadata: object = {}): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name, namespace, ...metadata },
    spec,
  };
}

const strict = (name = 'default', metadata = {}): object =>
  peers('foo', name, { mtls: { mode: 'STRICT' } }, metadata);

/** Istio's own cases have names that the API server would refuse. */
function named(resources: object[]): object[] {
  return resources.map((resource) => {
    const { metadata } = resource as { metadata: { name: string } };
    const name = metadata.name.replace(/[^a-z0-9.-]/g, '-');
    return { ...resource, metadata: { ...metadata, name } };
  });
}

let connections = 0;

/** A plaintext connection. */
function plaintext(more: Connection = {}): Connection {
  return {
    id: ++connections,
    destinationPort: 8000,
    sourceAddress: '10.0.0.1:1234',
    filterState: { 'f.direct': '10.0.0.1', 'f.uris': '-', 'f.dns': '-', 'f.local': '-' },
    ...more,
  };
}

/** A connection with a client certificate. */
function mutual(more: Connection = {}): Connection {
  return plaintext({
    tls: true,
    peerCertificate: { uri: URI, subject: '', digest: 'ab'.repeat(32) },
    localCertificate: { uri: 'spiffe://cluster.local/ns/foo/sa/httpbin' },
    filterState: {
      'f.direct': '10.0.0.1',
      'f.uris': URI,
      'f.dns': '-',
      'f.local': 'spiffe://cluster.local/ns/foo/sa/httpbin',
    },
    ...more,
  });
}

/** Whether the network filter takes a connection, up to its first byte. */
function takes(plugin: Plugin, connection: Connection): boolean {
  const { peerCertificate, ...begun } = connection;
  const stream = plugin.connect(begun)!;
  stream.connection = { ...begun, peerCertificate };
  plugin.receive(stream);
  const taken = stream.state === 'open';
  plugin.end(stream);
  return taken;
}

/** The mode that connections to a port meet. */
function modeAt(plugin: Plugin, destinationPort: number): string {
  const plain = takes(plugin, plaintext({ destinationPort }));
  const mtls = takes(plugin, mutual({ destinationPort }));
  if (plain && mtls) return 'PERMISSIVE';
  return plain ? 'DISABLE' : mtls ? 'STRICT' : 'NOTHING';
}

/** What a request sees. */
function ask(plugin: Plugin, connection: Connection, headers: Pair[] = []): HttpStream {
  const all: Pair[] = [
    [':authority', 'httpbin.foo:8000'],
    [':path', '/ip'],
    [':method', 'GET'],
    [':scheme', 'http'],
    ...headers,
  ];
  const stream = plugin.request(all, { connection })!;
  plugin.end(stream);
  return stream;
}

describe('the mode of a connection', () => {
  const modes = JSON.parse(readFileSync('envoy-tests/oracle/peer-modes.json', 'utf8')) as Record<
    string,
    [workload: string, port: string]
  >;

  it.each(MODES)(
    'is istiod’s for all that mesh, namespace, workload and port may say (mesh %s)',
    (mesh) => {
      let count = 0;
      for (const namespace of MODES) {
        for (const workload of MODES) {
          for (const port of MODES) {
            const { plugin } = start([
              peers('istio-system', 'mesh', { mtls: { mode: mesh } }),
              peers('foo', 'namespace', { mtls: { mode: namespace } }),
              peers('foo', 'workload', {
                selector: { matchLabels: { app: 'httpbin' } },
                mtls: { mode: workload },
                portLevelMtls: { 8080: { mode: port } },
              }),
            ]);
            const name = [mesh, namespace, workload, port].join(' ');
            expect([modeAt(plugin, 9000), modeAt(plugin, 8080)], name).toEqual(modes[name]);
            count++;
          }
        }
      }
      expect(count).toBe(64);
    },
  );

  const CASES = process.env.PORTCULLIS_PEER_CASES ?? '../shared/data/peer_compose_cases.yaml';

  it.runIf(existsSync(CASES))(
    'is Istio’s in its own cases (skipped where the file is not present)',
    () => {
      const cases = parse(readFileSync(CASES, 'utf8')) as {
        name: string;
        resources: object[];
        rootNamespace: string;
        want: { default: string; ports: Record<string, string> };
      }[];
      expect(cases.length).toBeGreaterThan(5);
      for (const { name, resources, rootNamespace, want } of cases) {
        const workload = { namespace: 'my-ns', labels: { app: 'foo' } };
        const { plugin } = start(named(resources), { rootNamespace, workload });
        expect(modeAt(plugin, 1), name).toBe(want.default);
        for (const [port, mode] of Object.entries(want.ports)) {
          expect(modeAt(plugin, Number(port)), `${name}, port ${port}`).toBe(mode);
        }
      }
    },
  );

  it('is of the container port, where that is told', () => {
    const spec = {
      selector: { matchLabels: { app: 'httpbin' } },
      mtls: { mode: 'STRICT' },
      portLevelMtls: { 80: { mode: 'DISABLE' } },
    };
    const { plugin } = start([peers('foo', 'a', spec)], { workload: { containerPort: 80 } });
    expect(modeAt(plugin, 15006)).toBe('DISABLE');
  });

  it('is the strictest where the host does not tell the port', () => {
    const spec = {
      selector: { matchLabels: { app: 'httpbin' } },
      portLevelMtls: { 80: { mode: 'STRICT' }, 81: { mode: 'DISABLE' } },
    };
    const { plugin } = start([peers('foo', 'a', spec)]);
    expect(takes(plugin, plaintext({ destinationPort: undefined }))).toBe(false);
    expect(takes(plugin, plaintext({ destinationPort: 81 }))).toBe(true);
  });

  it('is nobody’s business at a gateway', () => {
    expect(modeAt(start([strict()], { workload: { gateway: true } }).plugin, 1)).toBe('PERMISSIVE');
    const node = {
      id: 'router~10.0.0.1~a.foo~foo.svc.cluster.local',
      namespace: 'foo',
      labels: {},
    };
    expect(modeAt(start([strict()], {}, { node }).plugin, 1)).toBe('PERMISSIVE');
    expect(modeAt(start([strict()], { workload: { gateway: false } }, { node }).plugin, 1)).toBe(
      'STRICT',
    );
    const sidecar = { ...node, id: 'sidecar~10.0.0.1~router~foo' };
    expect(modeAt(start([strict()], {}, { node: sidecar }).plugin, 1)).toBe('STRICT');
  });

  it.each<[string, object[], string, string]>([
    [
      'the older',
      [
        strict('new', { creationTimestamp: '2026-02-01T00:00:00Z' }),
        peers(
          'foo',
          'old',
          { mtls: { mode: 'DISABLE' } },
          { creationTimestamp: '2026-01-31T23:59:59Z' },
        ),
      ],
      'DISABLE',
      'PeerAuthentication foo/new is ignored: foo/old is for the same workloads, and older',
    ],
    [
      'the older, whatever the time zone',
      [
        strict('new', { creationTimestamp: '2026-03-01T00:10:00Z' }),
        peers('foo', 'old', {}, { creationTimestamp: '2026-02-28T22:59:00-01:00' }),
      ],
      'PERMISSIVE',
      'foo/new is ignored: foo/old is for the same workloads, and older',
    ],
    [
      'of the same age, the first by name',
      [
        strict('b', { creationTimestamp: '2026-02-01T00:00:00Z' }),
        peers('foo', 'a', {}, { creationTimestamp: '2026-02-01T00:00:00Z' }),
      ],
      'PERMISSIVE',
      'foo/b is ignored: foo/a is for the same workloads, and older',
    ],
    [
      'where no age is told, the first',
      [strict('b', { creationTimestamp: null }), peers('foo', 'a', {})],
      'STRICT',
      'foo/a is ignored: foo/b is for the same workloads, and stands first',
    ],
  ])('of several is %s, and the log says so', (_, resources, mode, warning) => {
    const { process, plugin } = start(resources);
    expect(modeAt(plugin, 1)).toBe(mode);
    expect(process.logs('warn').join('\n')).toContain(warning);
  });

  it('is not a selector’s in the root namespace, and the log says so', () => {
    const spec = { selector: { matchLabels: { app: 'httpbin' } }, mtls: { mode: 'STRICT' } };
    const { process, plugin } = start([peers('istio-system', 'all', spec)]);
    expect(modeAt(plugin, 1)).toBe('PERMISSIVE');
    expect(process.logs('warn').join('\n')).toContain('Istio takes none in the root namespace');
  });
});

describe('a PeerAuthentication is refused', () => {
  const selector = { matchLabels: { app: 'a' } };
  it.each<[string, object, string]>([
    [
      'ports without selector',
      { portLevelMtls: { 80: {} } },
      'spec.portLevelMtls: mesh/namespace peer authentication cannot have port level mTLS; set spec.selector',
    ],
    [
      'no ports',
      { selector, portLevelMtls: {} },
      'spec.portLevelMtls: port level mTLS, if defined, must have at least one element',
    ],
    [
      'port 0',
      { selector, portLevelMtls: { 0: {} } },
      'spec.portLevelMtls.0: port must be in range 1..65535',
    ],
    [
      'a port in words',
      { selector, portLevelMtls: { http: {} } },
      'spec.portLevelMtls.http: port must be in range 1..65535',
    ],
    [
      'a mode in small letters',
      { mtls: { mode: 'strict' } },
      'spec.mtls.mode: must be one of UNSET, DISABLE, PERMISSIVE, STRICT, not "strict"',
    ],
    [
      'a port’s mode',
      { selector, portLevelMtls: { 80: { mode: 'OFF' } } },
      'spec.portLevelMtls.80.mode: must be one of UNSET, DISABLE, PERMISSIVE, STRICT, not "OFF"',
    ],
    ['a mode that is no text', { mtls: 'STRICT' }, 'spec.mtls: must be an object, not a string'],
    // The mis-indented example of Istio's task page.
    [
      'mtls within selector',
      { selector: { ...selector, mtls: { mode: 'DISABLE' } } },
      'spec.selector.mtls: unknown field; did you mean to un-indent it, to the level of "selector"?',
    ],
    [
      'the mode beside mtls',
      { mode: 'STRICT' },
      'spec.mode: unknown field; did you mean to indent it under "mtls"?',
    ],
  ])('for %s', (_, spec, message) => {
    const { process, plugin } = start([strict()]);
    expect(update({ process, plugin }, configuration([peers('foo', 'bad', spec)]))).toBe(false);
    expect(errorLines(process)).toEqual([
      `config: resources[0] PeerAuthentication foo/bad: ${message}`,
    ]);
    expect(modeAt(plugin, 1)).toBe('STRICT');
  });

  it.each(['yesterday', '2026-13-01T00:00:00Z', '2026-01-01', '2026-01-01T00:00:00', 5])(
    'for the creationTimestamp %s',
    (creationTimestamp) => {
      const world = start([]);
      expect(update(world, configuration([strict('a', { creationTimestamp })]))).toBe(false);
      expect(world.process.logs('error')[0]).toContain(
        'metadata.creationTimestamp: must be a time such as',
      );
    },
  );
});

describe('where only the HTTP filter is loaded', () => {
  it('plaintext is reset under STRICT, and the record says by whom', () => {
    const { plugin } = start([strict()]);
    const stream = ask(plugin, plaintext());
    expect(stream.state).toBe('reset');
    expect(fromUtf8(stream.filterState('portcullis.decision')!)).toBe(
      'unauthenticated reason=peer_plaintext policy=foo/default mode=STRICT',
    );
    expect(ask(plugin, plaintext({ tls: true })).state).toBe('reset');
    expect(ask(plugin, mutual()).state).toBe('continued');
  });

  it('peerRejection is its answer: the migration page’s 503 is one', () => {
    const { plugin } = start([strict()], { peerRejection: 503 });
    const stream = ask(plugin, plaintext());
    expect(statusOf(stream)).toBe(503);
    expect(stream.reply).toMatchObject({
      details: 'portcullis_peer_authentication',
      body: 'PeerAuthentication: mutual TLS required',
    });
  });

  it('comes before everything else: a DENY policy is not asked', () => {
    const { plugin } = start([strict(), denyPolicy([{}])], { peerRejection: 503 });
    expect(statusOf(ask(plugin, plaintext()))).toBe(503);
  });
});

describe('a network filter', () => {
  it('refuses every connection while no good configuration has come', () => {
    const { plugin } = start([peers('foo', 'bad', { mtls: { mode: 'x' } })]);
    expect(takes(plugin, plaintext())).toBe(false);
    expect(takes(plugin, mutual())).toBe(false);
  });

  it('does not judge TLS before its first byte: what has not come yet is not missing', () => {
    const { plugin } = start([strict()]);
    const { peerCertificate, ...begun } = mutual();
    const stream = plugin.connect(begun)!;
    expect(stream.state).toBe('open');
    stream.connection = { ...begun, peerCertificate };
    plugin.receive(stream);
    expect(stream.state).toBe('open');
    const without = plugin.connect(begun)!;
    plugin.receive(without);
    expect(without.state).toBe('closed');
  });

  it('leaves who is at the other end, for access logs', () => {
    const { plugin } = start([], { connectionFacts: FACTS });
    const recordOf = (connection: Connection): string => {
      const stream = plugin.connect(connection)!;
      plugin.receive(stream);
      return fromUtf8(stream.filterState('portcullis.peer')!);
    };
    expect(recordOf(plaintext())).toBe('plaintext');
    expect(recordOf(plaintext({ tls: true }))).toBe('tls');
    expect(recordOf(mutual())).toBe(`mtls ${URI}`);
  });

  it('leaves the address of the direct peer for the HTTP filter behind', () => {
    const { plugin } = start([]);
    const stream = plugin.connect(plaintext())!;
    expect(fromUtf8(stream.filterState('portcullis.direct_address')!)).toBe('10.0.0.1');
    const v6 = plugin.connect(plaintext({ sourceAddress: '[::1]:99' }))!;
    expect(fromUtf8(v6.filterState('portcullis.direct_address')!)).toBe('::1');
    // A pipe has no address of the kind.
    for (const sourceAddress of [undefined, '/run/client.sock', '@client']) {
      const none = plugin.connect({ ...plaintext(), sourceAddress })!;
      expect(none.filterState('portcullis.direct_address')).toBeUndefined();
    }
  });

  it('holds open connections against a newer policy: silent, speaking and old ones', () => {
    const workload = { protocol: 'TCP' };
    const { process, plugin } = start([], { workload });
    const open = [plaintext(), plaintext(), mutual()].map((one) => plugin.connect(one)!);
    plugin.receive(open[1]!);
    plugin.receive(open[2]!);
    // A first change that refuses nobody: they stay with the root that they began with.
    plugin.update(
      configuration([peers('foo', 'a', { mtls: { mode: 'PERMISSIVE' } })], { workload }),
    );
    process.advance(100);
    expect(open.map(({ state }) => state)).toEqual(['open', 'open', 'open']);
    plugin.update(configuration([strict()], { workload }));
    process.advance(100);
    expect(open.map(({ state }) => state)).toEqual(['closed', 'closed', 'open']);
  });

  it('leaves open connections of HTTP to the HTTP filter', () => {
    const workload = { protocol: 'HTTP' };
    const { process, plugin } = start([], { workload });
    const stream = plugin.connect(plaintext())!;
    plugin.receive(stream);
    plugin.update(configuration([strict()], { workload }));
    process.advance(100);
    expect(stream.state).toBe('open');
  });

  it('judges a connection’s first byte by the newest policy, not by the one that it began with', () => {
    const settings = { workload: { protocol: 'TCP' }, connectionFacts: FACTS };
    const { plugin } = start([], settings);
    const stream = plugin.connect(mutual())!;
    plugin.update(configuration([denyPolicy([{}])], settings));
    plugin.receive(stream);
    expect(stream.state).toBe('closed');
  });

  it('judges the connections of the ports that are named, and has no say in others', () => {
    const settings = (tcpPorts: number[]): object => ({
      workload: { protocol: 'TCP', tcpPorts },
      connectionFacts: FACTS,
    });
    const { process, plugin } = start([strict(), denyPolicy([{}])], settings([9000, 9001]));
    const to = (destinationPort: number): Connection => ({ destinationPort });
    expect(takes(plugin, plaintext(to(9000)))).toBe(false);
    expect(takes(plugin, mutual(to(9001)))).toBe(false);
    expect(takes(plugin, plaintext(to(8000)))).toBe(true);
    expect(takes(plugin, mutual(to(8000)))).toBe(true);
    // A host that does not tell the port.
    expect(takes(plugin, plaintext({ destinationPort: undefined }))).toBe(false);

    const open = plugin.connect(plaintext(to(8000)))!;
    plugin.receive(open);
    plugin.update(configuration([strict()], settings([8000])));
    process.advance(100);
    expect(open.state).toBe('closed');
  });

  it('closes the connections of all ports while nobody knows which are named', () => {
    const workload = { protocol: 'TCP', tcpPorts: [0] };
    const { plugin } = start([], { workload });
    expect(takes(plugin, plaintext({ destinationPort: 8000 }))).toBe(false);
  });

  it('warns of a CUSTOM policy, which Istio asks about HTTP alone', () => {
    const custom = {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'ask', namespace: 'foo' },
      spec: { action: 'CUSTOM', provider: { name: 'p' }, rules: [{}] },
    };
    const extensionProviders = [
      { name: 'p', envoyExtAuthzHttp: { service: 'ask.example', port: 80 } },
    ];
    const settings = { workload: { protocol: 'TCP' }, extensionProviders };
    const { process, plugin } = start([custom], settings);
    expect(takes(plugin, plaintext())).toBe(true);
    expect(process.logs('warn')).toContain(
      'config: AuthorizationPolicy foo/ask does nothing on TCP: Istio asks an envoyExtAuthzHttp provider about HTTP alone',
    );
  });
});

describe('X-Forwarded-Client-Cert', () => {
  const settings = { connectionFacts: FACTS, xfcc: { forward: 'SANITIZE_SET' } };
  const valueOf = (headers: Pair[]): string | undefined =>
    headers.find(([name]) => name === HEADER)?.[1];

  it('costs two host calls on a connection that is known, PeerAuthentication included', () => {
    const { plugin } = start([strict()], settings);
    const connection = mutual();
    ask(plugin, connection);
    // What every request needs besides: its headers, the time, and the count of those that are let through.
    expect(ask(plugin, connection).hostCalls).toEqual([
      'proxy_get_current_time_nanoseconds',
      'proxy_get_property',
      'proxy_get_header_map_pairs',
      'proxy_replace_header_map_value',
      'proxy_increment_metric',
    ]);
  });

  it('is kept apart by connection, however many there are', () => {
    const { plugin } = start([], settings);
    const of = (n: number): Connection =>
      mutual({
        id: 1_000_000 + n,
        peerCertificate: { uri: URI, subject: '', digest: String(n).padStart(64, '0') },
      });
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < 3000; n++) {
        const { headers } = ask(plugin, of(n));
        expect(valueOf(headers)).toContain(`Hash=${String(n).padStart(64, '0')};`);
      }
    }
  });

  it.each([['f.uris'], ['f.dns'], ['f.local']])(
    'is refused where the fact %s is declared, and not there',
    (fact) => {
      const { plugin } = start([], settings);
      const connection = mutual();
      const filterState = { ...connection.filterState };
      delete filterState[fact];
      const stream = ask(plugin, { ...connection, filterState });
      expect(statusOf(stream)).toBe(403);
      expect(stream.reply?.details).toBe('portcullis_connection_fact_missing');
    },
  );

  it('is left alone where nothing is said of it', () => {
    const { plugin } = start([]);
    expect(valueOf(ask(plugin, plaintext(), [[HEADER, 'By=me']]).headers)).toBe('By=me');
  });

  it('is not appended to twice by a request that waits for its keys', () => {
    const jwt = {
      apiVersion: 'security.istio.io/v1',
      kind: 'RequestAuthentication',
      metadata: { name: 'jwt', namespace: 'foo' },
      spec: { jwtRules: [{ issuer: 'iss', jwksUri: 'https://idp.example/jwks.json' }] },
    };
    const { process, plugin } = start([jwt], { ...settings, xfcc: { forward: 'APPEND_FORWARD' } });
    const token = `${btoa('{"alg":"RS256"}')}.${btoa(`{"iss":"iss","exp":${NOW + 60}}`)}.YQ`;
    const stream = plugin.request(
      [
        [':authority', 'a'],
        [':path', '/'],
        [':method', 'GET'],
        [':scheme', 'http'],
        ['authorization', `Bearer ${token.replaceAll('=', '')}`],
        [HEADER, 'By=before'],
      ],
      { connection: mutual() },
    )!;
    expect(stream.state).toBe('paused');
    const { length } = valueOf(stream.headers)!;
    for (let i = 0; i < 50; i++) process.advance(20);
    for (const call of process.httpCalls) call.respond({ status: 200, body: '{"keys":[]}' });
    expect(stream.state).toBe('replied');
    expect(valueOf(stream.headers)).toHaveLength(length);
  });
});

describe('who speaks to the workload', () => {
  it('is counted by connection and by request, told to the host once a second', () => {
    const { process, plugin } = start([], { connectionFacts: FACTS });
    for (let i = 0; i < 3; i++) ask(plugin, plaintext());
    ask(plugin, mutual());
    takes(plugin, plaintext());
    process.advance(1100);
    expect(process.metrics.nonZero()).toMatchObject({
      'portcullis_peer_requests_total;security=plaintext;port=8000;source=10.0.0.1': 3,
      'portcullis_peer_requests_total;security=mtls;port=8000;source=cluster.local/ns/foo/sa/sleep': 1,
      'portcullis_peer_connections_total;security=plaintext;port=8000;source=10.0.0.1': 1,
    });
  });

  it('is counted by request where PeerAuthentication refuses them one by one', () => {
    const { process, plugin } = start([strict()], { connectionFacts: FACTS });
    for (let i = 0; i < 3; i++) expect(statusOf(ask(plugin, plaintext()))).toBe('reset');
    expect(statusOf(ask(plugin, mutual()))).toBe(200);
    process.advance(1100);
    expect(
      process.metrics.value(
        'portcullis_peer_refused_total;security=plaintext;port=8000;source=10.0.0.1',
      ),
    ).toBe(3);
    expect(Object.keys(process.metrics.nonZero()).join()).not.toContain(
      'refused_total;security=mtls',
    );
  });

  it('is told to the host by a configuration that goes', () => {
    const { process, plugin } = start([], { connectionFacts: FACTS });
    ask(plugin, plaintext());
    plugin.update(configuration([strict()], { connectionFacts: FACTS }));
    expect(process.metrics.nonZero()).toMatchObject({
      'portcullis_peer_requests_total;security=plaintext;port=8000;source=10.0.0.1': 1,
    });
  });

  it('is kept apart up to a bound: counters are for ever, and anyone can come', () => {
    const { process, plugin } = start([], { connectionFacts: FACTS });
    for (let i = 0; i < 1000; i++) {
      const address = `10.1.${i >> 8}.${i & 255}`;
      const facts = { ...plaintext().filterState, 'f.direct': address };
      ask(plugin, plaintext({ filterState: facts }));
    }
    process.advance(1100);
    const counts = Object.entries(process.metrics.nonZero()).filter(([name]) =>
      name.startsWith('portcullis_peer_requests_total'),
    );
    expect(counts.length).toBeLessThanOrEqual(257);
    expect(counts.reduce((sum, [, value]) => sum + value, 0)).toBe(1000);
    expect(counts.map(([name]) => name)).toContain(
      'portcullis_peer_requests_total;security=plaintext;port=8000;source=other',
    );
  });
});

/** Whom alone `allow` lets in. */
const ADMIN = 'spiffe://cluster.local/ns/foo/sa/admin';
const allow = {
  apiVersion: 'security.istio.io/v1',
  kind: 'AuthorizationPolicy',
  metadata: { name: 'allow', namespace: 'foo' },
  spec: { rules: [{ from: [{ source: { principals: ['cluster.local/ns/foo/sa/admin'] } }] }] },
};
const MISSING = 'portcullis_connection_fact_missing';

describe('names with a comma in them', () => {
  /** 200, or 403 by the policy (`none`), or 403 because a fact cannot be trusted. */
  function answer(uris: string[], hosts: string[], key: 'lists' | 'certificate'): string {
    const declared =
      key === 'lists'
        ? { peerUris: 'f.uris', peerDns: 'f.dns' }
        : { peerCertificate: 'f.certificate' };
    const { plugin } = start([allow], { connectionFacts: declared });
    const listed = (names: string[]): string => (names.length === 0 ? '-' : names.join(','));
    const connection = mutual({
      peerCertificate: { uri: uris[0], dns: hosts[0], subject: '', digest: 'ab'.repeat(32) },
      filterState: {
        'f.uris': listed(uris),
        'f.dns': listed(hosts),
        'f.certificate': certificateText(uris, hosts),
      },
    });
    const stream = ask(plugin, connection);
    return stream.state === 'continued' ? '200' : (stream.reply?.details ?? '');
  }
  const NO_RULE = 'rbac_access_denied_matched_policy[none]';

  it.each<[string, string[], string[], string, string]>([
    ['the identity alone', [ADMIN], [], '200', '200'],
    ['the identity, second', [URI, ADMIN], [], '200', '200'],
    ['the identity, third', [URI, 'spiffe://b', ADMIN], [], MISSING, '200'],
    ['another', [URI], [], NO_RULE, NO_RULE],
    ['the identity behind a comma of the first URI', [`http://x,${ADMIN}`], [], MISSING, NO_RULE],
    ['… of the second URI', [URI, `http://x,${ADMIN}`], [], MISSING, NO_RULE],
    ['… of the first host', [URI], [`x,${ADMIN}`], MISSING, NO_RULE],
    ['… of the second host', [URI], ['a.example', `x,${ADMIN}`], MISSING, NO_RULE],
    ['… and the comma begins the first URI', [`,${ADMIN}`], [], MISSING, NO_RULE],
    ['… and it begins the second', [URI, `,${ADMIN}`], [], MISSING, NO_RULE],
    ['three hosts', [ADMIN], ['a.example', 'b.example', 'c.example'], MISSING, '200'],
    ['hosts alone', [], ['a.example', 'b.example'], NO_RULE, NO_RULE],
  ])('%s', (_, uris, hosts, fromLists, fromCertificate) => {
    expect(answer(uris, hosts, 'lists')).toBe(fromLists);
    expect(answer(uris, hosts, 'certificate')).toBe(fromCertificate);
  });

  it.each([
    '-',
    '',
    'nonsense',
    certificateText([ADMIN], []).slice(0, -40),
    certificateText([ADMIN], []).replace('BEGIN', 'BEGUN'),
    certificateText([ADMIN, 'x'.repeat(20_000)], []),
    certificateText([ADMIN, ...Array.from({ length: 40 }, (_, i) => `spiffe://${i}`)], []),
  ])('a certificate that cannot be read is a fact that is not there: %.30s', (text) => {
    const { plugin } = start([allow], { connectionFacts: { peerCertificate: 'f.certificate' } });
    const connection = mutual({
      peerCertificate: { uri: ADMIN, subject: '', digest: 'ab'.repeat(32) },
      filterState: { 'f.certificate': text },
    });
    expect(ask(plugin, connection).reply?.details).toBe(MISSING);
  });
});

describe('names that do not fit the first one, which Envoy gives by itself, are a fact that is not there:', () => {
  const OTHER = 'spiffe://cluster.local/ns/foo/sa/other';
  const detailsOf = (
    declared: object,
    filterState: Record<string, string>,
    names: { uri?: string; dns?: string },
  ): string | undefined => {
    const { plugin } = start([allow], { connectionFacts: declared });
    const peerCertificate = { ...names, subject: '', digest: 'ab'.repeat(32) };
    return ask(plugin, mutual({ peerCertificate, filterState })).reply?.details;
  };

  it.each<[string, string | undefined, string]>([
    ['a list that begins with another', OTHER, `${ADMIN},${OTHER}`],
    ['… of the same length', OTHER, `${ADMIN},${ADMIN}`],
    ['a list that goes on without a comma', OTHER, `${OTHER}x${ADMIN}`],
    ['a list of two whose first is empty', undefined, `,${ADMIN}`],
    ['a list where there is no name', undefined, ADMIN],
    ['an empty list', undefined, ''],
  ])('%s', (_, uri, list) => {
    expect(detailsOf({ peerUris: 'f.uris' }, { 'f.uris': list }, { uri })).toBe(MISSING);
  });

  it.each<[string, { uri?: string; dns?: string }, string[], string[]]>([
    ['a certificate with another URI', { uri: OTHER }, [ADMIN], []],
    ['a certificate whose first URI is another', { uri: OTHER }, [ADMIN, OTHER], []],
    ['a certificate without the URI', { uri: OTHER }, [], []],
    ['a certificate with a URI where Envoy saw none', {}, [ADMIN], []],
    ['a certificate with another host', { uri: ADMIN, dns: 'a' }, [ADMIN], ['b']],
    ['a certificate without the host', { uri: ADMIN, dns: 'a' }, [ADMIN], []],
  ])('%s', (_, seen, uris, hosts) => {
    const facts = { 'f.certificate': certificateText(uris, hosts) };
    expect(detailsOf({ peerCertificate: 'f.certificate' }, facts, seen)).toBe(MISSING);
  });

  it('a list of hosts that is not there, where the first host has no bytes', () => {
    const declared = { peerUris: 'f.uris', peerDns: 'f.dns' };
    expect(detailsOf(declared, { 'f.uris': ADMIN }, { uri: ADMIN, dns: '' })).toBe(MISSING);
  });

  it('a certificate that is declared, and not there', () => {
    expect(detailsOf({ peerCertificate: 'f.certificate' }, {}, { uri: ADMIN })).toBe(MISSING);
  });
});

describe('where no list of hosts is declared', () => {
  // Any name is one that `*` means, as for Envoy, which tries all of them.
  it.each<[string, { dns?: string; subject: string }, number]>([
    ['the first one is a name of the client', { dns: 'a.example', subject: '' }, 403],
    ['and so is its subject', { subject: 'CN=a' }, 403],
    ['a client without any has none', { subject: '' }, 200],
  ])('%s', (_, names, expected) => {
    const deny = denyPolicy([{ from: [{ source: { principals: ['*'] } }] }]);
    const { plugin } = start([deny], { connectionFacts: { peerUris: 'f.uris' } });
    const peerCertificate = { ...names, digest: 'ab'.repeat(32) };
    const connection = mutual({ peerCertificate, filterState: { 'f.uris': '-' } });
    expect(statusOf(ask(plugin, connection))).toBe(expected);
  });
});

describe('with singleUriSan', () => {
  const rules = [{ from: [{ source: { principals: ['cluster.local/ns/foo/sa/a'] } }] }];
  const facts = { connectionFacts: { singleUriSan: true }, workload: { protocol: 'HTTP' } };
  const named = (uri: string | undefined): Connection =>
    mutual({ peerCertificate: { uri, subject: '', digest: 'ab'.repeat(32) } });
  const answer = (connection: Connection): number | string => {
    const { plugin } = start([denyPolicy(rules)], facts);
    return statusOf(
      plugin.request(
        [
          [':path', '/'],
          [':method', 'GET'],
        ],
        { connection },
      )!,
    );
  };

  it.each<[string, Connection, number]>([
    ['that identity', named('spiffe://cluster.local/ns/foo/sa/a'), 403],
    ['another', named('spiffe://cluster.local/ns/foo/sa/b'), 200],
    ['none', named(undefined), 200],
    ['a comma in it, which Envoy gives by itself', named('spiffe://x,spiffe://y'), 200],
    ['plaintext', plaintext(), 200],
  ])('a certificate with %s', (_, connection, status) => {
    expect(answer(connection)).toBe(status);
  });

  it('refuses peerUris beside it', () => {
    const world = start([]);
    const both = { connectionFacts: { singleUriSan: true, peerUris: 'x' } };
    expect(update(world, configuration([], both))).toBe(false);
    expect(errorLines(world.process)).toEqual([
      'config: connectionFacts.singleUriSan: is not for use with peerUris, which tells of all',
    ]);
  });
});
