// X-Forwarded-Client-Cert as the module writes it, and as the connection manager of the neighbouring listener does.
import { once } from 'node:events';
import { connect } from 'node:http2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Authority } from '../envoy/certificates.ts';
import { INGRESS } from '../envoy/proxy.ts';
import type { XfccSettings } from '../istio/plugin-configuration.ts';
import { meshClient, sidecarTls, spiffe } from './mesh-tls.ts';
import type { TlsClient } from './ask.ts';
import { World } from './world.ts';

const HEADER = 'x-forwarded-client-cert';
const MODES: XfccSettings['forward'][] = [
  'SANITIZE_SET',
  'APPEND_FORWARD',
  'SANITIZE',
  'FORWARD_ONLY',
  'ALWAYS_FORWARD_ONLY',
];

/** What is in the clients' certificates: URI SANs, DNS SANs, subject. */
const CLIENTS: Record<string, Parameters<Authority['issueClient']>> = {
  'a workload': [[spiffe('foo', 'sleep')]],
  'no name at all': [[], [], [{ CN: ['nobody'] }]],
  'two URIs': [[spiffe('foo', 'one'), spiffe('foo', 'two', 'td2')]],
  'two URIs and two hosts': [
    [spiffe('foo', 'one'), 'https://other'],
    ['x.y', 'z'],
  ],
  'hosts alone': [[], ['sleep.foo', 'sleep.foo.svc', 'sleep']],
  'a subject with a comma and quotes': [[spiffe('foo', 'a')], [], [{ CN: ['a, b"c'] }]],
  'a subject in UTF-8': [[], ['a.b'], [{ CN: ['Zoë Ωmega'] }, { O: ['Müller & Söhne'] }]],
  'a subject of separators': [[spiffe('foo', 'b')], [], [{ CN: ['a;By=x,URI=y\\='] }]],
  'a subject with blanks around': [[spiffe('foo', 'c')], [], [{ OU: [' #x '] }, { CN: ['+'] }]],
  'a URI of separators': [['spiffe://td/ns/a;b/sa/By=c']],
};

const SPOOFED = 'By=spiffe://cluster.local/ns/foo/sa/httpbin;Hash=00;URI=spiffe://x/ns/y/sa/z';

/** What clients send. */
const INCOMING: Record<string, string[]> = {
  nothing: [],
  'one of its own': [SPOOFED],
  'two of its own': [SPOOFED, 'URI=spiffe://second'],
  'an empty one': [''],
};

/** The header as the upstream gets it: an answer of httpbin's /headers. */
function headerIn(body: string): string | undefined {
  const { headers } = JSON.parse(body) as { headers: Record<string, string> };
  return Object.entries(headers).find(([name]) => name.toLowerCase() === HEADER)?.[1];
}

async function overHttp2(
  port: number,
  tls: TlsClient,
  incoming: string[],
  grpc: boolean,
): Promise<string> {
  const session = connect(`https://127.0.0.1:${port}`, {
    ...tls,
    ALPNProtocols: ['istio', 'istio-h2', 'h2'],
  });
  const stream = session.request(
    {
      ':method': grpc ? 'POST' : 'GET',
      ':path': '/headers',
      ...(grpc ? { 'content-type': 'application/grpc', te: 'trailers' } : {}),
      ...(incoming.length === 0 ? {} : { [HEADER]: incoming }),
    },
    { endStream: true },
  );
  let body = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => (body += chunk));
  await once(stream, 'end');
  session.close();
  return body;
}

describe.each(MODES)('X-Forwarded-Client-Cert, %s', (forward) => {
  let world: World;
  const clients = new Map<string, TlsClient>();

  beforeAll(async () => {
    const authority = await Authority.create('Portcullis tests');
    for (const [name, names] of Object.entries(CLIENTS)) {
      clients.set(name, meshClient(authority, await authority.issueClient(...names)));
    }
    world = await World.start({
      sidecar: true,
      tls: await sidecarTls(authority, spiffe('foo', 'httpbin'), spiffe('foo', 'other')),
      settings: { workload: { protocol: 'HTTP' }, xfcc: { forward } },
      xfccOwners: { manager: forward },
    });
  });
  afterAll(() => world?.stop());

  it.each(Object.keys(CLIENTS))('of %s is the connection manager’s own', async (name) => {
    const tls = clients.get(name)!;
    for (const incoming of Object.values(INCOMING)) {
      const headers = incoming.flatMap((value) => [HEADER, value]);
      const both = [INGRESS, 'manager'];
      const [ours, native] = await Promise.all(
        both.map(async (listener) => headerIn((await world.ask({ tls, headers, listener })).body)),
      );
      expect(ours).toBe(native);
      for (const grpc of [false, true]) {
        const [mine, theirs] = await Promise.all(
          both.map(async (listener) =>
            headerIn(await overHttp2(world.envoy.port(listener), tls, incoming, grpc)),
          ),
        );
        expect(mine).toBe(theirs);
      }
      const isWritten = forward === 'SANITIZE_SET' || forward === 'APPEND_FORWARD';
      if (isWritten) expect(ours).toMatch(/By=.*;By=.*;Hash=[0-9a-f]{64};Subject=".*"/);
      if (forward === 'SANITIZE_SET') expect(ours).not.toContain(SPOOFED);
    }
  });

  it('over plaintext is the connection manager’s own', async () => {
    for (const incoming of Object.values(INCOMING)) {
      const headers = incoming.flatMap((value) => [HEADER, value]);
      const [ours, native] = await Promise.all(
        [INGRESS, 'manager'].map(async (listener) =>
          headerIn((await world.ask({ headers, listener })).body),
        ),
      );
      expect(ours).toBe(native);
      if (forward !== 'ALWAYS_FORWARD_ONLY') expect(ours).toBeUndefined();
    }
  });
});

describe('X-Forwarded-Client-Cert', () => {
  let authority: Authority;
  let world: World;
  const DENY_SPOOFED = `
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: told, namespace: foo }
spec:
  action: DENY
  rules:
    - to: [{ operation: { paths: [/exact] } }]
      when: [{ key: "request.headers[x-forwarded-client-cert]", values: ["${SPOOFED}"] }]
    - to: [{ operation: { paths: [/there] } }]
      when: [{ key: "request.headers[x-forwarded-client-cert]", values: ["*"] }]
`;

  beforeAll(async () => {
    authority = await Authority.create('Portcullis tests');
    world = await World.start({
      sidecar: true,
      tls: await sidecarTls(authority, spiffe('foo', 'httpbin')),
      settings: { workload: { protocol: 'HTTP' } },
      policies: DENY_SPOOFED,
    });
  });
  afterAll(() => world?.stop());

  it('is to policies what it is to the upstream, never what the client sent', async () => {
    const headers = [HEADER, SPOOFED];
    expect(await world.status({ path: '/exact', headers })).toBe(404);
    expect(await world.status({ path: '/there', headers })).toBe(404);
    const tls = meshClient(authority, await authority.issueClient([spiffe('foo', 'sleep')]));
    expect(await world.status({ path: '/there', tls })).toBe(403);
    expect(await world.status({ path: '/exact', tls, headers })).toBe(404);
  });

  it('has a name with a comma in it as one name', async () => {
    const uri = 'spiffe://cluster.local/ns/a/sa/b,spiffe://cluster.local/ns/admin/sa/root';
    const tls = meshClient(authority, await authority.issueClient([uri]));
    const { status, body } = await world.ask({ tls });
    expect(status).toBe(200);
    expect(headerIn(body)).toContain(`;URI=${uri}`);
  });
});
