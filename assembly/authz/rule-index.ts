// Which rules can match a request at all, without trying each: every rule is filed under one thing that it asks for (its paths, its
// hosts, its methods or its subjects), the one that it shares with the fewest others. What is found is still tried.
import { Span, addressOf, lengthOf } from "as-proxy-wasm-sdk/assembly";
import { Request } from "../request";
import { Rule } from "./rule";

/** Below this many rules, trying each is quicker. */
const FEW_RULES: i32 = 8;
const NONE: i32 = -1;
const MULTIPLIER: u64 = 0x9e37_79b9_7f4a_7c15;

/** What rules can be filed under. */
export namespace Dimension {
  export const Path: i32 = 0;
  export const Host: i32 = 1;
  export const Subject: i32 = 2;
  export const Method: i32 = 3;
  export const Count: i32 = 4;
  /** Of a condition that no rule can be filed under. */
  export const Other: i32 = -1;
}

/** Keys of rules, one after the other. A hash that two texts share costs a trial, no more. */
export class IndexKeys {
  /** The dimension of what is added next. */
  dimension: i32 = Dimension.Other;
  count: i32 = 0;
  private hashes: StaticArray<u64> = new StaticArray<u64>(64);
  private lengths: StaticArray<i32> = new StaticArray<i32>(64);

  /** Adds a text that the request must have. */
  addExact(text: Span): void {
    this.add(finished(hashed(this.dimension, text), true), -1);
  }

  /** Adds a text that the request's must begin with. */
  addPrefix(text: Span): void {
    this.add(finished(hashed(this.dimension, text), false), <i32>lengthOf(text));
  }

  /** The hash of a key. */
  hash(i: i32): u64 {
    return this.hashes[i];
  }

  /** Length of a prefix, or -1 for a whole text. */
  length(i: i32): i32 {
    return this.lengths[i];
  }

  private add(hash: u64, length: i32): void {
    const before = this.hashes.length;
    if (this.count == before) {
      const hashes = new StaticArray<u64>(before * 2);
      const lengths = new StaticArray<i32>(before * 2);
      for (let i = 0; i < before; i++) {
        hashes[i] = this.hashes[i];
        lengths[i] = this.lengths[i];
      }
      this.hashes = hashes;
      this.lengths = lengths;
    }
    this.hashes[this.count] = hash;
    this.lengths[this.count] = length;
    this.count++;
  }
}

// @ts-ignore: decorator
@inline
function begun(dimension: i32): u64 {
  return (<u64>dimension + 1) * MULTIPLIER;
}

// @ts-ignore: decorator
@inline
function step(hash: u64, byte: u8): u64 {
  return rotl<u64>((hash ^ byte) * MULTIPLIER, 23);
}

// @ts-ignore: decorator
@inline
function finished(hash: u64, exact: bool): u64 {
  const h = exact ? ~hash : hash;
  // 0 marks a free slot.
  return (h ^ (h >> 29)) | 1;
}

function hashed(dimension: i32, text: Span): u64 {
  let hash = begun(dimension);
  const start = addressOf(text);
  for (let i: usize = 0; i < lengthOf(text); i++) hash = step(hash, load<u8>(start + i));
  return hash;
}

export class RuleIndex {
  private slots: StaticArray<u64> = new StaticArray<u64>(0);
  private heads: StaticArray<i32> = new StaticArray<i32>(0);
  private mask: i32 = 0;
  /** Lists of rules: which, and what comes after. Ascending. */
  private rules: i32[] = [];
  private next: i32[] = [];
  /** Rules that are filed under nothing: tried for every request. Ascending. */
  private unfiled: i32[] = [];
  private used: StaticArray<bool> = new StaticArray<bool>(Dimension.Count);
  /** By dimension and length: whether there is a prefix of that length. */
  private hasPrefix: StaticArray<StaticArray<bool>> = new StaticArray<StaticArray<bool>>(
    Dimension.Count,
  );
  private isLinear: bool = true;

  constructor(private all: StaticArray<Rule>) {
    for (let i = 0; i < Dimension.Count; i++) this.hasPrefix[i] = new StaticArray<bool>(0);
    if (all.length > FEW_RULES) this.fileAll();
  }

  private fileAll(): void {
    const all = this.all;
    this.isLinear = false;
    const keys = new IndexKeys();
    // Where the keys of each rule begin in each dimension, and where they end; the same where it has none.
    const starts = new StaticArray<i32>(all.length * Dimension.Count);
    const ends = new StaticArray<i32>(all.length * Dimension.Count);
    for (let i = 0; i < all.length; i++) {
      for (let d = 0; d < Dimension.Count; d++) {
        const start = keys.count;
        keys.dimension = d;
        if (!all[i].addKeysTo(keys)) keys.count = start;
        starts[i * Dimension.Count + d] = start;
        ends[i * Dimension.Count + d] = keys.count;
      }
    }
    this.reserve(keys.count);
    // How many rules share a key.
    const counts = new StaticArray<i32>(this.slots.length);
    for (let k = 0; k < keys.count; k++) {
      const slot = this.slotOf(keys.hash(k));
      this.slots[slot] = keys.hash(k);
      counts[slot]++;
    }
    // From the last: what is put in front of a list later comes earlier.
    for (let i = all.length - 1; i >= 0; i--) this.file(i, keys, starts, ends, counts);
    this.unfiled.reverse();
  }

