// Which configuration is in force under a plugin's name, over all workers: what a wrong one falls back on.
//
// No configuration is ever rejected at the host. Envoy remembers a rejection with the VM and does not ask again: a plugin that is
// deleted and comes back with the same mistake is refused unasked, and so is every listener that holds it, whatever else has
// changed in that listener. The listener from before stays, and it may have no filter (measured with istiod: traffic flowed, and
// a PeerAuthentication that came later was not heeded). So a wrong configuration is always accepted, and then either the one before
// stays in force or, where there is none, every request is refused.
import {
  ANY_VERSION,
  CREATE,
  Metric,
  Region,
  RootContext,
  Span,
  Status,
  addressOf,
  allocate,
  equals,
  getProperty,
  getShared,
  isAhead,
  isPresent,
  lengthOf,
  mark,
  propertyPath,
  releaseTo,
  setShared,
  sharedVersion,
  span,
  steadyTime,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { HEARTBEAT_MS, MAX_HEARTBEAT_TRIES, SILENCE_MS } from "../limits";

const PLUGIN_NAME = propertyPath("plugin_name");
const PLUGIN_ROOT_ID = propertyPath("plugin_root_id");
const NANOSECONDS_PER_MILLISECOND: u64 = 1_000_000;
const HEARTBEAT: u64 = HEARTBEAT_MS * NANOSECONDS_PER_MILLISECOND;

/** What a root does. */
export namespace Standing {
  /** It enforces its own configuration. */
  export const Own: u64 = 0;
  /** Its own is wrong: it enforces the one before. */
  export const Kept: u64 = 1;
  /** Its own is wrong, and there is none before: it refuses everything. */
  export const Refusing: u64 = 2;
}

// The record: generation, when it was configured, the number given out last; then an entry for each root: its number, when it was
// heard of last, its standing. 64-bit words, times in nanoseconds of `steadyTime`: by the wall clock, one that is set forward would make all of them silent.
const GENERATION: usize = 0;
const CONFIGURED: usize = 8;
const LAST_NUMBER: usize = 16;
const HEADER: usize = 24;
const NUMBER: usize = 0;
const SEEN: usize = 8;
const STANDING: usize = 16;
const ENTRY: usize = 24;

/** Where a plugin's record and its last good configuration lie among the shared data; and the count of rejected ones. */
class Keys {
  readonly record: Span;
  readonly text: Span;
  /** The roots in this VM that have come under the name, and have not gone. */
  readonly roots: InForce[] = [];
  private gauge: Metric | null = null;
  private region: Region = new Region();

  constructor(readonly name: string) {
    this.record = this.region.text("portcullis.roots " + name);
    this.text = this.region.text("portcullis.configuration " + name);
  }

  /** How many workers have a configuration that is wrong; never told while it is none. */
  count(rejected: u64): void {
    let gauge = this.gauge;
    if (gauge === null) {
      gauge = Metric.gauge("portcullis_rejected_configurations;plugin=" + this.name.split(" ")[0]);
      this.gauge = gauge;
    }
    gauge.record(rejected);
  }
}

const byPlugin = new Map<string, Keys>();

function keysOfPlugin(): Keys {
  const name = toText(getProperty(PLUGIN_NAME)) + " " + toText(getProperty(PLUGIN_ROOT_ID));
  if (!byPlugin.has(name)) byPlugin.set(name, new Keys(name));
  return byPlugin.get(name);
}

/** One root's part in it. */
export class InForce {
  private keys: Keys;
  private number: u64 = 0;
  private generation: u64 = 0;
  private standing: u64 = Standing.Own;
  private beatAt: u64 = 0;

  /**
   * To be made while a configuration is being read: only then the host tells the plugin's name. `root` is the root context whose part
   * this is.
   */
  constructor(readonly root: RootContext) {
    this.keys = keysOfPlugin();
    this.keys.roots.push(this);
  }

  /**
   * The root in this VM that enforces the last good configuration, or null: it has been compiled there, and costs nothing more. Whether
   * it is alive needs no clock: it is here.
   */
  heldBy(): RootContext | null {
    const roots = this.keys.roots;
    for (let i = roots.length - 1; i >= 0; i--) {
      const other = roots[i];
      // One that refuses is this one, too, until it has been told to keep what was found.
      if (other.standing != Standing.Refusing && other.generation == this.generation)
        return other.root;
    }
    return null;
  }

  /** A good configuration has come: from now on it is what wrong ones fall back on. */
  begin(text: Span): void {
    for (let i = 0; i < MAX_HEARTBEAT_TRIES; i++) {
      const taken = mark();
      const known = getShared(this.keys.text);
      const isKnown = equals(known, text);
      releaseTo(taken);
      const old = getShared(this.keys.record);
      const expected = isPresent(old) ? sharedVersion() : CREATE;
      if (!isKnown) setShared(this.keys.text, text, ANY_VERSION);
      const size = sizeOf(old);
      const record = allocate(size);
      if (record == 0) return;
      copy(old, record);
      this.generation = load<u64>(record, GENERATION) + (isKnown ? 0 : 1);
      store<u64>(record, this.generation, GENERATION);
      store<u64>(record, steadyTime(), CONFIGURED);
      if (setShared(this.keys.record, span(record, size), expected) == Status.Ok) return;
    }
  }

  /** A wrong configuration has come, and this root refuses everything, unless the one before is in force anywhere: whether it is. */
  recall(): bool {
    this.standing = Standing.Refusing;
    const record = getShared(this.keys.record);
    if (lengthOf(record) < HEADER) return false;
    this.generation = load<u64>(addressOf(record), GENERATION);
    return this.heldBy() !== null || isAlive(record, steadyTime());
  }

  /** The text of the configuration that `recall` has found. */
  text(): Span {
    return getShared(this.keys.text);
  }

  /** The configuration that `recall` has found is in force here. */
  keep(): void {
    this.standing = Standing.Kept;
  }

  /** This root is alive. To be called with every tick. */
  beat(): void {
    const now = steadyTime();
    if (now == 0 || isAhead(this.beatAt + HEARTBEAT, now, HEARTBEAT)) return;
    this.beatAt = now;
    this.write(now, true);
  }

  /** This root goes. */
  end(): void {
    this.write(steadyTime(), false);
    const roots = this.keys.roots;
    const at = roots.indexOf(this);
    if (at >= 0) roots.splice(at, 1);
    if (roots.length == 0) byPlugin.delete(this.keys.name);
  }

  private write(now: u64, stays: bool): void {
    for (let i = 0; i < MAX_HEARTBEAT_TRIES; i++) {
      const old = getShared(this.keys.record);
      const expected = isPresent(old) ? sharedVersion() : CREATE;
      const size = sizeOf(old);
      const record = allocate(size + ENTRY);
      if (record == 0) return;
      copy(old, record);
      let rejected: u64 = 0;
      let hadRejected = false;
      let to = record + HEADER;
      for (let at = to; at < record + size; at += ENTRY) {
        const standing = load<u64>(at, STANDING);
        if (load<u64>(at, NUMBER) == this.number || isSilent(load<u64>(at, SEEN), now)) {
          if (standing != Standing.Own) hadRejected = true;
          continue;
        }
        if (standing != Standing.Own) rejected++;
        memory.copy(to, at, ENTRY);
        to += ENTRY;
      }
      let number = this.number;
      if (stays) {
        if (number == 0) {
          number = load<u64>(record, LAST_NUMBER) + 1;
          store<u64>(record, number, LAST_NUMBER);
        }
        if (this.standing != Standing.Own) rejected++;
        store<u64>(to, number, NUMBER);
        store<u64>(to, now, SEEN);
        store<u64>(to, this.standing, STANDING);
        to += ENTRY;
      } else if (this.generation == load<u64>(record, GENERATION)) {
        // Whoever else enforces it is heard of.
        store<u64>(record, 0, CONFIGURED);
      }
      if (setShared(this.keys.record, span(record, to - record), expected) != Status.Ok) continue;
      this.number = number;
      if (rejected > 0 || hadRejected) this.keys.count(rejected);
      return;
    }
  }
}

/** Whether any root enforces something: one that was heard of lately, or one that is just being configured. */
function isAlive(record: Span, now: u64): bool {
  const base = addressOf(record);
  if (!isSilent(load<u64>(base, CONFIGURED), now)) return true;
  for (let at = HEADER; at + ENTRY <= lengthOf(record); at += ENTRY) {
    if (load<u64>(base + at, STANDING) == Standing.Refusing) continue;
    if (!isSilent(load<u64>(base + at, SEEN), now)) return true;
  }
  return false;
}

/** A worker that was not heard of for so long has lost its VM. */
function isSilent(seen: u64, now: u64): bool {
  return now > seen && now - seen > SILENCE_MS * NANOSECONDS_PER_MILLISECOND;
}

function sizeOf(record: Span): usize {
  return max(lengthOf(record), HEADER);
}

function copy(record: Span, to: usize): void {
  if (lengthOf(record) >= HEADER) memory.copy(to, addressOf(record), lengthOf(record));
  else memory.fill(to, 0, HEADER);
}
