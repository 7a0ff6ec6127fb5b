// What Istio and Kubernetes write into `metadata` and give a meaning: `istio.io/dry-run` and the time of creation.
import { describe, expect, it } from 'vitest';
import { configuration, saidOf, start, status, update } from './fixture.ts';

const resource = (kind: string, metadata: object, spec: object = {}): object => ({
  apiVersion: 'security.istio.io/v1',
  kind,
  metadata: { name: 'p', namespace: 'foo', ...metadata },
  spec,
});

describe('istio.io/dry-run', () => {
  const AT = 'metadata.annotations.istio.io/dry-run';
  const TRUES = ['1', 't', 'T', 'TRUE', 'true', 'True'];
  const FALSES = ['0', 'f', 'F', 'FALSE', 'false', 'False'];
  const dryRun = (value: unknown): object => ({ 'istio.io/dry-run': value });
  const policy = (name: string, annotations: object, spec: object): object =>
    resource(
      'AuthorizationPolicy',
      { name, annotations },
      { action: 'DENY', rules: [{}], ...spec },
    );

  it('is a boolean of Go’s: a policy is tried alone, or enforced', () => {
    const values = [...TRUES, ...FALSES];
    const policies = values.map((value, i) =>
      policy(`p${i}`, dryRun(value), { rules: [{ to: [{ operation: { paths: [`/${i}`] } }] }] }),
    );
    const { plugin } = start(policies);
    const denied = values.filter((_, i) => status(plugin, { path: `/${i}` }) === 403);
    expect(denied).toEqual(FALSES);
  });

  it('keeps a policy that allows nothing from refusing everything', () => {
    const allowNothing = (value: string): object =>
      resource('AuthorizationPolicy', { annotations: dryRun(value) });
    const seen = ['true', 'false'].map((value) => status(start([allowNothing(value)]).plugin));
    expect(seen).toEqual([200, 403]);
  });

  it('is no other annotation', () => {
    const others = { 'istio.io/dry-runs': 'true', 'dry-run': 'true', '': 'true' };
    expect(status(start([policy('p', others, {})]).plugin)).toBe(403);
  });

  it('of any other value is refused, and told with what else is wrong', () => {
    const values = ['', 'yes', 'tRUE', 'true ', '2', 'null'];
    const when = [{ key: 'a', values: ['b'] }];
    const of = (action: string): object[] =>
      values.map((value, i) =>
        policy(`${action.toLowerCase()}${i}`, dryRun(value), { action, rules: [{ when }] }),
      );
    const lines = values.map((value) => [
      `${AT}: annotation istio.io/dry-run with invalid value (${value}): neither true nor false`,
      'spec.rules[0].when[0].key: unknown attribute: a',
    ]);
    expect(saidOf([...of('ALLOW'), ...of('DENY')])).toEqual([...lines, ...lines]);
  });

  it('is refused of an AUDIT policy, which cannot be tried', () => {
    const line = `${AT}: the annotation istio.io/dry-run currently only supports action ALLOW/DENY, found action AUDIT`;
    const policies = ['true', 'false'].map((value) =>
      policy(value, dryRun(value), { action: 'AUDIT' }),
    );
    expect(saidOf(policies)).toEqual([[line], [line]]);
    expect(saidOf([policy('p', dryRun('x'), { action: 'AUDIT' })])[0]).toHaveLength(2);
  });

  it('is refused of the other kinds, which would be enforced', () => {
    const line = `${AT}: unsupported annotation istio.io/dry-run, please remove the annotation`;
    const of = (annotations: object | null, i: number): object[] =>
      ['RequestAuthentication', 'PeerAuthentication'].map((kind) =>
        resource(kind, { name: `p${i}`, annotations }),
      );
    expect(saidOf(['true', 'false', 'x'].map(dryRun).flatMap(of))).toEqual(Array(6).fill([line]));
    expect(saidOf([{ other: 'true' }, {}, null].flatMap(of))).toEqual(Array(6).fill([]));
    const all = { annotations: dryRun('true'), creationTimestamp: 'now' };
    expect(saidOf([resource('PeerAuthentication', all, { mtls: { mode: 'a' } })])).toEqual([
      [
        line,
        'metadata.creationTimestamp: must be a time such as "2026-01-31T12:00:00Z"',
        'spec.mtls.mode: must be one of UNSET, DISABLE, PERMISSIVE, STRICT, not "a"',
      ],
    ]);
  });
});

