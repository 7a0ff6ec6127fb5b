// A mesh of real Envoys by the command, as a user types it.
import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { MeshStatus, PeerCount } from '../envoy/mesh/server.ts';

const home = mkdtempSync(join(tmpdir(), 'portcullis-mesh-'));
const hasTcpdump = spawnSync('tcpdump', ['--version']).status === 0;
const env = { ...process.env, PORTCULLIS_MESH_HOME: home };

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

/** Runs `portcullis mesh …`. */
function mesh(args: string[], input = ''): Promise<Result> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      ['build/js/cli/main.js', 'mesh', ...args],
      { env, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => done({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
    child.stdin!.end(input);
  });
}

async function ok(args: string[], input = ''): Promise<string> {
  const { code, stdout, stderr } = await mesh(args, input);
  expect({ code, stderr }, args.join(' ')).toMatchObject({ code: 0 });
  return stdout;
}

const status = async (...more: string[]): Promise<MeshStatus> =>
  JSON.parse(await ok(['status', '-o', 'json', ...more])) as MeshStatus;

const policy = (kind: string, name: string, namespace: string, spec: string): string => `
apiVersion: security.istio.io/v1
kind: ${kind}
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
`;

const CURL = ['curl', '-s', '-o', '/dev/null', '-w', '%{http_code}'];

/** The status, and the exit code where it is not 0. */
async function reach(from: string, url: string): Promise<string> {
  const { code, stdout } = await mesh(['exec', from, '--', ...CURL, url]);
  return code === 0 ? stdout : `${stdout} exit ${code}`;
}

