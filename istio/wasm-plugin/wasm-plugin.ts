// Istio's WasmPlugins with the module: the HTTP filter, and the network filters for what it cannot do.
import { type Resource } from '../load.ts';
import {
  type Settings,
  connectionConfiguration,
  pluginConfiguration,
} from '../plugin-configuration.ts';
import { DIRECT_ADDRESS, needsDirectAddress } from './needs.ts';
import type { KubernetesObject } from './object.ts';
import { type Scope, namespaceOf } from './scope.ts';

/** What the API server takes at most in one request: etcd's bound. */
export const MAX_OBJECT_BYTES = 1.5 * 1024 * 1024;

/** What to make. */
export interface WasmPluginOptions {
  name: string;
  scope: Scope;
  rootNamespace: string;
  /** Of gateways: their listeners face clients, and istiod calls that mode CLIENT. */
  gateway: boolean;
  url: string;
  /** Hexadecimal; of the image's manifest for `oci://`, of the module otherwise. */
  sha256?: string | undefined;
  imagePullSecret?: string | undefined;
  phase: 'AUTHN' | 'AUTHZ' | 'STATS' | 'UNSPECIFIED_PHASE';
  priority?: number | undefined;
  failStrategy: 'FAIL_CLOSE' | 'FAIL_OPEN';
  /** Container ports that carry no HTTP, whose connections the module is to judge. */
  tcpPorts: number[];
  settings: Settings;
}

/** The WasmPlugins for `resources`, network filters first. */
export function wasmPlugins(resources: Resource[], options: WasmPluginOptions): KubernetesObject[] {
  const { settings, tcpPorts, name } = options;
  const needsAddress = needsDirectAddress(resources);
  const facts = {
    connectionFacts: {
      ...(needsAddress ? { directAddress: DIRECT_ADDRESS } : {}),
      // istiod's authority issues X.509-SVIDs, and Envoy tells a Wasm filter of the first URI SAN alone.
      singleUriSan: true,
    },
  };
  const plugins: KubernetesObject[] = [];
  if (needsAddress) {
    // It judges nothing: it leaves the address, and istiod's listener has the TLS modes.
    const configuration = pluginConfiguration([], {
      rootNamespace: settings.rootNamespace,
      workload: { protocol: 'HTTP' },
    });
    plugins.push(plugin(`${name}-network`, options, configuration, { type: 'NETWORK' }));
  }
  if (tcpPorts.length > 0) {
    const configuration = pluginConfiguration(resources, {
      ...settings,
      ...facts,
      // On all listeners, and judging these ports alone: `match` of a WasmPlugin goes by the ports of Services, and one that it does not
      // find is let through.
      workload: { protocol: 'TCP', tcpPorts },
    });
    plugins.push(
      plugin(`${name}-tcp`, options, connectionConfiguration(configuration), { type: 'NETWORK' }),
    );
  }
  const configuration = pluginConfiguration(resources, { ...settings, ...facts });
  plugins.push(plugin(name, options, configuration, {}));
  return plugins;
}

/** The plugin configurations in `objects`, as the module gets them. */
export function configurationsOf(objects: KubernetesObject[]): string[] {
  return objects
    .filter(({ kind }) => kind === 'WasmPlugin')
    .map(({ spec }) => JSON.stringify(spec.pluginConfig));
}

function plugin(
  name: string,
  options: WasmPluginOptions,
  configuration: string,
  kind: { type?: 'NETWORK' },
): KubernetesObject {
  const { scope, url, sha256, imagePullSecret, priority } = options;
  return {
    apiVersion: 'extensions.istio.io/v1alpha1',
    kind: 'WasmPlugin',
    metadata: { name, namespace: namespaceOf(scope, options.rootNamespace) },
    spec: {
      ...(scope.kind === 'workload' ? { selector: { matchLabels: scope.labels } } : {}),
      ...(kind.type === undefined ? {} : { type: kind.type }),
      url,
      ...(sha256 === undefined ? {} : { sha256 }),
      ...(imagePullSecret === undefined ? {} : { imagePullSecret }),
      phase: options.phase,
      ...(priority === undefined ? {} : { priority }),
      failStrategy: options.failStrategy,
      // On sidecars: not on the listeners for what the workload itself sends.
      match: [{ mode: options.gateway ? 'CLIENT' : 'SERVER' }],
      pluginConfig: JSON.parse(configuration) as unknown,
    },
  };
}
