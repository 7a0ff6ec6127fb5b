// Why a rule matches, or does not: what access logs have of a refusal, and `portcullis explain` of every rule.
import { describe, expect, it } from 'vitest';
import { fromUtf8 } from '../../host/text.ts';
import { CLUSTER, type RequestOptions, denyPolicy, request, start } from './fixture.ts';

const DENY = 'ns[istio-system]-policy[deny]-rule[0]';
const to = (...operations: object[]): object[] => operations.map((operation) => ({ operation }));
const from = (...sources: object[]): object[] => sources.map((source) => ({ source }));
const header = (name: string, ...values: string[]): object => ({
  key: `request.headers[${name}]`,
  values,
});
const notHeader = (name: string, ...notValues: string[]): object => ({
  key: `request.headers[${name}]`,
  notValues,
});

/** What the log says of the only rule, and what is recorded of the refusal. */
function told(
  rule: object,
  options: RequestOptions,
): { line: string; matched: string | undefined } {
  const { process, plugin } = start([denyPolicy([rule])], {}, { logLevel: 'trace' });
  const stream = request(plugin, options);
  plugin.end(stream);
  const lines = process.logs().filter((line) => line.startsWith('trace '));
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(`trace DENY ${DENY} `);
  const matched = stream.filterState('portcullis.matched');
  return {
    line: lines[0]!.slice(`trace DENY ${DENY} `.length),
    matched: matched && fromUtf8(matched),
  };
}

const HERE = '192.0.2.1';
const GET: RequestOptions = { path: '/a', method: 'GET', sourceAddress: `${HERE}:1` };

describe('a rule that matches tells by what:', () => {
  it.each<[string, object, string]>([
    ['nothing where it asks for nothing', {}, ''],
    [
      'all fields of an operation',
      { to: to({ paths: ['/a'], notMethods: ['PUT'] }) },
      'to[0].operation.paths,to[0].operation.notMethods',
    ],
    [
      'the first operation that holds, and no other',
      { to: to({ paths: ['/b'] }, { methods: ['GET'] }, { paths: ['/a'] }) },
      'to[1].operation.methods',
    ],
    [
      'the first source that holds, and no other',
      {
        from: from(
          { requestPrincipals: ['*'] },
          { remoteIpBlocks: [HERE], notRequestPrincipals: ['*'] },
          { remoteIpBlocks: [HERE] },
        ),
      },
      'from[1].source.remoteIpBlocks,from[1].source.notRequestPrincipals',
    ],
    [
      'all conditions',
      { when: [notHeader('x-a', 'a'), { key: 'remote.ip', values: [HERE], notValues: ['::1'] }] },
      'when[0].notValues,when[1].values,when[1].notValues',
    ],
    [
      'source, operation and conditions, in this order',
      {
        when: [notHeader('x-a', 'a')],
        to: to({ paths: ['/a'] }),
        from: from({ remoteIpBlocks: [HERE] }),
      },
      'from[0].source.remoteIpBlocks,to[0].operation.paths,when[0].notValues',
    ],
  ])('%s', (_, rule, reasons) => {
    expect(told(rule, GET)).toEqual({ line: `yes: ${reasons}`, matched: reasons });
  });
});

