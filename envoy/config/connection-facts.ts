import { type JsonObject, typed } from './types.ts';

/** The filter-state keys under which `connectionFactsFilter` leaves what the module itself cannot see of a connection. */
export const CONNECTION_FACTS = {
  directAddress: 'portcullis.direct_address',
  peerUris: 'portcullis.peer_uris',
};

/**
 * The HTTP filter in front of the module that leaves the address of the direct peer, and all URI SANs of its certificate, as
 * filter state: a Wasm filter sees the address that X-Forwarded-For claims, and the first SAN alone.
 */
export function connectionFactsFilter(): JsonObject {
  const fact = (key: string, format: string): JsonObject => ({
    object_key: key,
    factory_key: 'envoy.string',
    format_string: { text_format_source: { inline_string: format } },
  });
  return {
    name: 'connection-facts',
    typed_config: typed('envoy.extensions.filters.http.set_filter_state.v3.Config', {
      on_request_headers: [
        fact(CONNECTION_FACTS.directAddress, '%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%'),
        fact(CONNECTION_FACTS.peerUris, '%DOWNSTREAM_PEER_URI_SAN%'),
      ],
    }),
  };
}
