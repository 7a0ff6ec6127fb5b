import type { KeyPair } from '../certificates.ts';
import { type JsonObject, typed } from './types.ts';

/** The names of a workload's secrets, and of their files: Istio's. */
export const WORKLOAD_SECRET = 'default';
export const ROOT_SECRET = 'ROOTCA';

/** Where Envoy finds a secret: `NAME.json` in a watched folder. */
export function secretConfig(name: string, folder: string): JsonObject {
  return {
    name,
    sds_config: {
      resource_api_version: 'V3',
      path_config_source: { path: `${folder}/${name}.json`, watched_directory: { path: folder } },
    },
  };
}

/** The SDS answers of a workload, by the names of their files: its own certificate, and the authority that it trusts. */
export function secretFiles(own: KeyPair, authority: string): Record<string, JsonObject> {
  const secret = (name: string, fields: JsonObject): JsonObject => ({
    resources: [typed('envoy.extensions.transport_sockets.tls.v3.Secret', { name, ...fields })],
  });
  const inline = (text: string): JsonObject => ({ inline_string: text });
  return {
    [`${WORKLOAD_SECRET}.json`]: secret(WORKLOAD_SECRET, {
      tls_certificate: { certificate_chain: inline(own.certificate), private_key: inline(own.key) },
    }),
    [`${ROOT_SECRET}.json`]: secret(ROOT_SECRET, {
      validation_context: { trusted_ca: inline(authority) },
    }),
  };
}
