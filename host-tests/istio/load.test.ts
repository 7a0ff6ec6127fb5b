// Istio resources from YAML, with their places.
import { describe, expect, it } from 'vitest';
import { type Loaded, loadResources } from '../../istio/load.ts';
import { locateErrors } from '../../istio/module-errors.ts';
import { formatProblem } from '../../istio/problem.ts';

const load = (text: string): Loaded => loadResources([{ file: 'a.yaml', text }]);
const problems = (text: string): string[] => load(text).problems.map(formatProblem);

const POLICY = `# comment
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata:
  name: one
  namespace: foo
spec:
  action: DENY
  rules:
  - from:
    - source:
      notRequestPrincipals: ["*"]
`;

describe('a file of resources', () => {
  it('may hold several documents, empty ones among them', () => {
    const { resources, problems } = load(`---\n---\n${POLICY}---\n${POLICY}---\n# nothing\n`);
    expect(problems).toEqual([]);
    expect(resources.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
      'foo/one',
      'foo/one',
    ]);
  });

  it('may be a List, as kubectl get -o yaml prints it, or JSON', () => {
    const item = {
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: 'x', namespace: 'y' },
    };
    const { resources, problems } = load(
      JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [item, item] }),
    );
    expect(problems).toEqual([]);
    expect(resources).toHaveLength(2);
    expect(resources[1]!.value).toEqual(item);
  });

  it('may be empty', () => {
    expect(load('')).toEqual({ resources: [], problems: [] });
  });

  it('gives a resource without a namespace the one that kubectl would', () => {
    const { resources } = load('kind: PeerAuthentication\nmetadata: { name: a }\n');
    expect(resources[0]!.namespace).toBe('default');
    expect(resources[0]!.value.metadata).toEqual({ name: 'a', namespace: 'default' });
  });

  it.each(['"on"', "'no'", '"010"', 'only', 'nope', '08', '1:20', '0x1F', '2026-01-31'])(
    'takes %s, which kubectl reads as it is written',
    (word) => {
      expect(problems(`kind: PeerAuthentication\nmetadata: { name: ${word} }\n`)).toEqual([]);
    },
  );
});

describe('what is wrong in a file', () => {
  it.each([
    [
      'a kind that is none of ours',
      'kind: Service\n',
      'a.yaml:1:1: Error [PC0007] kind "Service" is unknown',
    ],
    ['no kind', 'metadata: {}\n', 'a.yaml:1:1: Error [PC0007] there is no kind'],
    [
      'a list in the place of a resource',
      '- a\n',
      'a.yaml:1:1: Error [PC0006] a resource must be an object',
    ],
    ['a key twice', 'kind: A\nkind: B\n', 'a.yaml:2:1: Error [PC0002] Map keys must be unique'],
    [
      'a tab as indentation',
      'spec:\n\tselector: {}\n',
      'a.yaml:2:1: Error [PC0003] Tabs are not allowed',
    ],
    [
      'an alias, which shows a reader something else than what is in force',
      'kind: PeerAuthentication\nmetadata: &m { name: a }\nspec: *m\n',
      'a.yaml:3:7: Error [PC0004] aliases are not allowed in a policy',
    ],
    ['an open bracket', 'kind: [\n', 'a.yaml:2:1: Error [PC0001]'],
    ...['y', 'No', 'on', 'OFF', '010', '-0777', '0b11', '1_000'].map((word) => [
      `${word}, which kubectl reads otherwise,`,
      `kind: PeerAuthentication\nmetadata:\n  name: ${word}\n`,
      `a.yaml:3:9: Error [PC0005] kubectl reads ${word} as `,
    ]),
    [
      'a number that JSON does not have',
      'kind: PeerAuthentication\nspec: .inf\n',
      'a.yaml:2:7: Error [PC0010] JSON has no number for .inf',
    ],
    [
      'a name that is none',
      'kind: PeerAuthentication\n? [a]\n: b\n',
      'a.yaml:2:3: Error [PC0009] the name of a field must be a string',
    ],
    [
      'a name that is one in JSON, and two in YAML,',
      'kind: PeerAuthentication\nspec:\n  80: a\n  "80": b\n',
      'a.yaml:4:3: Error [PC0002] Map keys must be unique',
    ],
  ])('%s is named with its place', (_, text, start) => {
    const found = problems(text);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]!.slice(0, start.length)).toBe(start);
  });
});

describe("the module's error lines", () => {
  it('come back with file, line and column', () => {
    const { resources } = loadResources([
      { file: 'a.yaml', text: POLICY },
      { file: 'b.yaml', text: `\n\n${POLICY}` },
    ]);
    const line =
      'config: resources[1] AuthorizationPolicy foo/one: ' +
      'spec.rules[0].from[0].notRequestPrincipals: unknown field; did you mean to indent it under "source"?';
    expect(locateErrors([line], resources).map(formatProblem)).toEqual([
      'b.yaml:14:7: Error [PC0101] (AuthorizationPolicy foo/one) spec.rules[0].from[0].notRequestPrincipals: ' +
        'unknown field; did you mean to indent it under "source"?',
    ]);
  });

  it('point at the nearest field where the one they name is missing', () => {
    const { resources } = load(POLICY);
    const line =
      'config: resources[0] AuthorizationPolicy foo/one: spec.rules[0].when[2].key: missing';
    expect(locateErrors([line], resources)).toMatchObject([{ line: 10, column: 5 }]);
  });

  it('are read in no time, however long a word of theirs is, and whatever a name holds', () => {
    const { resources } = load(
      'kind: PeerAuthentication\nmetadata: { name: "a: b", namespace: foo }\n',
    );
    const word = 'x'.repeat(100_000);
    const line = `config: resources[0] PeerAuthentication foo/a: b: ${word} is wrong`;
    expect(locateErrors([line], resources)[0]!.message).toBe(`${word} is wrong`);
    expect(locateErrors([line.replace(' is wrong', ': wrong')], resources)[0]!.path).toBe(word);
  });

  it('without a resource keep their text', () => {
    const line = 'config: clockSkew: must be a duration';
    expect(locateErrors([line], []).map(formatProblem)).toEqual([
      '-:1:1: Error [PC0216] clockSkew: must be a duration',
    ]);
  });
});
