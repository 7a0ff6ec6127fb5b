// Headers are bytes. In this host they are strings with one character a byte, as Node's own HTTP has them.

/** The bytes that a header's text stands for. */
export function toLatin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The text that stands for a header's bytes. */
export function fromLatin1(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

/** UTF-8, for everything that is not a header. */
export function toUtf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** UTF-8, for everything that is not a header. */
export function fromUtf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
