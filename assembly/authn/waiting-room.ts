// Requests that are paused until a key set is there: bounded in number and in time.
//
// They are woken from callbacks of root contexts alone. In the callback of another request they would overwrite what the
// module knows of that one, and the host stops the stream that is being called as soon as anyone is replied to.
import { StreamContext, Woken, isAhead, wake } from "as-proxy-wasm-sdk/assembly";
import { MAX_WAITING_REQUESTS } from "../limits";

export class WaitingRoom {
  private streams: StreamContext[] = [];
  private deadlines: u64[] = [];
  /** Those whose waiting is over, until a root context's callback wakes them. */
  private released: StreamContext[] = [];

  /** How many are here. */
  get size(): i32 {
    return this.streams.length + this.released.length;
  }

  /** Whether somebody's waiting is over, who has not been woken yet. */
  get hasReleased(): bool {
    return this.released.length > 0;
  }

  /** Lets a request wait until `deadline` (nanoseconds of `steadyTime`); false when there is no room. */
  enter(stream: StreamContext, deadline: u64): bool {
    if (this.size >= MAX_WAITING_REQUESTS) return false;
    this.streams.push(stream);
    this.deadlines.push(deadline);
    return true;
  }

  /** Forgets a request that has ended; no matter whether it waited. */
  forget(stream: StreamContext): void {
    const i = this.streams.indexOf(stream);
    if (i >= 0) this.removeAt(i);
    const j = this.released.indexOf(stream);
    if (j >= 0) this.released.splice(j, 1);
  }

  /** What they wait for has come, or will not come: who is here now is woken by the next `wake`. */
  release(): void {
    for (let i = 0; i < this.streams.length; i++) this.released.push(this.streams[i]);
    this.streams = [];
    this.deadlines = [];
  }

  /**
   * For callbacks of root contexts: wakes those released and those whose time is over, as many as one callback may; the others stay for
   * the next. Who has no keys then is refused. `longest`: how long anybody waits at most, in nanoseconds.
   */
  wake(now: u64, longest: u64): void {
    let i = 0;
    while (i < this.streams.length) {
      if (isAhead(this.deadlines[i], now, longest)) {
        i++;
      } else {
        this.released.push(this.streams[i]);
        this.removeAt(i);
      }
    }
    const released = this.released;
    if (released.length == 0) return;
    // Who is woken may have to wait again, and who hears of it may end others: both change the lists.
    this.released = [];
    for (let j = 0; j < released.length; j++) {
      if (wake(released[j]) == Woken.Later) this.released.push(released[j]);
    }
  }

  private removeAt(i: i32): void {
    const last = this.streams.length - 1;
    this.streams[i] = this.streams[last];
    this.deadlines[i] = this.deadlines[last];
    this.streams.pop();
    this.deadlines.pop();
  }
}
