// Envoy's foreign function `verify_signature`: its protobuf messages, and its words for what is wrong.
import type { Platform } from './platform.ts';
import { fromLatin1, toUtf8 } from './text.ts';

const HASHES = ['sha1', 'sha224', 'sha256', 'sha384', 'sha512'];

/** Answers a call; undefined for a message that Envoy refuses with BadArgument. */
export function verifySignature(platform: Platform, argument: Uint8Array): Uint8Array | undefined {
  const fields = decodeFields(argument);
  if (fields === undefined) return undefined;
  const [hash, publicKey, signature, text] = [1, 2, 3, 4].map(
    (n) => fields.get(n) ?? new Uint8Array(),
  );
  if (publicKey!.length === 0) return undefined;
  const name = fromLatin1(hash!).toLowerCase();
  if (!HASHES.includes(name)) return failure(`${fromLatin1(hash!)} is not supported.`);
  const verified = platform.verifySignature(name, publicKey!, signature!, text!);
  if (verified === undefined) return failure('Failed to initialize digest verify.');
  return verified ? Uint8Array.of(0x08, 0x01) : failure('Failed to verify digest. Error code: 0');
}

/** VerifySignatureResult with `error` alone: protobuf leaves out a result that is false. */
function failure(error: string): Uint8Array {
  const text = toUtf8(error);
  return Uint8Array.of(0x12, text.length, ...text);
}

/** The length-delimited fields of a message; undefined when it is malformed. */
function decodeFields(bytes: Uint8Array): Map<number, Uint8Array> | undefined {
  const fields = new Map<number, Uint8Array>();
  let at = 0;
  const varint = (): number | undefined => {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = bytes[at++];
      if (byte === undefined) return undefined;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    return undefined;
  };
  while (at < bytes.length) {
    const tag = varint();
    const size = varint();
    if (tag === undefined || size === undefined || (tag & 7) !== 2) return undefined;
    if (at + size > bytes.length) return undefined;
    fields.set(tag >> 3, bytes.subarray(at, at + size));
    at += size;
  }
  return fields;
}
