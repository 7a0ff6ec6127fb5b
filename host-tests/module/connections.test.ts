// The network filter, connection by connection: what is let through, what is closed, and what is written down of it.
import { describe, expect, it } from 'vitest';
import type { Connection, NetworkStream } from '../../host/contexts.ts';
import type { Plugin, Process } from '../../host/process.ts';
import { fromUtf8 } from '../../host/text.ts';
import { MODULE, type World, configuration, denyPolicy, start, update } from './fixture.ts';

const TCP = { workload: { protocol: 'TCP' } };
const FACTS = { ...TCP, connectionFacts: { singleUriSan: true } };
const URI = 'spiffe://cluster.local/ns/foo/sa/sleep';
const COUNT = 'portcullis_connections_total;outcome=';
const DENY_ID = 'ns[istio-system]-policy[deny]-rule[0]';

/** A PeerAuthentication of the namespace. */
function peers(mode: string): object {
  return {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace: 'foo' },
    spec: { mtls: { mode } },
  };
}

const byIdentity = denyPolicy([
  { from: [{ source: { principals: ['cluster.local/ns/foo/sa/sleep'] } }] },
]);
const byAddress = (...ipBlocks: string[]): object =>
  denyPolicy([{ from: [{ source: { ipBlocks } }] }]);
const byPort = (port: number): object =>
  denyPolicy([{ to: [{ operation: { ports: [String(port)] } }] }]);

const plain: Connection = { destinationPort: 8000, sourceAddress: '10.0.0.1:1234' };
const tls: Connection = { ...plain, tls: true };
const mtls: Connection = { ...tls, peerCertificate: { uri: URI, subject: '' } };

/** `open`, `held` or `closed`. */
function stateOf(stream: NetworkStream): string {
  return stream.state === 'open' && stream.isHeld ? 'held' : stream.state;
}

/** A connection that has begun as `begun` and speaks as `seen`; what has become of it at each of the two. */
function course(
  plugin: Plugin,
  begun: Connection,
  seen: Connection = begun,
): { stream: NetworkStream; states: [string, string] } {
  const stream = plugin.connect(begun)!;
  const before = stateOf(stream);
  // What has come must not go on to what is behind while the connection is being closed.
  if (before === 'closed') expect(stream.isHeld).toBe(true);
  stream.connection = seen;
  plugin.receive(stream);
  if (stream.state === 'closed') expect(stream.isHeld).toBe(true);
  return { stream, states: [before, stateOf(stream)] };
}

function recordOf(stream: NetworkStream, name = 'decision'): string | undefined {
  const bytes = stream.filterState(`portcullis.${name}`);
  return bytes === undefined ? undefined : fromUtf8(bytes);
}

/** What was counted of connections, without the prefix of its names. */
function counts(process: Process): Record<string, number> {
  const all = Object.entries(process.metrics.nonZero());
  return Object.fromEntries(
    all
      .filter(([name]) => name.startsWith(COUNT))
      .map(([name, n]) => [name.slice(COUNT.length), n]),
  );
}

