// The module as lint's judge: what it has against policies, whichever workload they are for.
import { CONNECTION_FACTS } from '../envoy/config/connection-facts.ts';
import type { ModuleJudge } from '../istio/lint/module-verdict.ts';
import type { Resource } from '../istio/load.ts';
import type { MeshConfig } from '../istio/mesh-config.ts';
import { type ExtensionProvider, pluginConfiguration } from '../istio/plugin-configuration.ts';
import { judgeConfiguration } from './judge-configuration.ts';

/**
 * A namespace that no policy can be in, and the root: what the module has to say of policies does not depend on the workload. That
 * two of them want different authorizers for one is PC0332.
 */
const NOWHERE = '-';
const NOBODY = { namespace: NOWHERE, labels: {} };

/** The judge of `lint`: the shipped module. `isGiven`: whether the MeshConfig is one, or what stands for none. */
export function moduleJudge({ settings }: MeshConfig, isGiven: boolean): ModuleJudge {
  return async (resources) => {
    const configuration = pluginConfiguration(resources, {
      ...settings,
      rootNamespace: NOWHERE,
      connectionFacts: CONNECTION_FACTS,
      ...(isGiven ? {} : { extensionProviders: assumedProviders(resources) }),
    });
    return (await judgeConfiguration(configuration, NOBODY)).errors;
  };
}

/** Without a MeshConfig, whatever provider a policy names is taken to be there; PC0334 says so. */
function assumedProviders(resources: Resource[]): ExtensionProvider[] {
  const names = resources.flatMap(({ value }) => {
    const { provider } = (value.spec ?? {}) as { provider?: { name?: unknown } | null };
    const name = provider?.name;
    return typeof name === 'string' && name !== '' ? [name] : [];
  });
  return [...new Set(names)].map((name) => ({
    name,
    envoyExtAuthzHttp: { service: 'assumed.example', port: 80 },
  }));
}
