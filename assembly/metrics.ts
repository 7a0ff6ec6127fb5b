// Every metric name, in one place. Labels stand in the name as `;key=value`; the `stats_tags` of the generated bootstrap
// turn them into labels (docs/metrics.md).
import { Metric } from "as-proxy-wasm-sdk/assembly";
import { Decision, NO_RULE } from "./authz/engine";
import { nameOfSecurity } from "./peer/security";
import { JwtStatus, reasonOfStatus } from "./status";

const DRY_RUN_REFUSED = "portcullis_dry_run_total;outcome=deny;policy=" + NO_RULE;

/** Counters of one plugin. A metric is made when it is first counted, so that none stands at 0 for ever. */
export class RequestMetrics {
  private allowed: Metric = Metric.counter("portcullis_requests_total;outcome=allow");
  private byStatus: StaticArray<Metric | null> = new StaticArray<Metric | null>(JwtStatus.Count);
  private byName: Map<string, Metric> = new Map<string, Metric>();
  private hits: Metric = Metric.counter("portcullis_token_cache_total;result=hit");
  private misses: Metric = Metric.counter("portcullis_token_cache_total;result=miss");

  /** A configuration was compiled, in so many microseconds of a worker's time. */
  compiled(microseconds: u64): void {
    Metric.gauge("portcullis_compile_microseconds").record(microseconds);
  }

  /** A request may pass. */
  allow(): void {
    this.allowed.add();
  }

  /** A request is refused for its token. */
  unauthenticated(status: i32): void {
    let metric = this.byStatus[status];
    if (metric === null) {
      metric = Metric.counter(
        "portcullis_requests_total;outcome=unauthenticated;reason=" + reasonOfStatus(status),
      );
      this.byStatus[status] = metric;
    }
    metric.add();
  }

  /** A request is refused by a rule. */
  deny(policy: string): void {
    this.count("portcullis_requests_total;outcome=deny;policy=" + policy);
  }

  /** What AUDIT policies and policies that are only tried say of a request. */
  observed(decision: Decision): void {
    const audit = decision.audit;
    if (audit !== null) this.count("portcullis_audit_total;policy=" + audit.name);
    const denied = decision.dryRunDeny;
    if (denied !== null) this.count("portcullis_dry_run_total;outcome=deny;policy=" + denied.name);
    else if (decision.dryRunRefuses) this.count(DRY_RUN_REFUSED);
  }

  /** An external authorizer was asked; `result` is `allow`, `deny` or `error`. */
  extAuthz(provider: string, result: string): void {
    this.count("portcullis_ext_authz_total;provider=" + provider + ";result=" + result);
  }

  /** A request or connection is refused for how it is secured. */
  refusePeer(metric: string, security: i32): void {
    this.count(metric + ";outcome=unauthenticated;reason=peer_" + nameOfSecurity(security));
  }

  /** Counts one under a name with its labels. */
  count(name: string): void {
    if (!this.byName.has(name)) this.byName.set(name, Metric.counter(name));
    this.byName.get(name).add();
  }

  /** A request is refused because it cannot be decided: `reason` says why. */
  fail(reason: string): void {
    Metric.counter("portcullis_requests_total;outcome=error;reason=" + reason).add();
  }

  /** A token was found in the cache, or not. */
  cache(hit: bool): void {
    if (hit) this.hits.add();
    else this.misses.add();
  }
}

/** Metrics of one remote key set, by its cluster. */
export class FetchMetrics {
  private cluster: string;
  private age: Metric;

  constructor(cluster: string) {
    this.cluster = cluster;
    this.age = Metric.gauge("portcullis_jwks_age_seconds;cluster=" + cluster);
  }

  /** A fetch has ended; `result` is `success` or the cause of its failure. */
  fetched(result: string): void {
    Metric.counter(
      "portcullis_jwks_fetches_total;cluster=" + this.cluster + ";result=" + result,
    ).add();
  }

  /** How old the keys in use are. */
  aged(seconds: u64): void {
    this.age.record(seconds);
  }
}

/** A request or connection was refused because there was no memory to look at it. */
export function countRefusal(): void {
  Metric.counter("portcullis_requests_total;outcome=error;reason=no_memory").add();
}
