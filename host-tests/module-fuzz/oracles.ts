// What others say of an input: Node's own readers, held to the rules that docs/differences.md names.

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
/** assembly/limits.ts */
const MOST_DEPTH = 100;

/** The value of a document of strict JSON: no duplicate names, no lone surrogates, no number out of range. */
export function strictJson(bytes: Uint8Array): { value: unknown } | undefined {
  try {
    const text = UTF8.decode(bytes);
    const value = JSON.parse(text) as unknown;
    // A number that follows another of its name has taken that one's place.
    return isSound(value, MOST_DEPTH) && membersOf(text) === countMembers(value)
      ? { value }
      : undefined;
  } catch {
    return undefined;
  }
}

function isSound(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return isWellFormed(value);
  if (typeof value === 'number') return Number.isFinite(value);
  if (value === null || typeof value !== 'object') return true;
  if (depth === 0) return false;
  if (Array.isArray(value)) return value.every((element) => isSound(element, depth - 1));
  return Object.entries(value).every(
    ([name, member]) => isWellFormed(name) && isSound(member, depth - 1),
  );
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** Members that a valid document writes down. */
function membersOf(text: string): number {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, '').split(':').length - 1;
}

function countMembers(value: unknown): number {
  if (value === null || typeof value !== 'object') return 0;
  const members = Object.values(value) as unknown[];
  const own = Array.isArray(value) ? 0 : members.length;
  return members.reduce<number>((sum, member) => sum + countMembers(member), own);
}

/** The same value, numbers to within what a double's text may lose. */
export function isSameValue(a: unknown, b: unknown): boolean {
  if (typeof a === 'number' && typeof b === 'number') {
    return a === b || Math.abs(a - b) <= Math.max(Math.abs(a), Math.abs(b)) * 1e-12;
  }
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return a === b;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const names = Object.keys(a);
  return (
    names.length === Object.keys(b).length &&
    names.every(
      (name) =>
        Object.hasOwn(b, name) &&
        isSameValue((a as Record<string, unknown>)[name], (b as Record<string, unknown>)[name]),
    )
  );
}

/** The bytes of base64url without padding, in its one form (RFC 4648 §5, §3.5). */
export function strictBase64Url(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : undefined;
}

const ALGORITHMS = /^(?:[RPEH]S(?:256|384|512)|EdDSA)$/;

/** Whether a text is a JWT that can be read: RFC 7515 §7.1, RFC 7519 §4.1, and Envoy's rules for claims of time. */
export function isReadableToken(text: string): boolean {
  const sections = text.split('.');
  if (sections.length !== 3 || sections.includes('')) return false;
  const [header, payload, signature] = sections.map(strictBase64Url);
  if (header === undefined || payload === undefined || signature === undefined) return false;
  const head = objectOf(header);
  const claims = objectOf(payload);
  if (head === undefined || claims === undefined) return false;
  const isText = (value: unknown): boolean => value === undefined || typeof value === 'string';
  return (
    typeof head.alg === 'string' &&
    ALGORITHMS.test(head.alg) &&
    isText(head.kid) &&
    !Object.hasOwn(head, 'crit') &&
    [claims.iss, claims.sub, claims.jti].every(isText) &&
    [claims.iat, claims.nbf, claims.exp].every(isTime) &&
    (isText(claims.aud) ||
      (Array.isArray(claims.aud) && claims.aud.every((one) => typeof one === 'string')))
  );
}

function objectOf(bytes: Buffer): Record<string, unknown> | undefined {
  const value = strictJson(bytes)?.value;
  const isObject = value !== null && typeof value === 'object' && !Array.isArray(value);
  return isObject ? { __proto__: null, ...value } : undefined;
}

function isTime(value: unknown): boolean {
  return value === undefined || (typeof value === 'number' && value >= 0 && value < 2 ** 64);
}

/** The first value of a parameter in a path's query, `%` decoded where two digits follow it; bytes as characters. */
export function parameterOf(path: string, wanted: string): string | undefined {
  const mark = path.indexOf('?');
  if (mark < 0) return undefined;
  for (const pair of path.slice(mark + 1).split('&')) {
    const [name = '', ...rest] = pair.split('=');
    if (decoded(name) === wanted) return decoded(rest.join('='));
  }
  return undefined;
}

function decoded(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}

/** The first value of a cookie in header values, without quotes around it. */
export function cookieOf(values: string[], wanted: string): string | undefined {
  for (const value of values) {
    for (const pair of value.split(';')) {
      const [, name, text] = /^ *([^=]*)=(.*)$/s.exec(pair) ?? [];
      if (name === wanted) return /^"(.*)"$/s.exec(text!)?.[1] ?? text;
    }
  }
  return undefined;
}
