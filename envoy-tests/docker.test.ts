// The mesh as containers, and the compose file: with a real Docker engine.
import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StepResult } from '../cli/replay/command.ts';
import type { MeshStatus } from '../envoy/mesh/server.ts';
import { generatePrivateKey } from '../istio/token/keys.ts';

const CLI = resolve('build/js/cli/main.js');
const hasDocker = spawnSync('docker', ['info'], { stdio: 'ignore' }).status === 0;
const folder = mkdtempSync(join(tmpdir(), 'portcullis-docker-'));
const env = {
  ...process.env,
  PORTCULLIS_MESH_HOME: folder,
  PORTCULLIS_ENVOY_IMAGE: 'portcullis/envoy',
};
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Result {
  code: number;
  stdout: string;
  stderr: string;
}

function mesh(args: string[], input = '', own: NodeJS.ProcessEnv = env): Promise<Result> {
  return new Promise((done) => {
    const child = execFile(
      process.execPath,
      [CLI, 'mesh', ...args],
      { env: own, maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => done({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
    child.stdin!.end(input);
  });
}

const docker = (...args: string[]): string =>
  execFileSync('docker', args, { encoding: 'utf8' }).trim();
const containersOf = (name: string): string[] =>
  docker('ps', '--all', '--quiet', '--filter', `label=portcullis.mesh=${name}`)
    .split('\n')
    .filter(Boolean);

const STRICT = `
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: STRICT } }
`;

describe.runIf(hasDocker)('with Docker (skipped where no Docker engine runs)', () => {
  beforeAll(() => {
    execFileSync(process.execPath, ['scripts/build-images.mjs'], { stdio: 'ignore' });
  });

  describe('a mesh of containers', () => {
    beforeAll(async () => {
      const { code, stderr } = await mesh(['up', '--detach', '--runtime', 'docker']);
      expect({ code, stderr }).toMatchObject({ code: 0 });
    });
    afterAll(() => mesh(['down']));

    it('has a container for every app and every sidecar', async () => {
      const { pods } = JSON.parse((await mesh(['status', '-o', 'json'])).stdout) as MeshStatus;
      expect(pods.map(({ running }) => running)).toEqual(pods.map(() => true));
      expect(containersOf('default')).toHaveLength(11);
    });

    it('is the same mesh: who reaches whom, before STRICT and after', async () => {
      const all = (await mesh(['matrix'])).stdout.trim().split('\n');
      expect(all).toHaveLength(9);
      for (const line of all) expect(line).toMatch(/: 200$/);
      expect((await mesh(['apply', '-f', '-'], STRICT)).code).toBe(0);
      expect((await mesh(['matrix'])).stdout).toContain(
        'sleep.legacy to httpbin.foo: 000\ncommand terminated with exit code 56\n',
      );
      expect((await mesh(['matrix'])).stdout).toContain('sleep.foo to httpbin.bar: 200\n');
      expect((await mesh(['delete', 'pa', 'default', '-n', 'istio-system'])).code).toBe(0);
    });

    it('runs commands in the container, and hands on their exit code', async () => {
      const { stdout } = await mesh([
        'exec',
        'sleep.foo',
        '--',
        'curl',
        '-s',
        'http://httpbin.bar:8000/headers',
      ]);
      expect(stdout).toContain('URI=spiffe://cluster.local/ns/foo/sa/sleep');
      expect((await mesh(['exec', 'sleep.foo', '--', 'sh', '-c', 'exit 7'])).code).toBe(7);
    });

    it('shows the containers of apps nothing of the mesh but their own commands, and those read only', () => {
      const mounts = (name: string): string =>
        docker(
          ...['inspect', '--format', '{{range .Mounts}}{{.Source}} {{.RW}}{{"\\n"}}{{end}}'],
          `portcullis-default-foo-${name}`,
        );
      const pod = join(folder, 'default/pods/foo');
      expect(mounts('sleep-sleep')).toBe(`${pod}.sleep/bin false`);
      expect(mounts('httpbin-istio-proxy').split('\n').sort()).toEqual([
        `${join(folder, 'default/ca.pem')} false`,
        `${pod}.httpbin true`,
        `${join(folder, 'default/portcullis.wasm')} false`,
      ]);
    });

    it.each([
      ['an image that is an option', { image: '--privileged', args: ['--volume=/:/host', 'x'] }],
      ['a name that leads elsewhere', { name: '../../outside' }],
      ['a name that is an option', { name: '--privileged' }],
      ['a port that is none', { ports: [{ containerPort: 1e9 }] }],
    ])('takes no manifest whose words docker would take for more: %s', async (_, more) => {
      const container = { name: 'a', image: 'portcullis/sleep', ...more };
      const manifest = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'sly', namespace: 'foo' },
        spec: { template: { metadata: { labels: {} }, spec: { containers: [container] } } },
      };
      const { code, stderr } = await mesh(['apply', '-f', '-'], JSON.stringify(manifest));
      expect(code).toBe(1);
      expect(stderr).toContain('spec.template.spec.containers[0]');
      expect(docker('ps', '--quiet', '--filter', 'name=sly')).toBe('');
    });

    it('hands on arguments that look like options to the program, and to nobody else', async () => {
      const manifest = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'plain', namespace: 'legacy' },
        spec: {
          template: {
            metadata: { labels: {} },
            spec: {
              containers: [
                {
                  name: 'plain',
                  image: 'portcullis/sleep',
                  command: ['sh', '-c', 'echo got "$0"; exec sleep infinity'],
                  args: ['--volume=/:/host'],
                },
              ],
            },
          },
        },
      };
      expect((await mesh(['apply', '-f', '-'], JSON.stringify(manifest))).code).toBe(0);
      const container = 'portcullis-default-legacy-plain-plain';
      expect(docker('logs', container)).toBe('got --volume=/:/host');
      const privileged = docker('inspect', '--format', '{{.HostConfig.Privileged}}', container);
      expect(privileged).toBe('false');
      expect((await mesh(['delete', 'deployment', 'plain', '-n', 'legacy'])).code).toBe(0);
    });

    it('is gone after kill -9, and its containers with it', async () => {
      const child = spawn(
        process.execPath,
        [CLI, 'mesh', 'up', '--bare', '--runtime', 'docker', '--mesh', 'killed'],
        { env, stdio: ['ignore', 'ignore', 'pipe'] },
      );
      let text = '';
      child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
      await expect.poll(() => text, { timeout: 60_000 }).toContain('is up after');
      expect(containersOf('killed')).toHaveLength(1);
      child.kill('SIGKILL');
      await once(child, 'exit');
      await expect.poll(() => containersOf('killed'), { timeout: 20_000 }).toEqual([]);
    });
  });

  it('a mesh that is down has left neither container nor network', () => {
    expect(containersOf('default')).toEqual([]);
    const networks = docker(
      'network',
      'ls',
      '--quiet',
      '--filter',
      'label=portcullis.mesh=default',
    );
    expect(networks).toBe('');
  });

  it('Envoy is that of make images, where it is here and the released one is not', async () => {
    const unnamed = { ...env, PORTCULLIS_ENVOY_IMAGE: undefined };
    const released = spawnSync('docker', ['image', 'inspect', 'envoyproxy/envoy:v1.40-latest']);
    const name = ['--mesh', 'unnamed'];
    const up = await mesh(
      ['up', '--bare', '--detach', '--runtime', 'docker', ...name],
      '',
      unnamed,
    );
    expect(up).toMatchObject({ code: 0 });
    const [container] = containersOf('unnamed');
    const image = docker('inspect', '--format', '{{.Config.Image}}', container!);
    expect(image).toBe(
      released.status === 0 ? 'envoyproxy/envoy:v1.40-latest' : 'portcullis/envoy',
    );
    expect((await mesh(['down', ...name])).code).toBe(0);
  });

  it('an image that is not there is named', async () => {
    const { code, stderr } = await mesh([
      ...['up', '--bare', '--detach', '--runtime', 'docker', '--mesh', 'imageless'],
      ...['--envoy-image', 'portcullis/no-such-image'],
    ]);
    expect(code).toBe(3);
    expect(stderr).toContain(
      'the image portcullis/no-such-image is not here, and cannot be pulled',
    );
  });

  it('an app’s image that is not there is named, and nothing is left', async () => {
    const file = join(folder, 'imageless.yaml');
    writeFileSync(
      file,
      `apiVersion: v1
kind: Namespace
metadata: { name: foo }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: app, namespace: foo }
spec:
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app } }
    spec: { containers: [{ name: app, image: portcullis/no-such-app }] }
`,
    );
    const { code, stderr } = await mesh([
      ...['up', '-f', file, '--detach', '--runtime', 'docker', '--mesh', 'appless'],
    ]);
    expect(code).toBe(3);
    expect(stderr).toContain('the image portcullis/no-such-app is not here, and cannot be pulled');
    expect(containersOf('appless')).toEqual([]);
  });

  describe.concurrent('a replay on containers', { timeout: 900_000 }, () => {
    const replay = async (page: string, ...more: string[]): Promise<StepResult[]> =>
      JSON.parse(
        (await mesh(['replay', '--yes', page, '-o', 'json', '--runtime', 'docker', ...more]))
          .stdout,
      ) as StepResult[];
    const others = (results: StepResult[]): object[] =>
      results.filter(({ verdict }) => verdict !== 'agrees');

    it('of our page on mutual TLS migration sees what it prints', async () => {
      expect(others(await replay('docs/tasks/mutual-tls-migration.md'))).toEqual([]);
    });

    it('of our page on authentication policy sees what it prints', async () => {
      const key = join(folder, 'key.pem');
      const [jwks, token] = [join(folder, 'jwks.json'), join(folder, 'demo.jwt')];
      writeFileSync(key, generatePrivateKey());
      const args = [CLI, 'token', 'mint', key, '--expire', '86400', '--jwks', jwks];
      writeFileSync(token, execFileSync(process.execPath, args));
      const files = {
        'jwks.json': jwks,
        'demo.jwt': token,
        'key.pem': key,
        'gen-jwt.py': resolve('samples/jwt/gen-jwt.py'),
      };
      const served = Object.entries(files).flatMap(([name, file]) => [
        ...['--serve', `https://keys.example/${name}=${file}`],
      ]);
      expect(others(await replay('docs/tasks/authentication-policy.md', ...served))).toEqual([]);
    });
  });

  it('the compose file runs one Envoy with the module, by the commands of its README', async () => {
    const own = join(folder, 'compose');
    cpSync('envoy/compose', own, { recursive: true });
    const render = execFileSync(process.execPath, [
      ...[
        CLI,
        'render',
        'envoy',
        '-f',
        join(own, 'policies.yaml'),
        '--workload',
        'foo/app=httpbin',
      ],
      ...['--listen', '0.0.0.0:8080', '--upstream', 'httpbin:80', '--admin', '127.0.0.1:15000'],
      ...['--wasm', '/etc/portcullis/portcullis.wasm'],
    ]);
    writeFileSync(join(own, 'envoy.yaml'), render);
    expect(readFileSync(join(own, 'envoy.yaml'), 'utf8')).toContain('portcullis.wasm');
    const isPlugin = spawnSync('docker', ['compose', 'version'], { stdio: 'ignore' }).status === 0;
    const [program, ...first] = isPlugin ? ['docker', 'compose'] : ['docker-compose'];
    const compose = (...args: string[]): void => {
      execFileSync(program, [...first, ...args], {
        cwd: own,
        stdio: 'ignore',
        env: {
          ...env,
          ENVOY_IMAGE: 'portcullis/envoy',
          HTTPBIN_IMAGE: 'portcullis/httpbin',
          PORTCULLIS_WASM: resolve('build/portcullis.wasm'),
          PORT: '18480',
        },
      });
    };
    const status = (path: string): Promise<number> =>
      // Docker takes connections before anybody behind it does.
      fetch(`http://127.0.0.1:18480${path}`, { signal: AbortSignal.timeout(2000) }).then(
        (answer) => answer.status,
        () => 0,
      );
    try {
      compose('up', '-d');
      await expect.poll(() => status('/ip'), { timeout: 30_000 }).toBe(200);
      expect(await status('/headers')).toBe(403);
    } finally {
      compose('down');
    }
  });
});
