// Conditions on dynamic metadata: the module sees all of it as one message, types included.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { askBoth } from './side-by-side.ts';
import { World, oracle, showDetails, writeMetadata } from './world.ts';

/** Rules in envoy-tests/oracle/metadata.yaml, one a path. */
const RULES = 51;

const VALUES = {
  text: 'admin',
  list: ['a', 'bc', 'c', 1, ['d']],
  number: 1,
  flag: true,
  struct: { x: 'y' },
  empty: '',
  null: null,
  'a][b': 'deep',
};

let world: World;
beforeAll(async () => {
  world = await World.start({
    ...oracle('metadata'),
    change: (bootstrap) => {
      showDetails(bootstrap);
      writeMetadata(bootstrap, VALUES);
    },
  });
});
afterAll(() => world?.stop());

it('is matched as Envoy matches it, whatever its type', async () => {
  const seen = new Map<number, number>();
  for (let rule = 0; rule < RULES; rule++) {
    const { status } = await askBoth(world, { path: `/${rule}` }).catch((error: Error) => {
      throw new Error(`rule ${rule}: ${error.message}`);
    });
    seen.set(status, (seen.get(status) ?? 0) + 1);
  }
  expect(seen.get(403)).toBeGreaterThan(10);
  expect(seen.get(404)).toBeGreaterThan(10);
});
