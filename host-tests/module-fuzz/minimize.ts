// The smallest input that still shows what a larger one has shown.

/** Tries after which the input is small enough for whoever reads it. */
const MOST_TRIES = 3000;

/** Leaves out ever smaller pieces while `shows` holds. */
export function minimized(input: Buffer, shows: (smaller: Buffer) => boolean): Buffer {
  let best = input;
  let tries = 0;
  for (let size = best.length >> 1; size >= 1; size >>= 1) {
    for (let at = 0; at < best.length && tries < MOST_TRIES; tries++) {
      const smaller = Buffer.concat([best.subarray(0, at), best.subarray(at + size)]);
      if (shows(smaller)) best = smaller;
      else at += size;
    }
  }
  return best;
}
