// A key set behind a jwksUri. It belongs to the VM, not to a plugin: every configuration that names the same cluster and URI
// uses this one, and it outlives them, so that applying a policy while the issuer is down costs no one a 401.
import {
  ABSENT,
  BufferType,
  EMPTY,
  LogLevel,
  MapType,
  NO_CALL,
  PairsBuilder,
  Region,
  Span,
  Status,
  constant,
  getBuffer,
  getFirstHeader,
  hasRoom,
  httpCall,
  isAhead,
  lastStatus,
  lengthOf,
  log,
  mark,
  memoryEnded,
  releaseTo,
  steadyTime,
  toText,
} from "as-proxy-wasm-sdk/assembly";
import { Uri } from "../config/uri";
import { hashOf } from "../bytes/hash";
import {
  FIRST_BACKOFF_MS,
  LAST_BACKOFF_MS,
  MAX_FETCH_TIMEOUT_MS,
  MAX_JWKS_BYTES,
  WAITING_GRACE_MS,
} from "../limits";
import { FetchMetrics } from "../metrics";
import { FetchRecord } from "./fetch-record";
import { Jwk } from "./jwk";
import { Jwks, parseJwks } from "./jwks";
import { KeySource } from "./key-source";
import { WaitingRoom } from "./waiting-room";

const METHOD = constant(":method");
const GET = constant("GET");
const PATH = constant(":path");
const SCHEME = constant(":scheme");
const AUTHORITY = constant(":authority");
const ACCEPT = constant("accept");
const ACCEPT_JSON = constant("application/json");
const STATUS = constant(":status");
const HTTP = constant("http");
const HTTPS = constant("https");

const MILLISECOND: u64 = 1_000_000;
/** The longest timeout that may be configured, and what is waited beyond it. */
const LONGEST_LEASE: u64 = (MAX_FETCH_TIMEOUT_MS + WAITING_GRACE_MS) * MILLISECOND;
/** Bytes for the objects of a key set, beside the bytes of the keys. */
const KEYS_ROOM: usize = 128 * 1024;

/** What becomes of a wish for keys. */
export namespace Fetch {
  /** Somebody is at it: wait. */
  export const Underway: i32 = 0;
  /** The latest fetch is too short a time ago: it is not to be tried yet. */
  export const TooSoon: i32 = 1;
  /** Another worker has done it: there are other keys now. */
  export const Done: i32 = 2;
}

export class RemoteKeySet extends KeySource {
  /** The root context that refreshes; 0 when it has gone. */
  owner: u32 = 0;
  /** The root contexts whose rules have their keys from here. */
  private users: u32[] = [];
  /** Where the texts below live. */
  private region: Region;
  readonly waiting: WaitingRoom = new WaitingRoom();

  private set: Jwks | null = null;
  private loaded: u64 = 0;
  private fetchedAt: u64 = 0;
  private documentHash: u64 = 0;
  private record: FetchRecord;
  private metrics: FetchMetrics;
  private seenAttempts: u64 = 0;
  /** Keys were published that there was no memory for: the next tick looks again, and no request has to. */
  private isBehind: bool = false;
  /** The latest call: no other of this VM has its number. */
  private call: u32 = NO_CALL;
  private refresh: u64 = 0;
  private timeout: u64 = 0;
  private cooldown: u64 = 0;
  private clusterName: Span;
  private path: Span;
  private authority: Span;
  private scheme: Span;

  constructor(
    private cluster: string,
    private uri: Uri,
    private minRsaBits: i32,
  ) {
    super();
    const region = new Region();
    this.region = region;
    this.record = new FetchRecord(cluster + " " + uri.text, region);
    this.metrics = new FetchMetrics(cluster);
    this.clusterName = region.text(cluster);
    this.path = region.text(uri.path);
    this.authority = region.text(uri.authority);
    this.scheme = uri.text.toLowerCase().startsWith("https:") ? HTTPS : HTTP;
  }

  /**
   * The newest configuration decides: how often to refresh, how long a fetch may take, and how long after one an unknown `kid` may
   * cause the next (nanoseconds); and its root refreshes from now on.
   */
  adopt(root: u32, refresh: u64, timeout: u64, cooldown: u64): void {
    this.use(root);
    this.owner = root;
    this.refresh = refresh;
    this.timeout = timeout;
    this.cooldown = cooldown;
    this.record.read();
    this.notice();
  }

