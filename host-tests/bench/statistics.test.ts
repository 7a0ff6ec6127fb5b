import { describe, expect, it } from 'vitest';
import { estimate, median, shuffled } from '../../bench/statistics.ts';

describe('the statistics of the benchmark', () => {
  it('take the middle, or the mean of the two', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it('give an interval that holds the median, is wide for noise and nothing for none', () => {
    expect(estimate([5, 5, 5, 5])).toEqual({ value: 5, low: 5, high: 5 });
    const { value, low, high } = estimate([-10, -3, 0, 1, 2, 4, 30]);
    expect(value).toBe(1);
    expect(low).toBeLessThan(0);
    expect(high).toBeGreaterThan(2);
    expect(estimate([1, 2, 9])).toEqual(estimate([1, 2, 9]));
  });

  it('shuffle everything, differently for each seed', () => {
    const all = Array.from({ length: 10 }, (_, i) => i);
    expect(shuffled(all, 1)).not.toEqual(shuffled(all, 2));
    expect([...shuffled(all, 3)].sort()).toEqual(all);
  });
});
