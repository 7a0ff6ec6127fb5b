// Just enough of the Protocol Buffers wire format to look things up in a message that the host has written.
import { ABSENT, Span, byteAt, equals, lengthOf, slice } from "as-proxy-wasm-sdk/assembly";

namespace Wire {
  export const Varint: u32 = 0;
  export const Fixed64: u32 = 1;
  export const Bytes: u32 = 2;
  export const Fixed32: u32 = 5;
}

/** Reads a message field by field. */
export class ProtobufReader {
  /** The number of the current field. */
  field: u32 = 0;
  /** Its bytes, where it is a text, bytes or a message; ABSENT for numbers. */
  value: Span = ABSENT;
  private message: Span = 0;
  private at: usize = 0;

  /** Begins with a message. */
  constructor(message: Span) {
    this.message = message;
  }

  /** Goes to the next field; false at the end, and where the message is malformed. */
  next(): bool {
    const length = lengthOf(this.message);
    if (this.at >= length) return false;
    const tag = this.varint();
    this.field = <u32>(tag >> 3);
    this.value = ABSENT;
    switch ((<u32>tag) & 7) {
      case Wire.Varint:
        this.varint();
        break;
      case Wire.Fixed64:
        this.at += 8;
        break;
      case Wire.Fixed32:
        this.at += 4;
        break;
      case Wire.Bytes: {
        const size = this.varint();
        if (size > <u64>(length - min(this.at, length))) return false;
        this.value = slice(this.message, this.at, this.at + <usize>size);
        this.at += <usize>size;
        break;
      }
      default:
        return false;
    }
    return this.at <= length;
  }

  private varint(): u64 {
    let value: u64 = 0;
    let shift: u64 = 0;
    const length = lengthOf(this.message);
    while (this.at < length && shift < 64) {
      const byte = byteAt(this.message, this.at++);
      value |= (<u64>(byte & 0x7f)) << shift;
      if (byte < 0x80) return value;
      shift += 7;
    }
    // Too long, or cut: past the end, where reading stops.
    this.at = length + 1;
    return 0;
  }
}

/** The value of an entry in a `map<string, …>` that is field `field` of `message`; ABSENT when there is none. */
export function mapEntry(message: Span, field: u32, key: Span): Span {
  const entries = new ProtobufReader(message);
  let found = ABSENT;
  while (entries.next()) {
    if (entries.field != field || entries.value == ABSENT) continue;
    const entry = new ProtobufReader(entries.value);
    let name: Span = 0;
    let value: Span = 0;
    while (entry.next()) {
      if (entry.value == ABSENT) continue;
      if (entry.field == 1) name = entry.value;
      else if (entry.field == 2) value = entry.value;
    }
    if (equals(name, key)) found = value;
  }
  return found;
}
