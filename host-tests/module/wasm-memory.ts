// A module whose memory ends earlier than its author has written.

const MAGIC_BYTES = 8;
const MEMORY_SECTION = 5;

/** The module with another maximum of memory, in pages of 64 KiB. */
export function withMaximumMemory(bytes: Uint8Array, pages: number): WebAssembly.Module {
  let at = MAGIC_BYTES;
  while (at < bytes.length) {
    const id = bytes[at]!;
    const size = readUnsigned(bytes, at + 1);
    const start = size.next;
    const end = start + size.value;
    if (id === MEMORY_SECTION) {
      // One memory, with a maximum: count, flag, minimum, maximum.
      const minimum = readUnsigned(bytes, start + 2);
      const content = [1, 1, ...unsigned(minimum.value), ...unsigned(pages)];
      const section = Uint8Array.from([id, ...unsigned(content.length), ...content]);
      return new WebAssembly.Module(
        Buffer.concat([bytes.subarray(0, at), section, bytes.subarray(end)]),
      );
    }
    at = end;
  }
  throw new Error('the module has no memory of its own');
}

/** LEB128. */
function readUnsigned(bytes: Uint8Array, from: number): { value: number; next: number } {
  let value = 0;
  let at = from;
  for (let shift = 0; ; shift += 7) {
    const byte = bytes[at++]!;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next: at };
  }
}

function unsigned(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest % 128) | 0x80);
  }
}
