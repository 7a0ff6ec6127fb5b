// What can be said of a handful of noisy measurements.

/** The middle value. */
export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** A value with the interval that holds it in 95 of 100 repetitions. */
export interface Estimate {
  value: number;
  low: number;
  high: number;
}

const RESAMPLES = 5000;

/** Numbers from 0 to 1, the same for the same seed: a linear congruential generator with Numerical Recipes' constants. */
export function pseudoRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** The elements in an order that depends on the seed alone. */
export function shuffled<T>(elements: T[], seed: number): T[] {
  const random = pseudoRandom(seed);
  return elements
    .map((element) => ({ element, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ element }) => element);
}

/** The median with its 95 % interval, by bootstrap (percentiles of resampled medians). Equal input, equal output. */
export function estimate(values: number[]): Estimate {
  const random = pseudoRandom(1);
  const medians = Array.from({ length: RESAMPLES }, () =>
    median(values.map(() => values[Math.floor(random() * values.length)]!)),
  ).sort((a, b) => a - b);
  return {
    value: median(values),
    low: medians[Math.floor(RESAMPLES * 0.025)]!,
    high: medians[Math.ceil(RESAMPLES * 0.975) - 1]!,
  };
}
