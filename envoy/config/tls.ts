import { ROOT_SECRET, WORKLOAD_SECRET, secretConfig } from './secrets.ts';
import { type JsonObject, typed } from './types.ts';

/** PEM, in a file or in the configuration itself. */
export type Pem = { filename: string } | { inline_string: string };

/** The same from a folder of secrets (SDS), which may be renewed while connections last: `secrets.ts`. */
export interface SecretTls {
  secrets: string;
  trustDomains?: string[];
}

/** What a listener presents, and whom it trusts. */
export interface ServerTls {
  certificate: Pem;
  key: Pem;
  /** Authorities of the clients, each of which must present a certificate of theirs; absent: no client is asked for one. */
  ca?: Pem;
  /** Client certificates must have a URI SAN of one of these trust domains; absent: any. */
  trustDomains?: string[];
}

/** TLS towards clients, as istiod configures it. */
export function downstreamTls(tls: ServerTls | SecretTls): JsonObject {
  // Never a certificate that is asked for and not verified: to the module it would look like one that is.
  const verifies = 'secrets' in tls || tls.ca !== undefined;
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      common_tls_context: {
        tls_params: {
          tls_minimum_protocol_version: 'TLSv1_2',
          tls_maximum_protocol_version: 'TLSv1_3',
        },
        alpn_protocols: ['h2', 'http/1.1'],
        ...('secrets' in tls
          ? secretContext(tls.secrets, peerNames(tls.trustDomains))
          : {
              tls_certificates: [{ certificate_chain: tls.certificate, private_key: tls.key }],
              ...(tls.ca === undefined
                ? {}
                : {
                    validation_context: { trusted_ca: tls.ca, ...peerNames(tls.trustDomains) },
                  }),
            }),
      },
      ...(verifies ? { require_client_certificate: true } : {}),
    }),
  };
}

/** TLS towards a workload of the mesh, with the own certificate: `identities` are the SPIFFE URIs that it may have. */
export function meshUpstreamTls(secrets: string, sni: string, identities: string[]): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', {
      sni,
      common_tls_context: {
        // By these a sidecar tells the mesh from an app's own TLS.
        alpn_protocols: ['istio-http/1.1', 'istio', 'http/1.1'],
        ...secretContext(secrets, {
          match_typed_subject_alt_names: identities.map((uri) => ({
            san_type: 'URI',
            matcher: { exact: uri },
          })),
        }),
      },
    }),
  };
}

/** TLS towards a server of which nothing but its name is known: DestinationRule SIMPLE. */
export function simpleUpstreamTls(sni: string): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', { sni }),
  };
}

function secretContext(secrets: string, names: JsonObject): JsonObject {
  return {
    tls_certificate_sds_secret_configs: [secretConfig(WORKLOAD_SECRET, secrets)],
    combined_validation_context: {
      default_validation_context: names,
      validation_context_sds_secret_config: secretConfig(ROOT_SECRET, secrets),
    },
  };
}

function peerNames(trustDomains: string[] | undefined): JsonObject {
  return {
    ...(trustDomains === undefined
      ? {}
      : {
          match_typed_subject_alt_names: trustDomains.map((domain) => ({
            san_type: 'URI',
            matcher: { prefix: `spiffe://${domain}/` },
          })),
        }),
  };
}