describe('a connection under PeerAuthentication', () => {
  const refused = (security: string, mode: string): string =>
    `unauthenticated reason=peer_${security} policy=foo/default mode=${mode}`;

  it.each<[string, string, Connection, Connection, [string, string], string | undefined]>([
    ['STRICT', 'plaintext', plain, plain, ['closed', 'closed'], refused('plaintext', 'STRICT')],
    ['STRICT', 'TLS', tls, tls, ['open', 'closed'], refused('tls', 'STRICT')],
    ['STRICT', 'mutual TLS', tls, mtls, ['open', 'open'], undefined],
    ['STRICT', 'mutual TLS at once', mtls, mtls, ['open', 'open'], undefined],
    ['PERMISSIVE', 'plaintext', plain, plain, ['open', 'open'], undefined],
    ['PERMISSIVE', 'TLS', tls, tls, ['open', 'open'], undefined],
    ['PERMISSIVE', 'mutual TLS', tls, mtls, ['open', 'open'], undefined],
    ['DISABLE', 'plaintext', plain, plain, ['open', 'open'], undefined],
    ['DISABLE', 'TLS', tls, tls, ['closed', 'closed'], refused('tls', 'DISABLE')],
    ['DISABLE', 'mutual TLS', mtls, mtls, ['closed', 'closed'], refused('mtls', 'DISABLE')],
  ])('%s, by %s', (mode, _, begun, seen, states, record) => {
    const { process, plugin } = start([peers(mode)], TCP);
    const { stream, states: become } = course(plugin, begun, seen);
    expect(become).toEqual(states);
    expect(recordOf(stream)).toBe(record);
    const reason = record?.split(' ')[1];
    expect(counts(process)).toEqual(
      reason === undefined ? { allow: 1 } : { [`unauthenticated;${reason}`]: 1 },
    );
  });

  it('is counted by who it is, once', () => {
    const { process, plugin } = start([], FACTS);
    for (const [begun, seen] of [
      [plain, plain],
      [tls, mtls],
    ] as const) {
      const { stream } = course(plugin, begun, seen);
      plugin.receive(stream);
    }
    process.advance(1100);
    const name = (security: string, source: string): string =>
      `portcullis_peer_connections_total;security=${security};port=8000;source=${source}`;
    expect(process.metrics.nonZero()).toMatchObject({
      [name('plaintext', 'unknown')]: 1,
      [name('mtls', 'cluster.local/ns/foo/sa/sleep')]: 1,
    });
    // In its handshake nobody has been counted.
    expect(process.metrics.value(name('tls', 'unknown'))).toBe(0);
  });

  it('that is refused is counted by who it was', () => {
    const { process, plugin } = start([peers('STRICT')], {
      ...TCP,
      connectionFacts: { singleUriSan: true, directAddress: 'f.direct' },
    });
    const from = (address: string): Connection => ({
      ...plain,
      filterState: { 'f.direct': address },
    });
    // More often than there may be peers that are told apart.
    for (let i = 0; i < 300; i++) course(plugin, from('10.0.0.1'));
    course(plugin, from('10.0.0.2'));
    course(plugin, tls, { ...tls, filterState: { 'f.direct': '10.0.0.3' } });
    course(plugin, tls, mtls);
    process.advance(1100);
    const refused = Object.entries(process.metrics.nonZero()).filter(([name]) =>
      name.startsWith('portcullis_peer_refused_total'),
    );
    const name = (security: string, source: string): string =>
      `portcullis_peer_refused_total;security=${security};port=8000;source=${source}`;
    expect(Object.fromEntries(refused)).toEqual({
      [name('plaintext', '10.0.0.1')]: 300,
      [name('plaintext', '10.0.0.2')]: 1,
      [name('tls', '10.0.0.3')]: 1,
    });
  });

  it('is counted when its configuration goes, at the latest', () => {
    const { process, plugin } = start([], TCP);
    plugin.end(course(plugin, plain).stream);
    expect(plugin.update(configuration([peers('PERMISSIVE')], TCP))).toBe(true);
    const name = 'portcullis_peer_connections_total;security=plaintext;port=8000;source=unknown';
    expect(process.metrics.value(name)).toBe(1);
  });

  it.each<[string, Connection, object, string]>([
    ['plaintext', plain, FACTS, 'plaintext'],
    ['TLS', tls, FACTS, 'tls'],
    ['mutual TLS', mtls, FACTS, `mtls ${URI}`],
    ['a certificate without names', { ...tls, peerCertificate: {} }, FACTS, 'mtls'],
    ['mutual TLS where no identities are declared', mtls, TCP, 'mtls'],
  ])('is written down by who it is: %s', (_, connection, settings, record) => {
    const { plugin } = start([], settings);
    expect(recordOf(course(plugin, connection).stream, 'peer')).toBe(record);
  });

  it('is written down by who it turns out to be when its handshake is over', () => {
    const { plugin } = start([], FACTS);
    const stream = plugin.connect(tls)!;
    expect(recordOf(stream, 'peer')).toBe('tls');
    stream.connection = mtls;
    plugin.receive(stream);
    expect(recordOf(stream, 'peer')).toBe(`mtls ${URI}`);
  });

  it('is not counted where the network filter has no say', () => {
    const { process, plugin } = start([], { workload: { protocol: 'TCP', tcpPorts: [9000] } });
    const { states } = course(plugin, plain);
    expect(states).toEqual(['open', 'open']);
    process.advance(1100);
    expect(Object.keys(process.metrics.nonZero()).join()).not.toContain('connections_total');
  });
});

