// Values of `source` about a peer's identity, held against the regular expressions that istiod generates for them.
import { describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();

const FIELDS = ['principals', 'namespaces', 'serviceAccounts', 'trustDomains'];

/** All identities of up to four of these pieces, and some that are longer. */
const PIECES = ['spiffe://', 'td', '/ns/foo/', 'sa/x', '/', 'o'];
const IDENTITIES = ['']
  .concat(...combinations(4))
  .concat([
    'spiffe://td/ns/foo/sa/x',
    'spiffe://td/ns/foo/sa/x/y',
    'spiffe://td/ns/foo/sa/x/',
    'spiffe://td/ns/foo/sa/xx',
    'spiffe://td/ns/foo/y/sa/x',
    'spiffe://td/ns/foo/y/sa/x/z',
    'spiffe://td/ns/foo//sa/x',
    'spiffe://td/ns/foo/ysa/x',
    'spiffe://td/ns/foo/y/sa/x/sa/x/sa/y',
    'spiffe:///ns/foo/sa/x',
    'spiffe://td/ns/bar/ns/foo/sa/x',
    'spiffe://td/ns/fo/sa/x',
    'spiffe://td/ns/fooo/sa/x',
    'spiffe://td/ns/floor/sa/x',
    'spiffe://td/ns/boo/ns/f/sa/x',
    'spiffe://cluster.local/ns/foo/sa/x',
    'spiffe://cluster.local',
    'spiffe://cluster.local/',
    'spiffe://tdd/ns/foo/sa/x',
    'spiffe://ttd/x',
    'SPIFFE://td/ns/foo/sa/x',
    'xspiffe://td/ns/foo/sa/x',
  ]);

function combinations(most: number): string[][] {
  const all = [PIECES];
  for (let i = 1; i < most; i++) {
    all.push(all[i - 1]!.flatMap((text) => PIECES.map((piece) => text + piece)));
  }
  return all;
}

describe('a value of', () => {
  it.each<[string, string, RegExp]>([
    ['principals', '*', /^.+$/],
    ['principals', 'td/ns/foo/sa/x', /^spiffe:\/\/td\/ns\/foo\/sa\/x$/],
    ['principals', 'cluster.local/ns/foo/sa/x', /^spiffe:\/\/cluster\.local\/ns\/foo\/sa\/x$/],
    ['principals', 'td*', /^spiffe:\/\/td.*$/],
    ['principals', 'td/ns/foo/*', /^spiffe:\/\/td\/ns\/foo\/.*$/],
    ['principals', '*/sa/x', /^spiffe:\/\/.*\/sa\/x$/],
    ['principals', '*x', /^spiffe:\/\/.*x$/],
    ['principals', '*spiffe://td', /^spiffe:\/\/.*spiffe:\/\/td$/],
    ['namespaces', 'foo', /^.*\/ns\/foo\/.*$/],
    ['namespaces', 'f*', /^.*\/ns\/f.*\/.*$/],
    ['namespaces', '*o', /^.*\/ns\/.*o\/.*$/],
    ['namespaces', '*', /^.*\/ns\/.*\/.*$/],
    ['namespaces', 'f*o', /^.*\/ns\/f.*o\/.*$/],
    ['namespaces', 'f*o*o', /^.*\/ns\/f.*o.*o\/.*$/],
    ['namespaces', '*o*r*', /^.*\/ns\/.*o.*r.*\/.*$/],
    ['serviceAccounts', 'x', /^spiffe:\/\/.+\/ns\/foo\/(.+\/|)sa\/x(\/.+)?$/],
    ['serviceAccounts', 'foo/x', /^spiffe:\/\/.+\/ns\/foo\/(.+\/|)sa\/x(\/.+)?$/],
    ['serviceAccounts', 'bar/x', /^spiffe:\/\/.+\/ns\/bar\/(.+\/|)sa\/x(\/.+)?$/],
    ['trustDomains', '*', /^spiffe:\/\/.*$/],
    ['trustDomains', 'td', /^spiffe:\/\/td\/.*$/],
    ['trustDomains', 'cluster.local', /^spiffe:\/\/cluster\.local\/.*$/],
    ['trustDomains', 't*', /^spiffe:\/\/t[^/]*\/.*$/],
    ['trustDomains', '*d', /^spiffe:\/\/[^/]*d\/.*$/],
    ['trustDomains', 't*d', /^spiffe:\/\/t[^/]*d\/.*$/],
  ])('%s, %s, matches what %s does', (field, value, pattern) => {
    const matches = (identity: string): boolean => {
      module.reset();
      const given = [...module.give(value), ...module.give(identity)] as const;
      return module.exports.matchesIdentity(FIELDS.indexOf(field), ...given) === 1;
    };
    expect(IDENTITIES.filter(matches)).toEqual(IDENTITIES.filter((one) => pattern.test(one)));
  });
});
