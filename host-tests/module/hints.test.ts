// What is said of a field that nobody knows: what was meant, most often one level further in or out.
import { describe, expect, it } from 'vitest';
import { problemsOf } from './fixture.ts';

const resource = (kind: string, spec: object): object => ({
  apiVersion: 'security.istio.io/v1',
  kind,
  metadata: { name: 'p', namespace: 'foo' },
  spec,
});

/** The hint of the only problem of a document. */
function hintOf(problems: string[]): string {
  expect(problems).toHaveLength(1);
  return problems[0]!.replace(/^.*: unknown field(; did you mean )?/, '');
}
const policyHint = (spec: object): string =>
  hintOf(problemsOf([resource('AuthorizationPolicy', { action: 'DENY', rules: [{}], ...spec })]));
const peerHint = (spec: object): string =>
  hintOf(problemsOf([resource('PeerAuthentication', spec)]));
const settingHint = (settings: object): string => hintOf(problemsOf([], settings));

describe('a field that stands too far out belongs under', () => {
  it.each<[string, object, string]>([
    ['the only one that has it', { mode: 'STRICT', selector: null }, 'mtls'],
    ['the first of those that have it', { mode: 'STRICT' }, 'mtls'],
    ['the one that stands there empty', { portLevelMtls: null, mode: 'STRICT' }, 'portLevelMtls'],
    ['the first one, where neither is empty', { mtls: {}, selector: null, mode: 'STRICT' }, 'mtls'],
    ['its own, not what stands beside it', { matchLabels: { a: 'b' }, mtls: null }, 'selector'],
  ])('%s', (_, spec, name) => {
    expect(peerHint(spec)).toBe(`to indent it under "${name}"?`);
  });
});

describe('a field that stands too far in belongs to the level of', () => {
  it.each<[string, () => string, string]>([
    [
      'the list that it stands in',
      () => policyHint({ rules: [{ from: [{ source: { principals: ['*'] }, when: [] }] }] }),
      'from',
    ],
    [
      'the object that it stands in',
      () => policyHint({ selector: { matchLabels: {}, action: 'DENY' } }),
      'selector',
    ],
    ['the plugin’s own fields', () => settingHint({ workload: { trustDomain: 'a' } }), 'workload'],
    [
      'the nearest one that knows it',
      () =>
        settingHint({
          extensionProviders: [
            {
              name: 'a',
              envoyExtAuthzHttp: {
                service: 'a.b',
                port: 80,
                includeRequestBodyInCheck: { maxRequestBytes: 1, name: 'b' },
              },
            },
          ],
          allowOnHeadersStopIteration: true,
        }),
      'envoyExtAuthzHttp',
    ],
    [
      'what it stands in, and not of what was closed before it',
      () => policyHint({ selector: { matchLabels: {} }, rules: [{ to: [], selector: {} }] }),
      'rules',
    ],
  ])('%s', (_, hint, name) => {
    expect(hint()).toBe(`to un-indent it, to the level of "${name}"?`);
  });
});

describe('a field of another branch is named by its path:', () => {
  it.each<[() => string, string]>([
    [
      () => policyHint({ rules: [{ when: [{ key: 'remote.ip', values: ['::'], paths: [] }] }] }),
      '"to[].operation.paths", beside "when"?',
    ],
    [
      () => policyHint({ selector: { paths: [] } }),
      '"rules[].to[].operation.paths", beside "selector"?',
    ],
    [
      () => policyHint({ selector: { operation: {} } }),
      '"rules[].to[].operation", beside "selector"?',
    ],
    [() => peerHint({ selector: { mode: 'STRICT' } }), '"mtls.mode", beside "selector"?'],
    [
      () => settingHint({ workload: { forward: 'SANITIZE' } }),
      '"xfcc.forward", beside "workload"?',
    ],
    [
      () => settingHint({ workload: { cluster: 'SANITIZE' } }),
      '"jwks[].cluster", beside "workload"?',
    ],
    [
      () => settingHint({ workload: { maxRequestBytes: 1 } }),
      '"extensionProviders[].envoyExtAuthzHttp.includeRequestBodyInCheck.maxRequestBytes", beside "workload"?',
    ],
  ])('%#', (hint, words) => {
    expect(hint()).toBe(words);
  });
});

describe('a field that is misspelt is named, if it is not too far from any:', () => {
  it.each<[string, string]>([
    ['rule', 'rules'],
    ['ruled', 'rules'],
    ['rulles', 'rules'],
    ['ulers', 'rules'],
    ['RULES', 'rules'],
    ['rxxes', 'rules'],
    ['rxxxs', ''],
    ['xaction', 'action'],
    ['actionxxx', 'action'],
    ['actionxxxxx', ''],
    ['provder', 'provider'],
    ['xxxvider', 'provider'],
    ['xxxxider', ''],
    ['a', ''],
    ['', ''],
    ['x'.repeat(64), ''],
    ['x'.repeat(65), ''],
    ['x'.repeat(300), ''],
  ])('%s: %s', (name, meant) => {
    expect(policyHint({ [name]: 1 })).toBe(meant === '' ? '' : `"${meant}"?`);
  });

  it('the nearest of several, and of two that are as near the first', () => {
    expect(settingHint({ clockSkews: '1s' })).toBe('"clockSkew"?');
    expect(settingHint({ workload: { labls: {} } })).toBe('"labels"?');
    expect(settingHint({ xfcc: { forward: 'SANITIZE', forwards: 1 } })).toBe('"forward"?');
    // One letter from either.
    expect(policyHint({ rules: [{ fo: [] }] })).toBe('"to"?');
    expect(policyHint({ rules: [{ tom: [] }] })).toBe('"to"?');
  });
});
