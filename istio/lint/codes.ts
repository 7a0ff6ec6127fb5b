// Every code of a finding, in one place. A code is never given to another meaning; each has a page in docs/lint/.
import type { Level } from '../problem.ts';

/** What a code stands for. */
export interface CodeInfo {
  level: Level;
  title: string;
}

const error = (title: string): CodeInfo => ({ level: 'error', title });
const warning = (title: string): CodeInfo => ({ level: 'warning', title });
const info = (title: string): CodeInfo => ({ level: 'info', title });

export const CODES = {
  // The text.
  PC0001: error('the text is no YAML or JSON'),
  PC0002: error('a field stands there twice'),
  PC0003: error('a tab indents a line'),
  PC0004: error('an anchor, an alias or a merge key'),
  PC0005: error('kubectl reads a word otherwise than it looks'),
  PC0006: error('a document is no resource'),
  PC0007: error('unknown kind'),
  PC0008: warning('there is no resource in the input'),
  PC0009: error('the name of a field is no string'),
  PC0010: error('a number that JSON does not have'),
  PC0011: error('a resource stands there twice'),
  PC0012: error('a text that is no Unicode'),

  // The schema.
  PC0101: error('unknown field'),
  PC0102: error('wrong type'),
  PC0103: error('unknown word'),
  PC0104: error('a field is missing'),
  PC0105: error('too long, too short, too many, too few, or of another form'),
  PC0106: error('fields that exclude each other, or none of which is there'),
  PC0107: error('a rule of the CRD does not hold'),
  PC0108: error('unknown apiVersion'),
  PC0109: error('a name that Kubernetes does not take'),

  // What Istio's webhook and the module refuse beyond the schema.
  PC0201: error('an empty source or operation'),
  PC0202: error('an empty value'),
  PC0203: error('no address, and no CIDR range'),
  PC0204: error('no port'),
  PC0205: error('a path template that Istio does not take'),
  PC0206: error('unknown attribute in `when`'),
  PC0207: error('an action without rules'),
  PC0208: error('the provider of a CUSTOM policy'),
  PC0209: error('what a CUSTOM policy cannot ask for'),
  PC0210: error('a selector that Istio does not take'),
  PC0211: error('the form of a service account or trust domain'),
  PC0212: error('the issuer, or where its keys are'),
  PC0213: error('where a token is, or where its claims go'),
  PC0214: error('the annotation istio.io/dry-run'),
  PC0215: error('portLevelMtls'),
  PC0216: error('a duration'),
  PC0217: error('not supported by Portcullis'),
  PC0218: error('a key set that cannot be used'),
  PC0219: warning('a key set with private keys'),
  PC0299: error('the module refuses it'),

  // What is taken, and does something else than its author may think.
  PC0301: warning('a DENY rule that matches every request'),
  PC0302: warning('an ALLOW rule that matches every request'),
  PC0303: warning('an ALLOW policy that allows nothing, by its empty rules'),
  PC0304: warning('an ALLOW rule that anyone without identity meets'),
  PC0305: warning('requestPrincipals that no RequestAuthentication can produce'),
  PC0306: warning('a RequestAuthentication that nothing requires'),
  PC0307: warning('a selector that no known workload has'),
  PC0308: info('a policy that reaches into every namespace'),
  PC0309: warning('a selector in the root namespace, which Istio ignores'),
  PC0310: warning("a port of a Service instead of the container's"),
  PC0311: warning('more than one PeerAuthentication for the same workloads'),
  PC0312: warning('HTTP fields on a port that carries TCP'),
  PC0313: warning('a host without port'),
  PC0314: warning('a path that no request has after normalization'),
  PC0315: warning('a DENY that another spelling of the path passes'),
  PC0316: warning('a regular expression taken for a wildcard'),
  PC0317: warning('`*` in the middle'),
  PC0318: warning('ipBlocks behind a proxy'),
  PC0319: warning('a JWT claim compared with a number or boolean'),
  PC0320: warning('an issuer that differs by a slash at its end'),
  PC0321: warning('audiences that differ by scheme or slash only'),
  PC0322: warning('keys that sign as well as verify'),
  PC0323: warning('a jwksUri over http'),
  PC0324: warning('a rule that can never decide, since another does'),
  PC0325: warning('a principal of another form than Istio gives'),
  PC0326: warning('a method that no request has'),
  PC0327: warning('a selector without labels'),
  PC0328: warning('a value that no request can have'),
  PC0329: warning('a trust domain that is not the mesh’s'),
  PC0330: warning('a rule whose conditions exclude each other'),
  PC0331: warning('a namespace that nobody knows'),
  PC0332: warning('CUSTOM policies with different providers for the same workloads'),
  PC0333: info('a DENY by identity that plaintext passes'),
  PC0334: info('an external authorizer that could not be looked up'),
  PC0335: warning('a suppression without effect'),
  PC0336: warning('an empty list, which counts as if it were not there'),

  // What `portcullis mesh` does not have.
  PC0401: error('the mesh does not take this resource'),
} as const satisfies Record<string, CodeInfo>;

/** The code of a finding. */
export type Code = keyof typeof CODES;
