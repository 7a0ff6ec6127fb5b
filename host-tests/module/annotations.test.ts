// What Istio and Kubernetes write into `metadata` and give a meaning: `istio.io/dry-run` and the time of creation.
import { describe, expect, it } from 'vitest';
import { denyPolicy, problemsOf, start, status } from './fixture.ts';

const resource = (kind: string, metadata: object, spec: object = {}): object => ({
  apiVersion: 'security.istio.io/v1',
  kind,
  metadata: { name: 'p', namespace: 'foo', ...metadata },
  spec,
});
const policy = (action: string, dryRun: unknown, name = 'p'): object =>
  resource(
    'AuthorizationPolicy',
    { name, annotations: { 'istio.io/dry-run': dryRun, other: 'true' } },
    { action, rules: [{}] },
  );

/** What is said of one resource, without the words that name it. */
const saidOf = (one: object): string[] =>
  problemsOf([one]).map((line) => line.slice(line.indexOf(': ') + 2));

describe('istio.io/dry-run', () => {
  const AT = 'metadata.annotations.istio.io/dry-run';

  it.each(['1', 't', 'T', 'TRUE', 'true', 'True'])('%s: a policy is tried alone', (value) => {
    expect(status(start([policy('DENY', value)]).plugin)).toBe(200);
    // One that allows nothing would refuse everything.
    const { plugin } = start([
      resource('AuthorizationPolicy', { annotations: { 'istio.io/dry-run': value } }),
    ]);
    expect(status(plugin)).toBe(200);
  });

  it.each(['0', 'f', 'F', 'FALSE', 'false', 'False'])('%s: a policy is enforced', (value) => {
    expect(status(start([policy('DENY', value)]).plugin)).toBe(403);
  });

  it('of another annotation is nothing', () => {
    const annotations = { 'istio.io/dry-runs': 'true', 'dry-run': 'true', '': 'true' };
    const one = resource('AuthorizationPolicy', { annotations }, { action: 'DENY', rules: [{}] });
    expect(status(start([one]).plugin)).toBe(403);
  });

  it.each(['', 'yes', 'tRUE', 'true ', '2', 'null'])('%j is refused', (value) => {
    const line = `${AT}: annotation istio.io/dry-run with invalid value (${value}): neither true nor false`;
    for (const action of ['ALLOW', 'DENY']) expect(saidOf(policy(action, value))).toEqual([line]);
  });

  it.each(['true', 'false'])('%s is refused where nothing could be tried', (value) => {
    expect(saidOf(policy('AUDIT', value))).toEqual([
      `${AT}: the annotation istio.io/dry-run currently only supports action ALLOW/DENY, found action AUDIT`,
    ]);
    expect(saidOf(policy('AUDIT', 'x'))).toHaveLength(2);
  });

  it.each(['RequestAuthentication', 'PeerAuthentication'])(
    'is refused on a %s, which would be enforced',
    (kind) => {
      for (const value of ['true', 'false', 'x']) {
        expect(saidOf(resource(kind, { annotations: { 'istio.io/dry-run': value } }))).toEqual([
          `${AT}: unsupported annotation istio.io/dry-run, please remove the annotation`,
        ]);
      }
      expect(problemsOf([resource(kind, { annotations: { other: 'true' } })])).toEqual([]);
      expect(problemsOf([resource(kind, { annotations: null })])).toEqual([]);
    },
  );

  it('is told with what else is wrong, each by its own path', () => {
    const wrong = {
      ...denyPolicy([{ when: [{ key: 'a', values: ['b'] }] }]),
      metadata: { name: 'p', namespace: 'foo', annotations: { 'istio.io/dry-run': 'x' } },
    };
    expect(saidOf(wrong)).toEqual([
      `${AT}: annotation istio.io/dry-run with invalid value (x): neither true nor false`,
      'spec.rules[0].when[0].key: unknown attribute: a',
    ]);
    const annotations = { 'istio.io/dry-run': 'true' };
    expect(
      saidOf(
        resource(
          'PeerAuthentication',
          { annotations, creationTimestamp: 'now' },
          { mtls: { mode: 'a' } },
        ),
      ),
    ).toEqual([
      `${AT}: unsupported annotation istio.io/dry-run, please remove the annotation`,
      'metadata.creationTimestamp: must be a time such as "2026-01-31T12:00:00Z"',
      'spec.mtls.mode: must be one of UNSET, DISABLE, PERMISSIVE, STRICT, not "a"',
    ]);
  });
});

