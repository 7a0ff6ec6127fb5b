// The plugin configuration (docs/configuration.md): resources, verbatim, and the settings around them.
import type { Resource } from './load.ts';

/** Settings beside the resources; what is absent keeps the module's default. */
export interface Settings {
  rootNamespace?: string;
  trustDomain?: string;
  trustDomainAliases?: string[];
  workload?: {
    namespace?: string;
    labels?: Record<string, string>;
    containerPort?: number;
    /** What the network filter has behind it. */
    protocol?: 'HTTP' | 'TCP';
    /** With TCP: the container ports whose connections it judges, instead of all. */
    tcpPorts?: number[];
    /** An edge proxy, which PeerAuthentication says nothing of. */
    gateway?: boolean;
  };
  clockSkew?: string;
  connectionFacts?: ConnectionFacts;
  xfcc?: XfccSettings;
  /** What plaintext gets under STRICT where the network filter is not there: RESET, or an HTTP status. */
  peerRejection?: 'RESET' | number;
  jwks?: { uri: string; cluster?: string; refresh?: string; timeout?: string; cooldown?: string }[];
  issuers?: IssuerSettings[];
  unknownIssuers?: 'REFUSE' | 'IGNORE';
  listClaims?: 'BASE64_JSON' | 'COMMA';
  minRsaKeyBits?: number;
  filterStateClaims?: string[];
  tokenCache?: { maxTokens?: number; maxBytes?: number };
  /** MeshConfig's, verbatim. */
  extensionProviders?: ExtensionProvider[];
  /** Envoy's plugin is configured with `allow_on_headers_stop_iteration`. */
  allowOnHeadersStopIteration?: boolean;
  debugHeaders?: boolean;
  /** What may pass is marked for the filter behind that lets nothing else through. */
  guard?: boolean;
  /** Tokens stay in the request, whatever the rules say: for filters behind that want them, too. */
  forwardOriginalToken?: boolean;
  /** SHADOW: decisions are counted, logged and compared with what the proxy does, and nothing is enforced. */
  enforcement?: 'ENFORCE' | 'SHADOW';
}

/** Filter-state keys. */
export interface ConnectionFacts {
  directAddress?: string;
  peerCertificate?: string;
  peerUris?: string;
  /** No certificate of a client has more than one URI SAN, as Istio's have (X.509-SVID §2). */
  singleUriSan?: boolean;
  peerDns?: string;
  localUris?: string;
}

/** What the module writes into X-Forwarded-Client-Cert; the connection manager must run ALWAYS_FORWARD_ONLY then. */
export interface XfccSettings {
  forward: 'SANITIZE' | 'FORWARD_ONLY' | 'APPEND_FORWARD' | 'SANITIZE_SET' | 'ALWAYS_FORWARD_ONLY';
  details?: ('Subject' | 'URI' | 'DNS')[];
}

/** X-Forwarded-Client-Cert as Istio has it: gateways set it, sidecars append to it. */
export function xfccOf(gateway: boolean): XfccSettings {
  return {
    forward: gateway ? 'SANITIZE_SET' : 'APPEND_FORWARD',
    details: ['Subject', 'URI', 'DNS'],
  };
}

/** MeshConfig.extensionProviders[], as far as anybody here reads it: the rest is the module's to judge. */
export interface ExtensionProvider {
  name?: string;
  envoyExtAuthzHttp?: {
    service?: string;
    port?: number;
    includeRequestBodyInCheck?: unknown;
    [field: string]: unknown;
  };
  [kind: string]: unknown;
}

