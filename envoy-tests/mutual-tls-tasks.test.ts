// PeerAuthentication in Istio's tasks "Authentication Policy" and "Mutual TLS Migration": every example of the pages, its indentation
// mended where that is needed, and who can reach whom then, as the pages print it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startHttpbin } from '../envoy/apps/httpbin.ts';
import { portOf } from '../envoy/apps/listen.ts';
import { Authority } from '../envoy/certificates.ts';
import { INGRESS } from '../envoy/proxy.ts';
import { curl } from './curl.ts';
import { sidecarTls, spiffe } from './mesh-tls.ts';
import { World } from './world.ts';

const NAMESPACES = ['foo', 'bar', 'legacy'];
const REFUSED = '000, exit code 56';

function peers(namespace: string, name: string, spec: string): string {
  return `
apiVersion: security.istio.io/v1beta1
kind: PeerAuthentication
metadata:
  name: "${name}"
  namespace: "${namespace}"
spec:
${spec}`;
}

const STRICT = '  mtls:\n    mode: STRICT\n';
const SELECTOR = '  selector:\n    matchLabels:\n      app: httpbin\n';
const MESH = peers('istio-system', 'default', STRICT);
const FOO = peers('foo', 'default', STRICT);
const BAR = peers('bar', 'httpbin', SELECTOR + STRICT);
const BAR_BUT_80 = `${BAR}  portLevelMtls:\n    80:\n      mode: DISABLE\n`;
const OVERWRITE = peers('foo', 'overwrite-example', `${SELECTOR}  mtls:\n    mode: DISABLE\n`);
/** As the page prints it: \`mtls\` stands in \`selector\`. */
const OVERWRITE_SLIPPED = peers(
  'foo',
  'overwrite-example',
  `${SELECTOR}    mtls:\n      mode: DISABLE\n`,
);

/** A workload httpbin of a namespace, behind a sidecar. */
async function sidecar(authority: Authority, namespace: string, settings = {}): Promise<World> {
  return World.start({
    sidecar: true,
    tls: await sidecarTls(authority, spiffe(namespace, 'httpbin')),
    settings: {
      workload: { namespace, labels: { app: 'httpbin' }, containerPort: 80, protocol: 'HTTP' },
      ...settings,
    },
  });
}

/** Certificates of the clients in files, for curl. */
async function clientFiles(authority: Authority, folder: string): Promise<void> {
  for (const namespace of ['foo', 'bar']) {
    const { certificate, key } = await authority.issueClient([spiffe(namespace, 'sleep')]);
    writeFileSync(join(folder, `${namespace}.pem`), certificate);
    writeFileSync(join(folder, `${namespace}.key`), key);
  }
}

