import { type JsonObject, typed } from './types.ts';

/** PEM, in a file or in the configuration itself. */
export type Pem = { filename: string } | { inline_string: string };

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
export function downstreamTls({ certificate, key, ca, trustDomains }: ServerTls): JsonObject {
  return {
    name: 'envoy.transport_sockets.tls',
    typed_config: typed('envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext', {
      common_tls_context: {
        tls_params: {
          tls_minimum_protocol_version: 'TLSv1_2',
          tls_maximum_protocol_version: 'TLSv1_3',
        },
        alpn_protocols: ['h2', 'http/1.1'],
        tls_certificates: [{ certificate_chain: certificate, private_key: key }],
        ...(ca === undefined ? {} : { validation_context: validation(ca, trustDomains) }),
      },
      // Never a certificate that is asked for and not verified: to the module it would look like one that is.
      ...(ca === undefined ? {} : { require_client_certificate: true }),
    }),
  };
}

function validation(ca: Pem, trustDomains: string[] | undefined): JsonObject {
  return {
    trusted_ca: ca,
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
