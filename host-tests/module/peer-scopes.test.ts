// PeerAuthentication: what is wrong with one, with each place; whom it counts for, and which of several counts.
import { describe, expect, it } from 'vitest';
import type { Plugin } from '../../host/process.ts';
import { errorLines, problemsOf, start } from './fixture.ts';

const peers = (namespace: string, name: string, spec: object, metadata: object = {}): object => ({
  apiVersion: 'security.istio.io/v1',
  kind: 'PeerAuthentication',
  metadata: { name, namespace, ...metadata },
  spec,
});
const mode = (of: string): object => ({ mtls: { mode: of } });
const here = { selector: { matchLabels: { app: 'httpbin' } } };
const elsewhere = { selector: { matchLabels: { app: 'another' } } };
const created = (creationTimestamp: string): object => ({ creationTimestamp });

/** Whether plaintext is let in at a port; what it is refused by, otherwise. */
function plaintextAt(plugin: Plugin, destinationPort: number): string {
  const stream = plugin.connect({ destinationPort })!;
  plugin.receive(stream);
  const { state } = stream;
  plugin.end(stream);
  return state === 'open' ? 'open' : 'closed';
}

describe('of a PeerAuthentication all mistakes are told, each with its place', () => {
  const AT = 'resources[0] PeerAuthentication foo/p: ';
  const MODE = (found: string): string =>
    `mode: must be one of UNSET, DISABLE, PERMISSIVE, STRICT, not "${found}"`;

  it('in its modes and ports, and around them', () => {
    const spec = {
      mtls: { mode: 'on' },
      portLevelMtls: {
        0: { mode: 'ON' },
        1: {},
        80: { mode: 'strict' },
        65535: { mode: 'UNSET' },
        65536: { mode: 'STRICT' },
        http: {},
      },
    };
    const metadata = { annotations: { 'istio.io/dry-run': 'true' }, ...created('now') };
    const other = peers('foo', 'q', { ...mode('off'), portLevelMtls: {} });
    expect(problemsOf([peers('foo', 'p', spec, metadata), other])).toEqual([
      `${AT}metadata.annotations.istio.io/dry-run: unsupported annotation istio.io/dry-run, please remove the annotation`,
      `${AT}metadata.creationTimestamp: must be a time such as "2026-01-31T12:00:00Z"`,
      `${AT}spec.mtls.${MODE('on')}`,
      `${AT}spec.portLevelMtls: mesh/namespace peer authentication cannot have port level mTLS; set spec.selector`,
      `${AT}spec.portLevelMtls.0: port must be in range 1..65535`,
      `${AT}spec.portLevelMtls.0.${MODE('ON')}`,
      `${AT}spec.portLevelMtls.80.${MODE('strict')}`,
      `${AT}spec.portLevelMtls.65536: port must be in range 1..65535`,
      `${AT}spec.portLevelMtls.http: port must be in range 1..65535`,
      `resources[1] PeerAuthentication foo/q: spec.mtls.${MODE('off')}`,
      'resources[1] PeerAuthentication foo/q: spec.portLevelMtls: mesh/namespace peer authentication cannot have port level mTLS; set spec.selector',
      'resources[1] PeerAuthentication foo/q: spec.portLevelMtls: port level mTLS, if defined, must have at least one element',
    ]);
  });

  it.each<[object]>([
    [{}],
    [{ mtls: null }],
    [{ mtls: {} }],
    [{ ...here, portLevelMtls: null }],
    [{ ...here, portLevelMtls: { 1: {}, 65535: { mode: 'STRICT' } } }],
    ...['UNSET', 'DISABLE', 'PERMISSIVE', 'STRICT'].map((of): [object] => [mode(of)]),
  ])('and of %j there is none', (spec) => {
    expect(problemsOf([peers('foo', 'p', spec)])).toEqual([]);
  });
});

describe('a PeerAuthentication counts', () => {
  it.each<[string, object[], string]>([
    ['in its namespace', [peers('foo', 'p', mode('STRICT'))], 'closed'],
    ['in no other one', [peers('bar', 'p', mode('STRICT'))], 'open'],
    ['everywhere from the root namespace', [peers('istio-system', 'p', mode('STRICT'))], 'closed'],
    ['where it selects', [peers('foo', 'p', { ...here, ...mode('STRICT') })], 'closed'],
    ['not where it does not', [peers('foo', 'p', { ...elsewhere, ...mode('STRICT') })], 'open'],
    [
      'less than a narrower one, whatever the order',
      [
        peers('foo', 'workload', { ...here, ...mode('PERMISSIVE') }),
        peers('foo', 'namespace', mode('STRICT')),
        peers('istio-system', 'mesh', mode('STRICT')),
      ],
      'open',
    ],
    [
      'more than a wider one, whatever the order',
      [
        peers('foo', 'namespace', mode('STRICT')),
        peers('istio-system', 'mesh', mode('PERMISSIVE')),
      ],
      'closed',
    ],
  ])('%s', (_, resources, expected) => {
    const { process, plugin } = start(resources);
    expect(errorLines(process)).toEqual([]);
    expect(plaintextAt(plugin, 8000)).toBe(expected);
    expect(process.logs('warn').filter((line) => line.includes('is ignored'))).toEqual([]);
  });

  it('at each of its ports by that port’s mode, and nowhere else', () => {
    const portLevelMtls = {
      80: { mode: 'STRICT' },
      81: { mode: 'UNSET' },
      82: { mode: 'STRICT' },
      83: {},
    };
    for (const [of, others] of [
      ['PERMISSIVE', 'open'],
      ['STRICT', 'closed'],
    ] as const) {
      const { plugin } = start([peers('foo', 'p', { ...here, ...mode(of), portLevelMtls })]);
      const seen = [80, 81, 82, 83, 84].map((port) => plaintextAt(plugin, port));
      expect(seen).toEqual(['closed', others, 'closed', others, others]);
    }
  });
});

