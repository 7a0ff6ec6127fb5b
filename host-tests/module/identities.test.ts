// Whom the fields about a peer's identity mean: td1 is the mesh's trust domain, td2 an alias of it.
import { describe, expect, it } from 'vitest';
import { certificateText } from '../../host/certificate-text.ts';
import type { Plugin } from '../../host/process.ts';
import { denyPolicy, start, statusOf } from './fixture.ts';

const SETTINGS = {
  trustDomain: 'td1',
  trustDomainAliases: ['td2'],
  connectionFacts: { peerCertificate: 'certificate' },
};

let connections = 0;

/** Whether a client with these URI SANs is refused; `undefined`: it has no certificate. */
function isRefused(plugin: Plugin, path: string, uris?: string[]): boolean {
  const peerCertificate = uris && { uri: uris[0], subject: '', digest: 'ab'.repeat(32) };
  const connection = {
    id: ++connections,
    destinationPort: 8000,
    tls: true,
    peerCertificate,
    filterState: { certificate: uris === undefined ? '-' : certificateText(uris, []) },
  };
  const headers: [string, string][] = [
    [':path', path],
    [':method', 'GET'],
  ];
  const stream = plugin.request(headers, { connection })!;
  plugin.end(stream);
  const status = statusOf(stream);
  expect([200, 403]).toContain(status);
  if (status === 403) expect(stream.reply?.details).toContain('policy[deny]');
  return status === 403;
}

/** Those of the clients whom the values of a field mean; what `not…` refuses is checked to be the others. */
function meant(field: string, values: string[], clients: (string[] | undefined)[]): unknown[] {
  const not = `not${field[0]!.toUpperCase()}${field.slice(1)}`;
  const rule = (name: string, path: string): object => ({
    from: [{ source: { [name]: values } }],
    to: [{ operation: { paths: [path] } }],
  });
  const { plugin } = start([denyPolicy([rule(field, '/is'), rule(not, '/not')])], SETTINGS);
  return clients.filter((uris) => {
    const is = isRefused(plugin, '/is', uris);
    expect(isRefused(plugin, '/not', uris), `${not} ${uris?.join()}`).toBe(!is);
    return is;
  });
}

type Row = [field: string, values: string[], meant: string[], others: string[]];

