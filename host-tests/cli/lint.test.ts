// `lint` as it is installed: what a person, a hook and a workflow see of it.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CODES } from '../../istio/lint/codes.ts';

const COMMAND = resolve('build/js/cli/main.js');
const base = mkdtempSync(join(tmpdir(), 'portcullis-lint-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** A fresh folder for each test, where the command runs. */
let folder = base;
beforeEach(() => {
  folder = mkdtempSync(join(base, 'case-'));
});

function put(name: string, text: string): string {
  mkdirSync(dirname(join(folder, name)), { recursive: true });
  writeFileSync(join(folder, name), text);
  return name;
}

function textOf(name: string): string {
  return readFileSync(join(folder, name), 'utf8');
}

interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

function portcullis(args: string[], input = ''): Run {
  const { status, stdout, stderr } = spawnSync(process.execPath, [COMMAND, ...args], {
    cwd: folder,
    input,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { code: status, stdout, stderr };
}

function lint(...args: string[]): Run {
  return portcullis(['lint', ...args]);
}

function peer(spec: string, namespace = 'foo'): string {
  return `apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata:
  name: default
  namespace: ${namespace}
spec:
${spec}`;
}

function policy(spec: string, name = 'rules', namespace = 'foo'): string {
  return `apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: ${name}
  namespace: ${namespace}
spec:
${spec}`;
}

const FINE = peer('  mtls:\n    mode: STRICT\n');
const ERROR = peer('  mtls:\n    mode: strict\n');
const MENDED = FINE;
const WARNING = policy('  action: DENY\n  rules:\n  - {}\n', 'deny-all');
const INFO = policy('  {}\n', 'nothing', 'istio-system');

interface Report {
  findings: Record<string, unknown>[];
  summary: Record<string, number>;
}

describe("lint's exit code", () => {
  const levels = ['error', 'warning', 'info', 'never'];
  it.each([
    ['nothing', FINE, [0, 0, 0, 0]],
    ['a note', INFO, [0, 0, 1, 0]],
    ['a warning', WARNING, [0, 1, 1, 0]],
    ['an error', ERROR, [1, 1, 1, 0]],
  ])('of %s follows --fail-on', (_, text, codes) => {
    const file = put('policy.yaml', text);
    expect(levels.map((level) => lint('--fail-on', level, file).code)).toEqual(codes);
    expect(lint(file).code).toBe(codes[0]);
  });

  it('is the right one, however many findings there are', () => {
    const hosts = Array.from({ length: 130_000 }, (_, i) => `h${i}`);
    const policy = {
      apiVersion: 'security.istio.io/v1',
      kind: 'AuthorizationPolicy',
      metadata: { name: 'many', namespace: 'foo' },
      spec: { action: 'DENY', rules: [{ to: [{ operation: { hosts } }] }] },
    };
    const file = join(folder, put('many.yaml', JSON.stringify(policy)));
    const { status, stderr } = spawnSync(process.execPath, [COMMAND, 'lint', file], {
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([0, '130000 warnings in 1 file with 1 resource\n']);
  });

  it.each([
    ['no file', [], 'which files'],
    ['a file that is not there', ['absent.yaml'], 'absent.yaml'],
    ['a folder without manifests', ['.'], 'no YAML or JSON in this folder; -R looks into'],
    ['a MeshConfig that is not there', ['--mesh-config', 'mesh.yaml', '-'], 'mesh.yaml'],
    ['--dry-run without --fix', ['--dry-run', '-'], '--dry-run: only with --fix'],
    ['an unknown option', ['--fxi', '-'], 'Did you mean --fix'],
    ['an unknown format', ['-o', 'xml', '-'], 'Allowed choices are table, json, yaml, github'],
    ['an unknown level', ['--fail-on', 'notice', '-'], 'Allowed choices are'],
  ])('is 2 for %s, and nothing is on standard output', (_, args, message) => {
    const { code, stdout, stderr } = lint(...args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  it('is 2 for a MeshConfig that is wrong, and names it', () => {
    put(
      'mesh.yaml',
      'extensionProviders:\n- name: opa\n  envoyExtAuthzHttp: { service: opa.opa }\n',
    );
    const { code, stderr } = lint('--mesh-config', 'mesh.yaml', put('policy.yaml', FINE));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^mesh\.yaml: extensionProviders\[0\]/m);
  });

  it('is 2 for a file that is no text of policies but a folder in the place of one', () => {
    put('policies.yaml/inner.txt', 'no manifest');
    expect(lint('policies.yaml').code).toBe(2);
  });
});

describe('lint', () => {
  it('writes a line for every finding, and the summary on standard error', () => {
    const { stdout, stderr } = lint(put('a.yaml', ERROR), put('b.yaml', WARNING));
    expect(stdout).toBe(
      'a.yaml:8:5: Error [PC0103] (PeerAuthentication foo/default) spec.mtls.mode: must be one of UNSET, DISABLE, PERMISSIVE, STRICT, not "strict"; did you mean "STRICT"?\n' +
        'b.yaml:9:5: Warning [PC0301] (AuthorizationPolicy foo/deny-all) spec.rules[0]: the rule has no condition: every request is denied\n',
    );
    expect(stderr).toBe('1 error, 1 warning in 2 files with 2 resources; --fix can mend 1\n');
  });

  it('is analyze, too', () => {
    put('a.yaml', ERROR);
    expect(portcullis(['analyze', 'a.yaml'])).toEqual(lint('a.yaml'));
  });

  it('has examples at the beginning of its help', () => {
    expect(lint('--help').stdout).toMatch(/^Examples:\n {2}portcullis lint /);
  });

  it('takes YAML and JSON of a folder, and with -R of those within, but of none that is hidden', () => {
    put('policies/a.yaml', FINE);
    put('policies/b.yml', peer('  {}\n', 'b'));
    put('policies/c.json', JSON.stringify(parse(peer('  {}\n', 'c'))));
    put('policies/readme.md', '```yaml\n' + ERROR + '```\n');
    put('policies/notes.txt', ERROR);
    put('policies/inner/deeper/d.yaml', ERROR.replace('foo', 'd'));
    put('policies/.git/e.yaml', ERROR);
    put('policies/node_modules/f.yaml', ERROR);
    const flat = lint('policies');
    expect(flat.stdout).toBe('');
    expect(flat.stderr).toBe('no findings in 3 files with 3 resources\n');
    const deep = lint('-R', 'policies');
    expect(deep.stdout).toMatch(/^policies\/inner\/deeper\/d\.yaml:8:5: .*\n$/);
    expect(deep.stderr).toContain('in 4 files with 4 resources');
  });

  it('passes over what is in a folder and no manifest, but not what is named', () => {
    put('app/a.yaml', FINE);
    put('app/settings.json', '{ "name": [ }');
    expect(lint('app')).toMatchObject({ code: 0, stdout: '' });
    expect(lint('app/settings.json').stdout).toContain('[PC0001]');
  });

  it('looks at a file once, however often it is named', () => {
    put('a.yaml', FINE);
    expect(lint('a.yaml', '.', 'a.yaml').stderr).toBe('no findings in 1 file with 1 resource\n');
  });

  it('looks at files together: what one asks for may stand in another', () => {
    const rules = policy('  rules:\n  - from:\n    - source:\n        requestPrincipals: ["*"]\n');
    const tokens = policy(
      '  jwtRules:\n  - issuer: https://idp.example\n    jwksUri: https://idp.example/keys\n',
      'tokens',
    ).replace('AuthorizationPolicy', 'RequestAuthentication');
    expect(lint(put('rules.yaml', rules)).stdout).toContain('[PC0305]');
    expect(lint(put('tokens.yaml', tokens)).stdout).toContain('[PC0306]');
    expect(lint('rules.yaml', 'tokens.yaml').stdout).toBe('');
  });

  it('reads standard input', () => {
    const { code, stdout } = portcullis(['lint', '-'], ERROR);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^-:8:5: Error \[PC0103\]/);
  });

  it('puts what has no namespace into that of -n', () => {
    const file = put('a.yaml', ERROR.replace('  namespace: foo\n', ''));
    expect(lint(file).stdout).toContain('(PeerAuthentication default/default)');
    expect(lint('-n', 'bar', file).stdout).toContain('(PeerAuthentication bar/default)');
  });

  it('prints every code, without a file', () => {
    const { code, stdout } = lint('--list-checks');
    expect(code).toBe(0);
    expect(
      stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.slice(0, 6)),
    ).toEqual(Object.keys(CODES));
    const list = JSON.parse(lint('-L', '-o', 'json').stdout) as { code: string; level: string }[];
    expect(list.map(({ code: one }) => one)).toEqual(Object.keys(CODES));
    expect(parse(lint('-L', '-o', 'yaml').stdout)).toEqual(list);
  });

  it('writes one line for a finding, whatever the text has in it', () => {
    const name = String.raw`name: "a\nb\e[31m"`;
    const { stdout } = lint(put('a.yaml', FINE.replace('name: default', name)));
    expect(stdout.split('\n')).toHaveLength(2);
    expect(stdout.trimEnd()).not.toMatch(/[\x00-\x1f]/);
  });
});

describe('lint -o', () => {
  it('json holds every finding and the sum of them', () => {
    put('mixed.yaml', [ERROR, WARNING, INFO].join('---\n'));
    const { code, stdout, stderr } = lint('-o', 'json', 'mixed.yaml');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    const { findings, summary } = JSON.parse(stdout) as Report;
    expect(findings[0]).toEqual({
      file: 'mixed.yaml',
      line: 8,
      column: 5,
      code: 'PC0103',
      level: 'error',
      resource: 'PeerAuthentication foo/default',
      path: 'spec.mtls.mode',
      message:
        'must be one of UNSET, DISABLE, PERMISSIVE, STRICT, not "strict"; did you mean "STRICT"?',
      fixable: true,
    });
    expect(findings.map(({ level, fixable }) => [level, fixable])).toEqual([
      ['error', true],
      ['warning', false],
      ['info', false],
    ]);
    expect(summary).toEqual({
      errors: 1,
      warnings: 1,
      infos: 1,
      suppressed: 0,
      files: 1,
      resources: 3,
    });
  });

  it('yaml is the same document', () => {
    put('mixed.yaml', [ERROR, WARNING, INFO].join('---\n'));
    const json = JSON.parse(lint('-o', 'json', 'mixed.yaml').stdout) as Report;
    expect(parse(lint('-o', 'yaml', 'mixed.yaml').stdout)).toEqual(json);
  });

  it.each(['json', 'yaml'])('%s is a document, too, where nothing is found', (format) => {
    const { findings } = parse(lint('-o', format, put('a.yaml', FINE)).stdout) as Report;
    expect(findings).toEqual([]);
  });

  it('github writes an annotation for every finding, with its level', () => {
    put('mixed.yaml', [ERROR, WARNING, INFO].join('---\n'));
    const lines = lint('-o', 'github', 'mixed.yaml').stdout.trimEnd().split('\n');
    expect(lines.map((line) => line.slice(0, line.indexOf('::', 2)))).toEqual([
      '::error file=mixed.yaml,line=8,col=5,title=PC0103',
      '::warning file=mixed.yaml,line=18,col=5,title=PC0301',
      '::notice file=mixed.yaml,line=24,col=3,title=PC0308',
    ]);
    expect(lines[1]).toMatch(
      /::AuthorizationPolicy foo\/deny-all spec\.rules\[0\]: the rule has no condition: every request is denied$/,
    );
  });

  it('github escapes what would end a property or the line', () => {
    const name = String.raw`name: "50%,\r\n::error::x\e[2J"`;
    const file = put('a,b:c%d.yaml', FINE.replace('name: default', name));
    const { stdout } = lint('-o', 'github', file);
    expect(stdout).toMatch(
      /^::error file=a%2Cb%3Ac%25d\.yaml,line=4,col=3,title=PC0109::PeerAuthentication foo\/50%25,%0D%0A::error::x\\u001b\[2J metadata\.name: .*\n$/,
    );
  });
});

describe('lint -S', () => {
  const other = policy('  action: DENY\n  rules:\n  - {}\n', 'deny-all', 'bar');

  it('leaves findings of a code out, and counts them', () => {
    put('a.yaml', [WARNING, other].join('---\n'));
    const { code, stdout, stderr } = lint('--fail-on', 'info', '-S', 'PC0301', 'a.yaml');
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toBe('no findings in 1 file with 2 resources; 2 suppressed\n');
  });

  it('leaves them out for one resource', () => {
    put('a.yaml', [WARNING, other].join('---\n'));
    const one = 'PC0301=AuthorizationPolicy deny-all.bar';
    const { stdout, stderr } = lint('-S', one, '-S', 'PC0306', 'a.yaml');
    expect(stdout).toMatch(
      /^a\.yaml:9:5: Warning \[PC0301\] \(AuthorizationPolicy foo\/deny-all\)/,
    );
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain('; 1 suppressed');
  });

  it.each([
    ['PC0101', 'PC0101 is an error, which cannot be suppressed'],
    ['PC0103=PeerAuthentication default.foo', 'PC0103 is an error, which cannot be suppressed'],
    ['PC9999', 'there is no code PC9999'],
    ['toString', 'there is no code toString'],
    ['PC0301=deny-all', 'expected CODE=KIND NAME.NAMESPACE'],
    ['PC0301=AuthorizationPolicy foo/deny-all', 'expected CODE=KIND NAME.NAMESPACE'],
  ])('refuses %s', (text, message) => {
    const { code, stdout, stderr } = lint('-S', text, put('a.yaml', FINE));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(message);
  });
});

describe('lint --fix', () => {
  it('mends files in their place, keeps their modes, and touches no other', () => {
    const [wrong, right] = [
      put('wrong.yaml', ERROR),
      put('right.yaml', FINE.replace('foo', 'bar')),
    ];
    chmodSync(join(folder, wrong), 0o640);
    const before = statSync(join(folder, right));
    const { code, stdout, stderr } = lint('--fix', wrong, right);
    expect({ code, stdout }).toEqual({ code: 0, stdout: '' });
    expect(stderr).toBe('wrong.yaml: mended\nno findings in 2 files with 2 resources\n');
    expect(textOf(wrong)).toBe(MENDED);
    expect(statSync(join(folder, wrong)).mode & 0o777).toBe(0o640);
    const after = statSync(join(folder, right));
    expect([after.ino, after.mtimeMs]).toEqual([before.ino, before.mtimeMs]);
    expect(readdirSync(folder).toSorted()).toEqual(['right.yaml', 'wrong.yaml']);
  });

  it('tells what is left, and fails for it', () => {
    const file = put('a.yaml', [ERROR, policy('  action: BLOCK\n')].join('---\n'));
    const { code, stdout } = lint('--fix', file);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^a\.yaml:16:3: Error \[PC0103\] .*not "BLOCK"\n$/);
    expect(textOf(file)).toContain('mode: STRICT');
  });

  it('writes through a symbolic link', () => {
    put('real/a.yaml', ERROR);
    symlinkSync('real/a.yaml', join(folder, 'link.yaml'));
    expect(lint('--fix', 'link.yaml').code).toBe(0);
    expect(lstatSync(join(folder, 'link.yaml')).isSymbolicLink()).toBe(true);
    expect(textOf('real/a.yaml')).toBe(MENDED);
  });

  it('prints the mended standard input, and everything else on standard error', () => {
    const { code, stdout, stderr } = portcullis(
      ['lint', '--fix', '-'],
      [ERROR, WARNING].join('---\n'),
    );
    expect(code).toBe(0);
    expect(stdout).toBe([MENDED, WARNING].join('---\n'));
    expect(stderr).toContain('Warning [PC0301]');
  });

  it('prints standard input as it is where nothing is to be mended', () => {
    const text = `# odd, but fine\r\n${FINE}`;
    expect(portcullis(['lint', '--fix', '-'], text)).toMatchObject({ code: 0, stdout: text });
  });

  it('changes no file where one of them cannot be written', () => {
    // The temporary name beside a name of this length is too long for a file system: root is stopped by it, too.
    const [first, second] = [
      put('a.yaml', ERROR),
      put(`${'b'.repeat(245)}.yaml`, ERROR.replace('foo', 'bar')),
    ];
    const { code, stderr } = lint('--fix', first, second);
    expect(code).toBe(2);
    expect(stderr).toContain('ENAMETOOLONG');
    expect(textOf(first)).toBe(ERROR);
    expect(readdirSync(folder)).toHaveLength(2);
  });
});

describe('lint --fix --dry-run', () => {
  function patch(diff: string): void {
    const { status, stdout, stderr } = spawnSync('patch', ['-p0', '--binary'], {
      cwd: folder,
      input: diff,
      encoding: 'utf8',
    });
    expect({ status, stdout, stderr }).toMatchObject({ status: 0, stderr: '' });
  }

  it.each([
    ['one file', { 'a.yaml': ERROR }],
    ['a file in a folder', { 'policies/a b.yaml': ERROR }],
    ['several files', { 'a.yaml': ERROR, 'b.yaml': ERROR.replace('foo', 'bar'), 'c.yaml': INFO }],
    ['a file without line feed at its end', { 'a.yaml': ERROR.trimEnd() }],
    ['a file with the line ends of Windows', { 'a.yaml': ERROR.replaceAll('\n', '\r\n') }],
  ])('shows a diff that patch applies to %s, and writes nothing', (_, files) => {
    const names = Object.entries(files).map(([name, text]) => put(name, text));
    const { code, stdout } = lint('--fix', '--dry-run', ...names);
    expect(code).toBe(0);
    expect(Object.fromEntries(names.map((name) => [name, textOf(name)]))).toEqual(files);
    patch(stdout);
    const texts = Object.entries(files).map(([name, text]) => [
      name,
      text.replace('strict', 'STRICT'),
    ]);
    expect(Object.fromEntries(names.map((name) => [name, textOf(name)]))).toEqual(
      Object.fromEntries(texts),
    );
  });

  it('shows nothing where nothing is to be mended', () => {
    expect(lint('--fix', '--dry-run', put('a.yaml', WARNING)).stdout).toBe('');
  });
});