describe('a mesh', () => {
  beforeAll(() => ok(['up', '--detach']));
  afterAll(async () => {
    await mesh(['down']);
    rmSync(home, { recursive: true, force: true });
  });

  it('is httpbin and sleep in foo and bar with sidecars, in legacy without, and a gateway', async () => {
    const { pods } = await status();
    expect(pods.map((pod) => `${pod.name}.${pod.namespace} ${pod.sidecar} ${pod.running}`)).toEqual(
      [
        'istio-ingressgateway.istio-system true true',
        'httpbin.foo true true',
        'sleep.foo true true',
        'httpbin.bar true true',
        'sleep.bar true true',
        'httpbin.legacy false true',
        'sleep.legacy false true',
      ],
    );
  });

  it('lets everybody reach everybody, and prints the table of the pages', async () => {
    const lines = (await ok(['matrix'])).trim().split('\n');
    expect(lines).toHaveLength(9);
    for (const line of lines) expect(line).toMatch(/^sleep\.\w+ to httpbin\.\w+: 200$/);
  });

  it('says of a second one that there is one already', async () => {
    const { code, stderr } = await mesh(['up', '--detach']);
    expect(code).toBe(3);
    expect(stderr).toContain('is running already');
  });

  it('speaks mutual TLS between sidecars, and plaintext to and from those without', async () => {
    const url = (to: string): string[] => ['curl', '-s', `http://httpbin.${to}:8000/headers`];
    const between = await ok(['exec', 'sleep.foo', '--', ...url('bar')]);
    expect(between).toMatch(
      /"X-Forwarded-Client-Cert": "By=spiffe:\/\/cluster.local\/ns\/bar\/sa\/httpbin;Hash=[0-9a-f]{64};Subject=\\"\\";URI=spiffe:\/\/cluster.local\/ns\/foo\/sa\/sleep"/,
    );
    expect(await ok(['exec', 'sleep.legacy', '--', ...url('bar')])).not.toContain('Client-Cert');
    expect(await ok(['exec', 'sleep.foo', '--', ...url('legacy')])).not.toContain('Client-Cert');
  });

  it('applies as kubectl does: created, configured, unchanged, deleted', async () => {
    const strict = policy('PeerAuthentication', 'default', 'foo', '{ mtls: { mode: STRICT } }');
    const apply = (text: string): Promise<string> => ok(['apply', '-f', '-'], text);
    const name = 'peerauthentication.security.istio.io/default';
    expect(await apply(strict)).toBe(`${name} created\n`);
    expect(await reach('sleep.legacy', 'http://httpbin.foo:8000/ip')).toBe('000 exit 56');
    expect(await reach('sleep.bar', 'http://httpbin.foo:8000/ip')).toBe('200');
    expect(await apply(strict)).toBe(`${name} unchanged\n`);
    expect(await apply(strict.replace('STRICT', 'DISABLE'))).toBe(`${name} configured\n`);
    expect(await reach('sleep.legacy', 'http://httpbin.foo:8000/ip')).toBe('200');
    // Clients follow: a server that takes no mutual TLS gets none.
    expect(await reach('sleep.bar', 'http://httpbin.foo:8000/ip')).toBe('200');
    expect(await ok(['get', 'pa', '-n', 'foo', '-o', 'wide'])).toMatch(
      /^NAME +MODE +AGE +APPLIES TO\ndefault +DISABLE +\d+s +httpbin\.foo, sleep\.foo\n$/,
    );
    expect(await ok(['delete', 'pa', 'default', '-n', 'foo'])).toBe(
      'peerauthentication.security.istio.io "default" deleted\n',
    );
    const gone = await mesh(['delete', 'pa', 'default', '-n', 'foo']);
    expect(gone).toMatchObject({ code: 1, stdout: '' });
    expect(gone.stderr).toContain('Error from server (NotFound)');
  });

  it('changes nothing when one of several resources is wrong, and says where it is', async () => {
    const good = policy('PeerAuthentication', 'good', 'bar', '{ mtls: { mode: STRICT } }');
    const wrong = policy(
      'PeerAuthentication',
      'wrong',
      'bar',
      '{ selector: { mtls: { mode: STRICT } } }',
    );
    const before = await ok(['get', 'pa', '-A', '-o', 'json']);
    const { code, stdout, stderr } = await mesh(['apply', '-f', '-'], `${good}---${wrong}`);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(
      '-:10:21: Error [PC0101] (PeerAuthentication bar/wrong) spec.selector.mtls: unknown field; did you mean to un-indent it',
    );
    expect(await ok(['get', 'pa', '-A', '-o', 'json'])).toBe(before);
    expect(await reach('sleep.legacy', 'http://httpbin.bar:8000/ip')).toBe('200');
  });

  it.each([
    [
      'a namespace that there is not',
      policy('PeerAuthentication', 'a', 'nowhere', '{}'),
      'namespaces "nowhere" not found',
    ],
    [
      'an image that no program runs',
      'apiVersion: apps/v1\nkind: Deployment\nmetadata: { name: a, namespace: foo }\nspec: { template: { spec: { containers: [{ name: a, image: redis }] } } }',
      'there is no program for the image redis',
    ],
    ['what is no YAML', 'a: [', '-:1:'],
  ])('refuses %s', async (_, text, message) => {
    const { code, stderr } = await mesh(['apply', '-f', '-'], text);
    expect(code).toBe(1);
    expect(stderr).toContain(message);
  });

  it('takes no more than is ever needed, and says of nothing that it is nothing', async () => {
    const deep = await mesh(['apply', '-f', '-'], '['.repeat(1000));
    expect(deep).toMatchObject({ code: 2, stdout: '' });
    expect(deep.stderr).toBe('-:1: nested deeper than 100 levels\n');
    const none = await mesh(['apply', '-f', '-'], '# nothing\n');
    expect(none).toMatchObject({ code: 1, stdout: '' });
    expect(none.stderr).toBe('error: no objects passed to apply\n');
  });

  it('shows resources as kubectl does', async () => {
    expect(await ok(['get', 'ns', '-o', 'name'])).toBe(
      'namespace/foo\nnamespace/bar\nnamespace/legacy\n',
    );
    const pod = await ok([
      'get',
      'pod',
      '-l',
      'app=sleep',
      '-n',
      'foo',
      '-o',
      'jsonpath={.items..metadata.name}',
    ]);
    expect(pod).toMatch(/^sleep-\w{10}-\w{5}$/);
    expect(await ok(['exec', pod, '-n', 'foo', '-c', 'sleep', '--', 'echo', 'here'])).toBe(
      'here\n',
    );
    const none = await mesh(['get', 'authorizationpolicy', '-A']);
    expect(none).toEqual({ code: 0, stdout: '', stderr: 'No resources found\n' });
    const unknown = await mesh(['get', 'policies.authentication.istio.io', '-A']);
    expect(unknown).toMatchObject({ code: 1, stdout: '' });
    expect(unknown.stderr).toContain(`the server doesn't have a resource type "policies"`);
    expect(await ok(['get', 'svc', 'httpbin', '-n', 'bar', '-o', 'yaml'])).toContain('port: 8000');
  });

  it('hands on the exit code of what it runs', async () => {
    expect((await mesh(['exec', 'sleep.foo', '--', 'sh', '-c', 'exit 7'])).code).toBe(7);
    expect((await mesh(['exec', 'foo/app=sleep', '--', 'sh', '-c', 'exit 7'])).code).toBe(7);
    expect((await mesh(['exec', 'sleep.foo', '--', 'no-such-program'])).code).toBe(127);
    const nobody = await mesh(['exec', 'nobody.foo', '--', 'true']);
    expect(nobody.code).toBe(3);
    expect(nobody.stderr).toContain('"nobody" not found in namespace "foo"');
  });

  it('lets a DestinationRule say how clients speak', async () => {
    const rule = (mode: string): string =>
      `apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: { name: r, namespace: foo }\nspec: { host: httpbin.foo.svc.cluster.local, trafficPolicy: { tls: { mode: ${mode} } } }`;
    const strict = policy('PeerAuthentication', 'default', 'foo', '{ mtls: { mode: STRICT } }');
    await ok(['apply', '-f', '-'], `${strict}---\n${rule('DISABLE')}`);
    // As in Istio: a client that is told to speak plaintext to a server that wants mutual TLS gets its sidecar's 503.
    expect(await reach('sleep.bar', 'http://httpbin.foo:8000/ip')).toBe('503');
    await ok(['apply', '-f', '-'], rule('ISTIO_MUTUAL'));
    expect(await reach('sleep.bar', 'http://httpbin.foo:8000/ip')).toBe('200');
    await ok(['delete', 'destinationrule', 'r', '-n', 'foo']);
    await ok(['delete', 'pa', 'default', '-n', 'foo']);
  });

  it('has an ingress gateway, with the hosts and paths of VirtualServices', async () => {
    const gateway = `
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: { name: g, namespace: foo }
spec: { selector: { istio: ingressgateway }, servers: [{ port: { number: 80, name: http, protocol: HTTP }, hosts: ["*"] }] }
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: { name: v, namespace: foo }
spec:
  hosts: ["shop.example"]
  gateways: [g]
  http:
    - match: [{ uri: { exact: /ip } }, { uri: { prefix: /status } }]
      route: [{ destination: { host: httpbin, port: { number: 8000 } } }]
`;
    await ok(['apply', '-f', '-'], gateway);
    const { ingress } = await status();
    const statusOf = (path: string, host: string): Promise<number> =>
      new Promise((done, failed) => {
        const options = {
          host: ingress!.host,
          port: ingress!.port,
          path,
          headers: { host },
          agent: false,
        };
        get(options, (answer) => done(answer.resume().statusCode!)).on('error', failed);
      });
    expect(await statusOf('/ip', 'shop.example')).toBe(200);
    expect(await statusOf('/status/418', 'shop.example')).toBe(418);
    expect(await statusOf('/headers', 'shop.example')).toBe(404);
    expect(await statusOf('/ip', 'other.example')).toBe(404);
    await ok(['delete', 'gateway', 'g', '-n', 'foo']);
    await ok(['delete', 'virtualservice', 'v', '-n', 'foo']);
  });

  it('changes policies under load without a request that fails', async () => {
    const { pods } = await status();
    const { address } = pods.find(
      ({ name, namespace }) => name === 'sleep' && namespace === 'bar',
    )!;
    const agent = new Agent({ keepAlive: true, maxSockets: 8 });
    const headers = { host: 'httpbin.foo:8000' };
    const seen = new Map<number, number>();
    let isOver = false;
    const load = (async () => {
      const pending: Promise<void>[] = [];
      for (; !isOver; await sleep(5)) {
        pending.push(
          new Promise((done) => {
            const options = { host: address, port: 15001, path: '/ip', headers, agent };
            const count = (code: number): void => {
              seen.set(code, (seen.get(code) ?? 0) + 1);
              done();
            };
            get(options, (answer) => {
              answer.resume().on('end', () => count(answer.statusCode!));
            }).on('error', () => count(0));
          }),
        );
      }
      await Promise.all(pending);
    })();
    const allow = policy(
      'AuthorizationPolicy',
      'a',
      'foo',
      '{ rules: [{ from: [{ source: { namespaces: [bar] } }] }] }',
    );
    const strict = policy('PeerAuthentication', 'default', 'foo', '{ mtls: { mode: STRICT } }');
    for (let i = 0; i < 3; i++) {
      await ok(['apply', '-f', '-'], `${allow}---${strict}`);
      await ok(['delete', 'authorizationpolicy', 'a', '-n', 'foo']);
      await ok(['delete', 'pa', 'default', '-n', 'foo']);
    }
    isOver = true;
    await load;
    agent.destroy();
    expect([...seen.keys()]).toEqual([200]);
    expect(seen.get(200)).toBeGreaterThan(100);
  });

  it('reports who has sent plaintext to whom', async () => {
    await reach('sleep.legacy', 'http://httpbin.bar:8000/ip');
    const report = async (): Promise<PeerCount[]> =>
      JSON.parse(await ok(['report', '-o', 'json'])) as PeerCount[];
    await expect.poll(report, { timeout: 5000 }).toContainEqual(
      expect.objectContaining({
        workload: 'httpbin.bar',
        port: 80,
        security: 'plaintext',
        source: 'sleep.legacy',
      }),
    );
    expect(await ok(['report'])).toMatch(/STRICT would refuse requests to: .*httpbin\.bar/);
    const html = await ok(['report', '-o', 'html']);
    expect(html).toContain(
      '<tr class="plaintext"><td>plaintext</td><td>sleep.legacy</td><td>httpbin.bar</td>',
    );
    expect(html).not.toMatch(/(src|href)=/);
  });

  it('reports who was refused, once STRICT is on, and not whom it would refuse', async () => {
    const strict = policy('PeerAuthentication', 'closed', 'bar', '{ mtls: { mode: STRICT } }');
    await ok(['apply', '-f', '-'], strict);
    expect(await reach('sleep.legacy', 'http://httpbin.bar:8000/ip')).toBe('000 exit 56');
    const report = async (): Promise<PeerCount[]> =>
      JSON.parse(await ok(['report', '-o', 'json'])) as PeerCount[];
    await expect.poll(report, { timeout: 5000 }).toContainEqual(
      expect.objectContaining({
        workload: 'httpbin.bar',
        security: 'plaintext',
        source: 'sleep.legacy',
        refused: 1,
        takesPlaintext: false,
      }),
    );
    const text = await ok(['report']);
    expect(text).toMatch(
      /^refused by PeerAuthentication: .*sleep\.legacy to httpbin\.bar \(plaintext, 1\)/m,
    );
    expect(text).not.toMatch(/STRICT would refuse .*httpbin\.bar/);
    expect(await ok(['report', '-o', 'html'])).toContain('sleep.legacy to httpbin.bar');
    await expect
      .poll(() => ok(['logs', 'httpbin.bar']))
      .toMatch(
        /Z {2}connection {2}from plaintext 127\.\S+ {2}unauthenticated reason=peer_plaintext policy=bar\/closed mode=STRICT\n/,
      );
    await ok(['delete', 'peerauthentication', 'closed', '-n', 'bar']);
  });

  it('shows the bytes on the wire: text without a sidecar, TLS records with one', async () => {
    const captured = async (from: string): Promise<string> => {
      const more = ['--relay'];
      const child = spawn(
        process.execPath,
        ['build/js/cli/main.js', 'mesh', 'capture', 'httpbin.foo', ...more],
        { env, stdio: ['ignore', 'pipe', 'ignore'] },
      );
      let text = '';
      child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await expect.poll(() => text, { timeout: 10_000 }).toContain('listening on port 80');
      await mesh(['exec', from, '--', ...CURL, 'http://httpbin.foo:8000/ip?secret=1']);
      child.kill('SIGINT');
      await once(child, 'exit');
      return text;
    };
    const plain = await captured('sleep.legacy');
    expect(plain).toContain('GET /ip?secret=1 HTTP/1.1');
    const encrypted = await captured('sleep.foo');
    expect(encrypted).not.toContain('secret');
    expect(encrypted).toMatch(/^ +16 03 0[13] /m);
    expect(await reach('sleep.foo', 'http://httpbin.foo:8000/ip')).toBe('200');
  });

  it.runIf(hasTcpdump)('shows the same by tcpdump (skipped where it is not there)', async () => {
    const child = spawn(
      process.execPath,
      ['build/js/cli/main.js', 'mesh', 'capture', 'httpbin.foo', '--port', '80'],
      { env, stdio: ['ignore', 'pipe', 'pipe'] },
    );
    let text = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
    }
    await expect.poll(() => text, { timeout: 10_000 }).toMatch(/listening on (lo,|port 80)/);
    await mesh(['exec', 'sleep.legacy', '--', ...CURL, 'http://httpbin.foo:8000/ip?secret=1']);
    await expect.poll(() => text, { timeout: 5000 }).toContain('GET /ip?secret=1 HTTP/1.1');
    child.kill('SIGINT');
    await once(child, 'exit');
  });

  it('runs workloads that are applied later, HTTP and not, and lets them go', async () => {
    const manifests = `
apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { istio-injection: enabled } }
---
apiVersion: v1
kind: Service
metadata: { name: echo, namespace: shop }
spec: { selector: { app: echo }, ports: [{ name: http, port: 80, targetPort: 8080 }, { name: tcp-raw, port: 9000 }] }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: echo, namespace: shop }
spec:
  template:
    metadata: { labels: { app: echo } }
    spec: { containers: [{ name: echo, image: httpbin, ports: [{ containerPort: 8080 }, { containerPort: 9000 }] }] }
`;
    await ok(['apply', '-f', '-'], manifests);
    expect(await reach('sleep.foo', 'http://echo.shop/ip')).toBe('200');
    expect(await reach('sleep.foo', 'http://echo.shop:9000/ip')).toBe('200');
    expect(await reach('sleep.legacy', 'http://echo.shop:9000/ip')).toBe('200');
    const allow = policy(
      'AuthorizationPolicy',
      'only-foo',
      'shop',
      '{ rules: [{ from: [{ source: { namespaces: [foo] } }] }] }',
    );
    await ok(['apply', '-f', '-'], allow);
    expect(await reach('sleep.foo', 'http://echo.shop:9000/ip')).toBe('200');
    // Without HTTP there is nobody to answer 403: the connection is closed.
    expect(await reach('sleep.bar', 'http://echo.shop:9000/ip')).toMatch(/^000 exit (52|56)$/);
    expect(await reach('sleep.bar', 'http://echo.shop/ip')).toBe('403');
    await ok(['delete', 'ns', 'shop']);
    expect((await status()).pods).toHaveLength(7);
    expect(await reach('sleep.foo', 'http://echo.shop/ip')).toMatch(/exit 6$/);
  });

  it('takes nothing that it cannot keep', async () => {
    const { folder } = await status();
    const file = join(folder, 'resources.json');
    renameSync(file, `${file}.aside`);
    mkdirSync(file);
    try {
      const strict = policy('PeerAuthentication', 'kept', 'foo', '{ mtls: { mode: STRICT } }');
      expect((await mesh(['apply', '-f', '-'], strict)).code).toBe(3);
      expect(await reach('sleep.legacy', 'http://httpbin.foo:8000/ip')).toBe('200');
      expect(await ok(['get', 'pa', '-n', 'foo', '-o', 'name'])).toBe('');
    } finally {
      rmSync(file, { recursive: true });
      renameSync(`${file}.aside`, file);
    }
  });

  it('tells whoever asks its admin interfaces statistics, and no configuration, and takes no commands', async () => {
    const { address } = (await status()).pods.find(
      ({ name, namespace }) => name === 'httpbin' && namespace === 'foo',
    )!;
    const admin = `http://${address}:15002`;
    expect((await mesh(['status'])).stdout).toContain('admin interfaces: port 15002');
    for (const path of ['/ready', '/stats?filter=portcullis', '/listeners?format=json', '/certs']) {
      expect((await fetch(admin + path)).status, path).toBe(200);
    }
    for (const path of [
      '/',
      '/config_dump',
      '/config_dump?include_eds',
      '/logging',
      '/statsx/..',
    ]) {
      const { status: code } = await fetch(admin + path);
      expect([403, 404], path).toContain(code);
    }
    for (const path of [
      '/quitquitquit',
      '/drain_listeners',
      '/healthcheck/fail',
      '/reset_counters',
    ]) {
      expect((await fetch(admin + path, { method: 'POST' })).status, path).toBe(403);
    }
    expect(await reach('sleep.foo', 'http://httpbin.foo:8000/ip')).toBe('200');
  });

  it('says what is not in force, and why, and tries again', async () => {
    const { folder } = await status();
    const module = join(folder, 'portcullis.wasm');
    const good = readFileSync(module);
    const strict = policy('PeerAuthentication', 'half', 'bar', '{ mtls: { mode: STRICT } }');
    const plaintext = (): Promise<string> => reach('sleep.legacy', 'http://httpbin.bar:8000/ip');
    for (const [bytes, reason] of [
      [good.subarray(0, 100_000), 'Failed to parse corrupted Wasm module'],
      [undefined, `Invalid path: ${module}`],
    ] as const) {
      if (bytes === undefined) rmSync(module);
      else writeFileSync(module, bytes);
      for (let again = 0; again < 2; again++) {
        const { code, stdout, stderr } = await mesh(['apply', '-f', '-'], strict);
        expect({ code, stdout }).toEqual({ code: 3, stdout: '' });
        expect(stderr).toContain(`bar/httpbin: ${reason}`);
        expect(stderr).toContain('kept, but not in force in every proxy');
      }
      expect(await plaintext()).toBe('200');
      expect((await status()).notInForce).toContain(reason);
    }
    // A workload that comes now cannot be guarded: it does not come.
    const late = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: late, namespace: bar }
spec:
  template:
    metadata: { labels: { app: late } }
    spec: { containers: [{ name: late, image: httpbin, ports: [{ containerPort: 8080 }] }] }
`;
    const { code, stderr } = await mesh(['apply', '-f', '-'], late);
    expect(code).toBe(3);
    expect(stderr).toContain('Envoy has not taken portcullis-8080');
    expect(await plaintext()).toBe('200');
    writeFileSync(module, good);
    expect(await ok(['apply', '-f', '-'], strict)).toContain('unchanged');
    expect(await plaintext()).toBe('000 exit 56');
    expect((await status()).notInForce).toBeUndefined();
    expect((await status()).pods).toContainEqual(
      expect.objectContaining({ name: 'late', running: true }),
    );
    await ok(['delete', 'deployment', 'late', '-n', 'bar']);
    await ok(['delete', 'peerauthentication', 'half', '-n', 'bar']);
    expect(await plaintext()).toBe('200');
  });

  it('starts a pod again that is deleted, as kubectl’s user knows it', async () => {
    const pod = (await ok(['get', 'pods', '-n', 'foo', '-l', 'app=httpbin', '-o', 'name'])).trim();
    expect(await ok(['kubectl', '-n', 'foo', 'delete', pod])).toBe(
      `pod "${pod.replace('pod/', '')}" deleted\n`,
    );
    expect(await reach('sleep.bar', 'http://httpbin.foo:8000/ip')).toBe('200');
    const { code, stderr } = await mesh(['delete', 'pod', 'nobody', '-n', 'foo']);
    expect(code).toBe(3);
    expect(stderr).toContain('pods "nobody" not found');
  });

  it('applies the manifests of a folder, and not what else is there', async () => {
    const own = mkdtempSync(join(tmpdir(), 'portcullis-manifests-'));
    const namespace = (name: string): string =>
      `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name} }\n`;
    writeFileSync(join(own, 'b.yaml'), namespace('second'));
    writeFileSync(join(own, 'a.yml'), namespace('first'));
    writeFileSync(join(own, 'notes.txt'), 'no manifest');
    expect(await ok(['apply', '-f', own])).toBe(
      'namespace/first created\nnamespace/second created\n',
    );
    expect(await ok(['delete', '-f', own])).toContain('namespace "second" deleted');
    rmSync(own, { recursive: true });
  });

  it('starts an Envoy again that has died', async () => {
    const { folder } = await status();
    const pod = join(folder, 'pods', 'httpbin'.replace(/^/, 'foo.'));
    expect(existsSync(join(pod, 'envoy.json'))).toBe(true);
    const running = (): string | undefined =>
      readdirSync('/proc')
        .filter((name) => /^\d+$/.test(name))
        .find((pid) => {
          try {
            const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
            return command[0]!.endsWith('envoy') && command.includes(join(pod, 'envoy.json'));
          } catch {
            return false;
          }
        });
    const victim = running();
    process.kill(Number(victim), 'SIGKILL');
    await expect
      .poll(() => [undefined, victim].includes(running()), { timeout: 15_000 })
      .toBe(false);
    await expect
      .poll(() => reach('sleep.bar', 'http://httpbin.foo:8000/ip'), {
        timeout: 15_000,
        interval: 300,
      })
      .toBe('200');
  });

  it('has a neighbour that it never meets', async () => {
    await ok(['up', '--bare', '--detach', '--mesh', 'second']);
    try {
      const [one, two] = [await status(), await status('--mesh', 'second')];
      expect(two.pods).toHaveLength(1);
      expect(two.ingressHost).not.toBe(one.ingressHost);
      await ok(['create', 'namespace', 'foo', '--mesh', 'second']);
    } finally {
      await ok(['down', '--mesh', 'second']);
    }
    expect((await status()).pods).toHaveLength(7);
  });
});
