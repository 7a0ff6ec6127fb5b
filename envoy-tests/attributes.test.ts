// AuthorizationPolicy: actions, conditions and templates, at the module and at istiod's own rbac filters in the same Envoy.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { rawToken, rsaKey } from '../istio/token/signing.ts';
import { askBoth } from './side-by-side.ts';
import type { Ask } from './ask.ts';
import { World, oracle, showDetails } from './world.ts';

const key = rsaKey();
const keys = JSON.stringify({ keys: [key.jwk] });
const ISSUER = 'testing@secure.istio.io';

/** A token with one more member, as JSON text. */
const token = (member: string): string =>
  rawToken(
    '{"alg":"RS256"}',
    `{"iss":"${ISSUER}","sub":"alice"${member && `,${member}`}}`,
    'RS256',
    key.secret,
  );

function suite(name: string, tests: (world: () => World) => void): void {
  describe(name, () => {
    let world: World;
    beforeAll(async () => {
      world = await World.start({ ...oracle(name, keys), change: showDetails });
    });
    afterAll(() => world?.stop());
    tests(() => world);
  });
}

/** Asks for every case, and demands that some pass and some do not: else the cases show nothing. */
async function compare(world: World, asks: Ask[]): Promise<void> {
  const seen = new Set<number>();
  for (const ask of asks) {
    const { status } = await askBoth(world, ask).catch((error: Error) => {
      throw new Error(`${JSON.stringify(ask).slice(0, 300)}: ${error.message}`);
    });
    // The backend has none of these paths: 404 is what has passed.
    seen.add(status);
  }
  expect(seen).toContain(403);
  expect(seen.size).toBeGreaterThan(1);
}

suite('attributes', (world) => {
  const values = [
    '',
    'exact',
    'Exact',
    'exactly',
    'pre',
    'prefix',
    'fix',
    'suffix',
    'bad',
    'no',
    'nobody',
    'a',
    'ab',
    '*',
  ];

  it.each(['present', 'values', 'not', 'both'])('request.headers, %s', async (path) => {
    const asks: Ask[] = [{ path: `/header/${path}` }];
    for (const value of values) {
      asks.push({ path: `/header/${path}`, headers: ['X-A', value] });
      asks.push({ path: `/header/${path}`, headers: ['x-a', value, 'x-b', 'b'] });
      asks.push({ path: `/header/${path}`, headers: ['x-a', 'other', 'x-a', value] });
      asks.push({ path: `/header/${path}`, headers: ['x-a', `${value},exact`] });
    }
    await compare(world(), asks);
  });

  it.each(['any', 'values', 'not'])('request.auth.claims, %s', async (path) => {
    const texts = values.map((value) => JSON.stringify(value));
    const members = [
      ...texts,
      ...texts.map((text) => `[${text}]`),
      ...texts.map((text) => `["x",${text}]`),
      ...[
        '1',
        'true',
        'null',
        '{}',
        '[]',
        '[1]',
        '[[\"exact\"]]',
        '{"exact":"exact"}',
        '"ex\\u0061ct"',
        '"a\\nb"',
      ],
    ].map((value) => `"value":${value}`);
    const asks: Ask[] = ['', ...members].map((member) => ({
      path: `/claim/${path}`,
      token: token(member),
    }));
    await compare(world(), [{ path: `/claim/${path}` }, ...asks]);
  });

  it.each(['scope', 'scope-whole', 'scope-any', 'permission', 'roles', 'nested-scope'])(
    'claims of words, %s',
    async (path) => {
      const texts = [
        'read',
        'write',
        'read write',
        'readwrite',
        'write  read',
        ' read',
        'read ',
        '',
        ' ',
        'admin',
        'user admin',
        'w',
      ];
      const members = ['scope', 'permission', 'roles'].flatMap((name) => [
        ...texts.map((text) => `"${name}":${JSON.stringify(text)}`),
        `"${name}":["read","write"]`,
        `"${name}":["read write"]`,
        `"${name}":["admin"]`,
        `"${name}":1`,
      ]);
      members.push('"a":{"scope":"read write"}', '"a":{"scope":"read"}', '"a":{"scope":["read"]}');
      await compare(
        world(),
        members.map((member) => ({ path: `/claim/${path}`, token: token(member) })),
      );
    },
  );

  it('nested claims', async () => {
    const members = [
      '{"b":{"c":"x"}}',
      '{"b":{"c":["y","x"]}}',
      '{"b":"x"}',
      '{"b":{"c":{"x":"x"}}}',
      '"x"',
      '[{"b":{"c":"x"}}]',
      '{"b":[{"c":"x"}]}',
    ];
    await compare(
      world(),
      members.map((a) => ({ path: '/claim/nested', token: token(`"a":${a}`) })),
    );
  });

  it.each(['audience', 'presenter', 'principal', 'not-principal'])('%s', async (path) => {
    const members = [
      ...['"one"', '"two"', '"twofold"', '"three"', '["x","one"]', '[]', '""'].map(
        (v) => `"aud":${v}`,
      ),
      ...['"client"', '"clients"', '["client"]', '1'].map((v) => `"azp":${v}`),
      '',
    ];
    await compare(world(), [
      { path: `/${path}` },
      ...members.map((member) => ({ path: `/${path}`, token: token(member) })),
    ]);
  });

  it.each([
    'remote',
    'remote-when',
    'destination',
    'not-destination',
    'port',
    'not-port',
    'sni',
    'not-sni',
  ])('the connection: %s', async (path) => {
    const clients = [
      '10.0.0.1',
      '10.1.2.3',
      '10.64.0.1',
      '10.127.255.255',
      '10.128.0.0',
      '192.0.2.1',
      '192.0.2.2',
      '2001:db8::1',
      '2001:db9::1',
      '::ffff:1.2.3.4',
      '1.2.3.4',
      'rubbish',
      '10.0.0.1, 9.9.9.9',
      '9.9.9.9, 10.0.0.1',
    ];
    const asks: Ask[] = clients.map((client) => ({
      path: `/${path}`,
      headers: ['x-forwarded-for', client],
    }));
    for (const ask of [{ path: `/${path}` }, ...asks]) await askBoth(world(), ask);
  });

  it('path templates', async () => {
    const paths = [
      ...[
        '/t/a/end',
        '/t//end',
        '/t/a/b/end',
        '/t/a/end/',
        '/t/a/End',
        '/t/no/end',
        '/t/end',
        '/t/a%20b/end',
        '/t/a?/end',
      ],
      ...[
        '/tail/x/y',
        '/tail//x/y',
        '/tail/a/x/y',
        '/tail/a/b/x/y',
        '/tail/x/y/x/y',
        '/tail/x/yz',
        '/slash/a',
        '/slash/a/',
        '/slash//',
        '/rest',
        '/rest/',
        '/rest/a',
        '/rest/a/b/c',
        '/rest//',
        '/restless',
        '/rest/a?b=c',
        '/rest/a%2fb',
        '/rest/a"b',
      ],
      ...[
        '/mid/a/b',
        '/mid/a',
        '/mid/a/',
        '/mid//b',
        '/mid/a/b/c',
        '/both/a/b',
        '/both/a/',
        '/both/a',
        '/both//b',
        '/both/a/b/c/',
      ],
      ...[
        "/t/-._~!$&'()+,;:@=/end",
        '/t/*/end',
        '/t/{*}/end',
        '/t/a;b/end',
        '/t/%7B/end',
        '/t/a|b/end',
      ],
    ];
    await compare(
      world(),
      paths.map((path) => ({ path })),
    );
  });
});

