import { Status } from './status.ts';

const COUNTER = 0;
const HISTOGRAM = 2;

interface Metric {
  name: string;
  type: number;
  value: bigint;
}

/** The metrics of one process: those of the same name are the same, whichever VM defines them. */
export class Metrics {
  private readonly all: Metric[] = [];

  /** Defines a metric, or finds it; its number. Undefined for an unknown type. */
  define(type: number, name: string): number | undefined {
    if (type < COUNTER || type > HISTOGRAM) return undefined;
    const known = this.all.findIndex((metric) => metric.name === name && metric.type === type);
    if (known >= 0) return known + 1;
    this.all.push({ name, type, value: 0n });
    return this.all.length;
  }

  /** Adds to a counter or a gauge; a counter only goes up. */
  increment(id: number, offset: bigint): number {
    const metric = this.all[id - 1];
    if (metric === undefined) return Status.BadArgument;
    if (metric.type === HISTOGRAM || (metric.type === COUNTER && offset <= 0n)) {
      return Status.BadArgument;
    }
    metric.value += offset;
    return Status.Ok;
  }

  /** Sets a gauge, adds to a counter, or adds a sample to a histogram (which is only counted here). */
  record(id: number, value: bigint): number {
    const metric = this.all[id - 1];
    if (metric === undefined) return Status.BadArgument;
    metric.value = metric.type === COUNTER ? metric.value + value : value;
    return Status.Ok;
  }

  /** The value of a counter or gauge; a status where there is none. */
  get(id: number): { status: number; value: bigint } {
    const metric = this.all[id - 1];
    if (metric === undefined) return { status: Status.BadArgument, value: 0n };
    if (metric.type === HISTOGRAM) return { status: Status.BadArgument, value: 0n };
    return { status: Status.Ok, value: metric.value };
  }

  /** A counter's or gauge's value by its name; 0 when nobody has defined it. */
  value(name: string): number {
    return Number(this.all.find((metric) => metric.name === name)?.value ?? 0n);
  }

  /** Whether anybody has defined a metric with this name. */
  has(name: string): boolean {
    return this.all.some((metric) => metric.name === name);
  }

  /** Every metric that is not 0, by name. */
  nonZero(): Record<string, number> {
    const seen = this.all.filter(({ value }) => value !== 0n);
    return Object.fromEntries(seen.map(({ name, value }) => [name, Number(value)]));
  }
}