describe('of two PeerAuthentications for the same workloads', () => {
  const OLD = '2026-01-01T00:00:00Z';
  const NEW = '2026-01-01T00:00:01Z';
  const OLDER = 'is for the same workloads, and older';
  const FIRST =
    'is for the same workloads, and stands first; which is older (metadata.creationTimestamp) is not said';

  it.each<[string, string | undefined, string, string | undefined, string, string]>([
    ['b', OLD, 'a', NEW, 'b', OLDER],
    ['b', NEW, 'a', OLD, 'a', OLDER],
    ['a', OLD, 'b', OLD, 'a', OLDER],
    ['b', OLD, 'a', OLD, 'a', OLDER],
    ['b', undefined, 'a', undefined, 'b', FIRST],
    ['b', OLD, 'a', undefined, 'b', FIRST],
    ['b', undefined, 'a', OLD, 'b', FIRST],
    ['a', undefined, 'b', OLD, 'a', FIRST],
  ])('%s of %s and %s of %s: %s', (first, firstTime, second, secondTime, winner, why) => {
    const loser = winner === 'a' ? 'b' : 'a';
    for (const [namespace, selector] of [
      ['istio-system', {}],
      ['foo', {}],
      ['foo', here],
    ] as const) {
      const of = (name: string, time?: string): object =>
        peers(
          namespace,
          name,
          { ...selector, ...mode(name === winner ? 'STRICT' : 'PERMISSIVE') },
          time === undefined ? {} : created(time),
        );
      const { process, plugin } = start([of(first, firstTime), of(second, secondTime)]);
      expect(plaintextAt(plugin, 8000)).toBe('closed');
      const warnings = process.logs('warn').filter((line) => line.includes('is ignored'));
      expect([...new Set(warnings)]).toEqual([
        `config: PeerAuthentication ${namespace}/${loser} is ignored: ${namespace}/${winner} ${why}`,
      ]);
    }
  });

  it('and of three, the oldest counts', () => {
    const resources = [
      peers('foo', 'a', mode('PERMISSIVE'), created('2026-01-02T00:00:00Z')),
      peers('foo', 'b', mode('STRICT'), created('2026-01-01T00:00:00Z')),
      peers('foo', 'c', mode('PERMISSIVE'), created('2026-01-03T00:00:00Z')),
    ];
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [2, 0, 1],
    ]) {
      const { plugin } = start(order.map((i) => resources[i]!));
      expect(plaintextAt(plugin, 8000)).toBe('closed');
    }
  });

  it('one with a selector in the root namespace is none', () => {
    const { process, plugin } = start([
      peers('istio-system', 'selecting', { ...here, ...mode('PERMISSIVE') }, created(OLD)),
      peers('istio-system', 'mesh', mode('STRICT'), created(NEW)),
    ]);
    expect(plaintextAt(plugin, 8000)).toBe('closed');
    const warnings = process.logs('warn').filter((line) => line.includes('is ignored'));
    expect([...new Set(warnings)]).toEqual([
      'config: PeerAuthentication istio-system/selecting is ignored: it has a selector, and Istio takes none in the root namespace',
    ]);
  });
});

describe('peerRejection', () => {
  const WRONG = 'peerRejection: must be RESET or an HTTP status from 400 to 599';
  const strict = peers('foo', 'p', mode('STRICT'));

  it.each<[unknown, string | number]>([
    [undefined, 'reset'],
    [null, 'reset'],
    ['RESET', 'reset'],
    [400, 400],
    [503, 503],
    [599, 599],
  ])('%j: %s', (peerRejection, expected) => {
    const { process, plugin } = start([strict], { peerRejection });
    expect(errorLines(process)).toEqual([]);
    const headers: [string, string][] = [
      [':authority', 'a'],
      [':path', '/'],
      [':method', 'GET'],
    ];
    const stream = plugin.request(headers, { connection: { destinationPort: 8000 } })!;
    expect(stream.state === 'replied' ? stream.reply!.status : stream.state).toBe(expected);
  });

  it.each([0, 200, 399, 600, 403.5, '403', 'reset', '', true, [], ['RESET'], {}])(
    '%j is none',
    (peerRejection) => {
      expect(problemsOf([], { peerRejection })).toEqual([WRONG]);
    },
  );
});
