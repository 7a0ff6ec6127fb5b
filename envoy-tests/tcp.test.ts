// Connections that carry no HTTP, at the module's network filter and at istiod's own network rbac.
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../envoy/certificates.ts';
import type { JsonObject } from '../envoy/config/types.ts';
import { meshClient, sidecarTls, spiffe } from './mesh-tls.ts';
import { TCP_ADDRESSES, TCP_CLIENTS } from './random/tcp-generator.ts';
import { TcpWorld } from './tcp-world.ts';
import type { TlsClient } from './ask.ts';

interface PolicySet {
  seed: number;
  resources: object[];
  networkFilters: JsonObject[];
}

const SETS_AT_ONCE = 20;
const lines = gunzipSync(readFileSync('envoy-tests/random/tcp-policies.jsonl.gz'))
  .toString()
  .trim()
  .split('\n');
const batches = Array.from({ length: Math.ceil(lines.length / SETS_AT_ONCE) }, (_, i) =>
  lines.slice(i * SETS_AT_ONCE, (i + 1) * SETS_AT_ONCE),
);

/** Policies as a YAML stream. */
function stream(resources: object[]): string {
  return resources.map((resource) => JSON.stringify(resource)).join('\n---\n');
}

function peers(mode: string): string {
  const spec = { mtls: { mode } };
  const metadata = { name: 'default', namespace: 'foo' };
  return stream([
    { apiVersion: 'security.istio.io/v1', kind: 'PeerAuthentication', metadata, spec },
  ]);
}

function authorization(spec: object): string {
  const metadata = { name: 'who', namespace: 'foo' };
  return stream([
    { apiVersion: 'security.istio.io/v1', kind: 'AuthorizationPolicy', metadata, spec },
  ]);
}

describe('random policies for a port without HTTP', () => {
  let authority: Authority;
  const clients: (TlsClient | undefined)[] = [];
  const outcomes = new Set<string>();

  beforeAll(async () => {
    authority = await Authority.create('Portcullis tests');
    for (const uris of TCP_CLIENTS) {
      const pair = uris && (await authority.issueClient(uris));
      clients.push(pair && { ...meshClient(authority, pair), servername: 'workload.example' });
    }
  });

  it.each(batches.map((batch, i) => [i, batch] as const))(
    'decide as in Istio (%i)',
    async (_, batch) => {
      const sets = batch.map((line) => JSON.parse(line) as PolicySet);
      const world = await TcpWorld.start({
        ours: Object.fromEntries(sets.map(({ resources }, i) => [`ours-${i}`, stream(resources)])),
        natives: Object.fromEntries(sets.map((set, i) => [`native-${i}`, set.networkFilters])),
        tls: await sidecarTls(authority, spiffe('foo', 'httpbin')),
        settings: { trustDomainAliases: ['td2'] },
      });
      try {
        for (const [i, { seed }] of sets.entries()) {
          for (const [who, client] of clients.entries()) {
            for (const address of TCP_ADDRESSES) {
              const [ours, native] = await Promise.all(
                ['ours', 'native'].map((side) => world.echo(`${side}-${i}`, client, address)),
              );
              expect(ours, `seed ${seed}, client ${who} from ${address}`).toBe(native);
              outcomes.add(ours!);
            }
          }
        }
      } finally {
        await world.stop();
      }
      expect([...outcomes].sort()).toEqual(['', 'hello']);
    },
  );
});

