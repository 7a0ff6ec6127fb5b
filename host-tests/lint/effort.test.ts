// What lint compares with each other is bounded: within the bounds nothing is missed, beyond them it is said that something may be.
import { describe, expect, it } from 'vitest';
import { lintOptionsOf } from '../../cli/lint.ts';
import { lint } from '../../istio/lint/lint.ts';

const of = (kind: string, name: string, spec: object, namespace = 'foo'): object => ({
  apiVersion: 'security.istio.io/v1',
  kind,
  metadata: { name, namespace },
  spec,
});
const policy = (name: string, action: string, operation: object, namespace?: string): object =>
  of('AuthorizationPolicy', name, { action, rules: [{ to: [{ operation }] }] }, namespace);
const many = (count: number, make: (i: number) => object): object[] =>
  Array.from({ length: count }, (_, i) => make(i));

async function found(resources: object[]): Promise<{ codes: string[]; isPartial: boolean }> {
  const text = resources.map((resource) => JSON.stringify(resource)).join('\n---\n');
  const options = await lintOptionsOf({ namespace: 'default' });
  const { problems, isPartial } = await lint([{ file: 'a.yaml', text }], options);
  return { codes: problems.map(({ code }) => code), isPartial };
}

describe('as many ALLOW as DENY', () => {
  const pairs = (count: number, namespaces: number): object[] =>
    many(count, (i) =>
      policy(
        `p${i}`,
        i % 2 === 0 ? 'DENY' : 'ALLOW',
        { paths: [`/${i}/*`] },
        `ns-${(i >> 1) % namespaces}`,
      ),
    );
  const DENIED = [
    policy('wide', 'DENY', { paths: ['/api/*'] }),
    policy('narrow', 'ALLOW', { paths: ['/api/users'] }),
  ];

  it('are all compared, where they are some hundreds', async () => {
    const { codes, isPartial } = await found([...pairs(600, 1), ...DENIED]);
    expect(codes).toEqual(['PC0324']);
    expect(isPartial).toBe(false);
  });

  it('are compared by namespace, where they are thousands', async () => {
    const { codes, isPartial } = await found([...pairs(4000, 50), ...DENIED]);
    expect(codes).toEqual(['PC0324']);
    expect(isPartial).toBe(false);
  });

  it('are not all compared, where thousands are in one namespace', async () => {
    const { codes, isPartial } = await found([...DENIED, ...pairs(4000, 1)]);
    expect(codes).toEqual(['PC0324']);
    expect(isPartial).toBe(true);
  });

  it('count across the root namespace', async () => {
    const wide = policy('wide', 'DENY', { paths: ['/api/*'] }, 'istio-system');
    const { codes } = await found([wide, DENIED[1]!, ...pairs(100, 1)]);
    expect(codes).toContain('PC0324');
  });
});

it('hosts of one rule are all looked at, however many', async () => {
  const hosts = Array.from({ length: 20_000 }, (_, i) => (i % 2 === 0 ? `H${i}` : `h${i - 1}:*`));
  const { codes, isPartial } = await found([policy('p', 'DENY', { hosts: [...hosts, 'last'] })]);
  expect(codes).toEqual(['PC0313']);
  expect(isPartial).toBe(false);
});

it('escaped paths of one rule are all looked at, however many', async () => {
  const paths = Array.from({ length: 10_000 }, (_, i) => [
    `/${i}%aB`,
    `/${i}%Ab`,
    `/${i}%AB`,
    `/${i}%ab`,
  ]);
  const operation = { paths: [...paths.flat(), '/%ff', '/%ff'] };
  const { codes, isPartial } = await found([policy('p', 'DENY', operation)]);
  expect(codes).toEqual(['PC0315', 'PC0315']);
  expect(isPartial).toBe(false);
});

it('rules of very many values are not compared', async () => {
  const rule = (salt: string): object => ({
    to: [{ operation: { paths: Array.from({ length: 3000 }, (_, i) => `/${salt}${i}`) } }],
  });
  const { codes, isPartial } = await found([
    of('AuthorizationPolicy', 'p', { rules: [rule('a'), rule('b')] }),
  ]);
  expect({ codes, isPartial }).toEqual({ codes: [], isPartial: true });
});

it('a hundred policies that are wrong among many are each told', async () => {
  const wrong = many(300, (i) => policy(`p${i}`, 'DENYY', { paths: ['/'] }));
  const { codes } = await found([
    ...many(300, (i) => policy(`q${i}`, 'DENY', { paths: ['/'] })),
    ...wrong,
  ]);
  expect(codes).toHaveLength(300);
});
