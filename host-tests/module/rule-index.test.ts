// Many rules are found by an index, few are tried one after the other: a rule must mean the same in both.
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ISSUER,
  type Issuer,
  type RequestOptions,
  configuration,
  denyPolicy,
  makeIssuer,
  mint,
  requestAuthentication,
  start,
  status,
  update,
} from './fixture.ts';

const operation = (fields: Record<string, string[]>): object => ({ to: [{ operation: fields }] });
const source = (fields: Record<string, string[]>): object => ({ from: [{ source: fields }] });

const RULES: object[] = [
  operation({ paths: ['/secret'] }),
  operation({ paths: ['/se*'] }),
  operation({ paths: ['*ret'] }),
  operation({ paths: ['*'] }),
  operation({ paths: ['/a', '/se*', '*ret'] }),
  operation({ paths: ['/{*}/x'] }),
  operation({ paths: ['/sec/{**}'] }),
  operation({ paths: ['/a', '/sec/{**}'] }),
  operation({ paths: ['/a', '/{*}/x'] }),
  operation({ paths: ['/a', '*'] }),
  operation({ paths: ['/x*', '/secret'] }),
  operation({ paths: ['/x', '/se*'] }),
  operation({ notPaths: ['/public'] }),
  operation({ notPaths: ['/secret'] }),
  operation({ notPaths: ['/pub*'] }),
  operation({ paths: ['/*'], notPaths: ['/secret'] }),
  operation({ hosts: ['Z.example'] }),
  operation({ hosts: ['A.EXAMPLE'] }),
  operation({ hosts: ['Z*'] }),
  operation({ hosts: ['*.EXAMPLE'] }),
  operation({ notHosts: ['Z.example'] }),
  operation({ notHosts: ['z*'] }),
  operation({ methods: ['GET'] }),
  operation({ methods: ['P*'] }),
  operation({ notMethods: ['GET'] }),
  operation({ notMethods: ['P*'] }),
  operation({ ports: ['8000'] }),
  operation({ notPorts: ['8000'] }),
  operation({ paths: ['/secret'], methods: ['GET'], hosts: ['z.example'] }),
  source({ requestPrincipals: [`${ISSUER}/alice`] }),
  source({ requestPrincipals: [`${ISSUER}/*`] }),
  source({ requestPrincipals: ['*/alice'] }),
  source({ requestPrincipals: ['*'] }),
  source({ requestPrincipals: ['x/y', '*'] }),
  source({ notRequestPrincipals: [`${ISSUER}/alice`] }),
  source({ notRequestPrincipals: ['*'] }),
  { when: [{ key: 'request.auth.principal', values: [`${ISSUER}/alice`] }] },
  { when: [{ key: 'request.auth.principal', notValues: [`${ISSUER}/alice`] }] },
  { when: [{ key: 'request.headers[x-a]', values: ['a'] }] },
  { to: [{ operation: { paths: ['/public'] } }, { operation: { methods: ['PUT'] } }] },
];

/** Eight that match nothing: with one more, there is an index. */
const OTHERS = Array.from({ length: 8 }, (_, i) => ({
  from: [{ source: { requestPrincipals: [`nobody/${i}`] } }],
  to: [{ operation: { paths: [`/no/${i}`], hosts: [`no-${i}`], methods: [`NO${i}`] } }],
}));

let issuer: Issuer;
let requests: RequestOptions[];
beforeAll(async () => {
  issuer = await makeIssuer();
  const tokens = [undefined, await mint(issuer), await mint(issuer, { sub: 'bob' })];
  requests = ['/secret', '/public', '/sec/x'].flatMap((path) =>
    ['z.example', 'A.EXAMPLE', 'Zoo'].flatMap((authority) =>
      ['GET', 'PUT'].flatMap((method) =>
        tokens.map((token) => ({ path, authority, method, token })),
      ),
    ),
  );
});

/** What becomes of the requests under these rules, as one character each. */
function verdicts(rules: object[]): string {
  const authentication = requestAuthentication({ jwks: issuer.jwks });
  const { plugin } = start([authentication, denyPolicy(rules)]);
  return requests.map((options) => (status(plugin, options) === 403 ? 'x' : '.')).join('');
}

describe('a rule among nine', () => {
  it.each(RULES.map((rule) => [JSON.stringify(rule), rule] as const))(
    'refuses what it refuses alone: %s',
    (_, rule) => {
      const alone = verdicts([rule]);
      expect(verdicts([...OTHERS, rule])).toBe(alone);
      expect(verdicts([rule, ...OTHERS])).toBe(alone);
    },
  );

  it('of which none matches lets all pass, and any of which matches refuses', () => {
    expect(verdicts([...OTHERS, ...OTHERS])).not.toContain('x');
    const all = RULES.map((rule) => verdicts([rule]));
    const union = requests.map((_, i) => (all.some((one) => one[i] === 'x') ? 'x' : '.')).join('');
    expect(verdicts(RULES)).toBe(union);
  });
});

describe('hosts are found whatever their case', () => {
  it.each([...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'])('%s', (letter) => {
    const rule = operation({ hosts: [`${letter}.example`] });
    const { plugin } = start([denyPolicy([...OTHERS, rule])]);
    for (const authority of [`${letter}.example`, `${letter.toLowerCase()}.EXAMPLE`])
      expect(status(plugin, { authority })).toBe(403);
    expect(status(plugin, { authority: 'example' })).toBe(200);
  });

  it.each(['@', '[', '`', '{'])('and no other character is taken for a letter: %s', (other) => {
    const twin = String.fromCharCode(other.charCodeAt(0) ^ 0x20);
    const { plugin } = start([denyPolicy([...OTHERS, operation({ hosts: [`a${other}`] })])]);
    expect(status(plugin, { authority: `a${other}` })).toBe(403);
    expect(status(plugin, { authority: `a${twin}` })).toBe(200);
  });
});

