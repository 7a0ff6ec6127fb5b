// The shapes of security.istio.io/v1 and of the plugin configuration (docs/configuration.md). A field that Istio
// has and that is not listed here is unknown, and so an error: keep in step with Istio's CRDs.
import { Shape, Type } from "./schema";

const source = new Shape()
  .of(Type.TextList, "requestPrincipals notRequestPrincipals remoteIpBlocks notRemoteIpBlocks")
  .of(Type.TextList, "principals notPrincipals namespaces notNamespaces ipBlocks notIpBlocks")
  .of(Type.TextList, "serviceAccounts notServiceAccounts trustDomains notTrustDomains");

const operation = new Shape().of(
  Type.TextList,
  "hosts notHosts ports notPorts methods notMethods paths notPaths",
);

const rule = new Shape()
  .nested(Type.ObjectList, "from", new Shape().nested(Type.Object, "source", source))
  .nested(Type.ObjectList, "to", new Shape().nested(Type.Object, "operation", operation))
  .nested(
    Type.ObjectList,
    "when",
    new Shape().of(Type.Text, "key").of(Type.TextList, "values notValues"),
  );

const selector = new Shape().of(Type.TextMap, "matchLabels");

/** AuthorizationPolicy.spec */
export const authorizationPolicySpec = new Shape()
  .nested(Type.Object, "selector", selector)
  .of(Type.Text, "action")
  .nested(Type.ObjectList, "rules", rule)
  .nested(Type.Object, "provider", new Shape().of(Type.Text, "name"))
  .notYet("targetRef targetRefs");

const jwtRule = new Shape()
  // `jwks_uri` is a second name that Istio's CRD has for `jwksUri`.
  .of(Type.Text, "issuer jwksUri jwks_uri jwks timeout outputPayloadToHeader")
  .of(Type.Boolean, "forwardOriginalToken")
  .of(Type.TextList, "audiences fromParams fromCookies spaceDelimitedClaims")
  .nested(Type.ObjectList, "fromHeaders", new Shape().of(Type.Text, "name prefix"))
  .nested(Type.ObjectList, "outputClaimToHeaders", new Shape().of(Type.Text, "header claim"));

/** RequestAuthentication.spec */
export const requestAuthenticationSpec = new Shape()
  .nested(Type.Object, "selector", selector)
  .nested(Type.ObjectList, "jwtRules", jwtRule)
  .notYet("targetRef targetRefs");

const mutualTls = new Shape().of(Type.Text, "mode");

/** PeerAuthentication.spec */
export const peerAuthenticationSpec = new Shape()
  .nested(Type.Object, "selector", selector)
  .nested(Type.Object, "mtls", mutualTls)
  .nested(Type.ObjectMap, "portLevelMtls", mutualTls);

const metadata = new Shape()
  .of(Type.Text, "name namespace")
  .of(Type.TextMap, "labels annotations")
  .of(Type.Anything, "creationTimestamp deletionGracePeriodSeconds deletionTimestamp finalizers")
  .of(Type.Anything, "generateName generation managedFields ownerReferences resourceVersion")
  .of(Type.Anything, "selfLink uid");

/** A resource; its spec has the shape of its kind. */
export const resource = new Shape()
  .of(Type.Text, "apiVersion kind")
  .nested(Type.Object, "metadata", metadata)
  .of(Type.Anything, "spec status");

/** MeshConfig.extensionProviders[].envoyExtAuthzHttp */
const envoyExtAuthzHttp = new Shape()
  .of(Type.Text, "service timeout pathPrefix statusOnError")
  .of(Type.Number, "port")
  // The route is found again whenever a Wasm filter changes a header: nothing is left for `clearRouteCache` to say.
  .of(Type.Boolean, "failOpen clearRouteCache")
  .of(Type.TextList, "includeHeadersInCheck includeRequestHeadersInCheck")
  .of(
    Type.TextList,
    "headersToUpstreamOnAllow headersToDownstreamOnDeny headersToDownstreamOnAllow",
  )
  .of(Type.TextMap, "includeAdditionalHeadersInCheck")
  .nested(
    Type.Object,
    "includeRequestBodyInCheck",
    new Shape()
      .of(Type.Number, "maxRequestBytes")
      .of(Type.Boolean, "allowPartialMessage packAsBytes"),
  );

/** MeshConfig.extensionProviders[]: those of other kinds are no business of authorization. */
const extensionProvider = new Shape()
  .of(Type.Text, "name")
  .nested(Type.Object, "envoyExtAuthzHttp", envoyExtAuthzHttp)
  .of(Type.Anything, "envoyExtAuthzGrpc zipkin lightstep datadog stackdriver opencensus skywalking")
  .of(Type.Anything, "opentelemetry prometheus envoyFileAccessLog envoyHttpAls envoyTcpAls")
  .of(Type.Anything, "envoyOtelAls sds");

/** The plugin configuration. */
export const pluginConfiguration = new Shape()
  .of(Type.Text, "rootNamespace trustDomain clockSkew")
  .of(Type.TextList, "trustDomainAliases")
  .nested(
    Type.Object,
    "workload",
    new Shape()
      .of(Type.Text, "namespace protocol")
      .of(Type.TextMap, "labels")
      .of(Type.Number, "containerPort")
      // A list of numbers: `config/workload.ts`.
      .of(Type.Anything, "tcpPorts")
      .of(Type.Boolean, "gateway"),
  )
  .nested(
    Type.ObjectList,
    "jwks",
    new Shape().of(Type.Text, "uri cluster refresh timeout cooldown"),
  )
  .nested(
    Type.ObjectList,
    "issuers",
    new Shape()
      .of(Type.Text, "issuer clockSkew maxLifetime certificateBinding")
      .of(Type.Boolean, "requireExpiration")
      .of(Type.TextList, "subjects"),
  )
  .of(Type.Text, "unknownIssuers listClaims enforcement")
  .nested(Type.ObjectList, "extensionProviders", extensionProvider)
  .of(Type.Boolean, "allowOnHeadersStopIteration debugHeaders forwardOriginalToken guard")
  .of(Type.Number, "minRsaKeyBits")
  .of(Type.TextList, "filterStateClaims")
  .nested(Type.Object, "tokenCache", new Shape().of(Type.Number, "maxTokens maxBytes"))
  .of(Type.Anything, "resources")
  .nested(
    Type.Object,
    "connectionFacts",
    new Shape()
      .of(Type.Text, "directAddress peerCertificate peerUris peerDns localUris")
      .of(Type.Boolean, "singleUriSan"),
  )
  .nested(Type.Object, "xfcc", new Shape().of(Type.Text, "forward").of(Type.TextList, "details"))
  // A word or a status: `config/peer-rejection.ts`.
  .of(Type.Anything, "peerRejection");
