import { type JsonObject, typed } from './types.ts';

/** The filter-state keys under which `connectionFactsFilter` leaves what the module itself cannot see of a connection. */
export const CONNECTION_FACTS = {
  directAddress: 'portcullis.direct_address',
  peerCertificate: 'portcullis.peer_certificate',
  localUris: 'portcullis.local_uris',
};

const FORMATS: [key: string, format: string][] = [
  [CONNECTION_FACTS.directAddress, '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%'],
  // Not the lists of its names: a comma in one cannot be told there from one between two.
  [CONNECTION_FACTS.peerCertificate, '%DOWNSTREAM_PEER_CERT%'],
  [CONNECTION_FACTS.localUris, '%DOWNSTREAM_LOCAL_URI_SAN%'],
];

/**
 * The network filter in front of all others that leaves, once a connection, the address of the direct peer, its certificate and all URI
 * SANs of the proxy's own as filter state: a Wasm filter sees the address that X-Forwarded-For claims, and the first SAN alone. `endsTls`: the
 * chain has a TLS handshake, before which the names are not known; Envoy 1.36 cannot wait for it.
 */
export function connectionFactsFilter(endsTls: boolean): JsonObject {
  const facts = FORMATS.map(([key, format]): JsonObject => ({
    object_key: key,
    factory_key: 'envoy.string',
    format_string: { text_format_source: { inline_string: format } },
  }));
  return {
    name: 'connection-facts',
    typed_config: typed('envoy.extensions.filters.network.set_filter_state.v3.Config', {
      on_new_connection: facts,
      ...(endsTls ? { on_downstream_tls_handshake: facts } : {}),
    }),
  };
}
