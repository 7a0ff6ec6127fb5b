// A short run of `make fuzz-module`, from another seed each time.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { fuzz } from './fuzz.ts';
import { minimized } from './minimize.ts';
import { TARGETS } from './targets.ts';

const COUNT = 20_000;
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000_000);
const { stackTraceLimit } = Error;

beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

it.each(TARGETS.map((target) => [target.name, target] as const))(
  '%s: no stranger’s bytes trap the module, or are read otherwise than by others',
  (_, target) => {
    const count = Math.max(100, (COUNT * target.share) / 100);
    const [report] = [...fuzz({ count, seed, targets: [target] })];
    expect(report!.findings, `SEED=${seed}`).toEqual([]);
    expect(report!.ways).toBeGreaterThan(2);
  },
);

it('an input is made as small as what it shows', () => {
  const input = Buffer.from('something with a needle, and more of it');
  expect(minimized(input, (smaller) => smaller.includes('needle')).toString()).toBe('needle');
});