describe('the task "Authentication Policy"', () => {
  let authority: Authority;
  let folder: string;
  let legacy: Server;
  const worlds = new Map<string, World>();

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'portcullis-tasks-'));
    authority = await Authority.create('Portcullis tests');
    await clientFiles(authority, folder);
    for (const namespace of ['foo', 'bar']) {
      worlds.set(namespace, await sidecar(authority, namespace));
    }
    legacy = await startHttpbin();
  });
  afterAll(async () => {
    for (const world of worlds.values()) await world.stop();
    legacy?.close();
    rmSync(folder, { recursive: true });
  });

  /** What `sleep.FROM` sees of `httpbin.TO`; a sidecar speaks mutual TLS to those that have one, unless they say DISABLE. */
  async function reach(from: string, to: string, disabled: string[]): Promise<string> {
    const world = worlds.get(to);
    const isMutual = from !== 'legacy' && world !== undefined && !disabled.includes(to);
    const port = world === undefined ? portOf(legacy) : world.envoy.port(INGRESS);
    const own = ['--cert', join(folder, `${from}.pem`), '--key', join(folder, `${from}.key`)];
    const { code, status } = await (isMutual
      ? curl(...own, '--insecure', `https://127.0.0.1:${port}/ip`)
      : curl(`http://127.0.0.1:${port}/ip`));
    return code === 0 ? status : `${status}, exit code ${code}`;
  }

  it.each<[string, string[], string[], string[]]>([
    ['no policy', [], [], []],
    ['STRICT in the whole mesh', [MESH], ['legacy to foo', 'legacy to bar'], []],
    ['STRICT in the namespace foo', [FOO], ['legacy to foo'], []],
    ['STRICT for one workload', [FOO, BAR], ['legacy to foo', 'legacy to bar'], []],
    ['STRICT but for port 80', [FOO, BAR_BUT_80], ['legacy to foo'], ['bar']],
    ['a workload’s DISABLE over its namespace', [FOO, BAR_BUT_80, OVERWRITE], [], ['foo', 'bar']],
  ])('%s', async (_, policies, refused, disabled) => {
    for (const world of worlds.values()) {
      expect(await world.apply(policies.join('---'))).toEqual({ accepted: true });
    }
    for (const from of NAMESPACES) {
      for (const to of NAMESPACES) {
        const expected = refused.includes(`${from} to ${to}`) ? REFUSED : '200';
        expect(`sleep.${from} to httpbin.${to}: ${await reach(from, to, disabled)}`).toBe(
          `sleep.${from} to httpbin.${to}: ${expected}`,
        );
      }
    }
  });

  it('the example that is mis-indented changes nothing, and is told why', async () => {
    const world = worlds.get('foo')!;
    expect(await world.apply(FOO)).toEqual({ accepted: true });
    expect(await world.apply([FOO, OVERWRITE_SLIPPED].join('---'))).toEqual({
      accepted: false,
      errors: [
        'config: resources[1] PeerAuthentication foo/overwrite-example: spec.selector.mtls: unknown field; did you mean to un-indent it, to the level of "selector"?',
      ],
    });
    expect(await reach('legacy', 'foo', [])).toBe(REFUSED);
    expect(await reach('foo', 'foo', [])).toBe('200');
  });

  it('the upstream hears who has come over mutual TLS, and of nobody over plaintext', async () => {
    const world = worlds.get('foo')!;
    expect(await world.apply('')).toEqual({ accepted: true });
    const { certificate, key } = await authority.issueClient([spiffe('foo', 'sleep')]);
    const tls = {
      ca: authority.certificate,
      servername: 'httpbin.foo',
      checkServerIdentity: () => undefined,
      cert: certificate,
      key,
    };
    const headers = async (secure: boolean): Promise<string> =>
      (await world.ask(secure ? { tls } : {})).body.replace(/Hash=[a-z0-9]*;/, 'Hash=<redacted>;');
    expect(await headers(true)).toContain(
      String.raw`"X-Forwarded-Client-Cert": "By=spiffe://cluster.local/ns/foo/sa/httpbin;Hash=<redacted>;Subject=\"\";URI=spiffe://cluster.local/ns/foo/sa/sleep"`,
    );
    expect(await headers(false)).not.toContain('Client-Cert');
  });
});

describe('the task "Mutual TLS Migration"', () => {
  it.each<[string, object, (world: World) => string, string]>([
    [
      'resets plaintext',
      {},
      (world) => `http://127.0.0.1:${world.envoy.port(INGRESS)}/ip`,
      REFUSED,
    ],
    [
      'answers 503 as the page prints it, where only the HTTP filter is loaded and is told to',
      { peerRejection: 503 },
      (world) => `http://127.0.0.1:${world.envoy.port('http-alone')}/ip`,
      '503',
    ],
    [
      'resets the stream where only the HTTP filter is loaded',
      {},
      (world) => `http://127.0.0.1:${world.envoy.port('http-alone')}/ip`,
      '000, exit code 52',
    ],
  ])('locked to mutual TLS, %s', async (_, settings, url, expected) => {
    const authority = await Authority.create('Portcullis tests');
    const world = await World.start({
      sidecar: true,
      policies: peers('foo', 'default', STRICT),
      more: { 'http-alone': peers('foo', 'default', STRICT) },
      tls: await sidecarTls(authority, spiffe('foo', 'httpbin')),
      settings: { workload: { protocol: 'HTTP' }, ...settings },
    });
    try {
      const { code, status } = await curl(url(world));
      expect(code === 0 ? status : `${status}, exit code ${code}`).toBe(expected);
    } finally {
      await world.stop();
    }
  });
});
