// What the policies of all actions make of a request together, and what is said of it.
import { describe, expect, it } from 'vitest';
import type { HttpStream } from '../../host/contexts.ts';
import type { Plugin } from '../../host/process.ts';
import { fromUtf8 } from '../../host/text.ts';
import { configuration, denyPolicy, request, start, statusOf } from './fixture.ts';

const DRY_RUN = { annotations: { 'istio.io/dry-run': 'true' } };

/** A policy whose name is its action in small letters, with one rule: for requests with this path, or for all. */
function policy(action: string, path?: string, metadata = {}, name = action.toLowerCase()): object {
  const rule = path === undefined ? {} : { to: [{ operation: { paths: [path] } }] };
  const made = denyPolicy([rule], name, { action }) as { metadata: object };
  return { ...made, metadata: { ...made.metadata, ...metadata } };
}
const tried = (action: string, path?: string): object =>
  policy(action, path, DRY_RUN, `try-${action.toLowerCase()}`);
const ruleOf = (name: string): string => `ns[istio-system]-policy[${name}]-rule[0]`;

/** The status, and who has refused; then what AUDIT and dry-run policies say. */
function answer(plugin: Plugin, path: string): string[] {
  const stream = request(plugin, { path });
  plugin.end(stream);
  const by = /matched_policy\[(.*)\]$/.exec(stream.reply?.details ?? '')?.[1];
  const outcome = by === undefined ? `${statusOf(stream)}` : `${statusOf(stream)} ${by}`;
  return [outcome, ...saidOf(stream)];
}

function saidOf(stream: HttpStream): string[] {
  return ['audit', 'dry_run'].flatMap((name) => {
    const said = stream.filterState(`portcullis.${name}`);
    return said === undefined ? [] : [`${name} ${fromUtf8(said)}`];
  });
}

const DENIED = `403 ${ruleOf('deny')}`;
const NOBODY = '403 none';

describe('a request by', () => {
  it.each<[string, object[], string, string[]]>([
    ['no policy', [], '/a', ['200']],
    ['an ALLOW rule that matches', [policy('ALLOW', '/a')], '/a', ['200']],
    ['an ALLOW rule that does not', [policy('ALLOW', '/a')], '/b', [NOBODY]],
    ['an ALLOW policy without rules', [denyPolicy([], 'p', { action: 'ALLOW' })], '/a', [NOBODY]],
    ['a policy that says nothing', [denyPolicy([], 'p', { action: undefined })], '/a', [NOBODY]],
    ['a DENY rule that matches', [policy('DENY', '/a')], '/a', [DENIED]],
    ['a DENY rule that does not', [policy('DENY', '/a')], '/b', ['200']],
    ['DENY before ALLOW', [policy('ALLOW', '/a'), policy('DENY', '/a')], '/a', [DENIED]],
    ['neither DENY nor ALLOW', [policy('ALLOW', '/a'), policy('DENY', '/b')], '/c', [NOBODY]],
    ['ALLOW beside DENY', [policy('ALLOW', '/a'), policy('DENY', '/b')], '/a', ['200']],
    ['AUDIT', [policy('AUDIT', '/a')], '/a', ['200', `audit ${ruleOf('audit')}`]],
    ['AUDIT that does not match', [policy('AUDIT', '/a')], '/b', ['200']],
    [
      'AUDIT and DENY',
      [policy('AUDIT', '/a'), policy('DENY', '/a')],
      '/a',
      [DENIED, `audit ${ruleOf('audit')}`],
    ],
    [
      'AUDIT where no ALLOW rule matches',
      [policy('AUDIT', '/a'), policy('ALLOW', '/b')],
      '/a',
      [NOBODY, `audit ${ruleOf('audit')}`],
    ],
    [
      'DENY that is only tried',
      [tried('DENY', '/a')],
      '/a',
      ['200', `dry_run deny policy=${ruleOf('try-deny')}`],
    ],
    ['DENY that is only tried, and does not match', [tried('DENY', '/a')], '/b', ['200']],
    ['ALLOW that is only tried', [tried('ALLOW', '/a')], '/a', ['200']],
    [
      'ALLOW that is only tried, and does not match',
      [tried('ALLOW', '/a')],
      '/b',
      ['200', 'dry_run deny policy=none'],
    ],
    [
      'ALLOW of both kinds, of which the one in force matches',
      [tried('ALLOW', '/a'), policy('ALLOW', '/b')],
      '/b',
      ['200', 'dry_run deny policy=none'],
    ],
    [
      'ALLOW of both kinds, of which the one that is tried matches',
      [tried('ALLOW', '/a'), policy('ALLOW', '/b')],
      '/a',
      [NOBODY],
    ],
    [
      'ALLOW of both kinds, of which none matches',
      [tried('ALLOW', '/a'), policy('ALLOW', '/b')],
      '/c',
      [NOBODY, 'dry_run deny policy=none'],
    ],
    [
      'DENY of both kinds',
      [tried('DENY', '/a'), policy('DENY', '/a')],
      '/a',
      [DENIED, `dry_run deny policy=${ruleOf('try-deny')}`],
    ],
    [
      // What DENY refuses never comes to istiod's filter for ALLOW.
      'DENY in force before ALLOW that is only tried',
      [tried('ALLOW', '/b'), policy('DENY', '/a')],
      '/a',
      [DENIED],
    ],
  ])('%s', (_, policies, path, expected) => {
    expect(answer(start(policies).plugin, path)).toEqual(expected);
  });

  it('what is said of one is not said of the next', () => {
    const policies = [
      policy('DENY', '/deny*'),
      policy('ALLOW', '/allow*'),
      policy('AUDIT', '*audit'),
      tried('DENY', '*try'),
      tried('ALLOW', '/*allow*'),
    ];
    const { plugin } = start(policies, { debugHeaders: true });
    const paths = ['/deny', '/allow', '/none', '/allow/audit', '/allow/try', '/none/audit', '/x'];
    const alone = paths.map((path) => answer(start(policies).plugin, path));
    expect(new Set(alone.map((one) => one.join())).size).toBe(6);
    for (const [i, before] of paths.entries()) {
      for (const [j, path] of paths.entries()) {
        expect(answer(plugin, before)).toEqual(alone[i]);
        expect(answer(plugin, path), `${path} after ${before}`).toEqual(alone[j]);
      }
    }
  });
});

