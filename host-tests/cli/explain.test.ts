// `explain` and `test` as they are installed.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { rsaKey, signedToken } from '../../istio/token/signing.ts';
import { portcullis } from './portcullis.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-explain-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const POLICIES = file(
  'policies.yaml',
  `apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: { name: ingress-jwt, namespace: istio-system }
spec:
  jwtRules:
  - issuer: testing@secure.istio.io
    jwksUri: https://idp.example/keys
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: frontend-ingress, namespace: istio-system }
spec:
  action: DENY
  rules:
  - from: [{ source: { notRequestPrincipals: ["*"] } }]
    to: [{ operation: { paths: ["/headers"] } }]
  - to: [{ operation: { methods: ["TRACE"] } }]
`,
);
const RULE = 'ns[istio-system]-policy[frontend-ingress]-rule[0]';
const key = rsaKey('one');
const JWKS = file('jwks.json', JSON.stringify({ keys: [key.jwk] }));
const token = signedToken('RS256', key, { iss: 'testing@secure.istio.io', sub: 'alice' });
const TOKEN = file('token.txt', `${token}\n`);
const common = ['explain', '-f', POLICIES, '--workload', 'istio-system/istio=ingressgateway'];
const keys = ['--jwks', `https://idp.example/keys=${JWKS}`];

