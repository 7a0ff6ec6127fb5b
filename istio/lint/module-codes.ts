// The code of what the module says of a resource: by its words, which are those of Istio's webhook wherever it has some.
import type { Code } from './codes.ts';

/** In this order: the first that fits. */
const CODES: [RegExp, Code][] = [
  [/^unknown field/, 'PC0101'],
  [/not valid JSON/, 'PC0105'],
  [/not supported yet|OpenID discovery is not supported|envoyExtAuthzGrpc/, 'PC0217'],
  [/must be a time such as/, 'PC0216'],
  [/^must be (a|an|true or false|one of ).*, not (null|a |an )/, 'PC0102'],
  [/^must be one of .*, not "/, 'PC0103'],
  [/^must be "security\.istio\.io/, 'PC0108'],
  [/is there twice/, 'PC0011'],
  [/^(must be a name|must be lowercase)/, 'PC0109'],
  [/`(rule|from|to)\b[^`]*` must not be (nil|empty)/, 'PC0201'],
  [/`key` must not be empty|at least one of `values`|unknown attribute|bad key \(/, 'PC0206'],
  [/bad (CIDR range|IP address)/, 'PC0203'],
  [/bad port/, 'PC0204'],
  [/found in (Not)?Paths/, 'PC0205'],
  [/without `rules` is meaningless/, 'PC0207'],
  [/not supported with CUSTOM/, 'PC0209'],
  [/[pP]rovider/, 'PC0208'],
  [/in selector/, 'PC0210'],
  [
    /ServiceAccounts|TrustDomains|serviceAccount|may not have more than 16|cannot exceed 320/,
    'PC0211',
  ],
  [/^jwks parse error|^key \d|Jwks|\bkeys?\[/, 'PC0218'],
  [/location|header name|outputClaimToHeaders|cookie name|audience must/, 'PC0213'],
  [/issuer or jwksUri|only one of jwks|another name of jwksUri|^url /, 'PC0212'],
  [/dry-run/, 'PC0214'],
  [/port level mTLS|port must be in range/, 'PC0215'],
  [/duration|must not be longer than/, 'PC0216'],
  [/empty value not allowed|^must not be empty/, 'PC0202'],
  [/must have at most|must not have more/, 'PC0105'],
  [/^missing/, 'PC0104'],
];

/** The code of the module's `message`. */
export function codeOfMessage(message: string): Code {
  return CODES.find(([words]) => words.test(message))?.[1] ?? 'PC0299';
}