  override keys(): Jwk[] | null {
    const set = this.set;
    return set === null ? null : set.keys;
  }

  override generation(): u64 {
    return this.loaded;
  }

  /** A root context has rules with keys from here. */
  use(root: u32): void {
    if (!this.users.includes(root)) this.users.push(root);
  }

  /** A root context enforces what another has enforced: it refreshes from now on. */
  passTo(root: u32): void {
    this.use(root);
    this.owner = root;
  }

  /** Whether nobody has keys from here. What was fetched stays in shared data, for who names the same set later. */
  get isUnused(): bool {
    return this.users.length == 0;
  }

  /** A root context has gone: it does not refresh any more. */
  disown(root: u32): void {
    const at = this.users.indexOf(root);
    if (at >= 0) this.users.splice(at, 1);
    if (this.owner == root) this.owner = 0;
  }

  /** A request needs keys that are not here: none at all, or one with another `kid`. Fetches if nobody does. */
  ask(): i32 {
    const now = steadyTime();
    // Without a clock nobody knows what may be tried again.
    if (now == 0) return Fetch.TooSoon;
    const record = this.record;
    const before = this.loaded;
    record.read();
    this.notice();
    if (this.loaded != before) return Fetch.Done;
    if (this.isLeased(now)) return Fetch.Underway;
    if (this.set === null || record.failures > 0) {
      if (this.isPostponed(now)) return Fetch.TooSoon;
    } else if (isAhead(record.startedAt + this.cooldown, now, this.cooldown)) {
      return Fetch.TooSoon;
    }
    return this.fetch(now);
  }

  /** The longest that a request may have to wait, in nanoseconds. */
  get longestWait(): u64 {
    return this.timeout + WAITING_GRACE_MS * MILLISECOND;
  }

  /** Looks at what other workers have done, and refreshes when it is time. */
  tick(root: u32): void {
    const now = steadyTime();
    if (now == 0) return;
    if (this.owner == 0) this.owner = root;
    if (this.owner == root || this.waiting.size > 0) this.fetchIfDue(now);
    this.waiting.wake(now, this.longestWait);
    if (this.set !== null && this.owner == root) {
      this.metrics.aged((now - min(now, this.fetchedAt)) / 1_000_000_000);
    }
  }

  /** Whether this is the answer to the latest call. */
  awaits(token: u32): bool {
    return this.call == token;
  }

  /** The answer has come: header map and body buffer are the host's. */
  answer(bodySize: u32): void {
    const now = steadyTime();
    const taken = mark();
    this.read(bodySize, now);
    releaseTo(taken);
    this.waiting.wake(now, this.longestWait);
  }

  private read(bodySize: u32, now: u64): void {
    const code = toText(getFirstHeader(MapType.HttpCallResponseHeaders, STATUS));
    if (code == "503") return this.fail("no_connection", now);
    if (code == "504") return this.fail("timeout", now);
    if (code != "200") return this.fail(memoryEnded() ? "no_memory" : "status", now);
    if (bodySize > MAX_JWKS_BYTES) return this.fail("too_large", now);
    const document = getBuffer(BufferType.HttpCallResponseBody, 0, bodySize);
    if (!this.canRead(document)) return this.fail("no_memory", now);
    const set = parseJwks(document, this.minRsaBits);
    if (memoryEnded()) return this.fail("no_memory", now);
    if (set.error.length > 0) {
      return this.fail(set.error == "Jwks is an invalid JSON" ? "not_json" : "no_usable_key", now);
    }
    this.succeed(set, document, now);
  }

  private fetchIfDue(now: u64): void {
    const record = this.record;
    record.read();
    if (this.isBehind) this.isBehind = !this.takePublished();
    this.notice();
    if (!this.isLeased(now) && !this.isPostponed(now)) this.fetch(now);
  }

  /** Whether somebody fetches, be it another worker with another idea of how long that may take. */
  private isLeased(now: u64): bool {
    return isAhead(this.record.leaseUntil, now, LONGEST_LEASE);
  }

  private isPostponed(now: u64): bool {
    const longest = this.record.failures > 0 ? LAST_BACKOFF_MS * MILLISECOND : this.refresh;
    return isAhead(this.record.notBefore, now, longest);
  }

