// Many at once: what one callback does for many streams is bounded, since Envoy answers them inside of each other.
import { beforeAll, describe, expect, it } from 'vitest';
import type { HttpStream } from '../../host/contexts.ts';
import {
  type Issuer,
  JWKS_URI,
  configuration,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  update,
  type World,
} from './fixture.ts';

let issuer: Issuer;
let good: string;
let unknown: string;
beforeAll(async () => {
  issuer = await makeIssuer('one');
  const stranger = await makeIssuer('invented');
  [good, unknown] = await Promise.all([mint(issuer), mint(stranger)]);
});

const resources = [requestAuthentication({ jwksUri: JWKS_URI })];

function flood(world: World, token: string, count: number): HttpStream[] {
  return Array.from({ length: count }, (_, i) => request(world.plugin, { token, worker: i % 2 }));
}

function statuses(streams: HttpStream[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const stream of streams) {
    const status = stream.state === 'continued' ? 200 : (stream.reply?.status ?? 0);
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

function answer({ process }: World): void {
  for (const call of process.httpCalls) call.respond({ status: 200, body: issuer.jwks });
}

describe('requests that wait for keys', () => {
  it.each([1, 64, 65, 1000, 2048])('%i of them go on when the keys come', (count) => {
    const world = start(resources, {}, { workers: 2 });
    const streams = flood(world, good, count);
    world.process.advance(200);
    answer(world);
    // Some wait for a later callback, none of them for long.
    world.process.advance(500);
    expect(statuses(streams)).toEqual({ 200: count });
    expect(world.process.traps).toEqual([]);
  });

  it.each([1000, 10_000])(
    '%i with an invented kid are refused, and cost nobody else a request',
    (count) => {
      const world = start(resources, {}, { workers: 2 });
      world.process.advance(100);
      answer(world);
      world.process.advance(11_000);
      const streams = flood(world, unknown, count);
      const innocent = flood(world, good, 300);
      world.process.advance(200);
      answer(world);
      const more = flood(world, good, 300);
      world.process.advance(2000);
      expect(statuses(streams)).toEqual({ 401: count });
      expect(statuses([...innocent, ...more])).toEqual({ 200: 600 });
      expect(world.process.traps).toEqual([]);
    },
  );

  it('are refused when nobody answers, all of them, and in time', () => {
    const world = start(resources, {}, { workers: 2 });
    const streams = flood(world, good, 1500);
    world.process.advance(7000);
    expect(statuses(streams)).toEqual({ 401: 1500 });
    expect(world.process.traps).toEqual([]);
  });

  it('each have the memory of a callback to themselves', () => {
    // 56 KB of headers each: together more than one callback may take.
    const policies = [
      ...resources,
      denyPolicy([{ from: [{ source: { remoteIpBlocks: ['10.9.9.9'] } }] }]),
    ];
    const world = start(policies, {}, { workers: 1 });
    const connection = { destinationPort: 8000, sourceAddress: '10.9.9.9:1' };
    const large = Array.from({ length: 700 }, () =>
      world.plugin.request(
        [
          [':authority', 'a'],
          [':path', '/'],
          [':method', 'GET'],
          ['authorization', `Bearer ${good}`],
          ['x-large', 'z'.repeat(56_000)],
        ],
        { connection },
      )!,
    );
    world.process.advance(100);
    answer(world);
    world.process.advance(500);
    // The DENY policy sees the address of every one of them.
    expect(statuses(large)).toEqual({ 403: 700 });
    expect(world.process.traps).toEqual([]);
  });
});

describe('open connections', () => {
  it('5,000 of them are closed by a policy that refuses them, a few in every callback', () => {
    const settings = { workload: { namespace: 'foo', protocol: 'TCP' } };
    const world = start([], settings);
    const connections = Array.from({ length: 5000 }, () => {
      const stream = world.plugin.connect({ destinationPort: 8000, sourceAddress: '10.0.0.1:1' })!;
      world.plugin.receive(stream);
      return stream;
    });
    const deny = denyPolicy([{ to: [{ operation: { ports: ['8000'] } }] }]);
    expect(update(world, configuration([deny], settings))).toBe(true);
    world.process.advance(1000);
    expect(connections.filter(({ state }) => state === 'closed')).toHaveLength(5000);
    expect(world.process.traps).toEqual([]);
  });

  it('that are silent are closed, too: a server may have been speaking on them all along', () => {
    const settings = { workload: { namespace: 'foo', protocol: 'TCP' } };
    const world = start([], settings);
    const silent = world.plugin.connect({ destinationPort: 8000, sourceAddress: '10.0.0.1:1' })!;
    expect(silent.state).toBe('open');
    const deny = denyPolicy([{ to: [{ operation: { ports: ['8000'] } }] }]);
    expect(update(world, configuration([deny], settings))).toBe(true);
    world.process.advance(1000);
    expect(silent.state).toBe('closed');
  });

  it('that are silent in their handshake are judged when it is over', () => {
    const facts = { connectionFacts: { singleUriSan: true } };
    const settings = { workload: { namespace: 'foo', protocol: 'TCP' }, ...facts };
    const world = start([], settings);
    const connection = { id: 7, tls: true, destinationPort: 8000, sourceAddress: '10.0.0.1:1' };
    const silent = world.plugin.connect(connection)!;
    const deny = denyPolicy([
      { from: [{ source: { principals: ['cluster.local/ns/foo/sa/bad'] } }] },
    ]);
    expect(update(world, configuration([deny], settings))).toBe(true);
    world.process.advance(1000);
    expect(silent.state).toBe('open');
    const uri = 'spiffe://cluster.local/ns/foo/sa/bad';
    silent.connection = { ...connection, peerCertificate: { uri, subject: '' } };
    expect(
      update(
        world,
        configuration(
          [deny, denyPolicy([{ to: [{ operation: { ports: ['1'] } }] }], 'b')],
          settings,
        ),
      ),
    ).toBe(true);
    world.process.advance(1000);
    expect(silent.state).toBe('closed');
  });
});
