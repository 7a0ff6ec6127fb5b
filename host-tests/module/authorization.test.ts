import { describe, expect, it } from 'vitest';
import {
  JWKS_URI,
  MODULE,
  type RequestOptions,
  configuration,
  denyPolicy,
  makeIssuer,
  mint,
  request,
  requestAuthentication,
  start,
  status,
  statusOf,
} from './fixture.ts';

type Operation = Record<string, string[]>;

/** Whether a DENY rule with this operation refuses the request. */
function refuses(operation: Operation, options: RequestOptions): boolean {
  const { plugin } = start([denyPolicy([{ to: [{ operation }] }])]);
  return status(plugin, options) === 403;
}

describe('a DENY rule refuses by', () => {
  it.each<[Operation, RequestOptions, boolean]>([
    [{ paths: ['/headers'] }, { path: '/headers' }, true],
    [{ paths: ['/headers'] }, { path: '/headers?x=1' }, true],
    [{ paths: ['/headers'] }, { path: '/headers#x' }, true],
    [{ paths: ['/headers'] }, { path: '/headers/' }, false],
    [{ paths: ['/headers'] }, { path: '/Headers' }, false],
    [{ paths: ['/a', '/b*', '*c'] }, { path: '/b/x' }, true],
    [{ paths: ['/a', '/b*', '*c'] }, { path: '/x/c' }, true],
    [{ paths: ['/a', '/b*', '*c'] }, { path: '/x/d' }, false],
    [{ paths: ['*'] }, { path: '/' }, true],
    [{ notPaths: ['/public*'] }, { path: '/private' }, true],
    [{ notPaths: ['/public*'] }, { path: '/public/x' }, false],
    [{ methods: ['GET'] }, { method: 'GET' }, true],
    [{ methods: ['GET'] }, { method: 'HEAD' }, false],
    [{ methods: ['get'] }, { method: 'GET' }, false],
    [{ methods: ['P*'] }, { method: 'PUT' }, true],
    [{ notMethods: ['GET', 'HEAD'] }, { method: 'DELETE' }, true],
    [{ hosts: ['Example.com'] }, { authority: 'EXAMPLE.COM' }, true],
    [{ hosts: ['example.com'] }, { authority: 'example.com:80' }, false],
    [{ hosts: ['example.com', 'example.com:*'] }, { authority: 'example.com:80' }, true],
    [{ hosts: ['*.com'] }, { authority: 'a.COM' }, true],
    [{ notHosts: ['a.com'] }, { authority: 'A.com' }, false],
    [{ notHosts: ['a.com'] }, { authority: 'b.com' }, true],
    [{ ports: ['80'] }, { port: 80 }, true],
    [{ ports: ['80', '8080'] }, { port: 8000 }, false],
    [{ notPorts: ['80'] }, { port: 80 }, false],
    [{ notPorts: ['80'] }, { port: 8000 }, true],
    [{ paths: ['/a'], methods: ['GET'] }, { path: '/a', method: 'POST' }, false],
    [{ paths: ['/a'], methods: ['GET'] }, { path: '/a' }, true],
    [{ paths: ['/a*'], notPaths: ['/a/b'] }, { path: '/a/b' }, false],
    [{ paths: ['/a*'], notPaths: ['/a/b'] }, { path: '/a/c' }, true],
  ])('%j the request %j: %s', (operation, options, refused) => {
    expect(refuses(operation, options)).toBe(refused);
  });

  it.each<[string, string, boolean]>([
    ['/a/{*}', '/a/b', true],
    ['/a/{*}', '/a/b?x=1', true],
    ['/a/{*}', '/a/b/', false],
    ['/a/{*}', '/a/b/c', false],
    ['/a/{*}', '/a/', false],
    ['/a/{*}', '/a', false],
    ['/a/{*}', '/A/b', false],
    ['/a/{*}', '/a/b"', false],
    ['/a/{*}/c', '/a/b/c', true],
    ['/a/{*}/c', '/a/b/d', false],
    ['/a/{*}/c', '/a//c', false],
    ['/a/{*}/', '/a/b/', true],
    ['/a/{*}/', '/a/b', false],
    ['/a/{**}', '/a/b/c', true],
    ['/a/{**}', '/a/', true],
    ['/a/{**}', '/a', false],
    ['/a/{**}', '/ab/c', false],
    ['/a/{**}', '/a/b"', false],
    ['/a/{**}/z', '/a/b/c/z', true],
    ['/a/{**}/z', '/a//z', true],
    ['/a/{**}/z', '/a/z', false],
    ['/a/{**}/z', '/a/b/y', false],
    ['/a/{**}/z', '/a/b"/z', false],
    ['/{*}/{**}', '/a/b/c', true],
    ['/{*}/{**}', '//b', false],
    ['/{*}', '/', false],
    ['/{**}', '/', true],
  ])('the template %s the path %s: %s', (template, path, refused) => {
    expect(refuses({ paths: [template] }, { path })).toBe(refused);
    // What matches too much opens a door here, and shuts one above.
    expect(refuses({ notPaths: [template] }, { path })).toBe(!refused);
  });

  it('a template the characters that Envoy lets a segment have, and no other', () => {
    const { plugin } = start([denyPolicy([{ to: [{ operation: { paths: ['/a/{*}'] } }] }])]);
    const all = Array.from({ length: 0x5e }, (_, i) => String.fromCharCode(0x21 + i));
    // These end the segment, or the path.
    const segments = all.filter((c) => !'/?#'.includes(c));
    const matched = segments.filter((c) => status(plugin, { path: `/a/${c}` }) === 403);
    expect(matched).toEqual(segments.filter((c) => /[A-Za-z0-9\-._~%!$&'()+,;:@=*]/.test(c)));
  });

  it('any of its rules, any of the operations of a rule', () => {
    const { plugin } = start([
      denyPolicy([
        { to: [{ operation: { paths: ['/a'] } }, { operation: { methods: ['PUT'] } }] },
        { to: [{ operation: { hosts: ['h'] } }] },
      ]),
    ]);
    const seen = [{ path: '/a' }, { method: 'PUT' }, { authority: 'h' }, { path: '/b' }];
    expect(seen.map((options) => status(plugin, options))).toEqual([403, 403, 403, 200]);
  });

  it('a rule without conditions everything', () => {
    expect(status(start([denyPolicy([{}])]).plugin)).toBe(403);
  });

  it('the configured container port, where there is one', () => {
    const policy = denyPolicy([{ to: [{ operation: { ports: ['80'] } }] }]);
    const { plugin } = start([policy], { workload: { containerPort: 80 } });
    expect(status(plugin, { port: 15006 })).toBe(403);
  });

  it('and names the first of its rules in the order of their names, as Envoy does', () => {
    const rules = Array.from({ length: 11 }, () => ({}));
    const { plugin, process } = start([
      denyPolicy(rules, 'b'),
      denyPolicy(rules.slice(0, 10), 'a-2'),
    ]);
    status(plugin);
    expect(Object.keys(process.metrics.nonZero())).toContain(
      'portcullis_requests_total;outcome=deny;policy=ns[istio-system]-policy[a-2]-rule[0]',
    );
  });
});

describe('a block of addresses', () => {
  it.each([
    ['::/0', '192.0.2.1:1', 200],
    ['::/0', '[2001:db8::1]:1', 403],
    ['0.0.0.0/0', '192.0.2.1:1', 403],
    ['0.0.0.0/0', '[2001:db8::1]:1', 200],
    ['192.0.2.0/24', '192.0.2.255:1', 403],
    ['192.0.2.0/24', '192.0.3.0:1', 200],
    ['192.0.2.0/31', '192.0.2.1:1', 403],
    ['192.0.2.0/31', '192.0.2.2:1', 200],
    ['192.0.2.1/32', '192.0.2.1:1', 403],
    ['192.0.2.1/32', '192.0.2.0:1', 200],
    ['2001:db8::/127', '[2001:db8::1]:1', 403],
    ['2001:db8::/127', '[2001:db8::2]:1', 200],
    ['2001:db8::/33', '[2001:db8:7fff::]:1', 403],
    ['2001:db8::/33', '[2001:db8:8000::]:1', 200],
  ])('%s and %s: %s', (block, sourceAddress, expected) => {
    for (const field of ['remoteIpBlocks', 'notRemoteIpBlocks']) {
      const { plugin } = start([denyPolicy([{ from: [{ source: { [field]: [block] } }] }])]);
      const refused = field === 'remoteIpBlocks' ? expected : 603 - expected;
      expect(status(plugin, { sourceAddress })).toBe(refused);
    }
  });
});

describe('a policy applies', () => {
  const everything = [{}];
  const selecting = (matchLabels: object): object => ({ selector: { matchLabels } });
  const inNamespace = (policy: object, namespace: string): object => ({
    ...policy,
    metadata: { name: 'p', namespace },
  });

  it.each<[string, object, boolean]>([
    ['from the root namespace, to all', denyPolicy(everything), true],
    ['from the own namespace', inNamespace(denyPolicy(everything), 'foo'), true],
    ['from another namespace, to nobody here', inNamespace(denyPolicy(everything), 'bar'), false],
    [
      'where its selector matches',
      denyPolicy(everything, 'p', selecting({ app: 'httpbin' })),
      true,
    ],
    [
      'where all of its selector matches',
      denyPolicy(everything, 'p', selecting({ app: 'httpbin', version: 'v1' })),
      true,
    ],
    ['not where a value differs', denyPolicy(everything, 'p', selecting({ app: 'sleep' })), false],
    ['not where a label is missing', denyPolicy(everything, 'p', selecting({ tier: 'x' })), false],
    [
      'not where one of two differs',
      denyPolicy(everything, 'p', selecting({ app: 'httpbin', version: 'v2' })),
      false,
    ],
    ['everywhere with an empty selector', denyPolicy(everything, 'p', { selector: {} }), true],
  ])('%s', (_, policy, applies) => {
    expect(status(start([policy]).plugin)).toBe(applies ? 403 : 200);
  });

  it('by the configured workload rather than the node', () => {
    const policy = denyPolicy(everything, 'p', selecting({ app: 'sleep' }));
    const workload = { namespace: 'bar', labels: { app: 'sleep' } };
    expect(status(start([policy], { workload }).plugin)).toBe(403);
  });

  it('by the configured root namespace', () => {
    const policy = inNamespace(denyPolicy(everything), 'mesh');
    expect(status(start([policy], { rootNamespace: 'mesh' }).plugin)).toBe(403);
    expect(status(start([policy]).plugin)).toBe(200);
  });
});

describe('plugins in one VM', () => {
  it('each enforce their own policy', () => {
    const { process, plugin } = start([denyPolicy([{ to: [{ operation: { paths: ['/a'] } }] }])]);
    const other = denyPolicy([{ to: [{ operation: { paths: ['/b'] } }] }]);
    const second = process.load(MODULE, {
      name: 'second',
      rootId: 'second',
      configuration: configuration([other]),
    });
    const seen = [plugin, second].map((p) => ['/a', '/b'].map((path) => status(p, { path })));
    expect(seen).toEqual([
      [403, 200],
      [200, 403],
    ]);
  });

  it('keep an old configuration for the requests that began under it', async () => {
    const issuer = await makeIssuer();
    const { process, plugin } = start([requestAuthentication({ jwksUri: JWKS_URI })]);
    const waiting = request(plugin, { token: await mint(issuer), path: '/a' });
    expect(plugin.update(configuration([denyPolicy([{}])]))).toBe(true);
    expect(status(plugin, { path: '/a' })).toBe(403);
    process.httpCalls[0]!.respond({ status: 200, body: issuer.jwks });
    expect(statusOf(waiting)).toBe(200);
    plugin.end(waiting);
  });
});