describe('explain', () => {
  it('names the rule that refuses, its place, and what the request had', async () => {
    const { code, stdout } = await portcullis([...common, '--path', '/x/../headers?a=b']);
    expect(code).toBe(0);
    expect(stdout).toContain('refused: 403 RBAC: access denied');
    expect(stdout).toContain(`by DENY ${RULE} (${POLICIES}:15)`);
    expect(stdout).toContain('from[0].source.notRequestPrincipals: ["*"]; the request: no token');
    expect(stdout).toContain('to[0].operation.paths: ["/headers"]; the request: /headers');
    expect(stdout).toContain('to[0].operation.methods: ["TRACE"]; the request: GET');
  });

  it('judges by the token, and never prints it', async () => {
    const args = [...common, ...keys, '--path', '/headers', '--token', `@${TOKEN}`];
    const { code, stdout } = await portcullis([...args, '--expect', 'allow']);
    expect(code).toBe(0);
    expect(stdout).toContain('request principal: testing@secure.istio.io/alice');
    expect(stdout).not.toContain(token);
    const late = await portcullis([...args, '--now', '1', '-H', 'x-a: b', '--expect', '403']);
    expect(late.code).toBe(1);
    expect(late.stderr).toBe('request 1: expected 403, and got allow\n');
  });

  it('takes no token as an argument, where everybody could see it, but from standard input', async () => {
    const asArgument = await portcullis([...common, '--path', '/', '--token', token]);
    expect(asArgument).toMatchObject({ code: 2, stdout: '' });
    expect(asArgument.stderr).toMatch(/^--token: a token as an argument stays in the history/);
    expect(asArgument.stderr).not.toContain(token);
    const args = [...common, ...keys, '--path', '/headers', '--token', '@-', '--expect', 'allow'];
    expect((await portcullis(args, `Bearer ${token}\n`)).code).toBe(0);
  });

  it('wants the keys that a token needs, rather than to guess', async () => {
    const args = [...common, '--path', '/', '--token', `@${TOKEN}`];
    const { code, stdout, stderr } = await portcullis(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/needs the key set of a jwksUri at idp.example: give it with --jwks/);
  });

  it('answers a line for a line', async () => {
    const lines = [
      { id: 1, path: '/headers' },
      { id: 'two', path: '/ip', method: 'TRACE' },
      { path: '/headers', headers: [['authorization', `Bearer ${token}`]] },
      { path: '/a#b' },
    ];
    const input = lines.map((line) => JSON.stringify(line)).join('\n');
    const { code, stdout } = await portcullis([...common, ...keys, '--requests', '-'], input);
    expect(code).toBe(0);
    const decisions = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(decisions).toMatchObject([
      { id: 1, allowed: false, status: 403, policy: 'istio-system/frontend-ingress', rule: RULE },
      { id: 'two', allowed: false, rule: RULE.replace('[0]', '[1]') },
      { allowed: true, status: 200, requestPrincipal: 'testing@secure.istio.io/alice' },
      { allowed: false, status: 400, details: 'path_normalization_failed' },
    ]);
    expect(decisions[0]!.steps).toEqual([
      {
        action: 'DENY',
        rule: RULE,
        matched: true,
        conditions: ['from[0].source.notRequestPrincipals', 'to[0].operation.paths'],
      },
      {
        action: 'DENY',
        rule: RULE.replace('[0]', '[1]'),
        matched: false,
        conditions: ['to[0].operation.methods'],
      },
    ]);
    const upstream = decisions[2]!.upstreamHeaders as [string, string][];
    expect(upstream.map(([name]) => name)).not.toContain('authorization');
  });

  it.each([
    ['{"path":"/","pth":1}', '-:1: unknown field pth; known are'],
    ['\n{"path":"x"}', '-:2: path must be a path that begins with /'],
    ['{"method":"GET"}', '-:1: path is missing'],
    ['nonsense', '-:1: not JSON'],
    ['[]', '-:1: a request must be an object'],
    ['{"path":"/","protocol":"udp"}', '-:1: protocol must be http or tcp'],
    ['{"path":"/","mtls":{"uri":[]}}', '-:1: mtls: unknown field uri'],
    ['{"path":"/","sourceIp":"300.1.1.1"}', '-:1: sourceIp must be an IP address'],
  ])('refuses %s', async (line, message) => {
    const { code, stdout, stderr } = await portcullis([...common, '--requests', '-'], line);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('says what the module refuses, and where', async () => {
    const wrong = file(
      'wrong.yaml',
      `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: a, namespace: foo }
spec:
  action: DENY
  rules:
  - form: [{ source: { namespaces: ["a"] } }]
`,
    );
    const { code, stderr } = await portcullis([
      ...['explain', '-f', wrong, '--workload', 'foo', '--path', '/'],
    ]);
    expect(code).toBe(1);
    expect(stderr).toContain(
      `${wrong}:7:5: Error [PC0101] (AuthorizationPolicy foo/a) spec.rules[0].form:`,
    );
  });
});

describe('test', () => {
  const suite = (name: string, cases: string): string =>
    file(name, `policies: [policies.yaml]\nworkload: istio-system\ncases:\n${cases}`);

  it('runs the samples', async () => {
    const { code, stdout } = await portcullis(['test', 'samples']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\d{3} passed, 0 failed\n$/);
  });

  it('tells what came otherwise, and which rules nothing has matched', async () => {
    const path = suite(
      'mixed.test.yaml',
      `- { name: anonymous, request: { path: /headers }, expect: { status: 403, rule: 0 } }
- { name: alice, request: { path: /headers }, claims: { iss: testing@secure.istio.io, sub: alice }, expect: { allowed: false, requestPrincipal: testing@secure.istio.io/alice } }
`,
    );
    const { code, stdout, stderr } = await portcullis(['test', path]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: '1 failed\n' });
    expect(stdout).toBe(
      `FAIL ${path}: alice\n  allowed: expected false, and got true\nrules that no case matched:\n` +
        `  ${path}: DENY ${RULE.replace('[0]', '[1]')}\n1 passed, 1 failed\n`,
    );
    const junit = await portcullis(['test', path, '-o', 'junit']);
    expect(junit.stdout).toContain('tests="2" failures="1"');
    expect(junit.stdout).toContain('<failure message="allowed: expected false, and got true">');
    const chosen = await portcullis(['test', path, '-r', 'anon']);
    expect(chosen).toMatchObject({ code: 0, stdout: '1 passed, 0 failed\n' });
  });

  it.each([
    ['- { name: a, expct: {} }', 'cases[0]: unknown field expct'],
    ['- { name: a, expect: { statu: 1 } }', 'cases[0].expect: unknown field statu'],
    ['- { name: a, request: { pth: / }, expect: {} }', 'cases[0].request: unknown field pth'],
    ['- { expect: {} }', 'cases[0].name must be a string'],
    ['- { name: a }', 'cases[0].expect must be an object'],
  ])('refuses a case such as %s', async (text, message) => {
    const { code, stderr } = await portcullis(['test', suite('wrong.test.yaml', text)]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('wants a suite', async () => {
    const { code, stderr } = await portcullis(['test', 'docs']);
    expect({ code, stderr }).toEqual({ code: 2, stderr: 'no suite (*.test.yaml) in docs\n' });
  });
});
