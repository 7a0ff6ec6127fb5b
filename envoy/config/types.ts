// Envoy's configuration is built as plain objects; `envoy --mode validate` is what checks them.

/** A JSON value. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
/** A JSON object: a message of Envoy's API in its JSON form. */
export type JsonObject = { [key: string]: Json };

/** Where something listens, or is reached. `port` 0: Envoy takes a free one. */
export interface Address {
  address: string;
  port: number;
}

/** The workload that a proxy stands in front of, as Istio's agent writes it into the node metadata. */
export interface Node {
  namespace: string;
  labels: Record<string, string>;
}

/** A `typed_config` of this type. */
export function typed(type: string, fields: JsonObject): JsonObject {
  return { '@type': `type.googleapis.com/${type}`, ...fields };
}

/** A core.v3.Address. */
export function socketAddress({ address, port }: Address): JsonObject {
  return { socket_address: { address, port_value: port } };
}
