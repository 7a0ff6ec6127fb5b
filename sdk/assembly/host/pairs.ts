// The pairs buffer: how maps cross the ABI. u32 count, then count × (u32 key size, u32 value size),
// then each key and value followed by a NUL.
import { allocate } from "../memory/arena";
import { ABSENT, EMPTY, Span, addressOf, equals, lengthOf, span } from "../memory/span";

/** Room for pairs to come. */
const GROWTH: i32 = 4;

/** A map that the host sent, in its order, repeated keys included. The bytes live until the callback ends. */
export class Pairs {
  private index: usize = 0;
  private capacity: i32 = 0;
  /** Number of pairs. */
  size: i32 = 0;

  /**
   * Reads a pairs buffer; false when it is malformed or too large for the callback's memory, and then
   * the map is empty.
   */
  parse(buffer: Span): bool {
    this.clear();
    const length = lengthOf(buffer);
    if (length < 4) return false;
    const base = addressOf(buffer);
    const count = load<u32>(base);
    if (<u64>count * 8 + 4 > <u64>length) return false;
    const index = allocate((count + GROWTH) * 16);
    if (index == 0) return false;
    let at: u64 = <u64>count * 8 + 4;
    for (let i: u32 = 0; i < count; i++) {
      const keySize = load<u32>(base + 4 + i * 8);
      const valueSize = load<u32>(base + 8 + i * 8);
      const next = at + keySize + 1 + valueSize + 1;
      if (next > <u64>length) return false;
      store<Span>(index + i * 16, span(base + <usize>at, keySize));
      store<Span>(index + i * 16 + 8, span(base + <usize>at + keySize + 1, valueSize));
      at = next;
    }
    this.index = index;
    this.size = <i32>count;
    this.capacity = <i32>count + GROWTH;
    return true;
  }

  /** Makes it a map without pairs. */
  clear(): void {
    this.size = 0;
    this.index = 0;
    this.capacity = 0;
  }

  /** The key of pair `i`, ABSENT outside of the map. */
  key(i: i32): Span {
    return <u32>i < <u32>this.size ? load<Span>(this.index + i * 16) : ABSENT;
  }

  /** The value of pair `i`, ABSENT outside of the map. */
  value(i: i32): Span {
    return <u32>i < <u32>this.size ? load<Span>(this.index + i * 16 + 8) : ABSENT;
  }

  /** Position of the first pair at or after `from` whose key is `name`, or -1. Header names are in lower case. */
  find(name: Span, from: i32 = 0): i32 {
    for (let i = max(from, 0); i < this.size; i++) {
      if (equals(this.key(i), name)) return i;
    }
    return -1;
  }

  /**
   * Gives `name` one value, in the place of all that it has: in this map alone, not in the host's. False when the callback's memory
   * is used up.
   */
  replace(name: Span, value: Span): bool {
    const at = this.find(name);
    if (at < 0) return this.add(name, value);
    this.remove(name);
    store<Span>(this.index + at * 16, name);
    store<Span>(this.index + at * 16 + 8, value);
    return true;
  }

  /** Appends a pair: in this map alone, not in the host's. False when the callback's memory is used up. */
  add(name: Span, value: Span): bool {
    if (this.size == this.capacity) {
      const capacity = this.size + GROWTH;
      const index = allocate(capacity * 16);
      if (index == 0) return false;
      memory.copy(index, this.index, this.size * 16);
      this.index = index;
      this.capacity = capacity;
    }
    store<Span>(this.index + this.size * 16, name);
    store<Span>(this.index + this.size * 16 + 8, value);
    this.size++;
    return true;
  }

  /** Takes `name` away: in this map alone, not in the host's. Its pairs stay, without a key. */
  remove(name: Span): void {
    for (let at = this.find(name); at >= 0; at = this.find(name, at + 1)) {
      store<Span>(this.index + at * 16, ABSENT);
      store<Span>(this.index + at * 16 + 8, ABSENT);
    }
  }

  /** The first value of `name`, or ABSENT. */
  first(name: Span): Span {
    return this.value(this.find(name));
  }
}

/** Builds a map to send to the host. The spans must stay valid until `serialize`. */
export class PairsBuilder {
  private keys: Span[] = [];
  private values: Span[] = [];

  /** Appends a pair. */
  add(key: Span, value: Span): PairsBuilder {
    this.keys.push(key);
    this.values.push(value);
    return this;
  }

  /** The pairs buffer, in the callback's memory; ABSENT when that is used up. */
  serialize(): Span {
    const count = this.keys.length;
    if (count == 0) return EMPTY;
    let total: usize = 4 + <usize>count * 8;
    for (let i = 0; i < count; i++) {
      total += lengthOf(this.keys[i]) + 1 + lengthOf(this.values[i]) + 1;
    }
    const base = allocate(total);
    if (base == 0) return ABSENT;
    store<u32>(base, count);
    let at = base + 4 + <usize>count * 8;
    for (let i = 0; i < count; i++) {
      store<u32>(base + 4 + i * 8, <u32>lengthOf(this.keys[i]));
      store<u32>(base + 8 + i * 8, <u32>lengthOf(this.values[i]));
      at = append(append(at, this.keys[i]), this.values[i]);
    }
    return span(base, total);
  }
}

function append(at: usize, s: Span): usize {
  const size = lengthOf(s);
  memory.copy(at, addressOf(s), size);
  store<u8>(at + size, 0);
  return at + size + 1;
}
