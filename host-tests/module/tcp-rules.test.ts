// Rules that judge connections without HTTP, which cannot be asked for all that HTTP has. istiod leaves such conditions out of a DENY
// rule, which refuses more then, and leaves an ALLOW rule out with them (pilot/pkg/security/authz/model: checkError).
import { describe, expect, it } from 'vitest';
import type { Connection } from '../../host/contexts.ts';
import { fromUtf8 } from '../../host/text.ts';
import { denyPolicy, start } from './fixture.ts';

const SETTINGS = { workload: { protocol: 'TCP' }, connectionFacts: { directAddress: 'direct' } };
const OWN = '10.0.0.1';
const OTHER = '10.0.0.2';

const to = (...operations: object[]): object => ({
  to: operations.map((operation) => ({ operation })),
});
const from = (...sources: object[]): object => ({ from: sources.map((source) => ({ source })) });
const when = (...conditions: object[]): object => ({ when: conditions });
const values = (key: string, ...list: string[]): object => ({ key, values: list });
const notValues = (key: string, ...list: string[]): object => ({ key, notValues: list });

/** Whether a connection to port 8000 stays open under a policy with these rules. */
function isOpen(action: string, rules: object[], more: Connection = {}): boolean {
  const { plugin } = start([denyPolicy(rules, 'p', { action })], SETTINGS);
  const stream = plugin.connect({
    id: 1,
    sourceAddress: `${OWN}:1`,
    destinationAddress: '10.0.0.9:8000',
    destinationPort: 8000,
    filterState: { direct: OWN },
    ...more,
  })!;
  plugin.receive(stream);
  return stream.state === 'open';
}

/** All that HTTP alone has. */
const HTTP: [string, object][] = [
  ['paths', to({ paths: ['/a'] })],
  ['notPaths', to({ notPaths: ['*'] })],
  ['methods', to({ methods: ['GET'] })],
  ['notMethods', to({ notMethods: ['*'] })],
  ['hosts', to({ hosts: ['a'] })],
  ['notHosts', to({ notHosts: ['*'] })],
  ['requestPrincipals', from({ requestPrincipals: ['*'] })],
  ['notRequestPrincipals', from({ notRequestPrincipals: ['*'] })],
  ['a header', when(values('request.headers[x-a]', 'a'))],
  ['a header that must not be there', when(notValues('request.headers[x-a]', 'a'))],
  ['a claim', when(values('request.auth.claims[a]', 'a'))],
  ['audiences', when(values('request.auth.audiences', 'a'))],
  ['a presenter', when(values('request.auth.presenter', 'a'))],
  ['a principal', when(values('request.auth.principal', 'a/b'))],
];

describe('on a connection without HTTP a rule by', () => {
  it.each(HTTP)('%s alone denies all, and allows nothing', (_, rule) => {
    expect(isOpen('DENY', [rule])).toBe(false);
    expect(isOpen('ALLOW', [rule])).toBe(false);
  });

  it.each(HTTP)('%s and an address denies by the address, and allows nothing', (_, rule) => {
    const { from: sources = [{ source: {} }] } = rule as { from?: { source: object }[] };
    const by = (address: string): object => ({
      ...rule,
      from: [{ source: { ...sources[0]!.source, ipBlocks: [address] } }],
    });
    expect(isOpen('DENY', [by(OWN)])).toBe(false);
    expect(isOpen('DENY', [by(OTHER)])).toBe(true);
    expect(isOpen('ALLOW', [by(OWN)])).toBe(false);
  });

  // What a connection has of itself means the same as of a request.
  it.each<[string, object, boolean]>([
    ['nothing', {}, true],
    ['its port', to({ ports: ['8000'] }), true],
    ['another port', to({ ports: ['80'] }), false],
    ['ports that are not its own', to({ notPorts: ['80'] }), true],
    ['its address', from({ ipBlocks: [OWN] }), true],
    ['another address', from({ ipBlocks: [OTHER] }), false],
    ['an address that is not its own', from({ notIpBlocks: [OTHER] }), true],
    ['the address of its client', from({ remoteIpBlocks: [OWN] }), true],
    ['the address of another client', from({ remoteIpBlocks: [OTHER] }), false],
    ['one of two addresses', from({ ipBlocks: [OTHER] }, { ipBlocks: [OWN] }), true],
    ['neither of two addresses', from({ ipBlocks: [OTHER] }, { ipBlocks: ['::1'] }), false],
    ['its destination', when(values('destination.ip', '10.0.0.9')), true],
    ['another destination', when(values('destination.ip', OWN)), false],
    ['its server name', when(values('connection.sni', 'a.example')), true],
    ['another server name', when(values('connection.sni', 'b.example')), false],
    [
      'its port and another address',
      { ...to({ ports: ['8000'] }), ...from({ ipBlocks: [OTHER] }) },
      false,
    ],
  ])('%s', (_, rule, matches) => {
    const named = { requestedServerName: 'a.example' };
    expect(isOpen('DENY', [rule], named)).toBe(!matches);
    expect(isOpen('ALLOW', [rule], named)).toBe(matches);
  });

  it('a path in one of two operations denies all, and allows nothing', () => {
    const rule = to({ ports: ['80'] }, { paths: ['/a'] });
    expect(isOpen('DENY', [rule])).toBe(false);
    expect(isOpen('ALLOW', [to({ ports: ['8000'] }, { paths: ['/a'] })])).toBe(false);
    expect(isOpen('ALLOW', [to({ paths: ['/a'] }, { ports: ['8000'] })])).toBe(false);
  });

  it('a header, which is one of several conditions, denies by the others', () => {
    const rule = (address: string): object =>
      when(values('request.headers[x-a]', 'a'), values('source.ip', address));
    expect(isOpen('DENY', [rule(OWN)])).toBe(false);
    expect(isOpen('DENY', [rule(OTHER)])).toBe(true);
  });

  it('a path leaves the rules beside it as they are', () => {
    const path = to({ paths: ['/a'] });
    expect(isOpen('ALLOW', [path, to({ ports: ['8000'] })])).toBe(true);
    expect(isOpen('ALLOW', [path, to({ ports: ['80'] })])).toBe(false);
  });

  it('a path is audited whatever comes', () => {
    const audit = denyPolicy([to({ paths: ['/a'] })], 'p', { action: 'AUDIT' });
    const { plugin } = start([audit], SETTINGS);
    const stream = plugin.connect({ id: 1, sourceAddress: `${OWN}:1`, destinationPort: 80 })!;
    plugin.receive(stream);
    expect(stream.state).toBe('open');
    expect(fromUtf8(stream.filterState('portcullis.audit')!)).toBe(
      'ns[istio-system]-policy[p]-rule[0]',
    );
  });
});