/** Names without `spiffe://`, but for those with a scheme. */
const ROWS: Row[] = [
  ['principals', ['*'], ['td1/ns/foo/sa/a', 'https://x', 'a'], []],
  [
    'principals',
    ['td1/ns/foo/sa/a'],
    ['td1/ns/foo/sa/a', 'td2/ns/foo/sa/a'],
    [
      ...['td3/ns/foo/sa/a', 'cluster.local/ns/foo/sa/a', 'td1/ns/foo/sa/ab', 'td1/ns/foo/sa/'],
      ...['td1/ns/foo/sa/a/b', 'td1/ns/bar/sa/a', 'TD1/ns/foo/sa/a', 'https://td1/ns/foo/sa/a'],
    ],
  ],
  [
    'principals',
    ['cluster.local/ns/foo/sa/a'],
    ['td1/ns/foo/sa/a', 'td2/ns/foo/sa/a'],
    ['cluster.local/ns/foo/sa/a', 'td3/ns/foo/sa/a', 'td1/ns/foo/sa/b'],
  ],
  [
    'principals',
    ['td2/ns/foo/sa/a*'],
    ['td1/ns/foo/sa/a', 'td2/ns/foo/sa/abc', 'td1/ns/foo/sa/a/b'],
    ['td1/ns/foo/sa/b', 'td3/ns/foo/sa/a'],
  ],
  ['principals', ['td3/ns/foo/sa/a'], ['td3/ns/foo/sa/a'], ['td1/ns/foo/sa/a', 'td2/ns/foo/sa/a']],
  // What has not the five parts of a name stays as it is.
  [
    'principals',
    ['td1/ns/foo/*'],
    ['td1/ns/foo/sa/a', 'td1/ns/foo/'],
    ['td2/ns/foo/sa/a', 'td1/ns/foo'],
  ],
  [
    'principals',
    ['td1/ns/foo/sa/a/b'],
    ['td1/ns/foo/sa/a/b'],
    ['td2/ns/foo/sa/a/b', 'td1/ns/foo/sa/a'],
  ],
  ['principals', ['td1'], ['td1'], ['td2', 'td1/ns/foo/sa/a']],
  [
    'principals',
    ['*/sa/a'],
    ['td1/ns/foo/sa/a', 'td3/ns/bar/sa/a', '/sa/a'],
    ['td1/ns/foo/sa/b', 'td1/ns/foo/sa/a/b', 'https://td1/ns/foo/sa/a'],
  ],
  ['principals', ['*/ns/foo/sa/a'], ['td1/ns/foo/sa/a', 'td3/ns/foo/sa/a'], ['td1/ns/bar/sa/a']],
  [
    'principals',
    ['td3/ns/foo/sa/a', 'td1/ns/foo/sa/b'],
    ['td3/ns/foo/sa/a', 'td2/ns/foo/sa/b'],
    ['td1/ns/foo/sa/a', 'td3/ns/foo/sa/b'],
  ],

  [
    'namespaces',
    ['foo'],
    [
      'td1/ns/foo/sa/a',
      'td3/ns/foo/sa/b',
      'td1/ns/bar/ns/foo/x',
      'https://td1/ns/foo/',
      '/ns/foo/',
    ],
    ['td1/ns/foobar/sa/a', 'td1/ns/barfoo/sa/a', 'td1/ns/foo', 'td1/x/foo/sa/a', 'td1/ns/FOO/sa/a'],
  ],
  [
    'namespaces',
    ['foo*'],
    ['td1/ns/foo/sa/a', 'td1/ns/foobar/sa/a'],
    ['td1/ns/barfoo/sa/a', 'td1/ns/fo/sa/a'],
  ],
  ['namespaces', ['*foo'], ['td1/ns/foo/sa/a', 'td1/ns/barfoo/sa/a'], ['td1/ns/foobar/sa/a']],
  ['namespaces', ['f*o'], ['td1/ns/fo/sa/a', 'td1/ns/faro/sa/a'], ['td1/ns/f/sa/a', 'td1/ns/faro']],
  [
    'namespaces',
    ['a*b*c'],
    ['td1/ns/abc/sa/a', 'td1/ns/a-b-c/sa/a'],
    ['td1/ns/acb/sa/a', 'td1/ns/ab/sa/a'],
  ],
  ['namespaces', ['*'], ['td1/ns/foo/sa/a', 'td1/ns//x'], ['td1/ns/foo', 'td1/sa/a/']],
  ['namespaces', ['foo', 'bar'], ['td1/ns/foo/sa/a', 'td1/ns/bar/sa/a'], ['td1/ns/baz/sa/a']],

  [
    'serviceAccounts',
    ['foo/a'],
    [
      ...['td1/ns/foo/sa/a', 'td3/ns/foo/sa/a', 'td1/ns/foo/sa/a/more', 'td1/ns/foo/x/sa/a'],
      ...['td1/ns/foo/x/y/sa/a/more', 'td1/x/ns/foo/sa/a'],
    ],
    [
      ...[
        'td1/ns/foo/sa/ab',
        'td1/ns/foo/sa/b',
        'td1/ns/bar/sa/a',
        '/ns/foo/sa/a',
        'td1/ns/foo/sa/a/',
      ],
      ...[
        'td1/ns/foo/xsa/a',
        'td1/ns/foo/x/sa/ab',
        'td1/ns/foo/x/sa/a/',
        'https://td1/ns/foo/sa/a',
      ],
      ...['td1/ns/foo//sa/a', '/ns/foo/x/sa/a', '/ns/foo/sa/a/more', '/ns/foo/x/sa/a/more'],
      ...['https://td1/ns/foo/x/sa/a', 'https://td1/ns/foo/sa/a/b', 'https://td1/ns/foo/x/sa/a/b'],
    ],
  ],
  // The namespace of the policy, where none is said.
  [
    'serviceAccounts',
    ['a'],
    ['td1/ns/istio-system/sa/a', 'td1/ns/istio-system/x/sa/a', 'td1/ns/istio-system/sa/a/b'],
    ['td1/ns/foo/sa/a', 'td1/ns/istio-system/sa/b'],
  ],
  [
    'serviceAccounts',
    ['foo/a', 'bar/b'],
    ['td1/ns/foo/sa/a', 'td1/ns/bar/sa/b'],
    ['td1/ns/foo/sa/b'],
  ],

  [
    'trustDomains',
    ['td1'],
    ['td1/ns/foo/sa/a', 'td2/x', 'td1/'],
    ['td3/x', 'td1', 'td11/x', 'x/td1/'],
  ],
  ['trustDomains', ['td2'], ['td1/ns/foo/sa/a', 'td2/x'], ['td3/x', 'https://td1/x']],
  ['trustDomains', ['td3'], ['td3/x'], ['td1/x', 'td2/x', 'td3', 'td33/x']],
  ['trustDomains', ['cluster.local'], ['cluster.local/x'], ['td1/x', 'td2/x']],
  ['trustDomains', ['td3', 'td4'], ['td3/x', 'td4/x'], ['td1/x']],
  [
    'trustDomains',
    ['*'],
    ['td1/x', 'td9/ns/foo/sa/a', 'td1'],
    ['https://td1/x', 'td1:x', 'spiffe:x'],
  ],
  [
    'trustDomains',
    ['td*'],
    ['td/x', 'td1/x', 'td9.example/ns/foo/sa/a'],
    ['atd/x', 't/d/x', 'td1', 'x/td1/y', 'https:///td1/x', 'https://xtd1/y', 'spiffe:/td1/x'],
  ],
  [
    'trustDomains',
    ['*.example'],
    ['a.example/x', '.example/x'],
    ['a.example.org/x', 'a/b.example/x', 'a.example', 'https:///a.example/x'],
  ],
];

