// What each reason means, and what to do: kept by hand, and checked to be complete.

/** Advice for one; the status is 401 unless told. */
export interface Advice {
  status?: number;
  advice: string;
}

const MALFORMED =
  'The token was cut, or changed, or is none. Compare it with what the issuer gave.';
const WRONG_CLAIM =
  'The issuer writes a claim in a form that RFC 7519 does not have. Ask the issuer.';

/** By the name of the reason. */
export const ADVICE: Record<string, Advice> = {
  jwt_not_yet_valid: {
    advice: '`nbf` is more than 60 s ahead: the clock of the issuer or of this machine is wrong.',
  },
  jwt_expired: {
    advice:
      '`exp` is more than 60 s ago. The client must get a new token; if it just did, compare clocks.',
  },
  jwt_bad_format: { advice: MALFORMED },
  jwt_header_bad_base64: { advice: `${MALFORMED} Padding is refused, too (RFC 7515 §2).` },
  jwt_header_bad_json: { advice: MALFORMED },
  jwt_header_bad_alg: { advice: 'The header has no `alg`. The issuer’s library is at fault.' },
  jwt_header_not_implemented_alg: {
    advice:
      '`none`, or an algorithm that is not among Envoy’s thirteen. Never accept it; have the issuer sign by RS256 or ES256.',
  },
  jwt_header_bad_kid: { advice: WRONG_CLAIM },
  jwt_payload_bad_base64: { advice: MALFORMED },
  jwt_payload_bad_json: { advice: MALFORMED },
  jwt_iss_not_string: { advice: WRONG_CLAIM },
  jwt_sub_not_string: { advice: WRONG_CLAIM },
  jwt_iat_not_integer: { advice: WRONG_CLAIM },
  jwt_iat_out_of_range: { advice: WRONG_CLAIM },
  jwt_nbf_not_integer: { advice: WRONG_CLAIM },
  jwt_nbf_out_of_range: { advice: WRONG_CLAIM },
  jwt_exp_not_integer: { advice: WRONG_CLAIM },
  jwt_exp_out_of_range: { advice: WRONG_CLAIM },
  jwt_jti_not_string: { advice: WRONG_CLAIM },
  jwt_aud_not_string: { advice: WRONG_CLAIM },
  jwt_signature_bad_base64: { advice: MALFORMED },
  jwt_unknown_issuer: {
    advice:
      'No `jwtRule` for this workload has the token’s `iss`: compare character by character, a slash at the end included; and look whether the RequestAuthentication selects this workload.',
  },
  jwt_verification_fail: {
    advice:
      'The signature is not of the key with this `kid`: a forged or changed token, or a key set that still has an old key under the same `kid`.',
  },
  jwt_multiple_tokens: {
    advice: 'More tokens in one request than are looked at (32). No honest client sends so many.',
  },
  jwks_kid_alg_mismatch: {
    advice:
      'No key of the set has the token’s `kid`, or none fits its `alg`. After a rotation the set is fetched again at most once per cool-down; with inline `jwks`, update the policy.',
  },
  jwks_fetch_fail: {
    advice:
      'The key set has never been fetched. Look at `portcullis_jwks_fetches_total` by `result`, at the cluster for the `jwksUri` (in a mesh: a ServiceEntry), its TLS and its DNS.',
  },
  jwt_header_critical: {
    advice:
      'The header has `crit`, which nothing here understands (RFC 7515 §4.1.11). Envoy ignores it; we refuse.',
  },
  jwt_ed25519_signature_wrong_length: { advice: MALFORMED },
  jwt_audience_not_allowed: {
    status: 403,
    advice:
      'None of the token’s `aud` is among `audiences`: a token for somebody else, or a missing audience in the policy.',
  },
  jwt_expiration_missing: {
    advice: '`requireExpiration` is set for this issuer, and the token has no `exp`.',
  },
  jwt_lifetime_too_long: {
    advice:
      '`maxLifetime` is set for this issuer, and the token lives longer, or does not say how long.',
  },
  jwt_subject_not_allowed: {
    status: 403,
    advice: '`subjects` is set for this issuer, and the token’s `sub` is none of them.',
  },
  jwt_bound_to_another_certificate: {
    advice:
      '`certificateBinding`: the token is bound to a certificate (RFC 8705) that the connection was not made with. A stolen token looks like this.',
  },
};

/** Reasons that are not about a token. */
export const OTHER_REASONS: { name: string; status: string; advice: string }[] = [
  {
    name: 'peer_plaintext',
    status: 'reset',
    advice:
      'PeerAuthentication is STRICT, and the client speaks plaintext. `portcullis_peer_requests_total` says who. Give the client a sidecar, or make its port PERMISSIVE while it moves.',
  },
  {
    name: 'peer_tls',
    status: 'reset',
    advice: 'TLS without a client certificate where mutual TLS is required.',
  },
  {
    name: 'peer_mtls',
    status: 'reset',
    advice:
      'PeerAuthentication is DISABLE, and the client speaks mutual TLS: a DestinationRule says ISTIO_MUTUAL.',
  },
  {
    name: 'protocol_not_declared',
    status: 'closed',
    advice:
      'There are AuthorizationPolicies for a port whose protocol the configuration does not say: set `workload.protocol`.',
  },
  {
    name: 'connection_fact_missing',
    status: '403',
    advice:
      'A policy asks for something of the connection (its direct address, its certificate’s names) that the filter state should hold and does not: the network filter or `set_filter_state` is not on this listener.',
  },
  {
    name: 'ext_authz_error',
    status: '403, or `statusOnError`',
    advice:
      'The external authorizer gave no answer in time: its cluster, its health, its `timeout`.',
  },
  {
    name: 'request_payload_too_large',
    status: '413',
    advice: 'The body is larger than `includeRequestBodyInCheck.maxRequestBytes` allows.',
  },
  {
    name: 'not_configured',
    status: '500',
    advice:
      'The first configuration was wrong: everything is refused until it is mended. The errors stand in Envoy’s log (`config: …`), and `portcullis lint` says them with file and line.',
  },
  {
    name: 'host_call_failed',
    status: '500',
    advice:
      'Envoy could not hand over what a decision needs, or the memory of one callback did not suffice for it (32 MiB: a request with a great deal of headers). Nothing is decided without knowing. Should hardly happen: keep the log, and report it.',
  },
  {
    name: 'no_memory',
    status: '503',
    advice:
      'The worker’s module has no memory left to look at anything (256 MiB: large configurations, very many streams at once); details `wasm_out_of_memory`. Connections are closed. It passes when streams or configurations go.',
  },
  {
    name: 'not_applied',
    status: '500',
    advice:
      'Envoy refused to change the request as the decision asks. Should not happen: report it.',
  },
];
