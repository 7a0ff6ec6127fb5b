// gzip (RFC 1952) without compression: the same bytes on every machine. What a compressor makes depends on its version and on the
// processor, and an image whose digest differs by that cannot be checked by building it again.
import { crc32 } from 'node:zlib';

/** A stored block of DEFLATE holds no more (RFC 1951 §3.2.4). */
const MAX_BLOCK = 0xffff;

/** `data` as a gzip file. */
export function storedGzip(data: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [
    // Magic, DEFLATE, no flags, no time, no extra flags, unknown system.
    Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255),
  ];
  let at = 0;
  do {
    const block = data.subarray(at, at + MAX_BLOCK);
    at += block.length;
    const head = new DataView(new ArrayBuffer(5));
    head.setUint8(0, at === data.length ? 1 : 0);
    head.setUint16(1, block.length, true);
    head.setUint16(3, ~block.length & 0xffff, true);
    parts.push(new Uint8Array(head.buffer), block);
  } while (at < data.length);
  const tail = new DataView(new ArrayBuffer(8));
  tail.setUint32(0, crc32(data), true);
  tail.setUint32(4, data.length >>> 0, true);
  parts.push(new Uint8Array(tail.buffer));
  return Buffer.concat(parts);
}
