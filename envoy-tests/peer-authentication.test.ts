// PeerAuthentication at a sidecar with real certificates: what comes in, and what is reset.
import { Agent } from 'node:http';
import { Agent as TlsAgent } from 'node:https';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../envoy/certificates.ts';
import { INGRESS } from '../envoy/proxy.ts';
import { curl } from './curl.ts';
import { meshClient, sidecarTls, spiffe } from './mesh-tls.ts';
import { inTurn, plaintextGet } from './plaintext.ts';
import type { TlsClient } from './ask.ts';
import { World } from './world.ts';

/** A PeerAuthentication of namespace foo. */
function peers(mode: string, more = ''): string {
  return `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: foo }
spec: { mtls: { mode: ${mode} }${more} }
`;
}

describe('a sidecar', () => {
  let authority: Authority;
  let world: World;
  let sleep: TlsClient;
  let url: string;

  beforeAll(async () => {
    authority = await Authority.create('Portcullis tests');
    sleep = meshClient(authority, await authority.issueClient([spiffe('foo', 'sleep')]));
    const tls = await sidecarTls(authority, spiffe('foo', 'httpbin'));
    world = await World.start({ sidecar: true, tls, settings: { workload: { protocol: 'HTTP' } } });
    url = `http://127.0.0.1:${world.envoy.port(INGRESS)}/ip`;
  });
  afterAll(() => world?.stop());

  it('takes plaintext and mutual TLS where nobody says anything', async () => {
    expect(await curl(url)).toMatchObject({ code: 0, status: '200' });
    expect(await world.status({ tls: sleep })).toBe(200);
  });

  it('resets plaintext under STRICT, before a byte is answered', async () => {
    expect(await world.apply(peers('STRICT'))).toEqual({ accepted: true });
    for (let i = 0; i < 20; i++) {
      expect(await curl(url)).toEqual({ code: 56, status: '000', bytes: 0 });
    }
    expect(await world.status({ tls: sleep })).toBe(200);
  });

  it('refuses TLS without a client certificate', async () => {
    await expect(world.status({ tls: meshClient(authority) })).rejects.toThrow();
  });

  it('refuses a certificate of another authority', async () => {
    const other = await Authority.create('somebody else');
    const client = meshClient(authority, await other.issueClient([spiffe('foo', 'sleep')]));
    await expect(world.status({ tls: client })).rejects.toThrow();
  });

  it('takes mutual TLS with a client that is no proxy, as Istio does under STRICT', async () => {
    const { ALPNProtocols, ...client } = sleep;
    expect(ALPNProtocols).toBeDefined();
    expect(await world.status({ tls: client })).toBe(200);
  });

  it('refuses mutual TLS under DISABLE', async () => {
    expect(await world.apply(peers('DISABLE'))).toEqual({ accepted: true });
    await expect(world.status({ tls: sleep })).rejects.toThrow(/ECONNRESET|socket|reset/);
    expect(await curl(url)).toMatchObject({ code: 0, status: '200' });
  });

  it('takes a policy that is UNSET for none', async () => {
    expect(await world.apply(peers('UNSET'))).toEqual({ accepted: true });
    expect(await curl(url)).toMatchObject({ code: 0, status: '200' });
    expect(await world.status({ tls: sleep })).toBe(200);
  });

  it('judges by the container port', async () => {
    const selector = ', selector: { matchLabels: { app: httpbin } }';
    const port = world.envoy.port(INGRESS);
    const strictBut = (exception: number): string =>
      peers('STRICT', `${selector}, portLevelMtls: { "${exception}": { mode: DISABLE } }`);
    expect(await world.apply(strictBut(port))).toEqual({ accepted: true });
    expect(await curl(url)).toMatchObject({ code: 0, status: '200' });
    expect(await world.apply(strictBut(port === 80 ? 81 : 80))).toEqual({ accepted: true });
    expect(await curl(url)).toMatchObject({ code: 56, status: '000' });
  });

  it('hears of a stricter policy on a connection that is kept alive', async () => {
    expect(await world.apply(peers('PERMISSIVE'))).toEqual({ accepted: true });
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await world.status({ agent })).toBe(200);
    expect(await world.apply(peers('STRICT'))).toEqual({ accepted: true });
    await expect(world.status({ agent })).rejects.toThrow(/hang up|ECONNRESET/);
    agent.destroy();
  });

  it('keeps what is in force where a new policy is wrong', async () => {
    const wrong = peers('STRICT').replace('mtls: { mode: STRICT }', 'mtls: { mode: strict }');
    expect(await world.apply(wrong)).toEqual({
      accepted: false,
      errors: [
        'config: resources[0] PeerAuthentication foo/default: spec.mtls.mode: must be one of UNSET, DISABLE, PERMISSIVE, STRICT, not "strict"',
      ],
    });
    expect(await curl(url)).toMatchObject({ code: 56, status: '000' });
  });

  it('has the peer in its access log', async () => {
    expect(await world.apply(peers('PERMISSIVE'))).toEqual({ accepted: true });
    await world.ask({ path: '/secure', tls: sleep });
    await world.ask({ path: '/plain' });
    const peerOf = async (path: string): Promise<unknown> =>
      (await world.accessLog()).find((line) => line.path === path)?.peer;
    await expect.poll(() => peerOf('/secure')).toBe(`mtls ${spiffe('foo', 'sleep')}`);
    await expect.poll(() => peerOf('/plain')).toBe('plaintext');
  });

  it('tells who has come, and how', async () => {
    const stats = (): Promise<string> =>
      fetch(`${world.envoy.admin.url}/stats/prometheus?filter=portcullis`).then((answer) =>
        answer.text(),
      );
    const port = world.envoy.port(INGRESS);
    await expect
      .poll(stats, { timeout: 5000 })
      .toMatch(
        new RegExp(
          `^portcullis_peer_requests_total\\{security="mtls",port="${port}",source="cluster.local/ns/foo/sa/sleep"\\} \\d+$`,
          'm',
        ),
      );
    const text = await stats();
    expect(text).toMatch(
      /^portcullis_peer_requests_total\{security="plaintext",port="\d+",source="127.0.0.1"\} \d+$/m,
    );
    expect(text).toMatch(
      /^portcullis_peer_connections_total\{security="plaintext",port="\d+",source="127.0.0.1"\} \d+$/m,
    );
    expect(text).toMatch(
      /^portcullis_connections_total\{outcome="unauthenticated",reason="peer_plaintext"\} \d+$/m,
    );
  });
});