describe('everything but a host is found by its own case alone', () => {
  it.each<[string, object, RequestOptions, RequestOptions]>([
    ['a path', operation({ paths: ['/A'] }), { path: '/A' }, { path: '/a' }],
    ['what a path begins with', operation({ paths: ['/A*'] }), { path: '/Ab' }, { path: '/ab' }],
    ['a method', operation({ methods: ['GET'] }), { method: 'GET' }, { method: 'get' }],
  ])('%s', (_, rule, refused, other) => {
    const { plugin } = start([denyPolicy([...OTHERS, rule])]);
    expect([refused, other].map((options) => status(plugin, options))).toEqual([403, 200]);
  });

  it('a subject', async () => {
    const rule = source({ requestPrincipals: [`${ISSUER}/Alice`] });
    const authentication = requestAuthentication({ jwks: issuer.jwks });
    const { plugin } = start([authentication, denyPolicy([...OTHERS, rule])]);
    expect(status(plugin, { token: await mint(issuer, { sub: 'Alice' }) })).toBe(403);
    expect(status(plugin, { token: await mint(issuer, { sub: 'alice' }) })).toBe(200);
  });
});

describe('however many values rules have, each of them is found', () => {
  // 64 is how many there is room for at first; from then on the room is doubled.
  it.each([9, 64, 65, 129])('%s paths', (count) => {
    const paths = Array.from({ length: count }, (_, i) => `/p/${i}`);
    const rules = Array.from({ length: 9 }, (_, i) =>
      operation({ paths: paths.filter((_, j) => j % 9 === i) }),
    );
    const { plugin } = start([denyPolicy(rules)]);
    expect(paths.filter((path) => status(plugin, { path }) !== 403)).toEqual([]);
    expect(status(plugin, { path: `/p/${count}` })).toBe(200);
  });

  it('and what none of them asks for passes, however many rules there are', () => {
    const world = start([]);
    for (let count = 9; count <= 20; count++) {
      const rules = Array.from({ length: count }, (_, i) => operation({ paths: [`/p/${i}`] }));
      expect(update(world, configuration([denyPolicy(rules)]))).toBe(true);
      expect(status(world.plugin, { path: '/p' })).toBe(200);
      expect(status(world.plugin, { path: `/p/${count - 1}` })).toBe(403);
    }
  });

  it('64 methods, the last of which is the last value of all', () => {
    const methods = Array.from({ length: 64 }, (_, i) => `M${i}`);
    const rules = Array.from({ length: 16 }, (_, i) =>
      operation({ methods: methods.slice(i * 4, i * 4 + 4) }),
    );
    const { plugin } = start([denyPolicy(rules)]);
    expect(methods.filter((method) => status(plugin, { method }) !== 403)).toEqual([]);
    expect(status(plugin, { method: 'M64' })).toBe(200);
  });

  it('beginnings of all lengths, in whatever order they come', () => {
    const beginnings = Array.from({ length: 12 }, (_, i) => `/${String.fromCharCode(97 + i)}`).map(
      (text, i) => text.padEnd(i + 2, 'x'),
    );
    for (const order of [beginnings, [...beginnings].reverse()]) {
      const { plugin } = start([
        denyPolicy(order.map((text) => operation({ paths: [`${text}*`] }))),
      ]);
      for (const text of beginnings) {
        expect(status(plugin, { path: text })).toBe(403);
        expect(status(plugin, { path: `${text}?x` })).toBe(403);
        expect(status(plugin, { path: `${text}/y` })).toBe(403);
        expect(status(plugin, { path: text.slice(0, -1) })).toBe(200);
      }
    }
  });
});

describe('of two rules that match, the first is the one that is named', () => {
  const PATH = operation({ paths: ['/secret'] });
  const PREFIX = operation({ paths: ['/se*', '/secret'] });
  const HOST = operation({ hosts: ['z.example'] });
  const METHOD = operation({ methods: ['PUT'] });
  // Nothing that these two ask for can be looked up.
  const PORT = operation({ ports: ['8000'] });
  const SUFFIX = operation({ paths: ['*ret'] });

  it.each([
    ['two paths', PATH, PATH],
    ['a path and a beginning', PATH, PREFIX],
    ['a beginning and a path', PREFIX, PATH],
    ['a path and a host', PATH, HOST],
    ['a host and a path', HOST, PATH],
    ['a host and a method', HOST, METHOD],
    ['a method and a host', METHOD, HOST],
    ['a method and a port', METHOD, PORT],
    ['a port and a method', PORT, METHOD],
    ['a port and an end', PORT, SUFFIX],
    ['an end and a port', SUFFIX, PORT],
  ])('%s', (_, first, second) => {
    // Rules go by their names, as texts: of up to ten, in the order in which they stand.
    const rules = [OTHERS[0]!, first, ...OTHERS.slice(1), second];
    const { plugin, process } = start([denyPolicy(rules, 'p')]);
    const options = { path: '/secret', authority: 'z.example', method: 'PUT' };
    expect(status(plugin, options)).toBe(403);
    expect(Object.keys(process.metrics.nonZero())).toContain(
      'portcullis_requests_total;outcome=deny;policy=ns[istio-system]-policy[p]-rule[1]',
    );
  });
});
