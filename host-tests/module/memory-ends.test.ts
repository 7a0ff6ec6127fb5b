// Memory that ends under one connection or one request: what is decided goes on, what is not is refused.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { HttpStream, NetworkStream } from '../../host/contexts.ts';
import { nodePlatform } from '../../host/node-platform.ts';
import type { Pair } from '../../host/pairs.ts';
import { Process, type ProcessOptions } from '../../host/process.ts';
import {
  CLUSTER,
  JWKS_URI,
  type World,
  configuration,
  denyPolicy,
  request,
  requestAuthentication,
  secretIssuer,
} from './fixture.ts';
import { onlyCall } from './key-calls.ts';

const FAULTY = new WebAssembly.Module(readFileSync('build/portcullis-faulty.wasm'));
const TCP = { workload: { protocol: 'TCP' } };
const deniedPort = denyPolicy([{ to: [{ operation: { ports: ['8001'] } }] }]);
const deniedPath = denyPolicy([{ to: [{ operation: { paths: ['/denied'] } }] }]);

function begin(
  resources: object[],
  settings: object,
  clusters: string[] = [],
  options: Partial<ProcessOptions> = {},
): World {
  const node = { namespace: 'foo' };
  const process = new Process({ platform: nodePlatform, node, clusters, ...options });
  const plugin = process.load(FAULTY, {
    name: 'portcullis',
    rootId: 'portcullis',
    configuration: configuration(resources, settings),
  });
  return { process, plugin };
}

/** Lets the worker have memory so many times; -1: always. */
function grant({ process }: World, times: number): void {
  process.guests.at(-1)!.call('refuseAfter', 0, times);
}

const hasPassed = (stream: NetworkStream): boolean => stream.state === 'open' && !stream.isHeld;

describe('a connection', () => {
  it('that is decided goes on without memory, and one that is not is closed', () => {
    const world = begin([deniedPort], TCP);
    const [decided, silent] = [1, 2].map(() => world.plugin.connect({ destinationPort: 8000 })!);
    world.plugin.receive(decided!);
    grant(world, 0);
    world.plugin.receive(decided!);
    expect(hasPassed(decided!)).toBe(true);
    world.plugin.receive(silent!);
    expect(silent!.state).toBe('closed');
    const late = world.plugin.connect({ destinationPort: 8000 })!;
    expect(late.state).toBe('closed');
    grant(world, -1);
    const after = world.plugin.connect({ destinationPort: 8000 })!;
    world.plugin.receive(after);
    expect(hasPassed(after)).toBe(true);
    expect(world.process.traps).toEqual([]);
  });

  it.each([false, true])('passes at no size of memory when it must not (guard: %s)', (guard) => {
    let refused = 0;
    for (let granted = 0; granted < 200; granted++) {
      const world = begin([deniedPort], { ...TCP, guard });
      const good = world.plugin.connect({ destinationPort: 8000 })!;
      const bad = world.plugin.connect({ destinationPort: 8001 })!;
      grant(world, granted);
      world.plugin.receive(good);
      world.plugin.receive(bad);
      const left = world.process.guests.at(-1)!.call('grantsLeft', 0);
      expect(hasPassed(bad), `${granted} granted`).toBe(false);
      if (!hasPassed(good)) refused++;
      // What lacked memory is refused, and must not seem to have passed.
      else if (guard) expect(good.filterState('portcullis.connection_passed')).toBeDefined();
      expect(world.process.traps).toEqual([]);
      if (left > 0) break;
    }
    expect(refused).toBeGreaterThan(0);
  });
});