describe('the time of creation', () => {
  const created = (name: string, creationTimestamp: unknown): object =>
    resource('PeerAuthentication', { name, creationTimestamp });
  const NOON = '2026-01-01T12:00:00Z';
  const withAt = (at: number, c: string): string => NOON.slice(0, at) + c + NOON.slice(at + 1);

  it('tells which of two is older, and in force', () => {
    const world = start([]);
    const pairs = [
      [NOON, '2026-01-01T12:00:01Z'],
      ['2026-01-01T00:00:59Z', '2026-01-01T00:01:00Z'],
      ['2026-01-01T00:59:59Z', '2026-01-01T01:00:00Z'],
      ['2026-01-01T23:59:59Z', '2026-01-02T00:00:00Z'],
      ['2026-01-31T23:59:59Z', '2026-02-01T00:00:00Z'],
      ['2025-12-31T23:59:59Z', '2026-01-01T00:00:00Z'],
      ['2025-09-10T00:00:00Z', '2026-01-01T00:00:00Z'],
      ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z'],
      ['1969-12-31T23:59:59Z', '1970-01-01T00:00:00Z'],
      // East of Greenwich it is later by the clock.
      ['2026-01-01T12:00:00+01:00', '2026-01-01T11:00:01Z'],
      ['2026-01-01T10:59:59Z', '2026-01-01T12:00:00+01:00'],
      ['2026-01-01T12:00:00-00:01', '2026-01-01T12:01:01Z'],
      ['2026-01-01T12:00:59Z', '2026-01-01T12:00:00-00:01'],
      ['2026-01-01T12:00:00+00:00', '2026-01-01T12:00:01Z'],
      ['2026-01-01T12:00:00+09:59', '2026-01-01T02:01:01Z'],
    ];
    for (const [older, newer] of pairs) {
      const a = created('a', older);
      const b = created('b', newer);
      for (const both of [
        [a, b],
        [b, a],
      ]) {
        expect(update(world, configuration(both))).toBe(true);
        expect(world.process.logs('warn').at(-1), `${older} ${newer}`).toContain(
          'PeerAuthentication foo/b is ignored: foo/a is for the same workloads, and older',
        );
      }
    }
  });

  it('may be left out', () => {
    expect(saidOf([created('a', null), created('b', undefined)])).toEqual([[], []]);
  });

  it.each<[string, unknown[]]>([
    ['that is no text', [5, true, false, {}, [], '']],
    [
      'out of range',
      [
        '2026-00-01T12:00:00Z',
        '2026-13-01T12:00:00Z',
        '2026-01-00T12:00:00Z',
        '2026-01-32T12:00:00Z',
        '2026-01-01T24:00:00Z',
        '2026-01-01T12:60:00Z',
        '2026-01-01T12:00:60Z',
      ],
    ],
    [
      'with something else in the place of a digit',
      ['x', ':', '/', ' ', '-'].flatMap((c) => [0, 5, 8, 11, 14, 17].map((at) => withAt(at, c))),
    ],
    ['without the signs between the digits', [4, 7, 10, 13, 16, 19].map((at) => withAt(at, '_'))],
    ['in small letters', [withAt(10, 't'), withAt(19, 'z')]],
    ['too short or too long', [NOON.slice(0, -1), '2026-01-01T12:00Z', `${NOON}x`, `${NOON} `]],
    [
      'with an offset that is none',
      ['+01', '+0100', '+01-00', '*01:00', 'Z01:00', '+x1:00', '+01:x0', '+01:000', '+01:0'].map(
        (offset) => NOON.replace('Z', offset),
      ),
    ],
  ])('%s is refused', (_, times) => {
    const said = saidOf(times.map((time, i) => created(`p${i}`, time)));
    expect(said).toEqual(
      times.map(() => [
        'metadata.creationTimestamp: must be a time such as "2026-01-31T12:00:00Z"',
      ]),
    );
  });
});
