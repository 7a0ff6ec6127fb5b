// `--workload` as users mistype it: a typo must not leave a door open in silence.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { portcullis } from './portcullis.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-workload-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

const DENY = file(
  'deny.yaml',
  `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: foo }
spec:
  selector: { matchLabels: { app: httpbin } }
  action: DENY
  rules: [{ to: [{ operation: { paths: ["/headers"] } }] }]
`,
);
const STRICT = file(
  'strict.yaml',
  `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: default, namespace: istio-system }
spec: { mtls: { mode: STRICT } }
`,
);
const NOTHING = file('nothing.yaml', '# to be written\n');

const ENVOY = ['render', 'envoy', '--listen', '127.0.0.1:1', '--upstream', '127.0.0.1:2'];
const CONFIG = ['render', 'config'];

describe.each([
  ['render envoy', ENVOY],
  ['render config', CONFIG],
])('%s', (_name, command) => {
  const render = (workload: string, ...args: string[]): ReturnType<typeof portcullis> =>
    portcullis([...command, '--workload', workload, ...args]);

  it.each([
    ['a label with a typo', 'foo/app=htpbin', 'foo/app=httpbin'],
    ['a namespace with a typo', 'fo/app=httpbin', 'foo/app=httpbin'],
    ['no labels', 'foo', undefined],
    ['more labels', 'foo/app=htpbin,version=v1', 'foo/app=httpbin,version=v1'],
  ])('refuses a workload that no policy concerns: %s', async (_what, workload, meant) => {
    const { code, stdout, stderr } = await render(workload, '-f', DENY);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(
      `--workload ${workload}: the policy does not concern it, and every request would pass`,
    );
    expect(stderr).toContain('--allow-no-policies');
    if (meant !== undefined) expect(stderr).toContain(`did you mean ${meant}?`);
  });

  it('renders it when told', async () => {
    const { code, stdout } = await render('foo/app=other', '-f', DENY, '--allow-no-policies');
    expect(code).toBe(0);
    expect(stdout).not.toBe('');
  });

  it('takes a workload with more labels than the selector has', async () => {
    expect((await render('foo/app=httpbin,version=v1', '-f', DENY)).code).toBe(0);
  });

  it('takes a policy of the root namespace for one of every workload', async () => {
    expect((await render('bar/app=x', '-f', DENY, '-f', STRICT)).code).toBe(0);
    const mesh = file('mesh.yaml', 'rootNamespace: other\n');
    const elsewhere = await render('bar/app=x', '-f', STRICT, '--mesh-config', mesh);
    expect(elsewhere.code).toBe(2);
  });

  it('counts PeerAuthentication for nothing at an edge proxy, which it says nothing of', async () => {
    const { code, stderr } = await render('bar/app=x', '-f', STRICT, '--gateway');
    expect(code).toBe(2);
    expect(stderr).toContain('there is no policy that could concern it');
  });

  it('refuses a file without policies: it may have been cut', async () => {
    expect((await render('foo/app=httpbin', '-f', NOTHING)).code).toBe(2);
  });
});

it('explain says first that no policy concerns the workload', async () => {
  const ask = ['explain', '-f', DENY, '--path', '/headers', '--workload'];
  const { code, stdout, stderr } = await portcullis([...ask, 'foo/app=htpbin']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^allowed/);
  expect(stderr).toMatch(/^warning: --workload foo\/app=htpbin: .* did you mean foo\/app=httpbin/);
  expect((await portcullis([...ask, 'foo/app=httpbin'])).stderr).toBe('');
});

it('test says first of which suite no policy concerns the workload', async () => {
  const suite = file(
    'typo.test.yaml',
    'policies: deny.yaml\nworkload: foo/app=htpbin\ncases: [{ name: a, request: { path: /headers }, expect: { allowed: true } }]\n',
  );
  const { code, stdout, stderr } = await portcullis(['test', suite]);
  expect({ code, stdout }).toEqual({ code: 0, stdout: '1 passed, 0 failed\n' });
  expect(stderr).toContain(`${suite}: warning: --workload foo/app=htpbin: `);
  expect(stderr).toContain('did you mean foo/app=httpbin?');
});

it.each([
  ['httpbin.foo', 'write NAMESPACE/key=value: foo/app=httpbin?'],
  ['Foo/app=httpbin', 'Foo is no name of a namespace'],
  ['httpbin.foo/app=httpbin', 'httpbin.foo is no name of a namespace'],
  ['foo bar', 'foo bar is no name of a namespace'],
])('refuses the workload %s, which can be none, with the right form', async (workload, why) => {
  const { code, stdout, stderr } = await portcullis([
    ...CONFIG,
    '-f',
    DENY,
    '--workload',
    workload,
  ]);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(`--workload ${workload}: `);
  expect(stderr).toContain(why);
});
