// What all VMs know of one remote key set: when it was fetched, who fetches it now, when it may be tried again. It lives in
// shared data and is replaced by compare-and-swap alone, so that of all workers one fetches, and so that a lease whose
// holder has died (a worker gone, a VM trapped) simply runs out.
import {
  ABSENT,
  ANY_VERSION,
  CREATE,
  Region,
  Span,
  Status,
  addressOf,
  allocate,
  getShared,
  isPresent,
  lengthOf,
  setShared,
  sharedVersion,
  span,
} from "as-proxy-wasm-sdk/assembly";

/** Bytes of the record: seven u64. */
const SIZE: usize = 56;
/** Bytes in front of the key set itself: generation and time of the fetch. */
const HEADER: usize = 16;
/** What is read where there is no record. */
const NONE = memory.data(56, 8);

/** Times are nanoseconds of `steadyTime`: nobody sets that clock back, or forward. */
export class FetchRecord {
  /** Counts the different key sets that were published; 0 before the first. */
  generation: u64 = 0;
  /** When the latest good answer came. */
  fetchedAt: u64 = 0;
  /** Until when somebody fetches; 0 when nobody does. */
  leaseUntil: u64 = 0;
  /** Not to be tried before this. */
  notBefore: u64 = 0;
  /** Failures since the latest good answer. */
  failures: u64 = 0;
  /** Counts the answers, good or bad. */
  attempts: u64 = 0;
  /** When the latest fetch began. */
  startedAt: u64 = 0;

  private recordKey: Span;
  private documentKey: Span;
  private version: u32 = CREATE;

  /** The record of the key set with this name; the keys of shared data live in `region`. */
  constructor(name: string, region: Region) {
    this.recordKey = region.text("portcullis/jwks/record/" + name);
    this.documentKey = region.text("portcullis/jwks/document/" + name);
  }

  /** Reads the record as it is now; all zero when there is none, or one that is not of this form. */
  read(): void {
    const bytes = getShared(this.recordKey);
    this.version = isPresent(bytes) ? sharedVersion() : CREATE;
    const at = lengthOf(bytes) == SIZE ? addressOf(bytes) : NONE;
    this.generation = load<u64>(at, 0);
    this.fetchedAt = load<u64>(at, 8);
    this.leaseUntil = load<u64>(at, 16);
    this.notBefore = load<u64>(at, 24);
    this.failures = load<u64>(at, 32);
    this.attempts = load<u64>(at, 40);
    this.startedAt = load<u64>(at, 48);
  }

  /** Writes the record if nobody has since it was read. */
  write(): bool {
    const at = allocate(SIZE);
    if (at == 0) return false;
    store<u64>(at, this.generation, 0);
    store<u64>(at, this.fetchedAt, 8);
    store<u64>(at, this.leaseUntil, 16);
    store<u64>(at, this.notBefore, 24);
    store<u64>(at, this.failures, 32);
    store<u64>(at, this.attempts, 40);
    store<u64>(at, this.startedAt, 48);
    return setShared(this.recordKey, span(at, SIZE), this.version) == Status.Ok;
  }

  /** Publishes a key set, before the record that announces it is written. */
  publish(document: Span, generation: u64, fetchedAt: u64): void {
    const at = allocate(HEADER + lengthOf(document));
    if (at == 0) return;
    store<u64>(at, generation);
    store<u64>(at, fetchedAt, 8);
    memory.copy(at + HEADER, addressOf(document), lengthOf(document));
    setShared(this.documentKey, span(at, HEADER + lengthOf(document)), ANY_VERSION);
  }

  /** The published key set with its header, or ABSENT. */
  published(): Span {
    const bytes = getShared(this.documentKey);
    return lengthOf(bytes) >= HEADER ? bytes : ABSENT;
  }

  /** The generation of a published key set. */
  static generationOf(published: Span): u64 {
    return load<u64>(addressOf(published));
  }

  /** The document of a published key set. */
  static documentOf(published: Span): Span {
    return span(addressOf(published) + HEADER, lengthOf(published) - HEADER);
  }
}