/** `spiffe://` in front of what has no scheme. */
const withScheme = (name: string): string[] => [
  /^\w+:/.test(name) || name === 'a' ? name : `spiffe://${name}`,
];

describe('a client is meant by', () => {
  it.each(ROWS)('%s %j', (field, values, own, others) => {
    const [isMeant, isNot] = [own.map(withScheme), others.map(withScheme)];
    expect(meant(field, values, [...isMeant, ...isNot, undefined])).toEqual(isMeant);
  });

  it('any of its names, and by none where it has none', () => {
    const [one, two] = [withScheme('td1/ns/foo/sa/a')[0]!, withScheme('td1/ns/bar/sa/b')[0]!];
    const clients = [[one, two], [two, one], ['https://x', two, one], [two], []];
    for (const [field, value] of [
      ['principals', 'td1/ns/foo/sa/a'],
      ['namespaces', 'foo'],
      ['serviceAccounts', 'foo/a'],
    ] as const) {
      expect(meant(field, [value], clients)).toEqual(clients.slice(0, 3));
    }
  });
});

describe('what a client is called by a condition', () => {
  it.each([
    ['source.principal', 'td2/ns/foo/sa/a'],
    ['source.namespace', 'foo'],
    ['source.serviceAccount', 'foo/a'],
    ['source.trustDomain', 'td2'],
  ])('%s %s', (key, value) => {
    const rules = [
      { when: [{ key, values: [value] }], to: [{ operation: { paths: ['/is'] } }] },
      { when: [{ key, notValues: [value] }], to: [{ operation: { paths: ['/not'] } }] },
    ];
    const { plugin } = start([denyPolicy(rules)], SETTINGS);
    for (const [name, is] of [
      ['td1/ns/foo/sa/a', true],
      ['td3/ns/bar/sa/b', false],
    ] as const) {
      expect(isRefused(plugin, '/is', withScheme(name))).toBe(is);
      expect(isRefused(plugin, '/not', withScheme(name))).toBe(!is);
    }
    expect(isRefused(plugin, '/is')).toBe(false);
    expect(isRefused(plugin, '/not')).toBe(true);
  });
});