describe('the time of creation', () => {
  const created = (name: string, creationTimestamp: unknown): object =>
    resource('PeerAuthentication', { name, creationTimestamp });

  /** Which of two is in force. */
  function olderOf(first: unknown, second: unknown): string {
    const { process } = start([created('first', first), created('second', second)]);
    const [, ignored, used] = /(\S+) is ignored: (\S+) is for the same workloads, and older/.exec(
      process.logs('warn').join(),
    )!;
    expect([ignored, used].sort()).toEqual(['foo/first', 'foo/second']);
    return used!;
  }

  it.each([
    ['2026-01-01T00:00:00Z', '2026-01-01T00:00:01Z'],
    ['2026-01-01T00:00:59Z', '2026-01-01T00:01:00Z'],
    ['2026-01-01T00:59:59Z', '2026-01-01T01:00:00Z'],
    ['2026-01-01T23:59:59Z', '2026-01-02T00:00:00Z'],
    ['2026-01-31T23:59:59Z', '2026-02-01T00:00:00Z'],
    ['2025-12-31T23:59:59Z', '2026-01-01T00:00:00Z'],
    ['2025-09-10T00:00:00Z', '2026-01-01T00:00:00Z'],
    ['0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z'],
    ['1969-12-31T23:59:59Z', '1970-01-01T00:00:00Z'],
    // With an offset, the local time is east or west of it.
    ['2026-01-01T12:00:00+01:00', '2026-01-01T11:00:01Z'],
    ['2026-01-01T10:59:59Z', '2026-01-01T12:00:00+01:00'],
    ['2026-01-01T12:00:00-00:01', '2026-01-01T12:01:01Z'],
    ['2026-01-01T12:00:59Z', '2026-01-01T12:00:00-00:01'],
    ['2026-01-01T12:00:00+00:00', '2026-01-01T12:00:01Z'],
    ['2026-01-01T12:00:00+09:59', '2026-01-01T02:01:01Z'],
  ])('%s is older than %s', (older, newer) => {
    expect(olderOf(older, newer)).toBe('foo/first');
    expect(olderOf(newer, older)).toBe('foo/second');
  });

  it.each([null, undefined])('may not be told: %s', (time) => {
    expect(problemsOf([created('p', time)])).toEqual([]);
  });

  it.each([
    ...[5, true, {}, [], ''],
    // Out of range.
    '2026-00-01T00:00:00Z',
    '2026-13-01T00:00:00Z',
    '2026-01-00T00:00:00Z',
    '2026-01-32T00:00:00Z',
    '2026-01-01T24:00:00Z',
    '2026-01-01T00:60:00Z',
    '2026-01-01T00:00:60Z',
    // Not digits, and what stands beside them in ASCII.
    ...['x', ':', '/', ' ', '-'].flatMap((c) =>
      [0, 5, 8, 11, 14, 17].map((at) => {
        const text = '2026-01-01T00:00:00Z';
        return text.slice(0, at) + c + text.slice(at + 1);
      }),
    ),
    // Not the signs between them.
    ...[4, 7, 10, 13, 16, 19].map((at) => {
      const text = '2026-01-01T00:00:00Z';
      return `${text.slice(0, at)}_${text.slice(at + 1)}`;
    }),
    '2026-01-01t00:00:00Z',
    '2026-01-01T00:00:00z',
    // Too short, too long.
    '2026-01-01T00:00:00',
    '2026-01-01T00:00Z',
    '2026-01-01T00:00:00Zx',
    '2026-01-01T00:00:00Z ',
    // Offsets that are none.
    '2026-01-01T00:00:00+01',
    '2026-01-01T00:00:00+0100',
    '2026-01-01T00:00:00+01-00',
    '2026-01-01T00:00:00*01:00',
    '2026-01-01T00:00:00Z01:00',
    '2026-01-01T00:00:00+x1:00',
    '2026-01-01T00:00:00+01:x0',
    '2026-01-01T00:00:00+01:000',
    '2026-01-01T00:00:00+01:0',
  ])('may not be %s', (time) => {
    expect(saidOf(created('p', time))).toEqual([
      'metadata.creationTimestamp: must be a time such as "2026-01-31T12:00:00Z"',
    ]);
  });
});
