// The sample suites of samples/policy-tests: policies, requests, decisions, as a policy author reads them. Three judges must agree
// with what is written there: the module in the Node host, the module in a real Envoy, and istiod's own filters in a real Envoy.
import { readFileSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Suite, readSuite, runCase, runCaseInEnvoy } from '../cli/test-suite.ts';
import type { JsonObject } from '../envoy/config/types.ts';
import { EnvoyJudge, unaskable } from '../envoy/envoy-judge.ts';

const FOLDER = 'samples/policy-tests';
const NAMES = readdirSync(FOLDER).flatMap((name) => /^(.*)\.test\.yaml$/.exec(name)?.[1] ?? []);
/** Istio enforces PeerAuthentication by the chains of its listener: there is no filter of istiod's to ask. */
const WITHOUT_FILTERS = ['peer-authentication'];
const suites = new Map<string, Suite>();
for (const name of NAMES) suites.set(name, await readSuite(`${FOLDER}/${name}.test.yaml`));

it('shows at least 120 cases, nearly all of them at a real Envoy', () => {
  const cases = [...suites.values()].flatMap((suite) => suite.cases);
  expect(cases.length).toBeGreaterThanOrEqual(120);
  expect(cases.filter(({ request }) => unaskable(request) !== undefined).length).toBeLessThan(9);
});

describe.each(NAMES)('%s', (name) => {
  const suite = suites.get(name)!;
  let ours: EnvoyJudge;
  let native: EnvoyJudge | undefined;

  beforeAll(async () => {
    ours = await suite.judge.inEnvoy();
    if (WITHOUT_FILTERS.includes(name)) return;
    const text = readFileSync(`envoy-tests/oracle/samples/${name}.native.json`, 'utf8');
    const { httpFilters } = JSON.parse(text, (field, value: unknown) =>
      field === 'inline_string' ? suite.jwks : value,
    ) as { httpFilters: JsonObject[] };
    native = await EnvoyJudge.start(
      { namespace: 'foo', labels: { app: 'httpbin' } },
      httpFilters,
      [],
    );
  });
  afterAll(async () => {
    await ours?.stop();
    await native?.stop();
  });

  it('has a case for every rule', () => {
    const matched = suite.cases.flatMap((one) =>
      runCase(suite, one)
        .decision.steps.filter((step) => step.matched)
        .map(({ action, rule }) => `${action} ${rule}`),
    );
    expect(suite.rules.filter((rule) => !matched.includes(rule))).toEqual([]);
  });

  it.each(suite.cases.map((one) => [one.name, one] as const))('%s', async (_name, one) => {
    expect(runCase(suite, one).failures).toEqual([]);
    for (const envoy of native === undefined ? [ours] : [ours, native]) {
      const result = await runCaseInEnvoy(suite, one, envoy);
      if (typeof result === 'string') expect(unaskable(one.request)).toBe(result);
      else expect(result.failures, envoy === native ? "istiod's filters" : 'ours').toEqual([]);
    }
  });
});
