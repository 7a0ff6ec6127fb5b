// Every bound of the module, with its reason. What exceeds one is refused with a status of its own.

/** Configuration bytes: about 5,000 policies; the parser's tape takes eight times as much for a moment. */
export const MAX_CONFIGURATION_BYTES: u32 = 3 * 1024 * 1024;

/** Nesting of a JSON document, objects and lists together: what Envoy's own parser allows. */
export const MAX_JSON_DEPTH: i32 = 100;

/** Bytes of one token: more than the 60 KiB that Envoy allows for all headers together by default. */
export const MAX_TOKEN_BYTES: usize = 64 * 1024;

/** Tokens in one request: Envoy allows 100 headers by default, and each one found must be verified. */
export const MAX_TOKENS: i32 = 32;

/** Names in a client's certificate: a SPIFFE certificate has one. */
export const MAX_PEER_NAMES: i32 = 32;

/** Half of the connections whose facts a plugin remembers; of one that was forgotten they are read again. */
export const REMEMBERED_CONNECTIONS: i32 = 512;

/** Peers that are counted by name, per plugin and worker: counters are never freed, and anyone can come from a new address. */
export const MAX_TALLIES: i32 = 256;

/** Lines about differences that a plugin in SHADOW writes in a second, on each worker; the rest is counted. */
export const MAX_SHADOW_LINES: i32 = 10;

/** Conditions of a rule that are named in the record of a decision. */
export const MAX_REASONS: i32 = 64;

/** Bytes of the names in a peer's certificate: they are kept with the connection. */
export const MAX_PEER_BYTES: usize = 16 * 1024;

/** Header changes of one request: Envoy sends at most 100 headers upstream by default, and each token can ask for some. */
export const MAX_HEADER_CHANGES: i32 = 256;

/** Bytes of a key set: a hundred times what large issuers publish. */
export const MAX_JWKS_BYTES: u32 = 1024 * 1024;

/** Keys in a key set: a token without `kid` is tried against each of them. */
export const MAX_JWKS_KEYS: i32 = 100;

/** Modulus of an RSA key in bits: below the first, RFC 7518 §3.3 forbids it, unless configured; above, BoringSSL refuses it. */
export const DEFAULT_MIN_RSA_BITS: i32 = 2048;
/** The least that may be configured: what follows has been factored. */
export const MIN_RSA_BITS: i32 = 1024;
export const MAX_RSA_BITS: i32 = 16384;

/** Bytes of a symmetric key: the hash of the weakest algorithm, RFC 7518 §3.2. */
export const MIN_HMAC_KEY_BYTES: usize = 32;

/** Requests that wait for one key set in one VM; one more is refused at once. */
export const MAX_WAITING_REQUESTS: i32 = 1024;

/** The longest timeout of a fetch that may be configured, in milliseconds: longer than any client waits, and requests are paused. */
export const MAX_FETCH_TIMEOUT_MS: u64 = 60_000;

/** How long a request waits beyond the timeout of the fetch, in milliseconds, before it is refused. */
export const WAITING_GRACE_MS: u64 = 500;

/** Milliseconds from one fetch to the next for the sake of an unknown `kid`, unless configured: anyone can send one. */
export const DEFAULT_COOLDOWN_MS: i64 = 10_000;

/** Milliseconds between callbacks that wake those whose waiting is over: each may wake so many alone (MAX_WAKES of the SDK). */
export const DRAINING_TICK_MS: u32 = 1;

/** Milliseconds between looks at a key set that requests wait for, and that another worker fetches. */
export const WAITING_TICK_MS: u32 = 20;

/** Milliseconds between looks at a key set that nobody waits for, and between reports of who has come. */
export const IDLE_TICK_MS: u32 = 1000;

/** Milliseconds between a worker's signs of life; how long none has come of a worker whose VM is lost; tries to leave one. */
export const HEARTBEAT_MS: u64 = 900;
export const SILENCE_MS: u64 = 5000;
export const MAX_HEARTBEAT_TRIES: i32 = 16;

/** Wait after a first failed fetch, in milliseconds; doubled by every further one. */
export const FIRST_BACKOFF_MS: u64 = 1000;
/** The longest such wait. */
export const LAST_BACKOFF_MS: u64 = 30_000;

/** What one token cache holds unless configured otherwise: tokens, and their bytes. */
export const DEFAULT_CACHED_TOKENS: u32 = 1000;
export const DEFAULT_CACHED_BYTES: u32 = 1024 * 1024;
/** The most that may be configured: a cache is a part of every VM's memory. */
export const MAX_CACHED_TOKENS: u32 = 100_000;
export const MAX_CACHED_BYTES: u32 = 64 * 1024 * 1024;

/** Errors printed for one configuration: enough to mend it, not enough to drown a log. */
export const MAX_CONFIGURATION_ERRORS: i32 = 50;

/** How much of the path Envoy repeats in the realm of a 401. */
export const MAX_REALM_PATH_BYTES: usize = 256;

/** Bytes of a body that goes to an external authorizer: what a callback's memory holds several times. */
export const MAX_CHECKED_BODY_BYTES: u32 = 4 * 1024 * 1024;

/** Ports without HTTP of one workload: compared one by one with every connection's. */
export const MAX_TCP_PORTS: i32 = 64;

/** How much of a peer's name is a metric's label: a URI SAN may have any length. */
export const MAX_LABEL_BYTES: usize = 256;
