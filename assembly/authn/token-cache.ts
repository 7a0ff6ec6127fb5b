// Tokens whose signature has been verified, by their whole text: a hit spares base64, JSON and RSA. What can change is checked
// on every hit: time, and the generation of the key set. Least recently used goes first; bounded by count and by bytes.
// Entries are blocks of memory of their own: nothing here is for the garbage collector to find.
import { ABSENT, Span, addressOf, equals, lengthOf, span } from "as-proxy-wasm-sdk/assembly";
import { hashOf } from "../bytes/hash";
import { Jwt } from "./jwt";


@unmanaged
class Entry {
  hash: u64;
  generation: u64;
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
}

export class TokenCache {
  private buckets: StaticArray<usize>;
  private mask: i32;
  private newest: Entry | null = null;
  private oldest: Entry | null = null;
  private count: u32 = 0;
  private bytes: usize = 0;

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

  /** Fills `jwt` with what is known of a verified token. False when it is unknown or was verified with older keys. */
  find(token: Span, generation: u64, jwt: Jwt): bool {
    const hash = hashOf(token);
    let entry = changetype<Entry | null>(unchecked(this.buckets[(<i32>hash) & this.mask]));
    while (entry !== null) {
      if (entry.hash == hash && equals(entry.token, token)) {
        if (entry.generation != generation) {
          this.remove(entry);
          return false;
        }
        this.touch(entry);
        jwt.notBefore = entry.notBefore;
        jwt.expiry = entry.expiry;
        jwt.issuer = entry.issuer;
        jwt.subject = entry.subject;
        return true;
      }
      entry = entry.chained;
    }
    return false;
  }

  /** Remembers a token that has just been verified with keys of this generation, and that `find` did not know. */
  add(token: Span, generation: u64, jwt: Jwt): void {
    const size = offsetof<Entry>() + lengthOf(token) + lengthOf(jwt.issuer) + lengthOf(jwt.subject);
    if (this.maxTokens == 0 || size > <usize>this.maxBytes) return;
    while (this.count >= this.maxTokens || this.bytes + size > <usize>this.maxBytes) {
      const oldest = this.oldest;
      if (oldest === null) return;
      this.remove(oldest);
    }
    const block = heap.alloc(size);
    const entry = changetype<Entry>(block);
    entry.hash = hashOf(token);
    entry.generation = generation;
    entry.notBefore = jwt.notBefore;
    entry.expiry = jwt.expiry;
    entry.size = <u32>size;
    entry.token = put(block + offsetof<Entry>(), token);
    entry.issuer = put(block + offsetof<Entry>() + lengthOf(token), jwt.issuer);
    entry.subject = put(
      block + offsetof<Entry>() + lengthOf(token) + lengthOf(jwt.issuer),
      jwt.subject,
    );
    const slot = (<i32>entry.hash) & this.mask;
    entry.chained = changetype<Entry | null>(unchecked(this.buckets[slot]));
    unchecked((this.buckets[slot] = block));
    this.bytes += size;
    this.count++;
    entry.newer = null;
    entry.older = null;
    this.putFirst(entry);
  }

  /** Frees everything. */
  free(): void {
    let entry = this.oldest;
    while (entry !== null) {
      this.remove(entry);
      entry = this.oldest;
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
    heap.free(changetype<usize>(entry));
  }
}

function put(to: usize, bytes: Span): Span {
  if (bytes == ABSENT) return ABSENT;
  memory.copy(to, addressOf(bytes), lengthOf(bytes));
  return span(to, lengthOf(bytes));
}