describe('10,000 plaintext connections under STRICT', () => {
  let world: World;
  let sleep: TlsClient;

  beforeAll(async () => {
    const authority = await Authority.create('Portcullis tests');
    sleep = meshClient(authority, await authority.issueClient([spiffe('foo', 'sleep')]));
    const tls = await sidecarTls(authority, spiffe('foo', 'httpbin'));
    const settings = { workload: { protocol: 'HTTP' as const } };
    world = await World.start({ sidecar: true, tls, settings, policies: peers('STRICT') });
  });
  afterAll(() => world?.stop());

  it('get no byte, and no request over mutual TLS fails meanwhile', async () => {
    const port = world.envoy.port(INGRESS);
    let isOver = false;
    const agent = new TlsAgent({ keepAlive: true, maxSockets: 4 });
    const traffic = Promise.all(
      Array.from({ length: 4 }, async () => {
        let count = 0;
        for (; !isOver; count++) expect(await world.status({ tls: sleep, agent })).toBe(200);
        return count;
      }),
    );
    const seen = { bytes: 0, ended: 0 };
    await inTurn(10_000, 32, async () => {
      const { bytes } = await plaintextGet(port);
      seen.bytes += bytes;
      seen.ended++;
    });
    isOver = true;
    const requests = (await traffic).reduce((sum, count) => sum + count, 0);
    agent.destroy();
    expect(seen).toEqual({ bytes: 0, ended: 10_000 });
    expect(requests).toBeGreaterThan(100);
  });
});
