// What native Envoy has answered, as envoy-tests/recorder writes it: JSON, one thing a line.

/** A request as Envoy shows it to the filters of a listener. */
export interface SeenRequest {
  /** Seconds since the Unix epoch, when it was asked. */
  now: number;
  method: string;
  path: string;
  authority: string;
  /** Names and values in turn. */
  headers: string[];
  /** The client, as Envoy makes it out behind proxies. */
  remote: string;
  tls?: SeenTls;
}

/** What is known of a TLS connection. */
export interface SeenTls {
  /** The name that the listener knows of: none without an inspector of TLS. */
  sni?: string;
  /** The client's certificate, by its place in `clients`; absent: it has presented none. */
  client?: number;
}

/** What native filters have made of a request: it is passed on, or answered. */
export type Verdict = { upstream: UpstreamChanges } | Refusal;

/** What they have changed in a request that they passed on. */
export interface UpstreamChanges {
  path?: string;
  /** Headers by name, those of one name joined by commas; null: taken out. */
  headers?: Record<string, string | null>;
}

/** An answer in the place of the upstream's. */
export interface Refusal {
  status: number;
  body: string;
  type?: string;
  challenge?: string;
  /** Others that are the answer's own. */
  headers?: Record<string, string>;
  details?: string;
}

/** What stands in front of the requests that follow it. */
export interface RecordedWorld {
  resources: object[];
  /** Settings of the plugin configuration beside the resources. */
  settings: object;
  /** The key set that is served for every jwksUri. */
  keys: string;
  /** Dynamic metadata of `envoy.filters.http.test`. */
  metadata?: object;
}

/**
 * A line of the file of a test's cases: a world, a client's certificate there, PEM, or a request in the world above. A text is a long
 * piece of them, a token as a rule, which stands in its places as «N», the number of texts before it.
 */
export type CaseLine =
  { world: RecordedWorld } | { client: string } | { text: string } | RecordedCase;

/** Where a text stands in a line. */
export const TEXT_PLACE = /«(\d+)»/g;

/** A request of a test, and what native filters have made of it. */
export interface RecordedCase {
  test: string;
  ask: SeenRequest;
  verdict: Verdict;
}

/** The first line of the file of random requests: what all have in common. */
export interface RandomWorld extends Omit<RecordedWorld, 'resources'> {
  clients: string[];
}

/** Policies of a seed, and what native filters have made of some of the random requests. */
export interface RandomSet {
  seed: number;
  resources: object[];
  verdicts: Verdict[];
  /** Where the requests begin among all of them; after the last comes the first. */
  first: number;
  /** The verdict of each by its place. */
  said: number[];
}

/** The first line of the file of connections without HTTP. */
export interface TcpWorld {
  settings: object;
  sni: string;
  /** Certificates, PEM; null: plaintext. */
  clients: (string | null)[];
  addresses: string[];
}

/** Policies of a seed, and what native filters let through: for each client, for each address, 1 or 0. */
export interface TcpSet {
  seed: number;
  resources: object[];
  passed: string;
}

/** Headers that differ from request to request, or are another filter's to write. */
const UNSTABLE = new Set([
  'host',
  'connection',
  'x-request-id',
  'x-envoy-expected-rq-timeout-ms',
  // The connection manager writes it in front of native filters, the module by itself: envoy-tests/xfcc.test.ts.
  'x-forwarded-client-cert',
]);

/** Whether a header of a request tells something of its filters. */
export function isStable(name: string): boolean {
  return !UNSTABLE.has(name) && !name.startsWith(':');
}

/** The headers of a request by name, as the upstream sees them: those of one name joined. */
export function joinedByName(
  pairs: Iterable<readonly [name: string, value: string]>,
): Map<string, string> {
  const headers = new Map<string, string>();
  for (const [name, value] of pairs) {
    if (!isStable(name)) continue;
    const before = headers.get(name);
    // Blanks around a value do not come over the wire (RFC 9110 §5.5).
    const text = value.replace(/^[ \t]+|[ \t]+$/g, '');
    headers.set(name, before === undefined ? text : `${before},${text}`);
  }
  return headers;
}

/** Names and values in turn, as pairs; the names in lower case. */
export function pairsOf(flat: string[]): [name: string, value: string][] {
  return flat.flatMap((name, i): [string, string][] =>
    i % 2 === 0 ? [[name.toLowerCase(), flat[i + 1]!]] : [],
  );
}

/** What has become of a request on its way to the upstream. */
export function changesBetween(
  before: { path: string; headers: Map<string, string> },
  after: { path: string; headers: Map<string, string> },
): UpstreamChanges {
  const headers: Record<string, string | null> = {};
  for (const name of [...new Set([...before.headers.keys(), ...after.headers.keys()])].sort()) {
    const value = after.headers.get(name);
    if (value !== before.headers.get(name)) headers[name] = value ?? null;
  }
  const path = sorted(after.path);
  return {
    ...(path === sorted(before.path) ? {} : { path }),
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
  };
}

/** Path and query, the query in order: Envoy sorts it when it takes a token out, and the module does not. */
function sorted(path: string): string {
  const url = new URL(path, 'http://host');
  url.searchParams.sort();
  return url.pathname + url.search;
}

/** A challenge without the query of its URL: there Envoy repeats tokens, and the module does not (docs/differences.md). */
export function comparableChallenge(text: string): string {
  return text.replace(/\?[^"]*"/, '?"');
}
