// What is said of a field that nobody knows: what was meant, most often one level further in or out.
import { describe, expect, it } from 'vitest';
import { problemsOf, saidOf } from './fixture.ts';

/** What a line says after the path, without the words that all of them have. */
const hintIn = (line: string): string =>
  line.replace(/^.*: unknown field(; did you mean )?/, '').replace(/\?$/, '');

/** The hint of each of these specs, which have one unknown field. */
function hintsOf(kind: string, specs: object[]): string[] {
  const resources = specs.map((spec, i) => ({
    apiVersion: 'security.istio.io/v1',
    kind,
    metadata: { name: `p${i}`, namespace: 'foo' },
    spec,
  }));
  return saidOf(resources).map((lines) => {
    expect(lines).toHaveLength(1);
    return hintIn(lines[0]!);
  });
}
const policyHints = (specs: object[]): string[] =>
  hintsOf(
    'AuthorizationPolicy',
    specs.map((spec) => ({ action: 'DENY', rules: [{}], ...spec })),
  );
const peerHints = (specs: object[]): string[] => hintsOf('PeerAuthentication', specs);
const settingHints = (settings: object): string[] => problemsOf([], settings).map(hintIn);

describe('a field that nobody knows', () => {
  it('stands too far out, where an object beside it has it', () => {
    const table: [object, string][] = [
      // The first that has it, and an empty one before others: so a slip of the indentation leaves it.
      [{ mode: 'STRICT' }, 'mtls'],
      [{ mode: 'STRICT', selector: null }, 'mtls'],
      [{ mode: 'STRICT', mtls: {}, selector: null }, 'mtls'],
      [{ mode: 'STRICT', portLevelMtls: null }, 'portLevelMtls'],
      [{ matchLabels: { a: 'b' }, mtls: null }, 'selector'],
    ];
    expect(peerHints(table.map(([spec]) => spec))).toEqual(
      table.map(([, name]) => `to indent it under "${name}"`),
    );
  });

  it('stands too far in, where an object around it has it', () => {
    const table: [object, string][] = [
      [{ rules: [{ from: [{ source: { principals: ['*'] }, when: [] }] }] }, 'from'],
      [{ selector: { matchLabels: {}, action: 'DENY' } }, 'selector'],
      // What was closed before is not around it.
      [{ selector: { matchLabels: {} }, rules: [{ to: [], selector: {} }] }, 'rules'],
    ];
    expect(policyHints(table.map(([spec]) => spec))).toEqual(
      table.map(([, name]) => `to un-indent it, to the level of "${name}"`),
    );
    const includeRequestBodyInCheck = { maxRequestBytes: 1, name: 'b', jwks: [] };
    const envoyExtAuthzHttp = { service: 'a.b', port: 80, includeRequestBodyInCheck };
    const settings = {
      workload: { trustDomain: 'a' },
      extensionProviders: [{ name: 'a', envoyExtAuthzHttp }],
    };
    expect(settingHints(settings)).toEqual([
      'to un-indent it, to the level of "workload"',
      'to un-indent it, to the level of "envoyExtAuthzHttp"',
      'to un-indent it, to the level of "extensionProviders"',
    ]);
  });

  it('stands on another branch, which is named', () => {
    const when = [{ key: 'remote.ip', values: ['::'], paths: [] }];
    expect(
      policyHints([
        { rules: [{ when }] },
        { selector: { paths: [] } },
        { selector: { operation: {} } },
      ]),
    ).toEqual([
      '"to[].operation.paths", beside "when"',
      '"rules[].to[].operation.paths", beside "selector"',
      '"rules[].to[].operation", beside "selector"',
    ]);
    expect(peerHints([{ selector: { mode: 'STRICT' } }])).toEqual([
      '"mtls.mode", beside "selector"',
    ]);
    expect(settingHints({ workload: { forward: '', cluster: '', maxRequestBytes: 1 } })).toEqual([
      '"xfcc.forward", beside "workload"',
      '"jwks[].cluster", beside "workload"',
      '"extensionProviders[].envoyExtAuthzHttp.includeRequestBodyInCheck.maxRequestBytes", beside "workload"',
    ]);
  });

  it('is misspelt, where the nearest name is not too far', () => {
    const table: [string, string][] = [
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
      // Of two the nearer, and of two that are as near the first.
      ['targetReg', 'targetRef'],
      ['targetRefz', 'targetRef'],
      ['a', ''],
      ['', ''],
      ['x'.repeat(65), ''],
    ];
    expect(policyHints(table.map(([name]) => ({ [name]: 1 })))).toEqual(
      table.map(([, meant]) => (meant === '' ? '' : `"${meant}"`)),
    );
  });

  it('is the nearest of several, and of two that are as near the first', () => {
    expect(
      settingHints({ clockSkews: '1s', workload: { labls: {} }, xfcc: { forwards: 1 } }),
    ).toEqual(['"clockSkew"', '"labels"', '"forward"']);
    expect(policyHints([{ rules: [{ fo: [] }] }, { rules: [{ tom: [] }] }])).toEqual([
      '"to"',
      '"to"',
    ]);
  });
});