  /** The first rule that matches, or null. */
  first(request: Request): Rule | null {
    if (this.isLinear) {
      for (let i = 0; i < this.all.length; i++) {
        const rule = unchecked(this.all[i]);
        if (rule.matches(request)) return rule;
      }
      return null;
    }
    let best = this.all.length;
    best = this.look(Dimension.Path, request.pathOnly, false, request, best);
    best = this.look(Dimension.Host, request.authority, true, request, best);
    best = this.look(Dimension.Subject, request.subject, false, request, best);
    best = this.look(Dimension.Method, request.method, false, request, best);
    for (let i = 0; i < this.unfiled.length; i++) {
      const rule = unchecked(this.unfiled[i]);
      if (rule >= best) break;
      if (unchecked(this.all[rule]).matches(request)) {
        best = rule;
        break;
      }
    }
    return best < this.all.length ? unchecked(this.all[best]) : null;
  }

  private look(dimension: i32, text: Span, ignoreCase: bool, request: Request, before: i32): i32 {
    if (!unchecked(this.used[dimension])) return before;
    let best = before;
    const prefixes = unchecked(this.hasPrefix[dimension]);
    const start = addressOf(text);
    const length = lengthOf(text);
    let hash = begun(dimension);
    for (let i: usize = 0; i < length; i++) {
      let c = load<u8>(start + i);
      if (ignoreCase && c - 0x41 < 26) c |= 0x20;
      hash = step(hash, c);
      const size = <i32>i + 1;
      if (size < prefixes.length && unchecked(prefixes[size])) {
        best = this.tryAll(finished(hash, false), request, best);
      }
    }
    return this.tryAll(finished(hash, true), request, best);
  }

  private tryAll(key: u64, request: Request, before: i32): i32 {
    let at = unchecked(this.heads[this.slotOf(key)]);
    while (at != NONE) {
      const rule = unchecked(this.rules[at]);
      if (rule >= before) return before;
      if (unchecked(this.all[rule]).matches(request)) return rule;
      at = unchecked(this.next[at]);
    }
    return before;
  }

  private file(
    rule: i32,
    keys: IndexKeys,
    starts: StaticArray<i32>,
    ends: StaticArray<i32>,
    counts: StaticArray<i32>,
  ): void {
    let dimension = Dimension.Other;
    let fewest = i32.MAX_VALUE;
    for (let d = 0; d < Dimension.Count; d++) {
      const at = rule * Dimension.Count + d;
      if (starts[at] == ends[at]) continue;
      let most = 0;
      for (let k = starts[at]; k < ends[at]; k++) {
        most = max(most, counts[this.slotOf(keys.hash(k))]);
      }
      if (most >= fewest) continue;
      fewest = most;
      dimension = d;
    }
    if (dimension == Dimension.Other) {
      this.unfiled.push(rule);
      return;
    }
    this.used[dimension] = true;
    const chosen = rule * Dimension.Count + dimension;
    for (let k = starts[chosen]; k < ends[chosen]; k++) {
      const slot = this.slotOf(keys.hash(k));
      this.rules.push(rule);
      this.next.push(this.heads[slot]);
      this.heads[slot] = this.rules.length - 1;
      if (keys.length(k) >= 0) this.notePrefix(dimension, keys.length(k));
    }
  }

  private notePrefix(dimension: i32, length: i32): void {
    const before = this.hasPrefix[dimension];
    if (length >= before.length) {
      const grown = new StaticArray<bool>(length + 1);
      for (let i = 0; i < before.length; i++) grown[i] = before[i];
      this.hasPrefix[dimension] = grown;
    }
    this.hasPrefix[dimension][length] = true;
  }

  private reserve(keys: i32): void {
    let size = 16;
    while (size < keys * 2) size *= 2;
    this.slots = new StaticArray<u64>(size);
    this.heads = new StaticArray<i32>(size);
    for (let i = 0; i < size; i++) this.heads[i] = NONE;
    this.mask = size - 1;
  }

  /** Where a key is, or where it would be. */
  private slotOf(key: u64): i32 {
    let i = (<i32>(key >> 1)) & this.mask;
    while (true) {
      const there = unchecked(this.slots[i]);
      if (there == key || there == 0) return i;
      i = (i + 1) & this.mask;
    }
  }
}