  /** Whether there is memory for the keys of a document: twice each (modulus and DER), their `kid`s, and what is made on the way. */
  private canRead(document: Span): bool {
    return hasRoom(lengthOf(document) * 4 + KEYS_ROOM);
  }

  /** Takes the lease, and fetches; `record` has just been read. */
  private fetch(now: u64): i32 {
    const record = this.record;
    record.leaseUntil = now + this.longestWait;
    record.startedAt = now;
    // Somebody else was quicker.
    if (!record.write()) return Fetch.Underway;
    return this.send(now) ? Fetch.Underway : Fetch.TooSoon;
  }

  /** Acts on an answer that has come to any worker since the last look. */
  private notice(): void {
    const record = this.record;
    if (record.attempts == this.seenAttempts) return;
    this.seenAttempts = record.attempts;
    this.fetchedAt = record.fetchedAt;
    this.isBehind = !this.takePublished();
    this.waiting.release();
  }

  private send(now: u64): bool {
    const headers = new PairsBuilder()
      .add(METHOD, GET)
      .add(SCHEME, this.scheme)
      .add(AUTHORITY, this.authority)
      .add(PATH, this.path)
      .add(ACCEPT, ACCEPT_JSON);
    const timeout = <u32>(this.timeout / MILLISECOND);
    this.call = httpCall(this.clusterName, headers, EMPTY, timeout);
    if (this.call != NO_CALL) return true;
    this.fail(lastStatus() == Status.BadArgument ? "no_cluster" : "host_call_failed", now);
    return false;
  }

  private succeed(set: Jwks, document: Span, now: u64): void {
    for (let i = 0; i < set.warnings.length; i++) {
      log(LogLevel.Warn, "jwks: " + this.uri.text + ": " + set.warnings[i]);
    }
    const hash = hashOf(document);
    const record = this.record;
    record.read();
    const isSame =
      this.set !== null && hash == this.documentHash && record.generation == this.loaded;
    if (!isSame) {
      record.generation++;
      this.replace(set, hash, record.generation);
    }
    // Published again even when unchanged: the copy in shared data carries the time of the fetch.
    record.publish(document, this.loaded, now);
    record.fetchedAt = now;
    record.leaseUntil = 0;
    record.failures = 0;
    record.notBefore = now + this.jittered(this.refresh, now);
    this.fetchedAt = now;
    this.finish("success");
  }

  private fail(cause: string, now: u64): void {
    const record = this.record;
    record.read();
    record.leaseUntil = 0;
    record.failures++;
    const doublings = min<u64>(record.failures - 1, 16);
    const backoff = min(FIRST_BACKOFF_MS << doublings, LAST_BACKOFF_MS);
    record.notBefore = now + this.jittered(backoff * MILLISECOND, now);
    log(
      LogLevel.Warn,
      "jwks: " +
        this.uri.text +
        " by cluster " +
        this.cluster +
        ": fetch failed: " +
        cause +
        (this.set === null ? "; there are no keys" : "; the last good keys stay in use"),
    );
    this.finish(cause);
  }

  private finish(result: string): void {
    const record = this.record;
    record.attempts++;
    // Lost against a later lease: that one's answer will be written.
    if (record.write()) this.seenAttempts = record.attempts;
    this.metrics.fetched(result);
    this.waiting.release();
  }

  /** Three quarters to all of a wait, so that proxies that started together do not fetch together. */
  private jittered(wait: u64, now: u64): u64 {
    return wait - ((now / 1000) % 1024) * (wait / 4096);
  }

  /** Takes over the keys that somebody has published; false where there is no memory for it. */
  private takePublished(): bool {
    const taken = mark();
    const isRead = this.readPublished(this.record.published());
    releaseTo(taken);
    return isRead;
  }

  private readPublished(published: Span): bool {
    if (published == ABSENT) return !memoryEnded();
    const generation = FetchRecord.generationOf(published);
    if (this.set !== null && generation == this.loaded) return true;
    const document = FetchRecord.documentOf(published);
    if (!this.canRead(document)) return false;
    const set = parseJwks(document, this.minRsaBits);
    if (memoryEnded()) return false;
    if (set.error.length == 0) this.replace(set, hashOf(document), generation);
    return true;
  }

  private replace(set: Jwks, hash: u64, generation: u64): void {
    this.set = set;
    this.documentHash = hash;
    this.loaded = generation;
  }
}