describe('a connection under AuthorizationPolicy', () => {
  it.each<[string, object[], Connection, string, string | undefined, string]>([
    ['that no DENY rule is about', [byPort(9000)], plain, 'open', undefined, 'allow'],
    [
      'that a DENY rule refuses',
      [byPort(8000)],
      plain,
      'closed',
      `deny policy=${DENY_ID}`,
      `deny;policy=${DENY_ID}`,
    ],
    [
      'that it refuses by identity',
      [byIdentity],
      mtls,
      'closed',
      `deny policy=${DENY_ID}`,
      `deny;policy=${DENY_ID}`,
    ],
    [
      'that no ALLOW rule lets in',
      [denyPolicy([{ to: [{ operation: { ports: ['1'] } }] }], 'allow', { action: 'ALLOW' })],
      plain,
      'closed',
      'deny policy=none',
      'deny;policy=none',
    ],
  ])('%s', (_, policies, connection, state, record, label) => {
    const { process, plugin } = start(policies, FACTS);
    const { stream, states } = course(plugin, connection);
    expect(states).toEqual(['open', state]);
    expect(recordOf(stream)).toBe(record);
    expect(counts(process)).toEqual({ [label]: 1 });
  });

  it('says by which conditions', () => {
    const { plugin } = start([byPort(8000)], TCP);
    expect(recordOf(course(plugin, plain).stream, 'matched')).toBe('to[0].operation.ports');
  });

  it('is judged with its first bytes, and not again with those that follow', () => {
    const { process, plugin } = start([byPort(9000)], TCP);
    const { stream } = course(plugin, plain);
    plugin.receive(stream);
    plugin.receive(stream, 0);
    expect(stateOf(stream)).toBe('open');
    expect(counts(process)).toEqual({ allow: 1 });
  });

  it('leaves what AUDIT and dry-run policies say, for access logs, and counts it', () => {
    const rule = { to: [{ operation: { ports: ['8000'] } }] };
    const metadata = {
      name: 'tried',
      namespace: 'foo',
      annotations: { 'istio.io/dry-run': 'true' },
    };
    const tried = { ...denyPolicy([rule]), metadata };
    const audit = denyPolicy([rule], 'audit', { action: 'AUDIT' });
    const { process, plugin } = start([tried, audit], TCP);
    const { stream, states } = course(plugin, plain);
    expect(states).toEqual(['open', 'open']);
    expect(recordOf(stream, 'audit')).toBe('ns[istio-system]-policy[audit]-rule[0]');
    expect(recordOf(stream, 'dry_run')).toBe('deny policy=ns[foo]-policy[tried]-rule[0]');
    const metrics = {
      'portcullis_audit_total;policy=ns[istio-system]-policy[audit]-rule[0]': 1,
      'portcullis_dry_run_total;outcome=deny;policy=ns[foo]-policy[tried]-rule[0]': 1,
    };
    expect(process.metrics.nonZero()).toMatchObject(metrics);
    // A change of policy has it judged again, and counted no second time.
    const world = { process, plugin };
    expect(update(world, configuration([tried, audit, byPort(1)], TCP))).toBe(true);
    process.advance(100);
    expect(process.metrics.nonZero()).toMatchObject(metrics);
    expect(counts(process)).toEqual({ allow: 1 });
  });

  it('is accounted for in the log where Envoy’s level for Wasm is trace', () => {
    const { process, plugin } = start([byPort(9000)], TCP, { logLevel: 'trace' });
    course(plugin, plain);
    expect(process.logs().filter((line) => line.startsWith('trace '))).toEqual([
      `trace DENY ${DENY_ID} no: to[0].operation.ports`,
    ]);
  });

  it('is not the network filter’s to judge where HTTP is behind', () => {
    const { process, plugin } = start([byPort(8000)], { workload: { protocol: 'HTTP' } });
    expect(course(plugin, plain).states).toEqual(['open', 'open']);
    expect(counts(process)).toEqual({});
  });

  it('is refused where nobody has said what is behind, unless there is no policy', () => {
    const { process, plugin } = start([byPort(9000)]);
    const { stream, states } = course(plugin, plain);
    expect(states).toEqual(['open', 'closed']);
    expect(recordOf(stream)).toBe('error reason=protocol_not_declared');
    expect(counts(process)).toEqual({ 'error;reason=protocol_not_declared': 1 });
    expect(course(start([]).plugin, plain).states).toEqual(['open', 'open']);
  });

  it('is refused while no configuration is in force', () => {
    const { process, plugin } = start([{}], TCP);
    const stream = plugin.connect(plain)!;
    expect(stateOf(stream)).toBe('closed');
    expect(recordOf(stream)).toBe('error reason=not_configured');
    expect(counts(process)).toEqual({ 'error;reason=not_configured': 1 });
  });

  it('is refused where a fact that a rule asks for is not there, and the reason is told', () => {
    const settings = { ...TCP, connectionFacts: { peerUris: 'f.uris' } };
    const { process, plugin } = start([byIdentity], settings);
    const { stream, states } = course(plugin, mtls);
    expect(states).toEqual(['open', 'closed']);
    expect(recordOf(stream)).toBe('error reason=connection_fact_missing');
    expect(counts(process)).toEqual({ 'error;reason=connection_fact_missing': 1 });
  });
});

