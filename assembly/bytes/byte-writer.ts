// Text that is put together piece by piece, in the callback's memory: no string is made and thrown away for each piece.
import {
  Span,
  UNREADABLE,
  addressOf,
  allocate,
  encode,
  lengthOf,
  span,
} from "as-proxy-wasm-sdk/assembly";

const FIRST_CAPACITY: usize = 256;

export class ByteWriter {
  private start: usize = 0;
  private length: usize = 0;
  private capacity: usize = 0;
  private hasEnded: bool = false;

  byte(value: u8): void {
    const at = this.grow(1);
    if (at != 0) store<u8>(at, value);
  }

  /** Of ABSENT nothing; what is UNREADABLE makes the whole so. */
  bytes(text: Span): void {
    if (text == UNREADABLE) this.hasEnded = true;
    const length = lengthOf(text);
    if (length == 0) return;
    const at = this.grow(length);
    if (at != 0) memory.copy(at, addressOf(text), length);
  }

  /** Short texts alone: each was a string before. */
  text(text: string): void {
    this.bytes(encode(text));
  }

  /** What was written; UNREADABLE when memory has ended. Valid until the callback ends. */
  written(): Span {
    return this.hasEnded ? UNREADABLE : span(this.start, this.length);
  }

  /** Where so many more bytes go, or 0. */
  private grow(size: usize): usize {
    if (this.hasEnded) return 0;
    const length = this.length + size;
    if (length > this.capacity) {
      const capacity = max(length * 2, FIRST_CAPACITY);
      const start = allocate(capacity);
      if (start == 0) {
        this.hasEnded = true;
        return 0;
      }
      memory.copy(start, this.start, this.length);
      this.start = start;
      this.capacity = capacity;
    }
    const at = this.start + this.length;
    this.length = length;
    return at;
  }
}