/** The host and port of every external authorizer over HTTP. */
export function authorizersOf(settings: Settings): { host: string; port: number }[] {
  return (settings.extensionProviders ?? []).flatMap(({ envoyExtAuthzHttp: http }) => {
    const host = http?.service?.replace(/^[^/]*\//, '');
    return host === undefined || http?.port === undefined ? [] : [{ host, port: http.port }];
  });
}

/** Whether an external authorizer wants to see the body of a request. */
export function wantsBodies(settings: Settings): boolean {
  return (settings.extensionProviders ?? []).some(
    ({ envoyExtAuthzHttp: http }) => http?.includeRequestBodyInCheck !== undefined,
  );
}

/** What holds for one issuer's tokens beyond Istio's fields. */
export interface IssuerSettings {
  issuer: string;
  clockSkew?: string;
  requireExpiration?: boolean;
  maxLifetime?: string;
  subjects?: string[];
  certificateBinding?: 'IGNORE' | 'IF_PRESENT' | 'REQUIRE';
}

/** The configuration as JSON text. Deterministic: settings in the order of the documentation, resources as given. */
export function pluginConfiguration(resources: Resource[], settings: Settings = {}): string {
  return JSON.stringify({
    rootNamespace: settings.rootNamespace,
    trustDomain: settings.trustDomain,
    trustDomainAliases: settings.trustDomainAliases,
    workload: settings.workload,
    clockSkew: settings.clockSkew,
    connectionFacts: settings.connectionFacts,
    xfcc: settings.xfcc,
    peerRejection: settings.peerRejection,
    jwks: settings.jwks,
    issuers: settings.issuers,
    unknownIssuers: settings.unknownIssuers,
    listClaims: settings.listClaims,
    minRsaKeyBits: settings.minRsaKeyBits,
    filterStateClaims: settings.filterStateClaims,
    tokenCache: settings.tokenCache,
    extensionProviders: settings.extensionProviders,
    allowOnHeadersStopIteration:
      settings.allowOnHeadersStopIteration ?? (wantsBodies(settings) ? true : undefined),
    debugHeaders: settings.debugHeaders,
    guard: settings.guard,
    forwardOriginalToken: settings.forwardOriginalToken,
    enforcement: settings.enforcement,
    resources: resources.map(({ value }) => value),
  });
}

/**
 * The same configuration for a network filter: without RequestAuthentications. No connection has a token, and the filter would fetch key
 * sets that it never uses.
 */
export function connectionConfiguration(configuration: string): string {
  const { resources, ...settings } = JSON.parse(configuration) as { resources: { kind: string }[] };
  return JSON.stringify({
    ...settings,
    resources: resources.filter(({ kind }) => kind !== 'RequestAuthentication'),
  });
}

/** Every jwksUri that the resources name, once. */
export function jwksUrisOf(resources: Resource[]): string[] {
  const uris = resources.flatMap(({ kind, value }) => {
    if (kind !== 'RequestAuthentication') return [];
    const spec = value.spec as { jwtRules?: Record<string, unknown>[] } | undefined;
    return (spec?.jwtRules ?? []).map((rule) => rule?.jwksUri ?? rule?.jwks_uri);
  });
  return [
    ...new Set(uris.filter((uri) => typeof uri === 'string' && URL.canParse(uri))),
  ] as string[];
}

/**
 * The resources with key sets written into them (`jwks`) in the place of a `jwksUri`: `documents` holds the text of a key set
 * by URI. The resources given stay as they are.
 */
export function withKeySets(resources: Resource[], documents: Map<string, string>): Resource[] {
  return resources.map((resource) => {
    const spec = resource.value.spec as { jwtRules?: Record<string, unknown>[] } | undefined;
    if (resource.kind !== 'RequestAuthentication' || !Array.isArray(spec?.jwtRules))
      return resource;
    const jwtRules = spec.jwtRules.map((rule) => {
      // Istio's CRD has two names for it.
      const { jwksUri, jwks_uri, ...rest } = rule ?? {};
      const jwks = documents.get(String(jwksUri ?? jwks_uri));
      return jwks === undefined ? rule : { ...rest, jwks };
    });
    return { ...resource, value: { ...resource.value, spec: { ...spec, jwtRules } } };
  });
}