describe('a host that fails', () => {
  const failed = 'error reason=host_call_failed';

  it.each<[string, string, object, Connection, [string, string]]>([
    ['TLS', 'connection.tls_version', TCP, plain, ['closed', 'closed']],
    ['the client certificate', 'connection.mtls', TCP, mtls, ['closed', 'closed']],
    ['the port', 'destination.port', TCP, plain, ['open', 'closed']],
  ])('to tell of %s closes the connection', (_, property, settings, connection, states) => {
    const { process, plugin } = start([byPort(9000)], settings);
    process.failing.add(`proxy_get_property ${property}`);
    const { stream, states: become } = course(plugin, connection);
    expect(become).toEqual(states);
    expect(recordOf(stream)).toBe(failed);
    expect(counts(process)).toEqual({ 'error;reason=host_call_failed': 1 });
  });

  it.each([
    ['connection.mtls', [byPort(9000)]],
    ['connection.tls_version', [byPort(9000)]],
    ['connection.mtls', []],
    ['connection.tls_version', []],
  ])(
    'to tell of TLS when the handshake is over closes the connection (%s, %j)',
    (property, resources) => {
      const { process, plugin } = start(resources, TCP);
      const stream = plugin.connect(tls)!;
      process.failing.add(`proxy_get_property ${property}`);
      plugin.receive(stream);
      expect(stateOf(stream)).toBe('closed');
      expect(stream.isHeld).toBe(true);
      expect(recordOf(stream)).toBe(failed);
    },
  );

  it('to tell of TLS closes what HTTP is behind, too, and nobody is counted', () => {
    const { process, plugin } = start([], { workload: { protocol: 'HTTP' } });
    const stream = plugin.connect(tls)!;
    process.failing.add('proxy_get_property connection.mtls');
    plugin.receive(stream);
    expect(stateOf(stream)).toBe('closed');
    process.advance(1100);
    expect(Object.keys(process.metrics.nonZero()).join()).not.toContain('peer_connections');
  });

  it('to note that a connection may pass, under `guard`, closes it', () => {
    const { process, plugin } = start([], { ...TCP, guard: true });
    process.failing.add('proxy_set_property portcullis.connection_passed');
    const { stream, states } = course(plugin, plain);
    expect(states).toEqual(['open', 'closed']);
    expect(recordOf(stream)).toBe(failed);
  });

  it('to note it where nobody has asked for it does no harm', () => {
    const { process, plugin } = start([], TCP);
    process.failing.add('proxy_set_property portcullis.connection_passed');
    expect(course(plugin, plain).states).toEqual(['open', 'open']);
  });
});

