// Bytes that an object owns: they go with it, and nobody has to free them.
import { Span, addressOf, lengthOf, span } from "as-proxy-wasm-sdk/assembly";

/** A copy of a span that lives as long as this object. */
export class OwnedBytes {
  private readonly bytes: StaticArray<u8>;

  constructor(source: Span) {
    const size = lengthOf(source);
    this.bytes = new StaticArray<u8>(<i32>size);
    memory.copy(changetype<usize>(this.bytes), addressOf(source), size);
  }

  /** What they are. */
  get span(): Span {
    return span(changetype<usize>(this.bytes), <usize>this.bytes.length);
  }
}
