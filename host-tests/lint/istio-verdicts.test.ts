// Istio's own validation cases: what its webhook rejects is an error here, and what it accepts is none.
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { lintOptionsOf } from '../../cli/lint.ts';
import { lint } from '../../istio/lint/lint.ts';
import { formatProblem } from '../../istio/problem.ts';

interface Verdict {
  kind: string;
  name: string;
  annotations: Record<string, string> | null;
  spec: unknown;
  valid: boolean;
}

const FILE = process.env.PORTCULLIS_VALIDATION_CASES ?? '../shared/data/validation_cases.yaml';
const verdicts = existsSync(FILE) ? (parse(readFileSync(FILE, 'utf8')) as Verdict[]) : [];

/** By Kubernetes' way from YAML to the webhook, an empty list is an absent one: only a test in Go can tell them apart. */
const ONLY_IN_GO = ['from-empty', 'to-empty'];
/** PC0217: the module does not enforce these, and says so. */
const NOT_ENFORCED: Record<string, string> = {
  'target-ref-good': 'spec.targetRef: not supported yet',
  'target-refs-good': 'spec.targetRefs: not supported yet',
  'target-refs-good-service': 'spec.targetRefs: not supported yet',
  'good targetRef': 'spec.targetRef: not supported yet',
};

async function errorsOf({ kind, annotations, spec }: Verdict): Promise<string[]> {
  const metadata = { name: 'name', namespace: 'foo', ...(annotations ? { annotations } : {}) };
  const resource = { apiVersion: 'security.istio.io/v1', kind, metadata, spec };
  const sources = [{ file: 'case.yaml', text: stringify(resource) }];
  const { problems } = await lint(sources, await lintOptionsOf({ namespace: 'default' }));
  return problems.filter(({ level }) => level === 'error').map(formatProblem);
}

describe.skipIf(verdicts.length === 0)(`the cases of ${FILE}`, () => {
  const refused = verdicts.filter(({ valid }) => !valid);
  const accepted = verdicts.filter(({ valid }) => valid);

  it.each(refused.filter(({ name }) => !ONLY_IN_GO.includes(name)))(
    'refuses $kind "$name"',
    async (one) => {
      expect(await errorsOf(one)).not.toEqual([]);
    },
  );

  it.each(refused.filter(({ name }) => ONLY_IN_GO.includes(name)))(
    'takes the empty list of "$name" for none',
    async (one) => {
      expect(await errorsOf(one)).toEqual([]);
    },
  );

  it.each(accepted.filter(({ name }) => !(name in NOT_ENFORCED)))(
    'accepts $kind "$name"',
    async (one) => {
      expect(await errorsOf(one)).toEqual([]);
    },
  );

  it.each(accepted.filter(({ name }) => name in NOT_ENFORCED))(
    'says of $kind "$name" that it is not enforced, and nothing else',
    async (one) => {
      expect(await errorsOf(one)).toEqual([
        expect.stringMatching(new RegExp(`\\[PC0217\\] .*${NOT_ENFORCED[one.name]}$`)),
      ]);
    },
  );
});
