// Which workload this is, and what is read of the settings for it: its port, its protocol, its part in the mesh.
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../host/contexts.ts';
import type { Plugin } from '../../host/process.ts';
import { denyPolicy, errorLines, problemsOf, request, start, status, statusOf } from './fixture.ts';

const denyPort = (port: number): object =>
  denyPolicy([{ to: [{ operation: { ports: [`${port}`] } }] }], `port-${port}`);

describe('a container port', () => {
  it('is what policies see, else the port of the connection', () => {
    const seen = (containerPort: unknown): unknown[] => {
      const { plugin } = start([denyPort(8080), denyPort(65_535), denyPort(1)], {
        workload: { containerPort },
      });
      return [8080, 8000].map((port) => status(plugin, { port }));
    };
    expect(seen(undefined)).toEqual([403, 200]);
    expect(seen(null)).toEqual([403, 200]);
    expect(seen(8080)).toEqual([403, 403]);
    expect(seen(8000)).toEqual([200, 200]);
    expect(seen(65_535)).toEqual([403, 403]);
    expect(seen(1)).toEqual([403, 403]);
  });

  it('is a whole number from 1 to 65535', () => {
    for (const containerPort of [0, 65_536, -1, 1.5, 4_294_967_296]) {
      expect(problemsOf([], { workload: { containerPort } })).toEqual([
        'workload.containerPort: must be a port from 1 to 65535',
      ]);
    }
  });
});

describe('a gateway', () => {
  const strict = {
    apiVersion: 'security.istio.io/v1',
    kind: 'PeerAuthentication',
    metadata: { name: 'default', namespace: 'foo' },
    spec: { mtls: { mode: 'STRICT' } },
  };

  it('has its TLS from its listeners: the settings say that it is one, or its node', () => {
    const passes = (gateway: unknown, id?: string): boolean => {
      const node = { namespace: 'foo', labels: {}, ...(id === undefined ? {} : { id }) };
      const { plugin } = start([strict], { workload: { gateway } }, { node });
      const stream = request(plugin);
      return statusOf(stream) === 200;
    };
    const table: [unknown, string | undefined, boolean][] = [
      [undefined, undefined, false],
      [false, undefined, false],
      [true, undefined, true],
      [undefined, 'router~10.0.0.1~a.foo~foo', true],
      [null, 'router~10.0.0.1~a.foo~foo', true],
      [false, 'router~10.0.0.1~a.foo~foo', false],
      [true, 'sidecar~10.0.0.1~a.foo~foo', true],
      [undefined, 'sidecar~10.0.0.1~router~foo', false],
      [undefined, 'router', false],
      [undefined, 'routers~', false],
      [undefined, '', false],
    ];
    expect(table.map(([gateway, id]) => passes(gateway, id))).toEqual(
      table.map(([, , expected]) => expected),
    );
  });
});

describe('a network filter', () => {
  /** Whether it takes a connection to a port, up to its first byte. */
  function takes(plugin: Plugin, destinationPort: number): boolean {
    const connection: Connection = { destinationPort };
    const stream = plugin.connect(connection)!;
    plugin.receive(stream);
    const taken = stream.state === 'open';
    plugin.end(stream);
    return taken;
  }
  const ports = (workload: object): boolean[] => {
    const { plugin } = start([denyPolicy([{}])], { workload });
    return [9000, 9001, 9002].map((port) => takes(plugin, port));
  };

  it('judges what is no HTTP, on the ports that are named, else on all', () => {
    expect(ports({ protocol: 'TCP' })).toEqual([false, false, false]);
    expect(ports({ protocol: 'TCP', tcpPorts: null })).toEqual([false, false, false]);
    expect(ports({ protocol: 'TCP', tcpPorts: [9000] })).toEqual([false, true, true]);
    expect(ports({ protocol: 'TCP', tcpPorts: [9000, 9002] })).toEqual([false, true, false]);
    expect(ports({ protocol: 'HTTP' })).toEqual([true, true, true]);
  });

  it('has no ports to be told of where HTTP is behind it, or nobody knows what', () => {
    const line = 'workload.tcpPorts: needs protocol TCP';
    for (const protocol of ['HTTP', null, undefined]) {
      expect(problemsOf([], { workload: { protocol, tcpPorts: [1, 2] } })).toEqual([line]);
    }
  });

  it('has 64 ports at most, and as many lines as there are wrong ones', () => {
    const said = (tcpPorts: unknown): string[] =>
      problemsOf([], { workload: { protocol: 'TCP', tcpPorts } });
    const list = (length: number): number[] => Array.from({ length }, (_, i) => i + 1);
    const WRONG_LIST = 'workload.tcpPorts: must be a list of 1 to 64 ports';
    expect([list(1), list(64), [65_535]].map(said)).toEqual([[], [], []]);
    for (const wrong of [list(65), [], 9000, '9000', {}, true]) {
      expect(said(wrong)).toEqual([WRONG_LIST]);
    }
    for (const wrong of [0, 65_536, '9000', null, 1.5, [9000]]) {
      expect(said([9000, wrong, 9001])).toEqual([
        'workload.tcpPorts: must be ports from 1 to 65535',
      ]);
    }
  });

  it('needs one of two words to know what it is', () => {
    for (const protocol of ['tcp', 'http', '', 'UDP']) {
      expect(problemsOf([], { workload: { protocol } })).toEqual([
        'workload.protocol: must be HTTP or TCP',
      ]);
    }
  });
});

describe('labels of the node that cannot be read', () => {
  const LINE = "config: the labels in Envoy's node metadata cannot be read";
  // A policy with a selector would pass the workload by.
  const selecting = denyPolicy([{}], 'deny', { selector: { matchLabels: { app: 'httpbin' } } });

  it('are an error, and not no labels', () => {
    const unreadable = [
      new Uint8Array(),
      new Uint8Array(3),
      // A count, and nothing behind it; sizes beyond the end.
      Uint8Array.of(1, 0, 0, 0),
      Uint8Array.of(1, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0),
    ];
    for (const labels of unreadable) {
      const node = { namespace: 'foo', labels };
      const { process, plugin } = start([selecting], {}, { node });
      expect(errorLines(process)).toEqual([LINE]);
      expect(status(plugin)).toBe(500);
      // Where the settings have them, the node is not asked.
      const workload = { labels: { app: 'httpbin' } };
      expect(status(start([selecting], { workload }, { node }).plugin)).toBe(403);
    }
    const none = { namespace: 'foo', labels: new Uint8Array(4) };
    expect(status(start([selecting], {}, { node: none }).plugin)).toBe(200);
  });
});
