// Why a token is refused: a number, and the text that Envoy's jwt_authn answers in the body.
import { Span, constant } from "as-proxy-wasm-sdk/assembly";

/** What became of a token. */
export namespace JwtStatus {
  export const Ok: i32 = 0;
  /** The key set is being fetched: the request waits. Never seen by a client. */
  export const Waiting: i32 = 1;
  export const NotYetValid: i32 = 2;
  export const Expired: i32 = 3;
  export const BadFormat: i32 = 4;
  export const HeaderBadBase64: i32 = 5;
  export const HeaderBadJson: i32 = 6;
  export const HeaderBadAlg: i32 = 7;
  export const HeaderNotImplementedAlg: i32 = 8;
  export const HeaderBadKid: i32 = 9;
  export const PayloadBadBase64: i32 = 10;
  export const PayloadBadJson: i32 = 11;
  export const IssNotString: i32 = 12;
  export const SubNotString: i32 = 13;
  export const IatNotInteger: i32 = 14;
  export const IatOutOfRange: i32 = 15;
  export const NbfNotInteger: i32 = 16;
  export const NbfOutOfRange: i32 = 17;
  export const ExpNotInteger: i32 = 18;
  export const ExpOutOfRange: i32 = 19;
  export const JtiNotString: i32 = 20;
  export const AudNotString: i32 = 21;
  export const SignatureBadBase64: i32 = 22;
  export const UnknownIssuer: i32 = 23;
  export const VerificationFail: i32 = 24;
  /** More tokens than MAX_TOKENS. */
  export const MultipleTokens: i32 = 25;
  export const JwksKidAlgMismatch: i32 = 26;
  export const JwksFetchFail: i32 = 27;
  /** A header that changes how the token must be read (RFC 7515 §4.1.11), and that nothing here understands. */
  export const HeaderCritical: i32 = 28;
  export const Ed25519SignatureWrongLength: i32 = 29;
  /** None of the token's audiences is configured: 403. */
  export const AudienceNotAllowed: i32 = 30;
  /** There is no token: for the logic of several rules, never seen by a client. */
  export const Missed: i32 = 31;
  /** `requireExpiration`. */
  export const ExpirationMissing: i32 = 32;
  /** `maxLifetime`. */
  export const LifetimeTooLong: i32 = 33;
  /** `subjects`: 403. */
  export const SubjectNotAllowed: i32 = 34;
  /** `certificateBinding`. */
  export const BoundToAnother: i32 = 35;
  /** The host refused to change the request; answered with 500. */
  export const NotApplied: i32 = 36;
  export const Count: i32 = 37;
}

const TEXTS: string[] = [
  "OK",
  "",
  "Jwt not yet valid",
  "Jwt is expired",
  "Jwt is not in the form of Header.Payload.Signature with two dots and 3 sections",
  "Jwt header is an invalid Base64url encoded",
  "Jwt header is an invalid JSON",
  "Jwt header [alg] field is required and must be a string",
  "Jwt header [alg] is not supported",
  "Jwt header [kid] field is not a string",
  "Jwt payload is an invalid Base64url encoded",
  "Jwt payload is an invalid JSON",
  "Jwt payload [iss] field is not a string",
  "Jwt payload [sub] field is not a string",
  "Jwt payload [iat] field is not an integer",
  "Jwt payload [iat] field is not a positive 64 bit integer",
  "Jwt payload [nbf] field is not an integer",
  "Jwt payload [nbf] field is not a positive 64 bit integer",
  "Jwt payload [exp] field is not an integer",
  "Jwt payload [exp] field is not a positive 64 bit integer",
  "Jwt payload [jti] field is not a string",
  "Jwt payload [aud] field is not a string or string list",
  "Jwt signature is an invalid Base64url encoded",
  "Jwt issuer is not configured",
  "Jwt verification fails",
  "Found multiple Jwt tokens",
  "Jwks doesn't have key to match kid or alg from Jwt",
  "Jwks remote fetch is failed",
  "Jwt header [crit] is not supported",
  "Jwt ED25519 signature is wrong length",
  "Audiences in Jwt are not allowed",
  "Jwt is missing",
  "Jwt payload [exp] field is required",
  "Jwt lifetime is too long",
  "Subject in Jwt is not allowed",
  "Jwt is bound to another client certificate",
  "",
];

/** Names for metrics and the decision record, one a status. */
const REASONS: string[] = [
  "ok",
  "waiting",
  "jwt_not_yet_valid",
  "jwt_expired",
  "jwt_bad_format",
  "jwt_header_bad_base64",
  "jwt_header_bad_json",
  "jwt_header_bad_alg",
  "jwt_header_not_implemented_alg",
  "jwt_header_bad_kid",
  "jwt_payload_bad_base64",
  "jwt_payload_bad_json",
  "jwt_iss_not_string",
  "jwt_sub_not_string",
  "jwt_iat_not_integer",
  "jwt_iat_out_of_range",
  "jwt_nbf_not_integer",
  "jwt_nbf_out_of_range",
  "jwt_exp_not_integer",
  "jwt_exp_out_of_range",
  "jwt_jti_not_string",
  "jwt_aud_not_string",
  "jwt_signature_bad_base64",
  "jwt_unknown_issuer",
  "jwt_verification_fail",
  "jwt_multiple_tokens",
  "jwks_kid_alg_mismatch",
  "jwks_fetch_fail",
  "jwt_header_critical",
  "jwt_ed25519_signature_wrong_length",
  "jwt_audience_not_allowed",
  "jwt_missing",
  "jwt_expiration_missing",
  "jwt_lifetime_too_long",
  "jwt_subject_not_allowed",
  "jwt_bound_to_another_certificate",
  "not_applied",
];

const texts = spans(TEXTS);

function spans(list: string[]): StaticArray<Span> {
  const result = new StaticArray<Span>(list.length);
  // Made once: the texts are the module's own.
  for (let i = 0; i < list.length; i++) result[i] = constant(list[i]);
  return result;
}

/** The body that answers a refused token: Envoy's words. */
export function textOfStatus(status: i32): Span {
  return texts[status];
}

/** The name of a status in metrics and in the decision record. */
export function reasonOfStatus(status: i32): string {
  return REASONS[status];
}
