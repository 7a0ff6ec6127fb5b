// What a suite of somebody's pull request can see of the machine that runs it: what lies in its folder, and nothing else.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { portcullis } from './portcullis.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-secrets-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const suites = join(folder, 'suites');
mkdirSync(suites);
writeFileSync(join(folder, 'secret.txt'), 'hunter2-hunter2');
writeFileSync(
  join(suites, 'policies.yaml'),
  `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: foo }
spec: { action: DENY, rules: [{ to: [{ operation: { paths: ["/x"] } }] }] }
`,
);
symlinkSync(join(folder, 'secret.txt'), join(suites, 'link.txt'));
symlinkSync(folder, join(suites, 'linked'));

async function run(
  text: string,
  ...args: string[]
): Promise<{ code: number; output: string; file: string }> {
  const file = join(suites, 'one.test.yaml');
  writeFileSync(file, text);
  const { code, stdout, stderr } = await portcullis(['test', file, ...args]);
  return { code, output: stdout + stderr, file };
}

const suiteWith = (token: string, expected = 'upstreamHeaders: { authorization: null }'): string =>
  `policies: policies.yaml
workload: foo
cases: [{ name: a, token: '${token}', request: { path: /y }, expect: { ${expected} } }]
`;

it.each([
  ['a path of its own', '@/proc/self/environ'],
  ['a way up', '@../secret.txt'],
  ['a link', '@link.txt'],
  ['a link of a folder on its way', '@linked/secret.txt'],
])('a token is read from the folder of the suite alone: %s', async (_what, token) => {
  const { code, output, file } = await run(suiteWith(token));
  expect(code).toBe(2);
  expect(output).toBe(
    `${file}: cases[0].token: ${token.slice(1)}: a suite reads what lies in its own folder, and nothing else\n`,
  );
});

it.each([
  ['policies', `policies: ${join(suites, 'policies.yaml')}\nworkload: foo\ncases: []\n`],
  ['policies', 'policies: [../secret.txt]\nworkload: foo\ncases: []\n'],
  ['meshConfig', 'policies: policies.yaml\nmeshConfig: link.txt\nworkload: foo\ncases: []\n'],
  [
    'jwks',
    'policies: policies.yaml\njwks: { "https://a.example": ../secret.txt }\nworkload: foo\ncases: []\n',
  ],
])('so are %s', async (field, text) => {
  const { code, output, file } = await run(text);
  expect(code).toBe(2);
  expect(output).toContain(`${file}: ${field}: `);
  expect(output).toContain('a suite reads what lies in its own folder');
  expect(output).not.toContain('hunter2');
});

it.each(['text', 'json', 'junit'])('no token is printed as %s, right or wrong', async (format) => {
  writeFileSync(join(suites, 'token.txt'), 'hunter2-hunter2\n');
  for (const token of ['@token.txt', 'hunter2-hunter2']) {
    const { code, output } = await run(suiteWith(token), '-o', format);
    expect(code).toBe(1);
    expect(output).toContain('[token]');
    expect(output).not.toContain('hunter2');
  }
});

it('a token still means what it says', async () => {
  writeFileSync(join(suites, 'token.txt'), 'hunter2-hunter2\n');
  const expected = 'upstreamHeaders: { authorization: Bearer hunter2-hunter2 }';
  expect((await run(suiteWith('@token.txt', expected))).code).toBe(0);
});

it('a file that is not there is named, with the field', async () => {
  const { code, output, file } = await run(suiteWith('@gone.txt'));
  expect(code).toBe(2);
  expect(output).toContain(`${file}: cases[0].token: ${join(suites, 'gone.txt')}: `);
});
