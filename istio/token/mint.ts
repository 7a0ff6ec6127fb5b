// Tokens in the format of Istio's gen-jwt.py: RS256, `kid` by thumbprint, claims from simple options.
import { type KeyObject, sign } from 'node:crypto';
import { publicJwk } from './keys.ts';

/** What goes into a token. Absent members are absent from it, but for the defaults named here. */
export interface TokenOptions {
  /** Default: testing@secure.istio.io. Of no characters: no claim `iss`. */
  iss?: string;
  /** Default, also for no characters: the issuer. */
  sub?: string;
  /** One audience, or several separated by commas, which become a list. Of no characters: none. */
  aud?: string;
  /** Seconds until `exp`; default 3600. Negative makes a token that has expired. */
  expire?: number;
  /** Further claims, set as they are. */
  claims?: Record<string, unknown>;
}

/** The issuer of Istio's samples. */
export const SAMPLE_ISSUER = 'testing@secure.istio.io';
const DEFAULT_EXPIRE_S = 3600;

/** Mints a token at `now` (milliseconds since the Unix epoch). */
export function mintToken(key: KeyObject, options: TokenOptions = {}, now = Date.now()): string {
  const iss = options.iss ?? SAMPLE_ISSUER;
  const iat = Math.floor(now / 1000);
  const payload = {
    ...(iss === '' ? {} : { iss }),
    sub: options.sub || iss,
    ...(options.aud ? { aud: audiences(options.aud) } : {}),
    iat,
    exp: iat + (options.expire ?? DEFAULT_EXPIRE_S),
    ...options.claims,
  };
  return signToken(key, sorted(payload));
}

/** Names in their order, all the way down, as gen-jwt.py writes them: the same claims make the same token. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]));
}

function audiences(text: string): string | string[] {
  return text.includes(',') ? text.split(',') : text;
}

/** Signs any payload by RS256 (RFC 7515 §3.1, compact serialization). */
export function signToken(
  key: KeyObject,
  payload: unknown,
  header: Record<string, unknown> = { alg: 'RS256', kid: publicJwk(key).kid, typ: 'JWT' },
): string {
  const text = `${encode(header)}.${encode(payload)}`;
  return `${text}.${sign('sha256', Buffer.from(text), key).toString('base64url')}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
