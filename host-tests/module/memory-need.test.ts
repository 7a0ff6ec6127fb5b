// What a policy would take of memory is reckoned before it is compiled: too large a one is refused, once, and takes nobody's memory.
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { nodePlatform } from '../../host/node-platform.ts';
import { Process } from '../../host/process.ts';
import { configuration, denyPolicy, errorLines, start, status, update } from './fixture.ts';
import { withMaximumMemory } from './wasm-memory.ts';

const TOO_MUCH =
  "not enough memory for this configuration beside what is in force: a worker's module has 256 MiB; make it smaller, or split it by workload";
const AT =
  'resources[0] AuthorizationPolicy istio-system/deny: spec.rules[0].from[0].source.principals: ';

/** A policy about these identities, in a mesh of so many trust domains; behind it stands one that is wrong. */
function identities(principals: string[], trustDomains: number): string {
  const trustDomainAliases = Array.from({ length: trustDomains - 1 }, (_, i) => `td${i}`);
  const settings = { trustDomainAliases, connectionFacts: { singleUriSan: true } };
  const policy = denyPolicy([{ from: [{ source: { principals } }] }]);
  return configuration([policy, denyPolicy([{ a: 1 }], 'wrong')], settings);
}

it.each<[string, string[], number]>([
  // 80660 times 53248 bytes: more than 32 bits can tell, by little.
  ['of many identities', Array<string>(80_660).fill('a'), 100],
  ['of a long identity and many trust domains', ['x'.repeat(100_000)], 200],
  ['of a longer one and some trust domains', ['x'.repeat(2_600_000)], 5],
])(
  'a policy %s is refused, once, and nothing that stands behind it is read',
  (_, principals, trustDomains) => {
    const world = start([denyPolicy([{}])]);
    expect(update(world, identities(principals, trustDomains))).toBe(false);
    expect(errorLines(world.process)).toEqual([`config: ${AT}${TOO_MUCH}`]);
    expect(status(world.plugin)).toBe(403);
    expect(world.process.traps).toEqual([]);
  },
);

it('one of a little shorter identity is taken, and what stands behind it is read', () => {
  const world = start([]);
  expect(update(world, identities(['x'.repeat(2_100_000)], 5))).toBe(false);
  expect(errorLines(world.process)).toEqual([
    'config: resources[1] AuthorizationPolicy istio-system/wrong: spec.rules[0].a: unknown field',
  ]);
});

describe('where memory is little', () => {
  const bytes = readFileSync('build/portcullis.wasm');
  const linesIn = (pages: number, text: string): string[] => {
    const process = new Process({ platform: nodePlatform, node: { namespace: 'foo' } });
    process.load(withMaximumMemory(bytes, pages), {
      name: 'portcullis',
      rootId: 'portcullis',
      configuration: text,
    });
    expect(process.traps).toEqual([]);
    return errorLines(process);
  };
  const empty = configuration([]);

  it('and too little is left for requests, nothing is taken, be it small', () => {
    expect(linesIn(400, empty)).toEqual([]);
    expect(linesIn(320, empty)).toEqual([`config: ${TOO_MUCH}`]);
  });

  it('what cannot be read for that is not said to be no JSON', () => {
    const filterStateClaims = Array.from({ length: 10_000 }, (_, i) => `claim${i}`);
    expect(linesIn(400, configuration([], { filterStateClaims }))).toEqual([
      'config: there is not enough memory to read it',
    ]);
  });
});
