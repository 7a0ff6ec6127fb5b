// Who speaks to the workload, and how: counted in the module's memory, handed to the host now and then, so that a request costs
// no host call for it.
import { Metric } from "as-proxy-wasm-sdk/assembly";
import { MAX_TALLIES } from "../limits";

/** One count. */
export class Tally {
  /** What the host has not been told yet. */
  pending: i64 = 0;
  private metric: Metric | null = null;

  constructor(private name: string) {}

  /** Tells the host. */
  flush(): void {
    if (this.pending == 0) return;
    let metric = this.metric;
    if (metric === null) {
      metric = Metric.counter(this.name);
      this.metric = metric;
    }
    metric.add(this.pending);
    this.pending = 0;
  }
}

/** Counts of one metric, by its labels. */
export class Tallies {
  private all: Tally[] = [];
  private byLabels: Map<string, Tally> = new Map<string, Tally>();

  constructor(private metric: string) {}

  /** The count for these labels (`;key=value…`); for `others` when there are too many to keep each apart. */
  of(labels: string, others: string): Tally {
    if (this.byLabels.has(labels)) return this.byLabels.get(labels);
    if (this.all.length >= MAX_TALLIES && labels != others) return this.of(others, others);
    const tally = new Tally(this.metric + labels);
    this.all.push(tally);
    this.byLabels.set(labels, tally);
    return tally;
  }

  /** Tells the host of all. */
  flush(): void {
    for (let i = 0; i < this.all.length; i++) this.all[i].flush();
  }
}
