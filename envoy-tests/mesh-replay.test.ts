// Task pages, command by command, on a mesh of their own: ours, and where they are present Istio's original pages.
import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { StepResult } from '../cli/replay/command.ts';
import { generatePrivateKey } from '../istio/token/keys.ts';

const CLI = resolve('build/js/cli/main.js');
const folder = mkdtempSync(join(tmpdir(), 'portcullis-pages-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Istio's pages and samples. */
const DATA = process.env.PORTCULLIS_TASKS ?? '../shared/data';
const ORIGINAL = join(DATA, 'istio-tasks.md');
const SAMPLES =
  'https://raw.githubusercontent.com/istio/istio/release-1.12/security/tools/jwt/samples';

const ORIGINALS = {
  ...Object.fromEntries(
    ['jwks.json', 'demo.jwt', 'key.pem'].map((name) => [`${SAMPLES}/${name}`, resolve(DATA, name)]),
  ),
  [`${SAMPLES}/gen-jwt.py`]: resolve('samples/jwt/gen-jwt.py'),
};

function replay(page: string, served: Record<string, string> = {}): Promise<StepResult[]> {
  const serve = Object.entries(served).flatMap(([url, file]) => ['--serve', `${url}=${file}`]);
  return new Promise((done, failed) => {
    execFile(
      process.execPath,
      [CLI, 'mesh', 'replay', '--yes', page, '-o', 'json', ...serve],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (stdout === '') failed(error ?? new Error(stderr));
        else done(JSON.parse(stdout) as StepResult[]);
      },
    );
  });
}

const count = (results: StepResult[], verdict: string): number =>
  results.filter((result) => result.verdict === verdict).length;

function differing(results: StepResult[]): object[] {
  return results
    .filter(({ verdict }) => verdict === 'differs')
    .map(({ line, command, expected, seen }) => ({ line, command, expected, seen }));
}

describe.concurrent('a replay', { timeout: 900_000 }, () => {
  it('of our page on mutual TLS migration sees what it prints', async () => {
    const results = await replay('docs/tasks/mutual-tls-migration.md');
    expect(differing(results)).toEqual([]);
    expect(count(results, 'agrees')).toBe(results.length);
    expect(results.length).toBeGreaterThan(12);
  });

  it('of our page on authentication policy sees what it prints, the wait for 65 s included', async () => {
    const key = join(folder, 'key.pem');
    writeFileSync(key, generatePrivateKey());
    const jwks = join(folder, 'jwks.json');
    const token = join(folder, 'demo.jwt');
    const args = [CLI, 'token', 'mint', key, '--expire', '86400', '--jwks', jwks];
    writeFileSync(token, execFileSync(process.execPath, args));
    const results = await replay('docs/tasks/authentication-policy.md', {
      'https://keys.example/jwks.json': jwks,
      'https://keys.example/demo.jwt': token,
      'https://keys.example/key.pem': key,
      'https://keys.example/gen-jwt.py': resolve('samples/jwt/gen-jwt.py'),
    });
    expect(differing(results)).toEqual([]);
    expect(count(results, 'agrees')).toBe(results.length);
    expect(results.length).toBeGreaterThan(40);
  });

  it.runIf(existsSync(ORIGINAL))(
    'of Istio’s page on authentication policy sees what it prints, but for its four errors (skipped where the page is not present)',
    async () => {
      const page = join(folder, 'authentication-policy.md');
      writeFileSync(page, readFileSync(ORIGINAL, 'utf8').split('\n# 双向')[0]!);
      const results = await replay(page, ORIGINALS);
      expect(differing(results)).toEqual([]);
      expect(results.filter(({ why }) => why !== undefined).map(({ why }) => why)).toEqual([
        'the page forgets to delete its policy for the whole mesh before the next one',
        ...Array.from(
          { length: 3 },
          () =>
            'the YAML of the page is mis-indented: refused, and applied as `portcullis lint --fix` mends it',
        ),
      ]);
    },
  );

  it.runIf(existsSync(ORIGINAL))(
    'of Istio’s page on mutual TLS migration sees what it prints, but for its four errors (skipped where the page is not present)',
    async () => {
      const page = join(folder, 'mutual-tls-migration.md');
      writeFileSync(page, `# 双向${readFileSync(ORIGINAL, 'utf8').split('\n# 双向')[1]!}`);
      const results = await replay(page);
      expect(differing(results)).toEqual([]);
      expect(results.filter(({ why }) => why !== undefined).map(({ why }) => why)).toEqual([
        'the page lists what only Istio before 1.5 had',
        'the page lists what only Istio before 1.5 had',
        'a refused plaintext connection is reset: 000 and exit code 56, not 503',
        'what tcpdump says first depends on where it runs',
      ]);
    },
  );
});

// Alone: five meshes at once are more than two cores start in time.
describe(
  'Istio’s page on authentication policy, mended by `lint --fix`,',
  { timeout: 900_000 },
  () => {
    it.runIf(existsSync(ORIGINAL))(
      'has no policy that is mis-indented (skipped where the page is not present)',
      async () => {
        const page = join(folder, 'mended.md');
        writeFileSync(page, readFileSync(ORIGINAL, 'utf8').split('\n# 双向')[0]!);
        execFileSync(process.execPath, [CLI, 'lint', '--fix', page], { stdio: 'pipe' });
        const results = await replay(page, ORIGINALS);
        expect(differing(results)).toEqual([]);
        expect(results.filter(({ why }) => why !== undefined).map(({ why }) => why)).toEqual([
          'the page forgets to delete its policy for the whole mesh before the next one',
        ]);
      },
    );
  },
);

describe('a page that is not as it says', () => {
  it('is not run where nobody has said yes, nor with what is nobody’s business', () => {
    const page = join(folder, 'curious.md');
    writeFileSync(
      page,
      '```\n$ X=$(exit 7)\n$ echo "${SECRET:-none} ${PORTCULLIS_MESH_HOME:+mesh}"\nnone mesh\n```\n',
    );
    const run = (...more: string[]): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, [CLI, 'mesh', 'replay', page, ...more], {
        env: { ...process.env, SECRET: 'mine' },
        encoding: 'utf8',
      });
    const refused = run();
    expect(refused.status).toBe(2);
    expect(refused.stderr).toContain('2 commands of');
    const { stdout, status } = run('--yes');
    expect(status).toBe(1);
    // A command that fails within an assignment is no agreement.
    expect(stdout).toMatch(/DIFFERS .*: X=/);
    expect(stdout).toMatch(/ok +.*: echo/);
  });

  it('is told with what was seen, and ends with 1', async () => {
    const page = join(folder, 'wrong.md');
    writeFileSync(page, '```\n$ echo one\ntwo\n$ echo three\nthree\n```\n');
    const { code, stdout } = await new Promise<{ code: unknown; stdout: string }>((done) => {
      execFile(process.execPath, [CLI, 'mesh', 'replay', '--yes', page], (error, out) =>
        done({ code: error?.code ?? 0, stdout: out }),
      );
    });
    expect(code).toBe(1);
    expect(stdout).toContain('DIFFERS');
    expect(stdout).toContain(
      'the page prints:\n            two\n          seen:\n            one\n',
    );
    expect(stdout).toContain('2 steps: 1 agree, 0 where the page is known to be wrong, 1 differ');
  });
});
