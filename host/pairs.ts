// Maps as they cross the ABI: u32 count, count × (u32 key size, u32 value size), then keys and values, each followed by NUL.
import { fromLatin1, toLatin1 } from './text.ts';

/** A header, or any pair of a map. */
export type Pair = [key: string, value: string];

/** Writes a map; texts stand for bytes, as Envoy's headers do. */
export function encodePairs(pairs: Pair[]): Uint8Array {
  const content = pairs.flat().map(toLatin1);
  const size = content.reduce((sum, bytes) => sum + bytes.length + 1, 4 + pairs.length * 8);
  const out = new Uint8Array(size);
  const view = new DataView(out.buffer);
  view.setUint32(0, pairs.length, true);
  let at = 4 + pairs.length * 8;
  content.forEach((bytes, i) => {
    view.setUint32(4 + i * 4, bytes.length, true);
    out.set(bytes, at);
    at += bytes.length + 1;
  });
  return out;
}

/** Reads a map; undefined when it is malformed. No bytes at all are an empty map. */
export function decodePairs(bytes: Uint8Array): Pair[] | undefined {
  if (bytes.length === 0) return [];
  if (bytes.length < 4) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint32(0, true);
  let at = 4 + count * 8;
  if (at > bytes.length) return undefined;
  const texts: string[] = [];
  for (let i = 0; i < count * 2; i++) {
    const size = view.getUint32(4 + i * 4, true);
    if (at + size + 1 > bytes.length) return undefined;
    texts.push(fromLatin1(bytes.subarray(at, at + size)));
    at += size + 1;
  }
  return Array.from({ length: count }, (_, i) => [texts[i * 2]!, texts[i * 2 + 1]!]);
}