describe('open connections, when a newer policy comes,', () => {
  /** What is left of connections after an update. */
  function after(
    world: World,
    resources: object[],
    settings: object,
    streams: NetworkStream[],
  ): string[] {
    expect(update(world, configuration(resources, settings))).toBe(true);
    world.process.advance(200);
    return streams.map(stateOf);
  }

  it('are closed by the one that refuses them, wherever they stand among others that have ended', () => {
    for (const gone of [[0], [1], [2], [0, 1], [1, 2], [2, 1], [0, 2], [1, 0]]) {
      const world = start([], TCP);
      const { plugin } = world;
      const streams = [0, 1, 2].map(() => course(plugin, plain).stream);
      for (const i of gone) plugin.end(streams[i]!);
      streams.push(course(plugin, plain).stream);
      const left = streams.filter((_, i) => !gone.includes(i));
      expect(after(world, [byPort(8000)], TCP, left)).toEqual(left.map(() => 'closed'));
      expect(world.process.traps).toEqual([]);
    }
  });

  it('are all looked at, though one callback looks at few: the oldest of many is closed', () => {
    const world = start([], { ...TCP, connectionFacts: { directAddress: 'f.direct' } });
    const from = (address: string): NetworkStream =>
      course(world.plugin, { ...plain, filterState: { 'f.direct': address } }).stream;
    const oldest = from('10.0.0.9');
    const others = Array.from({ length: 200 }, () => from('10.0.0.1'));
    const settings = { ...TCP, connectionFacts: { directAddress: 'f.direct' } };
    const [bad, ...good] = after(world, [byAddress('10.0.0.9')], settings, [oldest, ...others]);
    expect(bad).toBe('closed');
    expect(new Set(good)).toEqual(new Set(['open']));
  });

  it('are closed by the newest, though those between have refused nobody', () => {
    const world = start([], TCP);
    const { stream } = course(world.plugin, plain);
    for (const port of [1, 2, 3]) {
      expect(after(world, [byPort(port)], TCP, [stream])).toEqual(['open']);
    }
    expect(after(world, [byPort(8000)], TCP, [stream])).toEqual(['closed']);
    expect(recordOf(stream)).toBe(`deny policy=${DENY_ID}`);
  });

  it('are not looked at when it is about HTTP, and are when it is not any more', () => {
    const http = { workload: { protocol: 'HTTP' } };
    const world = start([], http);
    const { stream } = course(world.plugin, plain);
    expect(after(world, [byPort(8000), peers('STRICT')], http, [stream])).toEqual(['open']);
    expect(after(world, [peers('STRICT')], TCP, [stream])).toEqual(['closed']);
  });

  it('are closed by PeerAuthentication, in a handshake by DISABLE alone', () => {
    const world = start([], TCP);
    const silent = world.plugin.connect(tls)!;
    expect(after(world, [peers('STRICT')], TCP, [silent])).toEqual(['open']);
    expect(after(world, [peers('DISABLE')], TCP, [silent])).toEqual(['closed']);
  });

  it.each<[string, Connection, Connection]>([
    ['plaintext', plain, plain],
    ['mutual TLS, the handshake over since', tls, mtls],
  ])('are closed though the client has said nothing: %s', (_, begun, since) => {
    const world = start([], FACTS);
    const silent = world.plugin.connect(begun)!;
    silent.connection = since;
    expect(after(world, [byPort(9000)], FACTS, [silent])).toEqual(['open']);
    expect(after(world, [byPort(8000)], FACTS, [silent])).toEqual(['closed']);
    expect(recordOf(silent)).toBe(`deny policy=${DENY_ID}`);
  });

  it('are closed that have spoken on TLS without a client certificate', () => {
    const world = start([], FACTS);
    const { stream } = course(world.plugin, tls);
    expect(after(world, [byPort(8000)], FACTS, [stream])).toEqual(['closed']);
  });

  it('are judged no more once they are closed', () => {
    const world = start([peers('STRICT')], TCP);
    const closed = [course(world.plugin, plain).stream];
    expect(after(world, [byPort(8000)], TCP, closed)).toEqual(['closed']);
    expect(counts(world.process)).toEqual({ 'unauthenticated;reason=peer_plaintext': 1 });
    expect(recordOf(closed[0]!)).toContain('unauthenticated');
  });

  it('are left as they are in a handshake: who comes is not known', () => {
    const world = start([], FACTS);
    const silent = world.plugin.connect(tls)!;
    expect(after(world, [byPort(8000)], FACTS, [silent])).toEqual(['open']);
    silent.connection = mtls;
    world.plugin.receive(silent);
    expect(stateOf(silent)).toBe('closed');
  });

  it.each(['connection.mtls', 'connection.tls_version'])(
    'are left as they are where the host does not tell whether a handshake is over, and judged when they speak (%s)',
    (property) => {
      const world = start([], FACTS);
      const silent = world.plugin.connect(tls)!;
      silent.connection = mtls;
      world.process.failing.add(`proxy_get_property ${property}`);
      expect(after(world, [byPort(8000)], FACTS, [silent])).toEqual(['open']);
      world.process.failing.clear();
      world.plugin.receive(silent);
      expect(stateOf(silent)).toBe('closed');
    },
  );

  it('are judged by their own when what came after has gone', () => {
    const { process, plugin } = start([], TCP);
    const stream = plugin.connect(plain)!;
    const later = process.load(MODULE, {
      name: 'portcullis',
      rootId: 'portcullis',
      configuration: configuration([byPort(8000)], TCP),
    });
    later.remove();
    plugin.receive(stream);
    expect(stateOf(stream)).toBe('open');
  });

  it('leave nothing behind when they end', () => {
    const { process, plugin } = start([], TCP);
    const comeAndGo = (count: number): number => {
      const first = plugin.connect(plain)!;
      for (let i = 0; i < count; i++) {
        const stream = plugin.connect(plain)!;
        const next = plugin.connect(plain)!;
        plugin.end(stream);
        plugin.end(next);
      }
      plugin.end(first);
      return Math.max(...process.guests.map((guest) => guest.memoryBytes));
    };
    const before = comeAndGo(1000);
    expect(comeAndGo(10_000)).toBe(before);
  });
});

