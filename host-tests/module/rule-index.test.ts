// Many rules are found by an index, few are tried one after the other: a rule must mean the same in both.
import { beforeAll, describe, expect, it } from 'vitest';
import {
  ISSUER,
  type Issuer,
  type RequestOptions,
  denyPolicy,
  makeIssuer,
  mint,
  requestAuthentication,
  start,
  status,
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
