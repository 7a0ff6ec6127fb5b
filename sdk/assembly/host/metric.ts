import {
  proxy_define_metric,
  proxy_get_metric,
  proxy_increment_metric,
  proxy_record_metric,
} from "../abi/imports";
import { MetricType, Status } from "../abi/enums";
import { encode } from "../memory/arena";
import { addressOf, lengthOf } from "../memory/span";
import { outNumber, recorded } from "./result";

const UNDEFINED: u32 = u32.MAX_VALUE;

/**
 * A metric of the host, shared by all VMs that define the same name. Where the host refuses to define it, every
 * operation answers NotFound: a missing metric never stops a request.
 */
export class Metric {
  private id: u32;

  constructor(type: u32, name: string) {
    const bytes = encode(name);
    const status = proxy_define_metric(type, addressOf(bytes), lengthOf(bytes), outNumber);
    this.id = recorded(status) == Status.Ok ? load<u32>(outNumber) : UNDEFINED;
  }

  /** Defines a counter. */
  static counter(name: string): Metric {
    return new Metric(MetricType.Counter, name);
  }

  /** Defines a gauge. */
  static gauge(name: string): Metric {
    return new Metric(MetricType.Gauge, name);
  }

  /** Defines a histogram. */
  static histogram(name: string): Metric {
    return new Metric(MetricType.Histogram, name);
  }

  /** Adds to a counter (offset > 0, else the host answers BadArgument) or a gauge. */
  add(offset: i64 = 1): u32 {
    if (this.id == UNDEFINED) return Status.NotFound;
    return recorded(proxy_increment_metric(this.id, offset));
  }

  /** Sets a gauge, or adds a sample to a histogram. */
  record(value: u64): u32 {
    if (this.id == UNDEFINED) return Status.NotFound;
    return recorded(proxy_record_metric(this.id, value));
  }

  /** The value of a counter or gauge; 0 when the host refuses, with the reason in `lastStatus()`. */
  value(): u64 {
    if (this.id == UNDEFINED) {
      recorded(Status.NotFound);
      return 0;
    }
    return recorded(proxy_get_metric(this.id, outNumber)) == Status.Ok ? load<u64>(outNumber) : 0;
  }
}