describe('with debugHeaders the record of a request', () => {
  const recordOf = (plugin: Plugin, path: string): string => {
    const stream = request(plugin, { path });
    plugin.end(stream);
    return fromUtf8(stream.filterState('portcullis.decision')!);
  };

  it('names the rule that has decided, and none where none has', () => {
    const settings = { debugHeaders: true };
    const both = [policy('ALLOW', '/a'), policy('ALLOW', '/b', {}, 'b')];
    const { process, plugin } = start(both, settings);
    expect(recordOf(plugin, '/a')).toBe(`allow policy=${ruleOf('allow')}`);
    expect(recordOf(plugin, '/b')).toBe(`allow policy=${ruleOf('b')}`);
    expect(recordOf(plugin, '/c')).toBe('deny policy=none');
    expect(recordOf(plugin, '/a')).toBe(`allow policy=${ruleOf('allow')}`);
    expect(process.metrics.nonZero()).toMatchObject({
      'portcullis_requests_total;outcome=deny;policy=none': 1,
    });
    const deny = start([policy('DENY', '/a')], settings);
    expect(recordOf(deny.plugin, '/a')).toBe(`deny policy=${ruleOf('deny')}`);
    expect(recordOf(deny.plugin, '/b')).toBe('allow');
    expect(deny.process.metrics.nonZero()).toMatchObject({
      [`portcullis_requests_total;outcome=deny;policy=${ruleOf('deny')}`]: 1,
    });
  });
});

/** A rule that asks for the address of the direct peer, or for any other: a fact that is declared, and not there. */
const byAddress = (action: string, field: string, metadata = {}): object => {
  const rules = [{ from: [{ source: { [field]: ['192.0.2.1'] } }] }];
  const made = denyPolicy(rules, 'address', { action }) as { metadata: object };
  return { ...made, metadata: { ...made.metadata, ...metadata } };
};
const NOT_THERE = { connectionFacts: { directAddress: 'not.there' } };

