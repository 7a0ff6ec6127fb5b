// Bytes that live as long as their owner. Nothing is given back one by one: who holds the region holds all of it, and when the last
// reference to it has gone it goes whole, by the garbage collector.
import { EMPTY, Span, addressOf, lengthOf, span } from "./span";

/** The first block is small, for the many owners that keep little; each further one is twice as large, up to the last size. */
const FIRST_BLOCK: i32 = 512;
const LAST_BLOCK: i32 = 64 * 1024;

export class Region {
  private blocks: StaticArray<u8>[] = [];
  private blockSize: i32 = FIRST_BLOCK;
  private cursor: usize = 0;
  private end: usize = 0;

  /** A copy of a span, valid while the region is. ABSENT and EMPTY stay what they are. */
  keep(s: Span): Span {
    const size = lengthOf(s);
    if (size == 0) return s;
    const to = this.take(size);
    memory.copy(to, addressOf(s), size);
    return span(to, size);
  }

  /** `text` as UTF-8, valid while the region is. */
  text(text: string): Span {
    const size = <usize>String.UTF8.byteLength(text, false);
    if (size == 0) return EMPTY;
    const to = this.take(size);
    String.UTF8.encodeUnsafe(changetype<usize>(text), text.length, to, false);
    return span(to, size);
  }

  /** Room for `size` bytes (1 at least), valid while the region is; a managed allocation, which the caller must know to fit. */
  take(size: usize): usize {
    if (this.end - this.cursor < size) {
      const block = new StaticArray<u8>(max(this.blockSize, <i32>size));
      this.blocks.push(block);
      this.cursor = changetype<usize>(block);
      this.end = this.cursor + <usize>block.length;
      this.blockSize = min(this.blockSize * 2, LAST_BLOCK);
    }
    const at = this.cursor;
    this.cursor += size;
    return at;
  }
}
