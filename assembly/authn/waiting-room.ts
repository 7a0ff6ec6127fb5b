// Requests that are paused until a key set is there: bounded in number and in time.
import { StreamContext, wake } from "as-proxy-wasm-sdk/assembly";
import { MAX_WAITING_REQUESTS } from "../limits";

export class WaitingRoom {
  private streams: StreamContext[] = [];
  private deadlines: u64[] = [];

  /** How many wait. */
  get size(): i32 {
    return this.streams.length;
  }

  /** Lets a request wait until `deadline` (nanoseconds since the Unix epoch); false when there is no room. */
  enter(stream: StreamContext, deadline: u64): bool {
    if (this.streams.length >= MAX_WAITING_REQUESTS) return false;
    this.streams.push(stream);
    this.deadlines.push(deadline);
    return true;
  }

  /** Forgets a request that has ended; no matter whether it waited. */
  forget(stream: StreamContext): void {
    for (let i = 0; i < this.streams.length; i++) {
      if (this.streams[i] === stream) {
        this.removeAt(i);
        return;
      }
    }
  }

  /** Wakes everyone; who still has no keys then is refused. */
  wakeAll(): void {
    const streams = this.streams;
    this.streams = [];
    this.deadlines = [];
    for (let i = 0; i < streams.length; i++) wake(streams[i]);
  }

  /** Wakes those whose time is over. */
  wakeLate(now: u64): void {
    let i = 0;
    while (i < this.streams.length) {
      if (this.deadlines[i] <= now) {
        const stream = this.streams[i];
        this.removeAt(i);
        wake(stream);
      } else {
        i++;
      }
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
