// The decision code of the module in parts, each with the tests that are about it: with all tests for all faults a run would take days.
// Left out are the tests of memory and of floods, which take minutes for each fault.

/** Files or folders of the module, and tests by which their faults are to be found, those that find most first. */
export interface Part {
  of: string[];
  tests: string[];
}

const inFolder = (folder: string, names: string): string[] =>
  names.split(' ').map((name) => `${folder}/${name}`);

export const PARTS: Part[] = [
  part(
    'network-filter open-connections',
    'module: connections guard memory-ends peer-facts tcp-rules peers waiting',
  ),
  part(
    'http-filter shadow-http-filter shadow',
    'module: http-filter decisions shadow ext-authz ext-authz-bodies request-changes never-open guard memory-ends authentication in-force waiting clock key-fetching keys request-facts rule-reasons peer-facts',
  ),
  part(
    'request',
    'module: request-facts conditions claims decisions http-filter never-open peer-facts connections tcp-rules path-templates rule-reasons authorization identities memory-ends; recorded: recorded',
  ),
  part(
    'replies',
    'module: request-facts decisions http-filter connections guard shadow peers peer-facts ext-authz ext-authz-bodies ext-authz-answers little-memory memory-ends authentication',
  ),
  part(
    'plugin',
    'module: in-force never-open fall-back configuration settings connections key-fetching key-sets several-key-sets waiting clock ext-authz ext-authz-answers ext-authz-bodies guard shadow peers peer-scopes peer-facts tcp-rules cached-tokens memory-ends request-facts decisions http-filter rule-reasons',
  ),
  part('life-cycle', 'module: in-force never-open fall-back clock configuration'),
  part(
    'peer',
    'units: identities addresses; module: peer-facts peer-certificates forwarded-certificates memory-ends identities connections peers',
  ),
  part('ext-authz', 'module: ext-authz ext-authz-answers ext-authz-bodies providers memory-ends'),
  part(
    'authz/identity-matcher authz/path-template authz/request-principal authz/string-matcher',
    'units: matchers identities; module: identities path-templates rule-index authorization conditions policies',
  ),
  part(
    'authz/condition authz/metadata-condition',
    'module: conditions rule-cost tcp-rules identities peer-facts request-facts authorization decisions; recorded: recorded',
  ),
  part(
    'authz/engine authz/rule',
    'module: decisions rule-reasons rule-cost tcp-rules authorization; recorded: recorded',
  ),
  part(
    'authz/rule-index',
    'module: rule-index rule-reasons authorization decisions; recorded: recorded',
  ),
  part(
    'authn/token-cache authn/token authn/jwt authn/audiences',
    'units: jws token-cache; module: authentication cached-tokens claims token-places peer-facts beyond-istio',
  ),
  part(
    'authn/authenticator authn/token-locations authn/token-outputs authn/claim-text authn/claim-state authn/request-changes',
    'module: authentication token-places claims request-changes beyond-istio rule-settings several-key-sets cached-tokens key-fetching shadow little-memory',
  ),
  part(
    'authn/jwk authn/jwks authn/signature authn/algorithm authn/jwt-rule',
    'units: verify-signature jws; module: keys algorithms rule-settings authentication beyond-istio peer-certificates key-sets',
  ),
  part(
    'authn/remote-key-set authn/fetch-record authn/waiting-room authn/key-sets authn/key-source',
    'module: key-fetching key-sets clock several-key-sets in-force fall-back waiting little-memory memory-ends',
  ),
  part(
    'config/conditions config/condition-values config/authorization-policy config/selector config/names config/resources',
    'module: policies policy-mistakes conditions identities tcp-rules peer-facts resources types authorization annotations workload hints configuration providers ext-authz policy-memory memory-need',
  ),
  part(
    'config/jwt-rule config/request-authentication config/jwks-settings config/issuer-settings config/uri config/duration',
    'units: text; module: rule-settings token-places settings types resources authentication key-fetching hints beyond-istio claims algorithms providers configuration policy-memory',
  ),
  part(
    'config/compile config/memory-need config/creation-time config/annotations config/workload config/validate',
    'module: configuration settings resources workload annotations memory-need policy-memory types fall-back shadow policies hints claims beyond-istio peer-scopes identities algorithms schema',
  ),
  part(
    'config/peer-authentication config/peer-rejection config/connection-facts config/xfcc config/extension-providers',
    'module: peer-scopes providers settings configuration peer-facts forwarded-certificates peers tcp-rules types hints ext-authz ext-authz-answers ext-authz-bodies',
  ),
  part(
    'config/hint config/problems config/schema config/shapes',
    'module: hints types resources policy-mistakes configuration settings policies rule-settings memory-need policy-memory',
  ),
  part(
    'bytes',
    'units: text addresses cookies hash base64url matchers writer; module: ext-authz-answers decisions authentication identities conditions claims',
  ),
];

function part(names: string, tests: string): Part {
  return {
    of: inFolder('assembly', names),
    tests: tests
      .split('; ')
      .map((list) => list.split(': '))
      .flatMap(([folder, list]) => inFolder(`host-tests/${folder!}`, list!))
      .map((name) => `${name}.test.ts`),
  };
}
