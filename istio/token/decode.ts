// What a token says: JWS compact serialization (RFC 7515 §7.1), taken apart and not verified.

/** The parts of a token. */
export interface DecodedToken {
  header: Record<string, unknown>;
  payload: Record<string, unknown>;
  /** Bytes of the signature. */
  signatureBytes: number;
}

/** A text that is no token. The message names the section, and holds nothing of the token. */
export class TokenError extends Error {
  override name = 'TokenError';
}

const SECTIONS = ['header', 'payload', 'signature'] as const;

/** Takes a token apart, as strictly as the module does. Throws TokenError. */
export function decodeToken(text: string): DecodedToken {
  const sections = text.split('.');
  if (sections.length === 5) throw new TokenError('is encrypted (JWE), which Istio does not take');
  if (sections.length !== 3) {
    throw new TokenError(`has ${sections.length} sections between dots, and a JWT has 3`);
  }
  const [header, payload, signature] = sections.map((section, i) => bytesOf(section, SECTIONS[i]!));
  return {
    header: objectOf(header!, 'header'),
    payload: objectOf(payload!, 'payload'),
    signatureBytes: signature!.length,
  };
}

function bytesOf(section: string, name: string): Buffer {
  const bytes = Buffer.from(section, 'base64url');
  // Padding, other alphabets and loose bits would all be passed over.
  if (section !== '' && bytes.toString('base64url') === section) return bytes;
  throw new TokenError(`the ${name} is ${section === '' ? 'empty' : 'not base64url'}`);
}

function objectOf(bytes: Buffer, name: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new TokenError(`the ${name} is not JSON in UTF-8`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TokenError(`the ${name} is not a JSON object`);
  }
  return value as Record<string, unknown>;
}
