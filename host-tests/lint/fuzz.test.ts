// A short run of `make fuzz`, from another seed each time.
import { expect, it } from 'vitest';
import { fuzz } from './fuzz/fuzz.ts';

const COUNT = 5000;

it('lint refuses what the module refuses, and nothing else, whatever becomes of a policy', async () => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
  const { disagreements, refused, taken } = await fuzz(seed, COUNT);
  expect(disagreements, `SEED=${seed}`).toEqual([]);
  expect(refused).toBeGreaterThan(COUNT / 10);
  expect(taken).toBeGreaterThan(COUNT / 100);
}, 300_000);
