// Input without end, without a beginning, too large, too deep: an answer that names it, exit code 2, and soon.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { portcullis } from './portcullis.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-input-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, data: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
}

const FIFO = join(folder, 'fifo');
spawnSync('mkfifo', [FIFO]);
const FOLDER = join(folder, 'folder.yaml');
mkdirSync(FOLDER);

const POLICY = `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: foo }
spec: { action: DENY, rules: [{ to: [{ operation: { paths: ["/x"] } }] }] }
`;
const GOOD = file('good.yaml', POLICY);
const BAD: [string, string, string][] = [
  ['a device without end', '/dev/zero', '/dev/zero: more than 4 MiB'],
  ['a FIFO that nobody writes to', FIFO, `${FIFO}: a FIFO, and nobody writes to it`],
  ['a folder', FOLDER, 'it is a folder'],
  ['5 MiB', file('large.yaml', `# ${'x'.repeat(5 * 1024 * 1024)}`), 'more than 4 MiB'],
  [
    '80,000 fields',
    file('keys.yaml', Array.from({ length: 80_000 }, (_, i) => `k${i}: 1\n`).join('')),
    'an object with more than 10000 fields',
  ],
  ['10,000 brackets', file('deep.yaml', '['.repeat(10_000)), ':1: nested deeper than 100 levels'],
  [
    '11,000 documents',
    file('many.yaml', 'a\n---\n'.repeat(11_000)),
    'more than 10000 documents in all',
  ],
  ['bytes that are no text', file('binary.yaml', Buffer.from([0xff, 0xfe, 0, 1])), 'is not UTF-8'],
];

describe.each([
  ['lint', ['lint']],
  ['render config', ['render', 'config', '-f']],
  ['explain', ['explain', '--workload', 'foo', '--path', '/', '-f']],
  ['test', ['test']],
  ['a MeshConfig', ['render', 'config', '-f', GOOD, '--mesh-config']],
])('%s of', (name, command) => {
  // A folder is what lint and test look into.
  const bad = BAD.filter(([what]) => what !== 'a folder' || !['lint', 'test'].includes(name));
  it.each(bad)('%s', async (_what, path, message) => {
    const { code, stdout, stderr } = await portcullis([...command, path]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(path);
    expect(stderr).toContain(message);
    expect(stderr.split('\n')).toHaveLength(2);
  });
});

it('standard input is bounded as files are', async () => {
  const { code, stderr } = await portcullis(['lint', '-'], '#'.repeat(5 * 1024 * 1024));
  expect(code).toBe(2);
  expect(stderr).toBe('-: more than 4 MiB\n');
});

it('files are bounded in all', async () => {
  const files = Array.from({ length: 5 }, (_, i) =>
    file(`part${i}.yaml`, `${POLICY}# ${'x'.repeat(3_900_000)}`),
  );
  const { code, stderr } = await portcullis(['lint', ...files]);
  expect(code).toBe(2);
  expect(stderr).toContain(`${files[2]}: with it, there are more than 8 MiB to read`);
});

it('a FIFO that somebody writes to, slowly, is read to its end', async () => {
  const half = POLICY.length / 2;
  const script = `sleep 1; printf '%s' "$1" ; sleep 1; printf '%s' "$2"`;
  const writer = spawn('sh', [
    '-c',
    `{ ${script}; } > ${FIFO}`,
    'sh',
    POLICY.slice(0, half),
    POLICY.slice(half),
  ]);
  const ended = new Promise((done) => writer.on('close', done));
  const { code, stdout } = await portcullis(['render', 'config', '-f', FIFO]);
  await ended;
  expect(code).toBe(0);
  expect(stdout).toContain('"/x"');
});