suite('actions', (world) => {
  const asks: Ask[] = [
    '/anything',
    '/anything/secret',
    '/anything/secrets',
    '/get',
    '/headers',
    '/ip',
    '/none',
  ].flatMap((path) => [{ path }, { path, method: 'POST' }, { path, headers: ['x-a', ''] }]);

  it('decide as in Istio', async () => {
    await compare(world(), asks);
  });

  it('that only look leave their word in access log and metrics', async () => {
    const { log, stats } = await observed(world());
    expect(log).toMatchObject({
      response_code: 200,
      decision: null,
      audit: 'ns[istio-system]-policy[audit]-rule[0]',
      dry_run: 'deny policy=ns[istio-system]-policy[try-deny]-rule[0]',
    });
    expect(stats).toMatch(
      /portcullis_audit_total\{policy="ns\[istio-system\]-policy\[audit\]-rule\[0\]"\} [1-9]/,
    );
    expect(stats).toMatch(
      /portcullis_dry_run_total\{outcome="deny",policy="ns\[istio-system\]-policy\[try-deny\]-rule\[0\]"\} [1-9]/,
    );
  });
});

/** The access log's last line after one request that passes, and the Prometheus metrics. */
async function observed(world: World): Promise<{ log: Record<string, unknown>; stats: string }> {
  const before = (await world.accessLog()).length;
  expect(await world.status({ path: '/get' })).toBe(200);
  await expect.poll(async () => (await world.accessLog()).length).toBeGreaterThan(before);
  const stats = (await world.envoy.admin.text('/stats/prometheus')) ?? '';
  return { log: (await world.accessLog()).at(-1)!, stats };
}

suite('allow-nothing', (world) => {
  it('refuses everything', async () => {
    expect((await askBoth(world(), { path: '/get' })).status).toBe(403);
  });
});

suite('dry-run-alone', (world) => {
  it('lets everything pass, and says what it would refuse', async () => {
    expect((await askBoth(world(), { path: '/get' })).status).toBe(200);
    const { log } = await observed(world());
    expect(log).toMatchObject({ decision: null, dry_run: 'deny policy=none' });
  });
});
