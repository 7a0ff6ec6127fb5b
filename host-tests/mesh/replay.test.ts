// Task pages as steps, and what was seen against what they print.
import { describe, expect, it } from 'vitest';
import { agrees } from '../../cli/replay/compare.ts';
import { knownError } from '../../cli/replay/known-errors.ts';
import { type Step, stepsOf } from '../../cli/replay/page.ts';
import { Session } from '../../cli/replay/session.ts';

const fenced = (...lines: string[]): string => ['```', ...lines, '```'].join('\n');

describe('a page', () => {
  it('is read command by command, each with its output', () => {
    const page = `# Title\n\ntext\n\n${fenced('$ one', '', 'out 1', 'out 2', '', '$ two')}\n`;
    expect(stepsOf(page)).toEqual([
      { line: 6, section: 'Title', command: 'one', expected: ['out 1', 'out 2'] },
      { line: 11, section: 'Title', command: 'two', expected: [] },
    ]);
  });

  it.each<[string, string[], string]>([
    [
      'a here-document',
      ['$ cat <<EOF | x', 'a: $b', '$ c', 'EOF', 'out'],
      'cat <<EOF | x\na: $b\n$ c\nEOF',
    ],
    ['a quoted text', ['$ echo "a', 'b"', 'out'], 'echo "a\nb"'],
    ['a loop', ['$ for i in 1 2; do', 'echo $i', 'done', 'out'], 'for i in 1 2; do\necho $i\ndone'],
    ['a continued line', ['$ echo a \\', '  b', 'out'], 'echo a \\\n  b'],
  ])('keeps %s in one piece', (_, lines, command) => {
    expect(stepsOf(fenced(...lines))).toEqual([
      { line: 2, section: '', command, expected: ['out'] },
    ]);
  });

  it('may have blocks in lists, indented', () => {
    const page = ['- text', '- ```', '  $ one', '  out', '  ```', '', '  ```', '  $ two', '  ```'];
    expect(stepsOf(page.join('\n')).map(({ command }) => command)).toEqual(['one', 'two']);
  });

  it('may have blocks without commands', () => {
    expect(stepsOf(fenced('kind: Pod'))).toEqual([]);
  });
});

describe('what never ends', () => {
  it('is watched from its first word, however late that comes', async () => {
    const session = new Session('.', process.env);
    try {
      const command = 'sleep 1; echo listening; sleep 300';
      expect(await session.run(command, 60_000, 100)).toEqual({
        lines: ['listening', ''],
        code: undefined,
      });
      expect(await session.run('echo next', 60_000)).toEqual({ lines: ['next', ''], code: 0 });
    } finally {
      session.stop();
    }
  });

  it('is left when it never says a word', async () => {
    const session = new Session('.', process.env);
    try {
      expect(await session.run('sleep 300', 100, 100)).toEqual({ lines: [''], code: undefined });
    } finally {
      session.stop();
    }
  });
});

describe('what was seen', () => {
  it.each<[string[], string[], boolean]>([
    [['200'], ['200', ''], true],
    [['200'], ['200', '200'], false],
    [['200'], [], false],
    [['a', '', 'b'], ['a', 'b'], true],
    [['"x": "y"'], ['  "x": "y",'], true],
    [['"x": "y"'], ['"x": "z",'], false],
    [['a', '...'], ['a', 'b', 'c'], true],
    [['a', '...'], ['b', 'a'], false],
    [['a', '...', 'c', 'd'], ['a', 'b', 'c', 'd', 'e'], true],
    [['a', '...', 'c', 'd'], ['a', 'c', 'e', 'd'], false],
    [['a', 'b', '...', 'a'], ['a', 'b'], true],
  ])('%j and %j', (expected, seen, does) => {
    expect(agrees(expected, seen)).toBe(does);
  });
});

describe('an error of a page', () => {
  const step = (command: string, expected: string[] = []): Step => ({
    line: 1,
    section: '',
    command,
    expected,
  });

  it('is a policy whose indentation is wrong: what the page means is run instead', async () => {
    const command = `kubectl apply -f - <<EOF
apiVersion: security.istio.io/v1beta1
kind: PeerAuthentication
metadata:
  name: overwrite-example
  namespace: foo
spec:
  selector:
    matchLabels:
      app: httpbin
    mtls:
      mode: DISABLE
EOF`;
    const seen = ['-:10:5: Error … unknown field; did you mean to un-indent it?'];
    const known = (await knownError(step(command), seen, []))!;
    expect(known.why).toContain('mis-indented');
    expect(known.instead).toContain(
      'spec:\n  selector:\n    matchLabels:\n      app: httpbin\n  mtls:\n',
    );
  });

  it('is a 503 for a refused plaintext connection', async () => {
    const expected = ['a to b: 200', 'c to b: 503'];
    const seen = ['a to b: 200', 'c to b: 000', 'command terminated with exit code 56'];
    expect((await knownError(step('x', expected), seen, []))?.why).toContain('not 503');
    expect(
      await knownError(step('x', expected), ['a to b: 000', ...seen.slice(1)], []),
    ).toBeUndefined();
  });

  it('is a policy for the whole mesh that nobody has deleted', async () => {
    const mesh = step('kind: PeerAuthentication\nnamespace: "istio-system"');
    const later = step('kubectl exec …', ['a to b: 200']);
    expect((await knownError(later, ['a to b: 000'], [mesh]))?.mustAgree).toBe(true);
    expect(await knownError(later, ['a to b: 000'], [])).toBeUndefined();
  });

  it('is nothing that merely came otherwise', async () => {
    expect(await knownError(step('curl x', ['200']), ['403'], [])).toBeUndefined();
    expect(await knownError(step('kubectl get pods', ['a']), ['b'], [])).toBeUndefined();
  });
});