describe('a port without HTTP', () => {
  let authority: Authority;
  let world: TcpWorld;
  let client: TlsClient;
  const SERVICE = 'service';

  beforeAll(async () => {
    authority = await Authority.create('Portcullis tests');
    client = meshClient(authority, await authority.issueClient([spiffe('foo', 'sleep')]));
    world = await TcpWorld.start({
      ours: { [SERVICE]: '' },
      tls: await sidecarTls(authority, spiffe('foo', 'httpbin')),
    });
  });
  afterAll(() => world?.stop());

  it('takes plaintext and mutual TLS where nobody says anything', async () => {
    expect(await world.echo(SERVICE)).toBe('hello');
    expect(await world.echo(SERVICE, client)).toBe('hello');
  });

  it('passes an app’s own TLS through, which is not its own to end, and refuses it under STRICT', async () => {
    // The echo sends the client its own handshake back, which no TLS client takes for an answer.
    const { ALPNProtocols, ...other } = client;
    expect(ALPNProtocols).toBeDefined();
    const bytesOf = async (): Promise<number> => {
      const before = await received(world);
      const tls = world.open(SERVICE, other);
      await tls.until(({ ended }) => ended);
      return (await received(world)) - before;
    };
    expect(await bytesOf()).toBeGreaterThan(100);
    expect(await world.apply(SERVICE, peers('STRICT'))).toEqual({ accepted: true });
    expect(await bytesOf()).toBe(0);
  });

  it('closes plaintext under STRICT before the service hears of it', async () => {
    expect(await world.apply(SERVICE, peers('STRICT'))).toEqual({ accepted: true });
    expect(await world.echo(SERVICE)).toBe('');
    expect(await world.echo(SERVICE, client)).toBe('hello');
  });

  it('closes mutual TLS under DISABLE', async () => {
    expect(await world.apply(SERVICE, peers('DISABLE'))).toEqual({ accepted: true });
    expect(await world.echo(SERVICE)).toBe('hello');
    expect(await world.echo(SERVICE, client)).toBe('');
  });

  it('closes idle connections that a stricter policy no longer takes, and no others', async () => {
    expect(await world.apply(SERVICE, peers('PERMISSIVE'))).toEqual({ accepted: true });
    const [silent, idle, secure] = [undefined, undefined, client].map((tls) =>
      world.open(SERVICE, tls),
    );
    idle!.send('a');
    secure!.send('b');
    await idle!.until(({ text }) => text === 'a');
    await secure!.until(({ text }) => text === 'b');
    // So that the silent one has been taken for plaintext, too.
    await sleep(1500);
    expect(await world.apply(SERVICE, peers('STRICT'))).toEqual({ accepted: true });
    await idle!.until(({ ended }) => ended, 2000);
    await silent!.until(({ ended }) => ended, 2000);
    secure!.send('c');
    await secure!.until(({ text }) => text === 'bc');
    expect(secure!.seen.ended).toBe(false);
    secure!.close();
  });

  it('closes idle connections that an AuthorizationPolicy no longer takes', async () => {
    expect(await world.apply(SERVICE, '')).toEqual({ accepted: true });
    const other = meshClient(authority, await authority.issueClient([spiffe('bar', 'sleep')]));
    const [kept, lost] = [client, other].map((tls) => world.open(SERVICE, tls));
    for (const one of [kept!, lost!]) {
      one.send('a');
      await one.until(({ text }) => text === 'a');
    }
    const allow = authorization({
      action: 'ALLOW',
      rules: [{ from: [{ source: { namespaces: ['foo'] } }] }],
    });
    expect(await world.apply(SERVICE, allow)).toEqual({ accepted: true });
    await lost!.until(({ ended }) => ended, 2000);
    kept!.send('b');
    await kept!.until(({ text }) => text === 'ab');
    kept!.close();
    const log = async (): Promise<unknown[]> =>
      (await world.accessLog()).map(({ decision }) => decision);
    await expect.poll(log, { timeout: 5000 }).toContain('deny policy=none');
  });

  it('is closed to all by a DENY policy that has only what HTTP has, as in Istio', async () => {
    const deny = authorization({
      action: 'DENY',
      rules: [{ to: [{ operation: { paths: ['/admin'] } }] }],
    });
    expect(await world.apply(SERVICE, deny)).toEqual({ accepted: true });
    expect(await world.echo(SERVICE)).toBe('');
    expect(await world.echo(SERVICE, client)).toBe('');
  });

  it('is not guessed to be one: where nobody says what it carries, a policy shuts it', async () => {
    const undeclared = await TcpWorld.start({
      ours: { [SERVICE]: '' },
      settings: { workload: {} },
    });
    try {
      expect(await undeclared.echo(SERVICE)).toBe('hello');
      const allowAll = authorization({ rules: [{}] });
      expect(await undeclared.apply(SERVICE, allowAll)).toEqual({ accepted: true });
      expect(await undeclared.echo(SERVICE)).toBe('');
      const log = async (): Promise<unknown[]> =>
        (await undeclared.accessLog()).map(({ decision }) => decision);
      await expect.poll(log).toContain('error reason=protocol_not_declared');
    } finally {
      await undeclared.stop();
    }
  });
});

/** Bytes that have come to the service so far. */
async function received(world: TcpWorld): Promise<number> {
  const stats = await world.envoy.admin.stats(/cluster\.upstream\.upstream_cx_tx_bytes_total/);
  return Number([...stats.values()][0] ?? 0);
}

describe('a server that speaks first', () => {
  let authority: Authority;
  let world: TcpWorld;
  let client: TlsClient;

  beforeAll(async () => {
    authority = await Authority.create('Portcullis tests');
    client = meshClient(authority, await authority.issueClient([spiffe('foo', 'sleep')]));
    world = await TcpWorld.start({
      ours: { service: peers('PERMISSIVE') },
      tls: await sidecarTls(authority, spiffe('foo', 'httpbin')),
      upstream: (socket) => {
        socket.write('220 ready\r\n');
        socket.on('data', (chunk) => socket.write(`250 ${String(chunk)}`));
      },
    });
  });
  afterAll(() => world?.stop());

  it.each(['PERMISSIVE', 'STRICT'])('is heard over mutual TLS, %s', async (mode) => {
    expect(await world.apply('service', peers(mode))).toEqual({ accepted: true });
    const one = world.open('service', client);
    await one.until(({ text }) => text === '220 ready\r\n');
    one.send('NOOP');
    await one.until(({ text }) => text.endsWith('250 NOOP'));
    one.close();
  });

  it('is heard by a plaintext client that says nothing, and by none under STRICT', async () => {
    expect(await world.apply('service', peers('PERMISSIVE'))).toEqual({ accepted: true });
    const one = world.open('service');
    await one.until(({ text }) => text === '220 ready\r\n');
    one.close();
    expect(await world.apply('service', peers('STRICT'))).toEqual({ accepted: true });
    const refused = world.open('service');
    await refused.until(({ ended }) => ended);
    expect(refused.seen.text).toBe('');
  });

  it('is not heard by a TLS client without a certificate', async () => {
    const one = world.open('service', meshClient(authority));
    await one.until(({ ended }) => ended);
    expect(one.seen.text).toBe('');
  });
});