describe('where a rule asks for a fact of the connection that is not there', () => {
  it.each([
    ['DENY', 'ipBlocks'],
    ['DENY', 'notIpBlocks'],
    ['ALLOW', 'ipBlocks'],
    ['ALLOW', 'notIpBlocks'],
  ])('nobody passes, whatever else is said: %s by %s', (action, field) => {
    for (const others of [[], [policy('ALLOW', '/a', {}, 'other')], [policy('AUDIT')]]) {
      const { process, plugin } = start([byAddress(action, field), ...others], NOT_THERE);
      const stream = request(plugin, { path: '/b' });
      expect(stream.reply).toMatchObject({
        status: 403,
        details: 'portcullis_connection_fact_missing',
      });
      const record = stream.filterState('portcullis.decision')!;
      expect(fromUtf8(record)).toBe('error reason=connection_fact_missing');
      expect(saidOf(stream)).toEqual([]);
      const name = 'portcullis_requests_total;outcome=error;reason=connection_fact_missing';
      expect(process.metrics.nonZero()).toMatchObject({ [name]: 1 });
    }
  });

  it('a request that another rule has refused before is refused by that', () => {
    const { plugin } = start([byAddress('ALLOW', 'ipBlocks'), policy('DENY', '/a')], NOT_THERE);
    expect(answer(plugin, '/a')).toEqual([DENIED]);
  });

  it('a request that another rule has let pass before passes', () => {
    const first = policy('ALLOW', '/a', {}, 'a');
    const { plugin } = start([byAddress('ALLOW', 'ipBlocks'), first], NOT_THERE);
    expect(answer(plugin, '/a')).toEqual(['200']);
  });

  it('the next request is judged by what it has', () => {
    const { plugin } = start([byAddress('ALLOW', 'notIpBlocks')], NOT_THERE);
    const connection = { filterState: { 'not.there': '10.0.0.1' } };
    const headers: [string, string][] = [
      [':path', '/'],
      [':method', 'GET'],
    ];
    expect(statusOf(request(plugin))).toBe(403);
    expect(statusOf(plugin.request(headers, { connection })!)).toBe(200);
    expect(statusOf(request(plugin))).toBe(403);
  });

  it('no authorizer is asked', () => {
    const extensionProviders = [
      { name: 'opa', envoyExtAuthzHttp: { service: 'idp.example', port: 443 } },
    ];
    const custom = denyPolicy([{ from: [{ source: { notIpBlocks: ['192.0.2.1'] } }] }], 'custom', {
      action: 'CUSTOM',
      provider: { name: 'opa' },
    });
    const { process, plugin } = start([custom], { ...NOT_THERE, extensionProviders });
    expect(request(plugin).reply?.details).toBe('portcullis_connection_fact_missing');
    expect(process.httpCalls).toEqual([]);
  });

  it.each([
    ['AUDIT', 'ipBlocks', {}],
    ['AUDIT', 'notIpBlocks', {}],
    ['DENY', 'ipBlocks', DRY_RUN],
    ['DENY', 'notIpBlocks', DRY_RUN],
    ['ALLOW', 'ipBlocks', DRY_RUN],
    ['ALLOW', 'notIpBlocks', DRY_RUN],
  ])('policies that change nothing say nothing: %s by %s', (action, field, metadata) => {
    const { plugin } = start(
      [byAddress(action, field, metadata), policy('AUDIT'), policy('DENY', '/a')],
      NOT_THERE,
    );
    expect(answer(plugin, '/b')).toEqual(['200']);
    expect(answer(plugin, '/a')[0]).toBe(DENIED);
  });
});

describe('a connection without HTTP', () => {
  it('is closed where a rule asks for a fact that is not there, and not where it changes nothing', () => {
    const settings = { ...NOT_THERE, workload: { protocol: 'TCP' } };
    const stateBy = (resources: object[]): string => {
      const { plugin } = start([], settings);
      expect(plugin.update(configuration(resources, settings))).toBe(true);
      const stream = plugin.connect({ id: 1, destinationPort: 80, sourceAddress: '192.0.2.1:1' })!;
      plugin.receive(stream);
      return stream.state;
    };
    for (const field of ['ipBlocks', 'notIpBlocks']) {
      for (const action of ['DENY', 'ALLOW']) {
        expect(stateBy([byAddress(action, field)])).toBe('closed');
        expect(stateBy([byAddress(action, field, DRY_RUN)])).toBe('open');
      }
      expect(stateBy([byAddress('AUDIT', field)])).toBe('open');
    }
  });

  it.each<[string, object[], string]>([
    ['nobody decides about connections', [], 'open'],
    ['AUDIT and dry-run policies alone are there', [policy('AUDIT'), tried('DENY')], 'open'],
    ['a DENY policy is there', [policy('DENY', '/a')], 'closed'],
    ['an ALLOW policy is there', [policy('ALLOW')], 'closed'],
    ['both are there', [policy('DENY', '/a'), policy('ALLOW')], 'closed'],
  ])('of which nobody has said what it carries: %s', (_, policies, state) => {
    const { plugin } = start(policies);
    const stream = plugin.connect({ id: 1, destinationPort: 80, sourceAddress: '192.0.2.1:1' })!;
    plugin.receive(stream);
    expect(stream.state).toBe(state);
  });
});
