// The `portcullis` command as it is installed: arguments in; standard output, standard error and exit code out.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { SLIPPED_REQUIRE_TOKEN } from '../../envoy/demo/policies.ts';
import { generatePrivateKey } from '../../istio/token/keys.ts';
import { type Outcome, portcullis } from './portcullis.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const POLICIES = file(
  'policies.yaml',
  `
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: jwt, namespace: foo }
spec:
  jwtRules:
  - issuer: testing@secure.istio.io
    jwksUri: https://idp.example/keys
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: foo }
spec:
  action: DENY
  rules:
  - from: [{ source: { notRequestPrincipals: ["*"] } }]
`,
);
const KEY = file('key.pem', generatePrivateKey());
const render = (...more: string[]): string[] => [
  ...['render', 'envoy', '--workload', 'foo/app=httpbin'],
  ...['--listen', '127.0.0.1:8080', '--upstream', '127.0.0.1:8000', ...more],
];

describe('portcullis', () => {
  it.each([[[]], [['render']], [['token']]])('%s without a command shows help', async (args) => {
    const { code, stdout, stderr } = await portcullis(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain('Usage: portcullis');
  });

  it('--help begins with examples', async () => {
    const { code, stdout } = await portcullis(['--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Examples:\n/);
  });

  it.each([
    [['rendr'], 'Did you mean render?'],
    [['render', 'envoi'], 'Did you mean envoy?'],
    [['token', 'mint', '--jwk', 'a'], 'Did you mean --jwks?'],
  ])('%s gets a suggestion', async (args, suggestion) => {
    const { code, stderr } = await portcullis(args);
    expect(code).toBe(2);
    expect(stderr).toContain(suggestion);
  });
});

describe('portcullis token mint', () => {
  const mint = (...args: string[]): Promise<Outcome> => portcullis(['token', 'mint', ...args]);

  it("mints what Istio's gen-jwt.py does, and a key set that verifies it", async () => {
    const jwks = join(folder, 'jwks.json');
    const { code, stdout } = await mint(KEY, '--jwks', jwks);
    expect(code).toBe(0);
    const keys = createLocalJWKSet(JSON.parse(readFileSync(jwks, 'utf8')) as never);
    const { payload } = await jwtVerify(stdout.trim(), keys);
    expect(payload).toEqual({
      iss: 'testing@secure.istio.io',
      sub: 'testing@secure.istio.io',
      iat: expect.any(Number) as number,
      exp: payload.iat! + 3600,
    });
    expect(decodeProtectedHeader(stdout)).toMatchObject({ alg: 'RS256', typ: 'JWT' });
  });

  it("takes gen-jwt.py's own form of options", async () => {
    const { stdout } = await portcullis(
      [
        ...['token', 'mint', '-', '-iss', 'i', '-sub=s', '-aud', 'a,b', '-expire', '5'],
        ...['--claims=x:1,y:z', '-listclaim', 'groups', 'g1', 'g2', '-listclaim', 'roles', 'r'],
      ],
      readFileSync(KEY, 'utf8'),
    );
    const payload = JSON.parse(Buffer.from(stdout.split('.')[1]!, 'base64url').toString()) as {
      iat: number;
      exp: number;
    };
    expect(payload).toMatchObject({
      ...{ iss: 'i', sub: 's', aud: ['a', 'b'], x: '1', y: 'z' },
      ...{ groups: ['g1', 'g2'], roles: ['r'] },
    });
    expect(payload.exp - payload.iat).toBe(5);
  });

  it.each([
    ['a file that is missing', ['nothing.pem'], 'nothing.pem'],
    ['a file that is no key', ['package.json'], 'package.json: not a private key in PEM format'],
    ['seconds that are no number', [KEY, '--expire', 'soon'], 'expected a whole number of seconds'],
    ['a claim without a value', [KEY, '--claims', 'x'], '--claims x: expected name:value'],
    ['a list without values', [KEY, '--listclaim', 'groups'], 'at least one value'],
  ])('%s is refused', async (_, args, message) => {
    const { code, stdout, stderr } = await mint(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('portcullis render envoy', () => {
  it('prints the same bytes each time, every string quoted', async () => {
    const first = await portcullis(render('-f', POLICIES));
    const second = await portcullis(render('-f', POLICIES));
    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(second.stdout).toBe(first.stdout);
    const bare = first.stdout
      .split('\n')
      .map((line) => /^\s*(?:- )*(?:"?[\w@/.]+"?: )?(.*)$/.exec(line)![1]!)
      .filter((value) => !/^("|\d+$|true$|false$|\{\}$|$|[\w@"]+:$)/.test(value));
    expect(bare).toEqual([]);
  });

  it('prints the same as JSON', async () => {
    const yaml = await portcullis(render('-f', POLICIES));
    const json = await portcullis(render('-f', POLICIES, '-o', 'json'));
    expect(JSON.parse(json.stdout)).toEqual(parse(yaml.stdout));
  });

  it('ends quietly when its reader has seen enough', async () => {
    const child = spawn(process.execPath, ['build/js/cli/main.js', ...render('-f', POLICIES)]);
    child.stdout.destroy();
    let stderr = '';
    child.stderr.on('data', (data: Buffer) => (stderr += data.toString()));
    const [code] = (await once(child, 'close')) as [number];
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('reads policies from standard input', async () => {
    const fromFile = await portcullis(render('-f', POLICIES));
    const fromInput = await portcullis(render('-f', '-'), readFileSync(POLICIES, 'utf8'));
    expect(fromInput).toEqual(fromFile);
  });

  it('verifies the name of the server that the keys come from', async () => {
    const { stdout } = await portcullis(render('-f', POLICIES));
    expect(stdout).toContain('sni: "idp.example"');
    expect(stdout).toMatch(/san_type: "DNS"\n\s*matcher:\n\s*exact: "idp.example"/);
  });

  it('puts a file in the place of a URI', async () => {
    const jwks = join(folder, 'local.json');
    await portcullis(['token', 'mint', KEY, '--jwks', jwks]);
    const { code, stdout } = await portcullis(
      render('-f', POLICIES, '--jwks', `https://idp.example/keys=${jwks}`),
    );
    expect(code).toBe(0);
    expect(stdout).not.toContain('jwksUri');
    expect(stdout).not.toContain('outbound|443||idp.example');
  });

  it("takes root namespace and path normalization from Istio's MeshConfig", async () => {
    const mesh = file(
      'mesh.yaml',
      'rootNamespace: root\npathNormalization: { normalization: MERGE_SLASHES }\n',
    );
    const { stdout } = await portcullis(render('-f', POLICIES, '--mesh-config', mesh));
    expect(stdout).toContain('merge_slashes: true');
    expect(stdout).toContain('\\"rootNamespace\\":\\"root\\"');
  });

  it('a policy that the module refuses is not rendered: file, line, field, intent, and exit code 1', async () => {
    const wrong = file('wrong.yaml', SLIPPED_REQUIRE_TOKEN);
    const { code, stdout, stderr } = await portcullis(render('-f', POLICIES, '-f', wrong));
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain(
      `${wrong}:14:7: Error [PC0101] (AuthorizationPolicy istio-system/frontend-ingress) ` +
        'spec.rules[0].from[0].notRequestPrincipals: unknown field; did you mean to indent it under "source"?',
    );
  });

  it('YAML that is broken is named with its place', async () => {
    const broken = file('broken.yaml', 'kind: PeerAuthentication\nkind: x\n');
    const { code, stderr } = await portcullis(render('-f', broken));
    expect(code).toBe(1);
    expect(stderr).toBe(`${broken}:2:1: Error [PC0002] Map keys must be unique\n`);
  });

  it.each([
    ['no policies', [], "required option '-f, --filename <file…>'"],
    ['a file that is missing', ['-f', 'nothing.yaml'], 'nothing.yaml'],
    ['a certificate without key', ['-f', POLICIES, '--cert', 'c.pem'], '--cert: needs --key'],
    ['a key without certificate', ['-f', POLICIES, '--key', 'k.pem'], '--key: needs --cert'],
    ['an authority alone', ['-f', POLICIES, '--ca', 'ca.pem'], '--ca: needs --cert and --key'],
    [
      'a sidecar that would verify nobody',
      ['-f', POLICIES, '--cert', 'c.pem', '--key', 'k.pem'],
      'one that nobody has verified must not count',
    ],
    ['a port that is none', ['-f', POLICIES, '--port', '70000'], '--port 70000: expected a number'],
    ['an address that is none', ['-f', POLICIES, '--admin', 'x'], '--admin x: expected IP:PORT'],
    [
      'a URI that no policy names',
      ['-f', POLICIES, '--jwks', 'https://idp.example/key=x'],
      'no policy has this jwksUri; they name https://idp.example/keys',
    ],
    ['a URI that is none', ['-f', POLICIES, '--jwks', 'x'], '--jwks x: expected URI=FILE'],
    [
      'a MeshConfig that is wrong',
      ['-f', POLICIES, '--mesh-config', file('bad-mesh.yaml', 'trustDomain: 1')],
      'bad-mesh.yaml: trustDomain must be a string',
    ],
  ])('%s is a usage error', async (_, args, message) => {
    const { code, stdout, stderr } = await portcullis(render(...args));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it.each(['/app=x', 'foo/app', 'foo/=x'])('--workload %s is a usage error', async (workload) => {
    const { code, stderr } = await portcullis([...render('-f', POLICIES), '--workload', workload]);
    expect(code).toBe(2);
    expect(stderr).toContain(`--workload ${workload}: `);
  });
});
