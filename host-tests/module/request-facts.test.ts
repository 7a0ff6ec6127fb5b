// What policies see of a request: its own, read anew for each, and no decision where the host cannot hand it over.
import { afterEach, describe, expect, it, vi } from 'vitest';
import { Guest } from '../../host/guest.ts';
import type { Connection } from '../../host/contexts.ts';
import type { Pair } from '../../host/pairs.ts';
import type { Plugin } from '../../host/process.ts';
import { denyPolicy, errorLines, start, statusOf } from './fixture.ts';

const GET: Pair[] = [
  [':authority', 'httpbin'],
  [':path', '/ip'],
  [':method', 'GET'],
  [':scheme', 'http'],
];

function ask(plugin: Plugin, headers: Pair[], connection: Connection = {}): number | string {
  const stream = plugin.request(headers, { connection: { destinationPort: 8000, ...connection } })!;
  plugin.end(stream);
  return statusOf(stream);
}

const operation = (fields: object): object => denyPolicy([{ to: [{ operation: fields }] }]);
const when = (key: string, values: object): object => denyPolicy([{ when: [{ key, ...values }] }]);

describe('a pseudo-header', () => {
  const without = (name: string): Pair[] => GET.filter(([own]) => own !== name);

  it.each<[string, object, object]>([
    [':path', { paths: ['/ip'] }, { notPaths: ['/ip'] }],
    [':method', { methods: ['GET'] }, { notMethods: ['GET'] }],
    [':authority', { hosts: ['httpbin'] }, { notHosts: ['httpbin'] }],
    // Whatever stands where the one before had it.
    [':path', { paths: ['*'] }, { notPaths: ['*'] }],
    [':method', { methods: ['*'] }, { notMethods: ['*'] }],
    [':authority', { hosts: ['*'] }, { notHosts: ['*'] }],
  ])('that a request does not have is not that of the one before: %s', (name, has, hasNot) => {
    // A CONNECT has no path.
    const [positive, negative] = [
      start([operation(has)]).plugin,
      start([operation(hasNot)]).plugin,
    ];
    for (let i = 0; i < 2; i++) {
      expect(ask(positive, GET)).toBe(403);
      expect(ask(positive, without(name))).toBe(200);
      expect(ask(negative, GET)).toBe(200);
      expect(ask(negative, without(name))).toBe(403);
    }
  });

  it('is told by its whole name, in whatever order they come', () => {
    const headers: Pair[] = [
      [':path', '/chat'],
      [':scheme', 'http'],
      [':method', 'CONNECT'],
      [':authority', 'httpbin'],
      [':protocol', 'websocket'],
      ['path', '/other'],
      ['method', 'PUT'],
      ['authority', 'other'],
    ];
    for (const order of [headers, [...headers.slice(0, 5).reverse(), ...headers.slice(5)]]) {
      for (const fields of [{ paths: ['/chat'] }, { methods: ['CONNECT'] }, { hosts: ['httpbin'] }])
        expect(ask(start([operation(fields)]).plugin, order)).toBe(403);
      for (const fields of [{ paths: ['/other', 'websocket'] }, { methods: ['PUT', 'http'] }])
        expect(ask(start([operation(fields)]).plugin, order)).toBe(200);
    }
  });
});

describe('what is known of a connection', () => {
  const FACTS: [string, object, Connection, Connection][] = [
    [
      'source.ip behind proxies',
      when('remote.ip', { values: ['192.0.2.0/24'] }),
      { sourceAddress: '192.0.2.1:80' },
      { sourceAddress: '198.51.100.1:80' },
    ],
    [
      'destination.ip',
      when('destination.ip', { values: ['192.0.2.0/24'] }),
      { destinationAddress: '192.0.2.1:80' },
      { destinationAddress: '198.51.100.1:80' },
    ],
    [
      'destination.port',
      when('destination.port', { values: ['8080'] }),
      { destinationPort: 8080 },
      { destinationPort: 8000 },
    ],
    [
      'connection.sni',
      when('connection.sni', { values: ['evil.example'] }),
      { requestedServerName: 'evil.example' },
      { requestedServerName: 'good.example' },
    ],
    [
      'no connection.sni',
      when('connection.sni', { notValues: ['good.example'] }),
      {},
      { requestedServerName: 'good.example' },
    ],
  ];

  it.each(FACTS)('is that of the request itself: %s', (_, policy, refused, passing) => {
    const { plugin } = start([policy]);
    const seen = [refused, passing, passing, refused, refused, passing];
    expect(seen.map((connection) => ask(plugin, GET, connection))).toEqual([
      403, 200, 200, 403, 403, 200,
    ]);
  });

  it.each<[string, object, object, Record<string, string>]>([
    [
      'its address',
      { directAddress: 'f.address' },
      { ipBlocks: ['198.51.100.1'] },
      { 'f.address': '192.0.2.1' },
    ],
    ['its certificate', { peerUris: 'f.uris', peerDns: 'f.dns' }, { principals: ['a'] }, {}],
  ])('is missing for the request alone that has come without: %s', (_, facts, source, known) => {
    const deny = denyPolicy([{ from: [{ source }] }]);
    const { plugin } = start([deny], { connectionFacts: facts });
    const details = (connection: Connection): string | undefined => {
      const stream = plugin.request(GET, { connection })!;
      plugin.end(stream);
      return stream.reply?.details;
    };
    const filterState = { 'f.uris': '-', 'f.dns': '-', ...known };
    const missing = 'portcullis_connection_fact_missing';
    for (let i = 0; i < 2; i++) {
      expect(details({ filterState })).toBeUndefined();
      expect(details({})).toBe(missing);
    }
  });

  it('is asked for once, and again for the next request', () => {
    const policies = [
      when('remote.ip', { values: ['192.0.2.1'] }),
      when('remote.ip', { values: ['192.0.2.2'] }),
      when('destination.ip', { values: ['192.0.2.3'] }),
      when('destination.ip', { values: ['192.0.2.4'] }),
    ];
    const { plugin } = start(policies);
    const asked = (connection: Connection): number =>
      plugin.request(GET, { connection })!.hostCalls.filter((name) => name === 'proxy_get_property')
        .length;
    const one = { sourceAddress: '192.0.2.9:1', destinationAddress: '192.0.2.8:1' };
    const { plugin: single } = start([policies[0]!, policies[2]!]);
    const least = single
      .request(GET, { connection: one })!
      .hostCalls.filter((name) => name === 'proxy_get_property').length;
    expect([asked(one), asked(one)]).toEqual([least, least]);
  });
});

