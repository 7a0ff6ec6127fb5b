// Resources for which a small memory does not suffice: they are refused before they are compiled, each by what its values take.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodePlatform } from '../../host/node-platform.ts';
import { Process } from '../../host/process.ts';
import {
  JWKS_URI,
  NOW,
  configuration,
  denyPolicy,
  errorLines,
  requestAuthentication,
  update,
} from './fixture.ts';
import { withMaximumMemory } from './wasm-memory.ts';

const BYTES = readFileSync('build/portcullis.wasm');
/** Pages of 64 KiB. */
const SMALL = withMaximumMemory(BYTES, 2048);
const TOO_MUCH =
  "not enough memory for this configuration beside what is in force: a worker's module has 256 MiB; make it smaller, or split it by workload";

/** What is wrong with a configuration where memory is small. */
function problemsOf(resources: object[], settings: object = {}, module = SMALL): string[] {
  const process = new Process({
    platform: nodePlatform,
    now: NOW * 1000,
    node: { namespace: 'foo', labels: {} },
    workers: 1,
  });
  const plugin = process.load(module, {
    name: 'portcullis',
    rootId: 'portcullis',
    configuration: configuration([]),
  });
  const taken = update({ process, plugin }, configuration(resources, settings));
  const lines = errorLines(process).map((line) => line.replace(/^config: /, ''));
  expect(process.traps).toEqual([]);
  expect(taken).toBe(lines.length === 0);
  return lines;
}

const POLICY = 'resources[0] AuthorizationPolicy istio-system/deny: ';
const FACTS = { connectionFacts: { directAddress: 'd', peerUris: 'u' } };
/** Of identities it is too many, of everything else it is not. */
const MANY = 52_000;
const values = (of: string): string[] => Array.from({ length: MANY }, () => of);

describe('where memory is small', () => {
  it.each([
    'principals',
    'notPrincipals',
    'namespaces',
    'notNamespaces',
    'trustDomains',
    'notTrustDomains',
  ])('so many %s are refused', (field) => {
    const rule = { from: [{ source: { [field]: values('a') } }] };
    expect(problemsOf([denyPolicy([rule])], FACTS)).toEqual([
      `${POLICY}spec.rules[0].from[0].source.${field}: ${TOO_MUCH}`,
    ]);
  });

  it('so long an identity is refused, since it is kept with each name of the trust domain', () => {
    const text = ['p'.repeat(2_700_000)];
    const of = (field: string): object => ({ from: [{ source: { [field]: text } }] });
    expect(problemsOf([denyPolicy([of('principals')])], FACTS)).toEqual([
      `${POLICY}spec.rules[0].from[0].source.principals: ${TOO_MUCH}`,
    ]);
    expect(problemsOf([denyPolicy([of('requestPrincipals')])], FACTS)).toEqual([]);
  });

  it('so many values of all policies are refused, though each policy is small', () => {
    const rule = { to: [{ operation: { paths: Array(12_000).fill('/') } }] };
    const policies = (count: number): object[] =>
      Array.from({ length: count }, (_, i) => denyPolicy([rule], `p${i}`));
    expect(problemsOf(policies(20))).toEqual([]);
    expect(problemsOf(policies(60))).toEqual([TOO_MUCH]);
  });

  it('they are refused before any is filed in an index, where each policy fits by little', () => {
    const rule = { to: [{ operation: { paths: Array(1200).fill('/') } }] };
    const policies = Array.from({ length: 200 }, (_, i) => denyPolicy([rule], `p${i}`));
    const saidWith = (pages: number): string[] =>
      problemsOf(policies, {}, withMaximumMemory(BYTES, pages));
    // A memory in which the last policy fits, and hardly anything more.
    let [tooFew, enough] = [800, 1200];
    expect(saidWith(tooFew)).toEqual([expect.stringMatching(/^resources\[\d+\] .*: not enough/)]);
    while (enough - tooFew > 3) {
      const pages = (tooFew + enough) >> 1;
      if (saidWith(pages)[0]?.startsWith('resources') === true) tooFew = pages;
      else enough = pages;
    }
    expect(saidWith(enough)).toEqual([TOO_MUCH]);
  });

  it('so many resources are refused, though nothing is in them', () => {
    const many = Array.from({ length: 22_000 }, (_, i) => ({
      apiVersion: 'security.istio.io/v1',
      kind: 'PeerAuthentication',
      metadata: { name: `p${i}`, namespace: 'istio-system' },
    }));
    expect(problemsOf(many)).toEqual([]);
    const [problem] = problemsOf(many, {}, withMaximumMemory(BYTES, 1000));
    expect(problem).toMatch(/^resources\[\d+\] PeerAuthentication istio-system\/p\d+: not enough/);
  });

  it('so many names of the trust domain are refused, whatever stands before them', () => {
    const trustDomainAliases = Array(260_000).fill('a');
    expect(problemsOf([], { rootNamespace: 'root', trustDomainAliases })).toEqual([TOO_MUCH]);
  });

  it.each<[string, string]>([
    ['requestPrincipals', 'a'],
    ['notRequestPrincipals', 'a'],
    ['remoteIpBlocks', '::1'],
    ['notIpBlocks', '::1'],
  ])('as many %s are taken', (field, value) => {
    const rule = { from: [{ source: { [field]: values(value) } }] };
    expect(problemsOf([denyPolicy([rule])], FACTS)).toEqual([]);
  });

  it.each<[string, string]>([
    ['paths', '/'],
    ['notPaths', '/'],
    ['methods', 'G'],
    ['hosts', 'h'],
    ['ports', '1'],
    ['notPorts', '1'],
  ])('and as many %s', (field, value) => {
    const rule = { to: [{ operation: { [field]: values(value) } }] };
    expect(problemsOf([denyPolicy([rule])])).toEqual([]);
  });

  it('so many values of a condition are refused, whatever it is about', () => {
    for (const field of ['values', 'notValues']) {
      const when = [{ key: 'request.headers[a]', [field]: values('a') }, { key: '' }];
      expect(problemsOf([denyPolicy([{ when }])])).toEqual([
        `${POLICY}spec.rules[0].when[0]: ${TOO_MUCH}`,
      ]);
    }
  });

  it('nothing is told of what stands behind, which nobody has looked at', () => {
    const wrong = { from: [{ source: {} }], when: [{}] };
    const source = { principals: values('a'), ipBlocks: ['x'] };
    const rules = [{ ...wrong, from: [{ source }, { source: {} }] }, wrong];
    expect(problemsOf([denyPolicy(rules), denyPolicy([], 'next')], FACTS)).toEqual([
      `${POLICY}spec.rules[0].from[0].source.principals: ${TOO_MUCH}`,
    ]);
  });

  it('so many operations of a rule are refused', () => {
    const to = Array.from({ length: 840_000 }, () => ({}));
    expect(problemsOf([denyPolicy([{ to }])])).toEqual([`${POLICY}spec.rules[0].to: ${TOO_MUCH}`]);
  });

  it('so large a jwtRule is refused', () => {
    const audiences = Array.from({ length: 260_000 }, () => 'a');
    expect(problemsOf([requestAuthentication({ jwksUri: JWKS_URI, audiences })])).toEqual([
      `resources[0] RequestAuthentication istio-system/jwt: spec.jwtRules[0]: ${TOO_MUCH}`,
    ]);
  });
});