describe('a rule that does not match tells what fails:', () => {
  it.each<[string, object, string]>([
    ['the one field', { to: to({ paths: ['/b'] }) }, 'to[0].operation.paths'],
    [
      'the first field of an operation',
      { to: to({ methods: ['GET'], paths: ['/b'], hosts: ['b'] }) },
      'to[0].operation.paths',
    ],
    [
      'one field of every operation',
      { to: to({ paths: ['/b'] }, { methods: ['PUT'], paths: ['/b'] }) },
      'to[0].operation.paths,to[1].operation.methods',
    ],
    [
      'one field of every source',
      { from: from({ requestPrincipals: ['*'] }, { notRemoteIpBlocks: [HERE] }) },
      'from[0].source.requestPrincipals,from[1].source.notRemoteIpBlocks',
    ],
    [
      'no operation where one of them holds',
      {
        to: to({ paths: ['/b'] }, { paths: ['/a'] }),
        from: from({ requestPrincipals: ['*'] }),
      },
      'from[0].source.requestPrincipals',
    ],
    [
      'no source where one of them holds',
      {
        from: from({ requestPrincipals: ['*'] }, { remoteIpBlocks: [HERE] }),
        to: to({ ports: ['1'] }),
      },
      'to[0].operation.ports',
    ],
    [
      'the first condition',
      { when: [notHeader('x-a', 'a'), header('x-b', 'b'), header('x-c', 'c')] },
      'when[1].values',
    ],
    [
      'source, operation and condition, in this order',
      {
        when: [header('x-b', 'b')],
        to: to({ paths: ['/b'] }),
        from: from({ requestPrincipals: ['*'] }),
      },
      'from[0].source.requestPrincipals,to[0].operation.paths,when[0].values',
    ],
  ])('%s', (_, rule, reasons) => {
    expect(told(rule, GET)).toEqual({ line: `no: ${reasons}`, matched: undefined });
  });
});

describe('at most 64 of the reasons are told', () => {
  const names = Array.from({ length: 70 }, (_, i) => `x-${i}`);

  it('of a rule that matches', () => {
    const when = names.map((name) => notHeader(name, 'a'));
    const first64 = names.slice(0, 64).map((_, i) => `when[${i}].notValues`);
    expect(told({ when }, GET).matched).toBe(first64.join());
  });

  it('of a rule that does not', () => {
    const operations = names.map((name) => ({ paths: [`/${name}`] }));
    const first64 = names.slice(0, 64).map((_, i) => `to[${i}].operation.paths`);
    expect(told({ to: to(...operations) }, GET).line).toBe(`no: ${first64.join()}`);
  });
});

it('the rules of all actions are told of, in the order of istiod’s filters', () => {
  const policy = (action: string, spec = {}, metadata = {}): object => {
    const name = `${action.toLowerCase()}${Object.keys(metadata).length === 0 ? '' : '-try'}`;
    const made = denyPolicy([{ to: to({ paths: ['/b'] }) }, {}], name, { action, ...spec });
    const named = (made as { metadata: object }).metadata;
    return { ...made, metadata: { ...named, ...metadata } };
  };
  const dryRun = { annotations: { 'istio.io/dry-run': 'true' } };
  const { process, plugin } = start(
    [
      policy('ALLOW'),
      policy('ALLOW', {}, dryRun),
      policy('DENY'),
      policy('DENY', {}, dryRun),
      policy('AUDIT'),
      policy('CUSTOM', { provider: { name: 'opa' } }),
    ],
    {
      extensionProviders: [
        { name: 'opa', envoyExtAuthzHttp: { service: 'idp.example', port: 443 } },
      ],
    },
    { logLevel: 'trace', clusters: [CLUSTER] },
  );
  const stream = request(plugin, { path: '/a' });
  process.httpCalls[0]!.respond({ status: 200 });
  plugin.end(stream);
  const lines = process.logs().filter((line) => line.startsWith('trace '));
  const rules = (action: string, name: string): string[] => [
    `trace ${action} ns[istio-system]-policy[${name}]-rule[0] no: to[0].operation.paths`,
    `trace ${action} ns[istio-system]-policy[${name}]-rule[1] yes: `,
  ];
  expect(lines).toEqual([
    ...rules('CUSTOM', 'custom'),
    ...rules('AUDIT', 'audit'),
    ...rules('DRY-RUN-DENY', 'deny-try'),
    ...rules('DENY', 'deny'),
    ...rules('DRY-RUN-ALLOW', 'allow-try'),
    ...rules('ALLOW', 'allow'),
  ]);
});
