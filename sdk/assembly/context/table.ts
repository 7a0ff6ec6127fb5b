import { Context } from "./context";

/** Slots at the start; always a power of two. */
const FIRST_CAPACITY: i32 = 256;

/**
 * Contexts by number: open addressing with linear probing and backward-shift deletion, so that a stream
 * that comes and goes leaves neither a tombstone nor garbage. Envoy counts its numbers up, which spreads them evenly.
 */
export class ContextTable {
  private ids: StaticArray<u32> = new StaticArray<u32>(FIRST_CAPACITY);
  private contexts: StaticArray<Context | null> = new StaticArray<Context | null>(FIRST_CAPACITY);
  private mask: i32 = FIRST_CAPACITY - 1;
  private used: i32 = 0;

  /** The context with this number, or null. */
  find(id: u32): Context | null {
    const mask = this.mask;
    let i = (<i32>id) & mask;
    while (true) {
      const context = unchecked(this.contexts[i]);
      if (context === null) return null;
      if (unchecked(this.ids[i]) == id) return context;
      i = (i + 1) & mask;
    }
  }

  /** Stores a context under a number, in the place of any before. */
  set(id: u32, context: Context): void {
    if ((this.used + 1) * 2 > this.mask + 1) this.grow();
    const mask = this.mask;
    let i = (<i32>id) & mask;
    while (unchecked(this.contexts[i]) !== null && unchecked(this.ids[i]) != id) i = (i + 1) & mask;
    if (unchecked(this.contexts[i]) === null) this.used++;
    unchecked((this.ids[i] = id));
    unchecked((this.contexts[i] = context));
  }

  /** Forgets a number; no matter whether it is known. */
  remove(id: u32): void {
    const mask = this.mask;
    let hole = (<i32>id) & mask;
    while (true) {
      if (unchecked(this.contexts[hole]) === null) return;
      if (unchecked(this.ids[hole]) == id) break;
      hole = (hole + 1) & mask;
    }
    this.used--;
    let i = hole;
    while (true) {
      i = (i + 1) & mask;
      if (unchecked(this.contexts[i]) === null) break;
      const home = (<i32>unchecked(this.ids[i])) & mask;
      // An entry may move into the hole only if its home does not lie behind it.
      if (((i - home) & mask) >= ((i - hole) & mask)) {
        unchecked((this.ids[hole] = this.ids[i]));
        unchecked((this.contexts[hole] = this.contexts[i]));
        hole = i;
      }
    }
    unchecked((this.contexts[hole] = null));
  }

  private grow(): void {
    const ids = this.ids;
    const contexts = this.contexts;
    const capacity = contexts.length * 2;
    this.ids = new StaticArray<u32>(capacity);
    this.contexts = new StaticArray<Context | null>(capacity);
    this.mask = capacity - 1;
    this.used = 0;
    for (let i = 0; i < contexts.length; i++) {
      const context = unchecked(contexts[i]);
      if (context !== null) this.set(unchecked(ids[i]), context);
    }
  }
}