describe('under SHADOW', () => {
  const SHADOW = { ...TCP, enforcement: 'SHADOW' };
  const COUNTED = 'portcullis_shadow_connections_total;';

  /** What a connection goes through: its states, what is written down of it, what is counted, what is said. */
  function shadowed(
    resources: object[],
    settings: object,
    begun: Connection,
    failing: string[] = [],
  ): { states: string[]; record: string | undefined; counted: string[]; said: string[] } {
    const { process, plugin } = start(resources, settings);
    for (const call of failing) process.failing.add(call);
    const { stream, states } = course(plugin, begun);
    plugin.receive(stream);
    const counted = Object.keys(process.metrics.nonZero()).filter((n) => n.startsWith(COUNTED));
    return {
      states: [...states, stateOf(stream)],
      record: recordOf(stream, 'shadow'),
      counted: counted.map((name) => name.slice(COUNTED.length)),
      said: process.logs('warn').filter((line) => line.startsWith('shadow: ')),
    };
  }
  const OPEN = ['open', 'open', 'open'];
  const said = (text: string): string[] => [`shadow: would close a connection: ${text}`];

  it.each<[string, object[], object, Connection, string[], string, string]>([
    [
      'a rule',
      [byPort(8000)],
      SHADOW,
      plain,
      [],
      `deny policy=${DENY_ID} matched=to[0].operation.ports`,
      `outcome=deny;policy=${DENY_ID}`,
    ],
    [
      'PeerAuthentication',
      [peers('STRICT')],
      SHADOW,
      plain,
      [],
      'unauthenticated reason=peer_plaintext policy=foo/default mode=STRICT',
      'outcome=unauthenticated;reason=peer_plaintext',
    ],
    [
      'PeerAuthentication, in the handshake',
      [peers('DISABLE')],
      SHADOW,
      tls,
      [],
      'unauthenticated reason=peer_tls policy=foo/default mode=DISABLE',
      'outcome=unauthenticated;reason=peer_tls',
    ],
    [
      'a protocol that nobody has declared',
      [byPort(8000)],
      { enforcement: 'SHADOW' },
      plain,
      [],
      'error reason=protocol_not_declared',
      'outcome=error;reason=protocol_not_declared',
    ],
    [
      'a host that fails',
      [],
      SHADOW,
      plain,
      ['proxy_get_property connection.tls_version'],
      'error reason=host_call_failed',
      'outcome=error;reason=host_call_failed',
    ],
    [
      'a host that fails after the handshake',
      [byPort(8000)],
      SHADOW,
      plain,
      ['proxy_get_property destination.port'],
      'error reason=host_call_failed',
      'outcome=error;reason=host_call_failed',
    ],
  ])(
    'what %s would close passes, is counted once, and the difference is said',
    (_, resources, settings, begun, failing, text, label) => {
      expect(shadowed(resources, settings, begun, failing)).toEqual({
        states: OPEN,
        record: text,
        counted: [label],
        said: said(text),
      });
    },
  );

  it('what would pass is counted, and nothing is said', () => {
    expect(shadowed([byPort(9000)], SHADOW, plain)).toEqual({
      states: OPEN,
      record: 'allow',
      counted: ['outcome=allow'],
      said: [],
    });
  });

  it('a host that fails when the handshake is over changes nothing', () => {
    const { process, plugin } = start([byPort(8000)], SHADOW);
    const stream = plugin.connect(tls)!;
    process.failing.add('proxy_get_property connection.mtls');
    plugin.receive(stream);
    expect(stateOf(stream)).toBe('open');
    expect(recordOf(stream, 'shadow')).toBe('error reason=host_call_failed');
  });

  it('no newer policy counts a connection again', () => {
    const world = start([byPort(8000)], SHADOW);
    const { stream } = course(world.plugin, plain);
    expect(update(world, configuration([byPort(8000), peers('STRICT')], SHADOW))).toBe(true);
    world.process.advance(100);
    expect(stateOf(stream)).toBe('open');
    const name = `${COUNTED}outcome=deny;policy=${DENY_ID}`;
    expect(world.process.metrics.value(name)).toBe(1);
    expect(recordOf(stream, 'shadow')).toContain('deny policy=');
  });
});
