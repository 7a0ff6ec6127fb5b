// The ports of a sidecar beside those of its workload: Istio's, as far as Istio has them.

/** Where a workload's requests over HTTP go out. */
export const OUTBOUND_PORT = 15001;
/** Envoy's admin interface. */
export const ADMIN_PORT = 15002;
/** The first port of the listeners for services without HTTP. */
export const FIRST_TCP_PORT = 16000;
