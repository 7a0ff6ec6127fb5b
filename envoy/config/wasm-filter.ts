import { connectionConfiguration } from '../../istio/plugin-configuration.ts';
import { type JsonObject, typed } from './types.ts';

/** The name of the HTTP filter, of its ECDS resource and of its VM. */
export const PLUGIN = 'portcullis';
/** The same of the network filter. A VM of its own: a trap in the one must not reset what the other lets pass. */
export const NETWORK_PLUGIN = 'portcullis-network';

const HTTP_WASM = 'envoy.extensions.filters.http.wasm.v3.Wasm';
const NETWORK_WASM = 'envoy.extensions.filters.network.wasm.v3.Wasm';

/** What the module is started with. */
export interface WasmPlugin {
  /** The plugin's name: it marks log lines and statistics. */
  name: string;
  /** Plugins with the same VM name share one VM, and with it the key sets. */
  vmId: string;
  /** Path of the module. */
  module: string;
  /** Plugin configuration, JSON. */
  configuration: string;
  /** A network filter instead of an HTTP filter. */
  network?: boolean;
  /** Request bodies come while the headers are held: an external authorizer wants to see them. */
  holdsHeadersAlone?: boolean;
}

/** The filter, written into the listener. */
export function staticWasmFilter(plugin: WasmPlugin): JsonObject {
  return { name: plugin.name, typed_config: wasmConfig(plugin) };
}

/** The same plugin as network filter, in a VM of its own. */
export function networkPlugin(plugin: WasmPlugin): WasmPlugin {
  const { module } = plugin;
  const configuration = connectionConfiguration(plugin.configuration);
  const name = plugin.name.replace(PLUGIN, NETWORK_PLUGIN);
  return { name, vmId: NETWORK_PLUGIN, module, configuration, network: true };
}

/** The HTTP filter, delivered as extension configuration (ECDS) from `NAME.json` in a watched directory. */
export function discoveredWasmFilter(name: string, directory: string): JsonObject {
  return discovered(name, directory, HTTP_WASM);
}

/** The network filter, delivered in the same way. */
export function discoveredNetworkFilter(name: string, directory: string): JsonObject {
  return discovered(name, directory, NETWORK_WASM);
}

function discovered(name: string, directory: string, type: string): JsonObject {
  return {
    name,
    config_discovery: {
      config_source: {
        path_config_source: {
          path: `${directory}/${name}.json`,
          watched_directory: { path: directory },
        },
        resource_api_version: 'V3',
      },
      type_urls: [`type.googleapis.com/${type}`],
    },
  };
}

/** The ECDS answer that carries the plugin. */
export function discoveryResponse(plugin: WasmPlugin, version: string): JsonObject {
  return {
    version_info: version,
    resources: [
      typed('envoy.config.core.v3.TypedExtensionConfig', {
        name: plugin.name,
        typed_config: wasmConfig(plugin),
      }),
    ],
  };
}

function wasmConfig(plugin: WasmPlugin): JsonObject {
  return typed(plugin.network === true ? NETWORK_WASM : HTTP_WASM, {
    config: {
      name: plugin.name,
      root_id: plugin.name,
      // After a trap the VM comes back with the next request; until then, closed.
      failure_policy: 'FAIL_RELOAD',
      ...(plugin.holdsHeadersAlone === true ? { allow_on_headers_stop_iteration: true } : {}),
      configuration: typed('google.protobuf.StringValue', { value: plugin.configuration }),
      vm_config: {
        vm_id: plugin.vmId,
        runtime: 'envoy.wasm.runtime.v8',
        code: { local: { filename: plugin.module } },
      },
    },
  });
}
