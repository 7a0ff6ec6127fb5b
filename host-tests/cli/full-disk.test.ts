// What a full disk does to commands: they say so, end with 3 or 2, and leave nothing half written.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generatePrivateKey } from '../../istio/token/keys.ts';
import { afterAll, describe, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-full-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const DISK = join(folder, 'disk');
const POLICY = join(folder, 'policy.yaml');
const WRONG = join(folder, 'wrong.yaml');
const KEY = join(folder, 'key.pem');
const deny = (paths: string): string => `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: { name: deny, namespace: foo }
spec:
  action: DENY
  rules:
  - to:
    - operation:
        ${paths}: ["/headers"]
`;
writeFileSync(POLICY, deny('paths'));
writeFileSync(WRONG, `${deny('path')}# ${'x'.repeat(3000)}\n`);
writeFileSync(KEY, generatePrivateKey());

/** A shell with a disk of one page, in a mount namespace of its own. */
const small = (script: string): [string, string[]] => [
  'unshare',
  [
    '-rm',
    'sh',
    '-c',
    `mkdir -p ${DISK} && mount -t tmpfs -o size=4k,nr_inodes=8 none ${DISK} && ${script}`,
  ],
];
const canMount = spawnSync(...small('true')).status === 0;
const main = `${process.execPath} ${resolve('build/js/cli/main.js')}`;

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

function run(program: string, args: string[]): Promise<Ended> {
  return new Promise((done) => {
    const child = spawn(program, args);
    const seen = { stdout: '', stderr: '' };
    child.stdout.on('data', (data: Buffer) => (seen.stdout += data.toString()));
    child.stderr.on('data', (data: Buffer) => (seen.stderr += data.toString()));
    child.on('close', (code) => done({ code, ...seen }));
  });
}

const RENDER = `render envoy -f ${POLICY} --workload foo --listen 127.0.0.1:1 --upstream 127.0.0.1:2`;

describe.skipIf(!canMount)(
  'a disk that is full (skipped where no file system can be mounted)',
  () => {
    it('a file that is cut is an error', async () => {
      const { code, stdout, stderr } = await run(
        ...small(
          `{ ${main} ${RENDER} > ${DISK}/envoy.yaml; echo $?; wc -c < ${DISK}/envoy.yaml; }`,
        ),
      );
      expect(stderr).toBe('standard output: ENOSPC: no space left on device, write\n');
      // It did begin.
      expect({ code, stdout }).toEqual({ code: 0, stdout: '3\n4096\n' });
    });

    it('a key set that does not fit leaves the one before', async () => {
      const { stdout, stderr } = await run(
        ...small(
          `printf before > ${DISK}/jwks.json && head -c 8192 /dev/zero > ${DISK}/filler 2>/dev/null; ` +
            `{ ${main} token mint ${KEY} --jwks ${DISK}/jwks.json; echo $?; cat ${DISK}/jwks.json; ls ${DISK}; }`,
        ),
      );
      expect(stderr).toContain('ENOSPC');
      expect(stdout).toBe('2\nbeforefiller\njwks.json\n');
    });

    it('--fix leaves a file as it was', async () => {
      const { stdout, stderr } = await run(
        ...small(
          `cp ${WRONG} ${DISK}/wrong.yaml && { ${main} lint --fix ${DISK}/wrong.yaml >/dev/null; echo $?; ` +
            `cmp ${WRONG} ${DISK}/wrong.yaml && ls ${DISK}; }`,
        ),
      );
      expect(stderr).toContain('ENOSPC');
      expect(stdout).toBe('2\nwrong.yaml\n');
    });

    it('an image that does not fit leaves nothing', async () => {
      const { stdout, stderr } = await run(
        ...small(`{ ${main} package --out ${DISK}/image.tar; echo $?; ls -A ${DISK}; }`),
      );
      expect(stderr).toContain('ENOSPC');
      expect(stdout).toBe('2\n');
    });
  },
);

it.each([
  ['version', 'version'],
  ['help', '--help'],
  ['render', RENDER],
  ['a token', `token mint ${KEY}`],
  ['lint', `lint ${WRONG}`],
  ['explain', `explain -f ${POLICY} --workload foo --path /`],
])('a device that takes nothing is an error: %s', async (_name, args) => {
  const { code, stderr } = await run('sh', ['-c', `${main} ${args} > /dev/full`]);
  expect(stderr).toContain('standard output: ENOSPC: no space left on device');
  expect(code).toBe(3);
});

it('a reader that has seen enough is none', async () => {
  const { code, stdout, stderr } = await run('bash', [
    '-c',
    `set -o pipefail; ${main} ${RENDER} | head -n 1`,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toBe('node:\n');
});

it('writes what is no file as it is, and a link where it leads', async () => {
  const target = join(folder, 'jwks.json');
  const { code, stdout } = await run('sh', [
    '-c',
    `${main} token mint ${KEY} --jwks /dev/stdout | cat`,
  ]);
  expect(code).toBe(0);
  expect(stdout).toContain('"keys"');
  writeFileSync(target, 'before', { mode: 0o640 });
  await run('ln', ['-s', target, join(folder, 'link.json')]);
  await run('sh', ['-c', `${main} token mint ${KEY} --jwks ${join(folder, 'link.json')}`]);
  expect(readFileSync(target, 'utf8')).toContain('"keys"');
  expect(existsSync(join(folder, 'link.json'))).toBe(true);
  expect(readdirSync(folder).filter((name) => name.includes('.portcullis-'))).toEqual([]);
});