type Given = Parameters<Guest['give']>;

describe('what the host cannot hand over', () => {
  afterEach(() => vi.restoreAllMocks());

  /** There is no room for these bytes. */
  function withhold(isWithheld: (bytes: Buffer) => boolean): void {
    const { give } = Guest.prototype as { give: (this: Guest, ...given: Given) => boolean };
    vi.spyOn(Guest.prototype, 'give').mockImplementation(function (this: Guest, ...given) {
      return !isWithheld(Buffer.from(given[0])) && give.apply(this, given);
    });
  }

  it.each<[string, string, object, Connection]>([
    ['the headers', '/ip', operation({ paths: ['/other'] }), {}],
    [
      'the address of the client',
      '192.0.2.1',
      when('remote.ip', { values: ['198.51.100.1'] }),
      { sourceAddress: '192.0.2.1:80' },
    ],
    [
      'the address of the server',
      '192.0.2.1',
      when('destination.ip', { values: ['198.51.100.1'] }),
      { destinationAddress: '192.0.2.1:80' },
    ],
    [
      'the port',
      '\x1f\x1f',
      when('destination.port', { values: ['80'] }),
      { destinationPort: 0x1f1f },
    ],
    [
      'the name of the server',
      'good.example',
      when('connection.sni', { values: ['evil.example'] }),
      { requestedServerName: 'good.example' },
    ],
  ])('has the request refused, and not the next one: %s', (_, text, policy, connection) => {
    const { plugin } = start([policy]);
    expect(ask(plugin, GET, connection)).toBe(200);
    withhold((bytes) => bytes.includes(text));
    const stream = plugin.request(GET, { connection })!;
    expect(stream.reply).toMatchObject({ status: 500 });
    plugin.end(stream);
    vi.restoreAllMocks();
    expect(ask(plugin, GET, connection)).toBe(200);
  });

  it('has nobody judged by a handshake of which it cannot tell', () => {
    const strict = {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'default', namespace: 'foo' },
      spec: { mtls: { mode: 'STRICT' } },
    };
    const { plugin } = start([strict]);
    const connection = { peerCertificate: { uri: 'spiffe://cluster.local/ns/foo/sa/a' } };
    expect(ask(plugin, GET, connection)).toBe(200);
    expect(ask(plugin, GET)).toBe('reset');
    // Whether the client has presented a certificate is one byte.
    withhold((bytes) => bytes.length === 1);
    expect(ask(plugin, GET, connection)).toBe(500);
    vi.restoreAllMocks();
    expect(ask(plugin, GET, connection)).toBe(200);
  });

  it('refuses every request, where it is the configuration, and says so', () => {
    withhold((bytes) => bytes.includes('resources'));
    const { process, plugin } = start([]);
    expect(errorLines(process)).toEqual(['config: the host does not hand it over']);
    expect(ask(plugin, GET)).toBe(500);
  });

  it('is not shown in a header of no text: what was decided', () => {
    const { plugin } = start([], { debugHeaders: true });
    const shown = (): Pair[] => {
      const stream = plugin.request(GET, { connection: { destinationPort: 8000 } })!;
      plugin.respond(stream);
      return stream.responseHeaders;
    };
    expect(shown()).toEqual([['x-portcullis-decision', 'allow']]);
    withhold((bytes) => bytes.toString() === 'allow');
    expect(shown()).toEqual([]);
    vi.restoreAllMocks();
    expect(shown()).toEqual([['x-portcullis-decision', 'allow']]);
  });
});
