// Has this plugin ever had a good configuration, in any VM of the same vm_id? It decides what a wrong one does: an update is
// rejected, and the host keeps the one in force; a first one is accepted and refuses every request, since a host may go on
// without the filter where a first configuration fails (istiod's Envoy does: the listener from before stays, open).
import {
  ANY_VERSION,
  EMPTY,
  Span,
  constant,
  getProperty,
  getShared,
  isPresent,
  propertyPath,
  setShared,
  toText,
} from "as-proxy-wasm-sdk/assembly";

const PLUGIN_NAME = propertyPath("plugin_name");
const PREFIX = "portcullis.configured ";

/** Whether `rememberConfigured` was ever called for this plugin. */
export function everConfigured(): bool {
  return isPresent(getShared(key()));
}

/** Call it when a configuration is good. */
export function rememberConfigured(): void {
  setShared(key(), EMPTY, ANY_VERSION);
}

/** Made at configuration alone, a few bytes: never freed. */
function key(): Span {
  const name = getProperty(PLUGIN_NAME);
  return constant(PREFIX + (isPresent(name) ? toText(name) : ""));
}
