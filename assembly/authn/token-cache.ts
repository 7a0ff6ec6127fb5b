// Tokens whose signature has been verified, by their whole text: a hit spares base64, JSON and the signature. What can change is
// checked on every hit: time, the generation of the key set, the client's certificate. Least recently used goes first; bounded by
// count and by bytes. Entries are blocks of memory of their own: nothing here is for the garbage collector to find.
import {
  ABSENT,
  Span,
  addressOf,
  equals,
  isPresent,
  lengthOf,
  span,
  tryAllocate,
} from "as-proxy-wasm-sdk/assembly";
import { hashOf } from "../bytes/hash";
import { Jwt } from "./jwt";


@unmanaged
class Entry {
  hash: u64;
  generation: u64;
  /** The number of the rule whose keys verified it. */
  rule: u32;
  notBefore: u64;
  expiry: u64;
  /** Next in the bucket. */
  chained: Entry | null;
  /** Neighbours in the order of use. */
  newer: Entry | null;
  older: Entry | null;
  /** Bytes of this block: entry, token, claims. */
  size: u32;
  token: Span;
  issuer: Span;
  subject: Span;
  thumbprint: Span;
}

/** What the cache knows of a token. */
export class CachedToken {
  /** The hash of its text; known as soon as it was looked for. */
  hash: u64 = 0;
  /** The rule whose keys verified it, and their generation then. */
  rule: u32 = 0;
  generation: u64 = 0;
  /** Its claims, as far as every request needs them: issuer, subject, times, thumbprint. */
  jwt: Jwt = new Jwt();
}

export class TokenCache {
  private buckets: StaticArray<usize>;
  private mask: i32;
  private newest: Entry | null = null;
  private oldest: Entry | null = null;
  private count: u32 = 0;
  private bytes: usize = 0;
  /** Entries that have gone, but that the request which pushed them out may still be looking at. */
  private gone: Entry | null = null;

  /** Bounds; 0 of either turns the cache off. */
  constructor(
    private maxTokens: u32,
    private maxBytes: u32,
  ) {
    let slots = 16;
    while (<u32>slots < maxTokens) slots <<= 1;
    this.buckets = new StaticArray<usize>(slots);
    this.mask = slots - 1;
  }

  /** Looks for a token. What it fills `found` with lives until `sweep`. */
  find(token: Span, found: CachedToken): bool {
    const hash = hashOf(token);
    found.hash = hash;
    let entry = changetype<Entry | null>(unchecked(this.buckets[(<i32>hash) & this.mask]));
    while (entry !== null) {
      if (entry.hash == hash && equals(entry.token, token)) {
        this.touch(entry);
        found.rule = entry.rule;
        found.generation = entry.generation;
        const jwt = found.jwt;
        jwt.notBefore = entry.notBefore;
        jwt.expiry = entry.expiry;
        jwt.issuer = entry.issuer;
        jwt.subject = entry.subject;
        jwt.thumbprint = entry.thumbprint;
        return true;
      }
      entry = entry.chained;
    }
    return false;
  }

  /** Frees what was pushed out since the last time. To be called when no request is being looked at. */
  sweep(): void {
    let entry = this.gone;
    while (entry !== null) {
      this.gone = entry.chained;
      heap.free(changetype<usize>(entry));
      entry = this.gone;
    }
  }

  /**
   * Remembers a token that `find` was asked for, and that has been verified by `verified.rule` since. What was known of it before,
   * by another rule or with other keys, is forgotten.
   */
  add(token: Span, verified: CachedToken): void {
    const jwt = verified.jwt;
    const hash = verified.hash;
    const texts =
      lengthOf(token) + lengthOf(jwt.issuer) + lengthOf(jwt.subject) + lengthOf(jwt.thumbprint);
    const size = offsetof<Entry>() + texts;
    if (size > <usize>this.maxBytes) return;
    this.forget(token, hash);
    while (this.count >= this.maxTokens || this.bytes + size > <usize>this.maxBytes) {
      const oldest = this.oldest;
      if (oldest === null) return;
      this.remove(oldest);
    }
    const block = tryAllocate(size);
    // A token that is not remembered is verified again.
    if (block == 0) return;
    const entry = changetype<Entry>(block);
    entry.hash = hash;
    entry.rule = verified.rule;
    entry.generation = verified.generation;
    entry.notBefore = jwt.notBefore;
    entry.expiry = jwt.expiry;
    entry.size = <u32>size;
    let at = block + offsetof<Entry>();
    entry.token = put(at, token);
    at += lengthOf(token);
    entry.issuer = put(at, jwt.issuer);
    at += lengthOf(jwt.issuer);
    entry.subject = put(at, jwt.subject);
    entry.thumbprint = put(at + lengthOf(jwt.subject), jwt.thumbprint);
    const slot = (<i32>entry.hash) & this.mask;
    entry.chained = changetype<Entry | null>(unchecked(this.buckets[slot]));
    unchecked((this.buckets[slot] = block));
    this.bytes += size;
    this.count++;
    this.putFirst(entry);
  }

  /** Frees everything. */
  free(): void {
    let entry = this.oldest;
    while (entry !== null) {
      this.remove(entry);
      entry = this.oldest;
    }
    this.sweep();
  }

  private forget(token: Span, hash: u64): void {
    let entry = changetype<Entry | null>(unchecked(this.buckets[(<i32>hash) & this.mask]));
    while (entry !== null) {
      if (entry.hash == hash && equals(entry.token, token)) {
        this.remove(entry);
        return;
      }
      entry = entry.chained;
    }
  }

  private touch(entry: Entry): void {
    if (entry === this.newest) return;
    this.unlink(entry);
    this.putFirst(entry);
  }

  private putFirst(entry: Entry): void {
    const first = this.newest;
    entry.older = first;
    entry.newer = null;
    if (first !== null) first.newer = entry;
    else this.oldest = entry;
    this.newest = entry;
  }

  private unlink(entry: Entry): void {
    const newer = entry.newer;
    const older = entry.older;
    if (newer !== null) newer.older = older;
    else this.newest = older;
    if (older !== null) older.newer = newer;
    else this.oldest = newer;
  }

  private remove(entry: Entry): void {
    this.unlink(entry);
    const slot = (<i32>entry.hash) & this.mask;
    let before: Entry | null = null;
    let at = changetype<Entry | null>(unchecked(this.buckets[slot]));
    while (at !== null && at !== entry) {
      before = at;
      at = at.chained;
    }
    if (before !== null) before.chained = entry.chained;
    else unchecked((this.buckets[slot] = changetype<usize>(entry.chained)));
    this.bytes -= entry.size;
    this.count--;
    entry.chained = this.gone;
    this.gone = entry;
  }
}

function put(to: usize, bytes: Span): Span {
  if (!isPresent(bytes)) return ABSENT;
  memory.copy(to, addressOf(bytes), lengthOf(bytes));
  return span(to, lengthOf(bytes));
}