describe('a request', () => {
  it('never goes on with less than the whole X-Forwarded-Client-Cert', () => {
    const facts = { peerUris: 'f.uris', peerDns: 'f.dns', localUris: 'f.local' };
    const settings = { xfcc: { forward: 'APPEND_FORWARD' }, connectionFacts: facts };
    const policy = denyPolicy([
      { when: [{ key: 'request.headers[x-forwarded-client-cert]', values: ['forged'] }] },
    ]);
    const uri = 'spiffe://cluster.local/ns/foo/sa/sleep';
    const connection = {
      peerCertificate: { uri, subject: 'CN=a', digest: 'ab'.repeat(32) },
      localCertificate: { uri: 'spiffe://local' },
      filterState: { 'f.uris': uri, 'f.dns': '-', 'f.local': 'spiffe://local' },
    };
    const ask = ({ plugin }: World): HttpStream => {
      const headers: Pair[] = [
        [':authority', 'httpbin'],
        [':path', '/ip'],
        [':method', 'GET'],
        ['x-forwarded-client-cert', 'By=a'],
        ['x-forwarded-client-cert', 'By=b'],
      ];
      return plugin.request(headers, { connection })!;
    };
    const xfcc = ({ headers }: HttpStream): string[] =>
      headers.filter(([name]) => name === 'x-forwarded-client-cert').map(([, value]) => value);
    const whole = xfcc(ask(begin([policy], settings)));
    expect(whole).toEqual([expect.stringMatching(/^By=a,By=b,By=spiffe:..local;.*URI=spiffe:/)]);
    let refused = 0;
    for (let granted = 0; granted < 200; granted++) {
      const world = begin([policy], settings);
      grant(world, granted);
      const stream = ask(world);
      const left = world.process.guests.at(-1)!.call('grantsLeft', 0);
      if (stream.state === 'continued') expect(xfcc(stream), `${granted}`).toEqual(whole);
      else refused++;
      expect(world.process.traps).toEqual([]);
      if (left > 0) break;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it('never goes on without the record of what AUDIT has said of it', () => {
    const audit = denyPolicy([{ to: [{ operation: { paths: ['/ip'] } }] }], 'audit', {
      action: 'AUDIT',
    });
    let refused = 0;
    for (let granted = 0; granted < 200; granted++) {
      const world = begin([audit, deniedPath], {});
      grant(world, granted);
      const stream = request(world.plugin, { path: '/ip' });
      const left = world.process.guests.at(-1)!.call('grantsLeft', 0);
      if (stream.state !== 'continued') refused++;
      else expect(stream.filterState('portcullis.audit'), `${granted}`).toBeDefined();
      expect(world.process.traps).toEqual([]);
      if (left > 0) break;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it('is not let through by failOpen where its authorizer was not asked for want of memory', () => {
    const custom = denyPolicy([{}], 'custom', { action: 'CUSTOM', provider: { name: 'authz' } });
    const envoyExtAuthzHttp = { service: 'authz.example', port: 80, failOpen: true };
    const settings = { extensionProviders: [{ name: 'authz', envoyExtAuthzHttp }] };
    let refused = 0;
    for (let granted = 0; granted < 200; granted++) {
      const world = begin([custom], settings, ['outbound|80||authz.example']);
      grant(world, granted);
      const stream = request(world.plugin, { path: '/ip' });
      const left = world.process.guests.at(-1)!.call('grantsLeft', 0);
      // Nobody has answered yet.
      expect(stream.state, `${granted}`).not.toBe('continued');
      if (stream.reply !== undefined) refused++;
      expect(world.process.traps).toEqual([]);
      if (left > 0) break;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it('that is decided goes on without memory, and one that comes then is refused', () => {
    const world = begin([deniedPath], {});
    const headers: Pair[] = [
      [':authority', 'httpbin'],
      [':path', '/ip'],
      [':method', 'POST'],
    ];
    const decided = world.plugin.request(headers, { isWhole: false })!;
    expect(decided.state).toBe('continued');
    grant(world, 0);
    world.plugin.sendBody(decided, 'body');
    expect(decided.state).toBe('continued');
    expect(decided.reply).toBeUndefined();
    const late = request(world.plugin, { path: '/ip' });
    expect(late.reply?.status).toBe(503);
    grant(world, -1);
    expect(request(world.plugin, { path: '/ip' }).state).toBe('continued');
    expect(request(world.plugin, { path: '/denied' }).reply?.status).toBe(403);
    expect(world.process.traps).toEqual([]);
  });
});

describe('a key set', () => {
  const { jwks, mint } = secretIssuer();
  // A name that is to be decoded takes memory of its own.
  const body = jwks.replace('"kid":"one"', String.raw`"kid":"\u006fne"`);
  const resources = [requestAuthentication({ jwksUri: JWKS_URI })];
  const fetches = ({ process }: World, result: string): number =>
    process.metrics.value(`portcullis_jwks_fetches_total;cluster=${CLUSTER};result=${result}`);

  it('is taken whole or not at all by who has fetched it', () => {
    expect(body).not.toBe(jwks);
    const seen = { whole: 0, refused: 0 };
    for (let granted = 0; granted < 200; granted++) {
      const world = begin(resources, {}, [CLUSTER], { hasMainThread: false });
      world.process.advance(100);
      grant(world, granted);
      onlyCall(world.process).respond({ status: 200, body });
      const left = world.process.guests.at(-1)!.call('grantsLeft', 0);
      grant(world, -1);
      // It is not the key server's fault.
      const blamed = ['status', 'not_json', 'no_usable_key', 'too_large', 'timeout'];
      expect(blamed.map((result) => fetches(world, result))).toEqual(blamed.map(() => 0));
      const isWhole = fetches(world, 'success') === 1;
      seen[isWhole ? 'whole' : 'refused']++;
      const { state } = request(world.plugin, { token: mint() });
      if (isWhole) expect(state, `${granted}`).toBe('continued');
      expect(world.process.traps).toEqual([]);
      if (left > 0) break;
    }
    expect(seen.whole).toBeGreaterThan(0);
    expect(seen.refused).toBeGreaterThan(5);
  });

  it('is taken at the next look by another worker that had no memory for it', () => {
    let late = 0;
    for (let granted = 0; granted < 200; granted++) {
      const world = begin(resources, {}, [CLUSTER]);
      world.process.advance(100);
      onlyCall(world.process).respond({ status: 200, body });
      grant(world, granted);
      world.process.advance(1000);
      const left = world.process.guests.at(-1)!.call('grantsLeft', 0);
      const early = request(world.plugin, { token: mint() });
      expect(['continued', 'replied'], `${granted}`).toContain(early.state);
      if (early.state === 'replied') late++;
      grant(world, -1);
      world.process.advance(1000);
      expect(request(world.plugin, { token: mint() }).state, `${granted}`).toBe('continued');
      expect(world.process.traps).toEqual([]);
      if (left > 0) break;
    }
    expect(late).toBeGreaterThan(5);
  });
});
