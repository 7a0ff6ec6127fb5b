// What the pages of docs/lint say of each code. The examples are golden cases of lint's tests: NAME, and NAME-good, or NAME-near-miss
// where that is a good example, too.
import type { Code } from '../istio/lint/codes.ts';

/** A page. */
export interface LintText {
  /** The golden case; undefined: there is no input of one's own that leads there. */
  example?: string;
  text: string;
  /** What is meant, above the good example. */
  good?: string;
}

export const LINT_TEXTS: Record<Code, LintText> = {
  PC0001: {
    example: 'not-yaml',
    text: 'The parser cannot read the text any further. Only its first complaint is shown, since the others follow from it. Nothing of the document is looked at beyond this, so that there may be more to find once it is readable.',
    good: 'Every bracket is closed.',
  },
  PC0002: {
    example: 'duplicate-field',
    text: 'YAML readers differ in which of two equal names counts: the first, the last, or neither. kubectl takes the last one without a word, so that a condition that is read in a review may not be in force. Names that are different in YAML and one in JSON, such as `80` and `"80"`, are duplicates, too.',
    good: 'The values stand in one list.',
  },
  PC0003: {
    example: 'tab-indents',
    text: 'YAML forbids tabs as indentation (YAML 1.2 §6.1): how far a tab goes in is a matter of taste, and with it what belongs to what.',
    good: 'Blanks indent.',
  },
  PC0004: {
    example: 'alias',
    text: 'What a policy says must stand where it is read. An alias (`*name`) shows a reader one thing and puts another in force when somebody changes its anchor elsewhere in the file; and a few of them, nested, stand for more than memory holds. Anchors that nobody refers to do no harm, and are taken.',
    good: 'The values are written out.',
  },
  PC0005: {
    example: 'word-that-kubectl-reads-as-true',
    text: 'kubectl reads plain words as YAML 1.1 does: `y`, `yes`, `on` are true, `n`, `no`, `off` are false, `010` is eight, `1_000` a thousand and `0b11` three. Most other readers, this one included, follow YAML 1.2 and see strings or other numbers. A value that two readers take for two things has no place in a policy. `--fix` puts it into quotes.',
    good: 'Quotes make it a string for everyone.',
  },
  PC0006: {
    example: 'document-that-is-a-list',
    text: 'Each document of a file is one resource, an object with `apiVersion` and `kind`, or a `List` with `items`. Anything else is neither applied by kubectl nor enforced by anybody.',
    good: 'Several resources are separate documents.',
  },
  PC0007: {
    example: 'misspelled-kind',
    text: 'No kind of Istio’s has this name. The API server would refuse it; a tool that skips what it does not know would leave the policy out, and the door open. Kinds of other groups are passed over, and Istio’s own kinds that say nothing of security, too.',
    good: 'The kind as Istio writes it.',
  },
  PC0008: {
    example: 'nothing-there',
    text: 'Nothing in the input is a resource of Istio’s. An empty pipe, the wrong folder or a file with other kinds would otherwise read as “no findings”.',
    good: 'A file with a policy in it.',
  },
  PC0009: {
    example: 'field-name-in-hexadecimal',
    text: 'JSON, which is what the API server gets, has strings as names alone. A list or an object as a name means nothing there, and a number is rewritten (`0x1F90` becomes `8080`), so that the name in the file is not the one in force. `--fix` quotes numbers.',
    good: 'The name is written as it is meant.',
  },
  PC0010: {
    example: 'number-that-json-does-not-have',
    text: 'YAML has infinity and not-a-number; JSON has neither, and writers put `null` in their place, which counts as an absent field. A condition would be gone without a trace.',
    good: 'A string, in quotes.',
  },
  PC0011: {
    example: 'resource-twice',
    text: 'Kind, namespace and name are the same. kubectl applies one after the other, and the last one wins; which one that is depends on the order of files. The module refuses both. In Markdown, where each block is a step, a later block may bring a resource again.',
    good: 'No two have kind, namespace and name in common.',
  },
  PC0012: {
    example: 'half-a-surrogate-pair',
    text: 'The text escapes one half of a UTF-16 surrogate pair. No such character exists, UTF-8 cannot write it, and readers replace it by different things.',
    good: 'Both halves make one character.',
  },
  PC0101: {
    example: 'misspelled-field',
    text: 'The schema of the kind has no such field at this place. Without strict validation the API server drops it silently: a condition is lost, and a DENY that was narrow denies everything, or an ALLOW admits everyone. The likely intent is looked for here, one level further in, further out, and elsewhere in the resource. `--fix` renames, indents and un-indents where only one reading makes sense.',
    good: 'The field as the schema has it.',
  },
  PC0102: {
    example: 'number-for-a-string',
    text: 'The value is of another type than the field. Ports in operations are strings in Istio, lists hold even a single value, and a word such as `true` is a boolean unless it is quoted. `--fix` quotes numbers and booleans, and puts single values into a list.',
    good: 'A string, in quotes.',
  },
  PC0103: {
    example: 'word-in-the-wrong-case',
    text: 'The field takes some words only, in upper case. `--fix` mends the case; what else might be meant is not guessed.',
    good: 'The word as the schema has it.',
  },
  PC0104: {
    example: 'name-that-is-missing',
    text: 'The field has to be there. A resource without a name cannot be applied, looked up or named in a log.',
    good: 'With it.',
  },
  PC0105: {
    example: 'label-that-is-too-long',
    text: 'The value breaks a bound of Istio’s CRD: a length, a number of items, a range, a pattern. The API server refuses it, and so does the module. A configuration that is nested more than a hundred levels deep is one of these, too.',
    good: 'Within the bound.',
  },
  PC0106: {
    example: 'two-balancers',
    text: 'The CRD allows one of several fields only, or wants one of them. Which of two would count is nowhere defined.',
    good: 'One of them.',
  },
  PC0107: {
    example: 'service-entry-with-a-range-and-dns',
    text: 'A validation rule of the CRD, in CEL, does not hold; the message is the one that the API server prints. For policies the webhook and the module often say the same in better words, and then these are shown instead.',
    good: 'What the rule asks for.',
  },
  PC0108: {
    example: 'old-version',
    text: 'The group or version is none that the CRD serves. Old pages show versions that no cluster of today knows.',
    good: 'A version that is served.',
  },
  PC0109: {
    example: 'name-in-upper-case',
    text: 'Names in Kubernetes are lower-case letters, digits, hyphens and, in names of resources, dots (RFC 1123); the API server refuses others.',
    good: 'A name that it takes.',
  },
  PC0201: {
    example: 'empty-source',
    text: 'An element of `from` or `to` says nothing. Past Istio’s webhook, such a rule would match every request: in an ALLOW everyone would be allowed. Most often its fields are indented wrongly. Write what is meant, or leave out the whole `from`.',
    good: 'The source says who is meant.',
  },
  PC0202: {
    example: 'empty-value',
    text: 'A list holds an empty string. Istio’s webhook refuses it: nothing has an empty path, host or principal, and a templating tool has probably left something out.',
    good: 'Every value says something.',
  },
  PC0203: {
    example: 'address-that-is-none',
    text: 'The value is neither an IP address nor a CIDR range. Past the webhook, an ALLOW would lose the whole rule, and a DENY only this condition, which makes it wider.',
    good: 'An address or a range.',
  },
  PC0204: {
    example: 'port-by-name',
    text: 'Policies name ports by number: 1 to 65535 (and 0, which nothing has), as a string. Names of ports are known to Services, not to the proxy’s rules.',
    good: 'The number.',
  },
  PC0205: {
    example: 'path-template-with-a-name',
    text: 'Istio’s templates know `{*}` for one segment and `{**}` for any number of them, each as a whole segment, and nothing after `{**}` but literal segments. Names in braces belong to other systems.',
    good: 'A template that Istio takes.',
  },
  PC0206: {
    example: 'unknown-attribute',
    text: 'The key of a condition is none that Istio knows, or has no values. Past the webhook the whole rule would be dropped: an ALLOW would allow less, a DENY would deny nothing.',
    good: 'A key from Istio’s list of conditions.',
  },
  PC0207: {
    example: 'deny-without-rules',
    text: 'A DENY or CUSTOM policy without rules never does anything. To deny everything, or to ask about everything, write a rule without conditions: `- {}`.',
    good: 'A rule that says what is denied.',
  },
  PC0208: {
    example: 'custom-without-provider',
    text: 'A CUSTOM policy names a provider of MeshConfig’s `extensionProviders`, one that speaks HTTP; no other action may name one. With `--mesh-config`, the name is looked up.',
    good: 'The provider is named.',
  },
  PC0209: {
    example: 'custom-by-identity',
    text: 'The external authorizer is asked before anybody has looked at tokens and identities, so that a CUSTOM rule cannot depend on them. Ask about all requests, and let an ALLOW or DENY look at the identity.',
    good: 'What is known at that time.',
  },
  PC0210: {
    example: 'selector-with-a-wildcard',
    text: 'Labels are compared whole: a selector takes no wildcard, and no empty key.',
    good: 'The label as the workload has it.',
  },
  PC0211: {
    example: 'service-account-with-a-wildcard',
    text: 'Service accounts are `NAME` or `NAMESPACE/NAME`, at most sixteen, without wildcards, and not together with principals or namespaces in one source. Trust domains have no slash, and a wildcard at one end at most.',
    good: 'The account’s name.',
  },
  PC0212: {
    example: 'keys-over-ftp',
    text: 'A rule needs an issuer or a `jwksUri`, and the keys come from one place: `jwks` or `jwksUri`, the latter over HTTP or HTTPS and without credentials in it.',
    good: 'A URI that can be fetched.',
  },
  PC0213: {
    example: 'empty-audience',
    text: 'Headers, parameters, cookies, audiences and claims need names. An empty one would be compared with whatever a request leaves empty.',
    good: 'Every name says something.',
  },
  PC0214: {
    example: 'dry-run-that-is-neither',
    text: 'The annotation is `"true"` or `"false"` (as Go’s ParseBool has it), and only ALLOW and DENY policies know it. A policy that was meant to be tried would be enforced, or the reverse.',
    good: 'One of the two.',
  },
  PC0215: {
    example: 'ports-without-selector',
    text: 'Modes by port are for the workloads of a selector, with at least one port from 1 to 65535: the container’s. Istio refuses them for a namespace or the mesh.',
    good: 'The workload is selected.',
  },
  PC0216: {
    example: 'timeout-without-unit',
    text: 'Durations have a unit, and whole milliseconds: `5s`, `1m`, `250ms`. A fetch of keys may take one minute at most, since requests wait for it.',
    good: 'With a unit.',
  },
  PC0217: {
    example: 'policy-for-a-gateway-by-reference',
    text: 'Istio takes this, and Portcullis does not yet: it refuses the policy instead of enforcing a part of it. `targetRefs` need resources that a proxy does not see; OpenID discovery needs a second fetch, for which `jwksUri` is the answer; gRPC authorizers cannot be asked by a Wasm filter.',
    good: 'A selector does the same for workloads.',
  },
  PC0218: {
    example: 'key-set-that-is-a-certificate',
    text: 'The text is no JSON Web Key Set (RFC 7517), or none of its keys can verify anything. Every token would be refused.',
    good: 'A key set.',
  },
  PC0219: {
    example: 'key-set-with-a-private-key',
    text: 'The key set holds the private half of a key. Only the public half is needed, and whoever can read the policy, or a proxy’s configuration dump, can make tokens. The key pair has to be replaced: taking it out of the file does not make it secret again.',
    good: 'The public half alone.',
  },
  PC0299: {
    text: 'The module refuses the resource for a reason that has no code of its own. Its words are in the message. If you meet one, please report it: it should have a code.',
  },
  PC0301: {
    example: 'deny-all-rule',
    text: 'A DENY rule without any condition, or with conditions that hold for everything, refuses every request, and no ALLOW can open what a DENY closes. That is right in an emergency; to begin with everything closed and open it by ALLOW policies, Istio’s way is a policy with `spec: {}`.',
    good: 'Nothing is allowed until another policy allows it.',
  },
  PC0302: {
    example: 'allow-all-rule',
    text: 'An ALLOW rule without any condition allows everyone everything, and every other ALLOW rule for these workloads loses its meaning. It is right where only DENY policies are to count; then suppress it for this policy.',
    good: 'The rule says who, or what.',
  },
  PC0303: {
    example: 'allow-nothing-by-empty-rules',
    text: '`rules` stands there and is empty. The policy allows nothing, and with an ALLOW policy present, whatever no policy allows is refused. Whether that is meant cannot be told from a line that may just have lost its contents.',
    good: 'Without `rules`, it is plainly meant.',
  },
  PC0304: {
    example: 'everyone-but-one',
    text: '“Everyone but …” includes those of whom nothing is known: a client without a certificate is in no namespace and has no principal, and a request without a token has no request principal. In an ALLOW that opens the door to them.',
    good: 'Only those who have an identity.',
  },
  PC0305: {
    example: 'request-principal-without-authentication',
    text: 'A request has a principal when a RequestAuthentication for the workload has verified its token, and only then; its value is `ISSUER/SUBJECT`. Where no RequestAuthentication in the input is for the same workloads, or none has this issuer, an ALLOW by principals allows nothing, and a DENY of those without one denies everything. Lint the files together if it stands elsewhere.',
    good: 'The issuer is one that is verified.',
  },
  PC0306: {
    example: 'authentication-that-nothing-requires',
    text: 'A RequestAuthentication refuses bad tokens; a request without any token passes. That surprises nearly everyone. An AuthorizationPolicy has to require a principal.',
    good: 'A policy requires what is verified.',
  },
  PC0307: {
    example: 'selector-of-nobody',
    text: 'Workloads of this namespace are in the input, and none has these labels: the policy is for nobody. Nothing is linted against where there are no Deployments, Pods and the like beside the policies.',
    good: 'The labels of a workload.',
  },
  PC0308: {
    example: 'policy-in-the-root-namespace',
    text: 'Policies in the root namespace are for all namespaces, in addition to their own. That is often meant, and as often a `-n` that was forgotten; hence a note.',
    good: 'In the namespace that it is for.',
  },
  PC0309: {
    example: 'peer-selector-in-the-root-namespace',
    text: 'Istio ignores a PeerAuthentication with a selector in the root namespace: the workloads keep the mode of their namespace or of the mesh.',
    good: 'In the namespace of the workload.',
  },
  PC0310: {
    example: 'port-of-the-service',
    text: 'Policies see the port of the container that the connection comes to, not the one of the Service. Found with the Service and its workloads in the input.',
    good: 'The container’s port.',
  },
  PC0311: {
    example: 'two-peer-authentications',
    text: 'Istio takes the oldest PeerAuthentication for the mesh, for a namespace, and for a set of workloads, and ignores the others. Which one that is depends on when they were created, not on what stands in the file.',
    good: 'One for each set of workloads.',
  },
  PC0312: {
    example: 'http-fields-on-tcp',
    text: 'On a port that carries TCP there are no paths, methods, hosts or tokens. There a DENY rule loses these conditions and denies by what is left, everything at worst; an ALLOW rule is dropped as a whole. Istio knows what a port carries by the name or `appProtocol` of the Service’s port.',
    good: 'The rule names the HTTP ports.',
  },
  PC0313: {
    example: 'host-without-port',
    text: 'Hosts are compared with the `Host` header as it is, ports included: `web.example` does not match `web.example:8080`, which a client may write. In a DENY that is a way around the rule.',
    good: 'With every port.',
  },
  PC0314: {
    example: 'path-that-is-normalized-away',
    text: 'Filters see the path as Envoy has normalized it (MeshConfig `pathNormalization`, `BASE` unless told), without its query. What normalization changes, no request has: the rule never matches.',
    good: 'The path as filters see it.',
  },
  PC0315: {
    example: 'deny-of-an-escaped-path',
    text: 'The same resource has another spelling that the rule does not name, and that Envoy does not turn into this one: an escape in the other case, or, without any normalization, `/./`. A backend that decodes it serves what was to be denied.',
    good: 'Both spellings.',
  },
  PC0316: {
    example: 'regular-expression',
    text: 'Istio’s values are no regular expressions: `*` alone, at the beginning or at the end is a wildcard, `{*}` and `{**}` stand for segments of a path, and everything else stands for itself.',
    good: 'A template.',
  },
  PC0317: {
    example: 'star-in-the-middle',
    text: 'A `*` between other characters, or a second one, stands for itself, so that the rule matches a literal star alone.',
    good: 'A template for a segment.',
  },
  PC0318: {
    example: 'client-address-at-a-gateway',
    text: '`ipBlocks` is the other end of the connection: behind a load balancer that is the load balancer, and at a sidecar another pod or the gateway. The client’s address, as proxies pass it on, is `remoteIpBlocks`, which needs `numTrustedProxies` to be right.',
    good: 'The client’s address.',
  },
  PC0319: {
    example: 'claim-that-is-a-number',
    text: 'Istio compares claims as strings and lists of strings. A claim that is a number, a boolean or an object matches no value, not even `*`.',
    good: 'A claim that is a string.',
  },
  PC0320: {
    example: 'issuer-with-a-slash-at-its-end',
    text: 'Issuers are compared character by character. Some identity providers end theirs with a slash, and then a request principal has two of them: `https://idp.example//alice`.',
    good: 'The principal of this issuer.',
  },
  PC0321: {
    example: 'audiences-that-envoy-takes-for-one',
    text: 'Before it compares audiences, Envoy takes `http://` or `https://` and one slash at the end away, from both sides. What differs by no more than that is one audience, and cannot be told apart.',
    good: 'Audiences that differ in more.',
  },
  PC0322: {
    example: 'symmetric-key',
    text: 'With HS256 and its kin, the key that verifies also signs. It stands in the policy, in Istio’s configuration and in every proxy that enforces it, and each of them can make tokens.',
    good: 'A public key.',
  },
  PC0323: {
    example: 'keys-over-http',
    text: 'Keys that come over plain HTTP can be replaced on the way, and with them everything that tokens are to prove. Hosts within the mesh, where proxies encrypt, are not meant.',
    good: 'Over HTTPS.',
  },
  PC0324: {
    example: 'rule-that-another-contains',
    text: 'Whatever matches this rule matches another one, too, which decides the same or before: an earlier rule of the policy, or for an ALLOW a DENY for the same workloads. It does nothing, which is probably not why it was written.',
    good: 'Rules that say something of their own.',
  },
  PC0325: {
    example: 'principal-with-a-scheme',
    text: 'A principal is written `TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`, without `spiffe://`. Anything else matches no certificate of Istio’s: an ALLOW allows nobody, a DENY denies nobody. `--fix` takes the scheme away.',
    good: 'Without the scheme.',
  },
  PC0326: {
    example: 'method-in-lower-case',
    text: 'Methods are compared with their case, and requests have them in upper case (RFC 9110 §9.1). A DENY of `get` denies nothing. `--fix` writes them in upper case.',
    good: 'In upper case.',
  },
  PC0327: {
    example: 'selector-without-labels',
    text: 'A selector without labels selects every workload, as Istio itself warns. Perhaps its labels have been lost, or are indented wrongly.',
    good: 'No selector says the same, plainly.',
  },
  PC0328: {
    example: 'host-with-a-scheme',
    text: 'The value has a form that no request’s has: a host with a scheme, a namespace with a slash, a request principal without one, SNI with a port. An ALLOW allows nothing by it, a DENY denies nothing.',
    good: 'The value alone.',
  },
  PC0329: {
    example: 'principal-of-another-trust-domain',
    text: 'With `--mesh-config`, trust domains of principals are compared with the mesh’s own and its aliases. Others are right where meshes are federated; then suppress it.',
    good: 'The mesh’s trust domain.',
  },
  PC0330: {
    example: 'conditions-that-exclude-each-other',
    text: 'What the values of a field allow, its `not…` excludes again: the rule never matches.',
    good: 'An exception from something wider.',
  },
  PC0331: {
    example: 'namespace-that-nobody-knows',
    text: 'Namespaces are in the input, and this one is none of them. Found for the namespace of a policy, and for those that its sources name.',
    good: 'A namespace that is there.',
  },
  PC0332: {
    example: 'two-authorizers',
    text: 'Two CUSTOM policies can meet on one workload, and ask different authorizers. Istio then denies every request (unless a feature flag lifts that), and the module refuses the configuration there.',
    good: 'One authorizer for a workload.',
  },
  PC0333: {
    example: 'deny-by-identity',
    text: 'A client that speaks plaintext has no identity, so that a DENY by principal, namespace or account does not meet it. Where mutual TLS is not STRICT, leaving out TLS is the way around the rule.',
    good: 'Mutual TLS is required.',
  },
  PC0334: {
    example: 'authorizer-that-cannot-be-looked-up',
    text: 'Without `--mesh-config` nobody knows which providers there are. The policy is taken as if the provider were there.',
    good: 'With a MeshConfig, the name is looked up.',
  },
  PC0335: {
    example: 'suppression-in-vain',
    text: 'The annotation names a code that is none, or one of an error. Errors cannot be suppressed: nothing would enforce the policy.',
    good: 'A warning that has been looked at.',
  },
  PC0336: {
    example: 'audiences-that-are-none',
    text: 'Kubernetes and Istio take a list without elements for one that is not there: `from: []` is any source, `audiences: []` any audience, and an empty field of a source narrows nothing. A template whose values are missing writes just that, and an ALLOW is open.',
    good: 'The list says who is meant.',
  },
  PC0401: {
    text: '`portcullis mesh` has no such namespace, or does not know a field of this resource. It refuses what it would not do as a cluster does. `lint` itself never gives this code.',
  },
};
