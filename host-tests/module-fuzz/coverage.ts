// Which places of the module inputs come to, and how often, as AFL counts them: an input that shows a new count is worth a change.
import type { Coverage, Input } from './target.ts';

const MOST_PLACES = 65_536;

export class Trace {
  private readonly counts = new Uint32Array(MOST_PLACES);
  private readonly touched: number[] = [];
  /** Orders of magnitude of counts that were seen of a place, as bits. */
  private readonly seen = new Uint32Array(MOST_PLACES);
  /** Places that were seen. */
  places = 0;

  /** The module is at a place. */
  readonly hit = (place: number): void => {
    if (this.counts[place]! === 0) this.touched.push(place);
    this.counts[place]!++;
  };

  /** Whether anything since the last time was new. */
  take(): boolean {
    let isNew = false;
    for (const place of this.touched) {
      const order = 1 << (32 - Math.clz32(this.counts[place]!));
      if (this.seen[place] === 0) this.places++;
      if ((this.seen[place]! & order) === 0) isNew = true;
      this.seen[place]! |= order;
      this.counts[place] = 0;
    }
    this.touched.length = 0;
    return isNew;
  }
}

/** The coverage of a target, whose runner on a traced module is made with the first input. */
export function coverageOf(make: (trace: Trace) => (input: Input) => void): Coverage {
  const trace = new Trace();
  let run: ((input: Input) => void) | undefined;
  return {
    isNew(input) {
      run ??= make(trace);
      try {
        run(input);
      } catch (error) {
        run = undefined;
        throw error;
      }
      return trace.take();
    },
    get places() {
      return trace.places;
    },
  };
}
