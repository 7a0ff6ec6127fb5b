// What `render wasmplugin -n foo` makes, without the command: where there are hundreds of them.
import { loadResources } from '../../istio/load.ts';
import type { Settings } from '../../istio/plugin-configuration.ts';
import { wasmPlugins } from '../../istio/wasm-plugin/wasm-plugin.ts';
import type { KubeObject } from './kube.ts';

/** The plugins of namespace foo with these policies; the module is at `url`. Throws Error with the first thing that is wrong. */
export function pluginObjects(
  policies: KubeObject[],
  url: string,
  settings: Settings,
): KubeObject[] {
  const text = policies.map((policy) => JSON.stringify(policy)).join('\n---\n');
  const { resources, problems } = loadResources([{ file: 'policies', text }]);
  if (problems[0] !== undefined) throw new Error(problems[0].message);
  return wasmPlugins(resources, {
    name: 'portcullis',
    scope: { kind: 'namespace', namespace: 'foo' },
    rootNamespace: 'istio-system',
    gateway: false,
    url,
    phase: 'AUTHN',
    failStrategy: 'FAIL_CLOSE',
    tcpPorts: [],
    settings,
  }).map((object) => ({ ...object }));
}
