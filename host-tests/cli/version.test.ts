// `version`, `completion` and `render config` as they are installed.
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { portcullis } from './portcullis.ts';

const folder = mkdtempSync(join(tmpdir(), 'portcullis-version-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('version', () => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };

  it.each([['--version'], ['-V']])('%s is that of the package', async (flag) => {
    expect(await portcullis([flag])).toMatchObject({ code: 0, stdout: `${version}\n` });
  });

  it.each(['json', 'yaml'])('as %s names the module by what it is', async (format) => {
    const { stdout } = await portcullis(['version', '-o', format]);
    const digest = createHash('sha256').update(readFileSync('build/portcullis.wasm')).digest('hex');
    expect(parse(stdout)).toMatchObject({
      portcullis: version,
      module: `sha256:${digest}`,
      proxyWasmAbi: '0.2.1',
      node: process.version,
    });
  });
});

describe('completion', () => {
  const has = (shell: string): boolean => spawnSync(shell, ['--version']).status === 0;

  /** What bash would offer for a line; the cursor is at its end. */
  async function offered(line: string): Promise<string[]> {
    const { stdout: script } = await portcullis(['completion', 'bash']);
    const words = line.split(' ');
    const setup = `${script}
portcullis() { printf '%s\\n' "of $*" httpbin.foo sleep.foo; }
COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
COMP_CWORD=${words.length - 1}
_portcullis
printf '%s\\n' "\${COMPREPLY[@]}"`;
    const output = execFileSync('bash', ['-c', setup], { cwd: folder, encoding: 'utf8' });
    return output.split('\n').filter((word) => word !== '');
  }

  it.each([
    ['portcullis li', ['lint']],
    ['portcullis mesh ap', ['apply']],
    ['portcullis token ver', ['verify']],
    ['portcullis lint --dry', ['--dry-run']],
    ['portcullis lint -o g', ['github']],
    ['portcullis analyze --fail-on w', ['warning']],
    ['portcullis mesh up --runtime d', ['docker']],
    ['portcullis mesh get peer', ['peerauthentications']],
    ['portcullis mesh delete po', ['pods']],
    ['portcullis mesh logs htt', ['httpbin.foo']],
    ['portcullis mesh logs work', ['workloads']],
    ['portcullis mesh apply -n name', ['names', 'namespaces']],
    ['portcullis mesh status --mesh mes', ['mesh', 'meshes']],
  ])('in bash makes of "%s" what it can be', async (line, words) => {
    expect(await offered(line)).toEqual(words);
  });

  it('in bash offers files where a file is wanted', async () => {
    writeFileSync(join(folder, 'policies.yaml'), '');
    expect(await offered('portcullis lint pol')).toEqual(['policies.yaml']);
    expect(await offered('portcullis explain -f pol')).toEqual(['policies.yaml']);
  });

  it.skipIf(!has('zsh'))('is a script that zsh takes (skipped where there is no zsh)', async () => {
    const { stdout } = await portcullis(['completion', 'zsh']);
    const { status, stderr } = spawnSync('zsh', ['-n'], { input: stdout, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it.skipIf(!has('fish'))('in fish completes (skipped where there is no fish)', async () => {
    const { stdout } = await portcullis(['completion', 'fish']);
    const lines = ['token ver', 'lint -o g', 'mesh logs htt', 'mesh get peer'];
    const input = `${stdout}
function portcullis; echo httpbin.foo; end
${lines.map((line) => `complete -C 'portcullis ${line}'`).join('\n')}
`;
    const script = join(folder, 'completed.fish');
    writeFileSync(script, input);
    const { stdout: output, stderr } = spawnSync('fish', [script], { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(output).toMatch(/^verify\t/m);
    expect(output).toMatch(/^github/m);
    expect(output).toMatch(/^httpbin\.foo/m);
    expect(output).toMatch(/^peerauthentications/m);
  });

  it('knows no other shell', async () => {
    const { code, stderr } = await portcullis(['completion', 'csh']);
    expect(code).toBe(2);
    expect(stderr).toContain('bash, zsh, fish');
  });
});

describe('render config', () => {
  const policies = join(folder, 'strict.yaml');
  const POLICY =
    'apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: { name: p, namespace: foo }\n';
  writeFileSync(policies, `${POLICY}spec: { mtls: { mode: STRICT } }\n`);

  it('is the plugin configuration, the same in JSON and YAML, and the same every time', async () => {
    const args = ['render', 'config', '-f', policies, '--workload', 'foo/app=httpbin'];
    const json = await portcullis([...args, '--port', '8000']);
    const yaml = await portcullis([...args, '--port', '8000', '-o', 'yaml']);
    expect(json.code).toBe(0);
    expect(JSON.parse(json.stdout)).toEqual(parse(yaml.stdout));
    expect(JSON.parse(json.stdout)).toMatchObject({
      workload: { namespace: 'foo', labels: { app: 'httpbin' }, containerPort: 8000 },
      xfcc: { forward: 'APPEND_FORWARD' },
      resources: [{ kind: 'PeerAuthentication', spec: { mtls: { mode: 'STRICT' } } }],
    });
    expect((await portcullis([...args, '--port', '8000'])).stdout).toBe(json.stdout);
    expect(yaml.stdout).toContain('mode: "STRICT"');
  });

  it('leaves out X-Forwarded-Client-Cert, and the workload, where it is told nothing of them', async () => {
    const { stdout } = await portcullis(['render', 'config', '-f', policies, '--no-xfcc']);
    expect(JSON.parse(stdout)).not.toHaveProperty('xfcc');
    expect(JSON.parse(stdout)).toHaveProperty('workload', { protocol: 'HTTP' });
  });

  it('is not rendered of what the module refuses', async () => {
    const { code, stdout, stderr } = await portcullis(
      ['render', 'config', '-f', '-'],
      `${POLICY}spec: { mtls: { mode: strict } }\n`,
    );
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('-:4:17: Error [PC0103] (PeerAuthentication foo/p) spec.mtls.mode');
  });
});
