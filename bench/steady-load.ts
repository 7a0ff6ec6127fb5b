// Requests at a steady rate, whatever becomes of those before: what users do while policies change.
import { setTimeout as sleep } from 'node:timers/promises';

export class SteadyLoad {
  private readonly seen = new Map<number, number>();
  private readonly pending = new Set<Promise<void>>();
  private readonly sending: Promise<void>;
  private isOver = false;

  /** Begins. `rate`: requests a second; `ask`: the status of one, 0 where there is no answer. */
  constructor(rate: number, ask: () => Promise<number>) {
    const begin = performance.now();
    this.sending = (async () => {
      for (let sent = 0; !this.isOver;) {
        // A timer that comes late does not make them fewer.
        for (const due = ((performance.now() - begin) * rate) / 1000; sent < due; sent++) {
          const one: Promise<void> = ask().then((status) => {
            this.seen.set(status, (this.seen.get(status) ?? 0) + 1);
            this.pending.delete(one);
          });
          this.pending.add(one);
        }
        await sleep(1000 / rate);
      }
    })();
  }

  /** Ends, when all answers are there: how many there were of each status. */
  async end(): Promise<Map<number, number>> {
    this.isOver = true;
    await this.sending;
    await Promise.all(this.pending);
    return this.seen;
  }
}

/** `120 × 200, 1 × failed`. */
export function describeStatuses(seen: Map<number, number>): string {
  return [...seen].map(([code, count]) => `${count} × ${code === 0 ? 'failed' : code}`).join(', ');
}
