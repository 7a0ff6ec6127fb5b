// What the module itself says of the policies on one workload: whether they are right, and whether it takes mutual TLS or plaintext
// then: the one is what istiod tells the clients of a workload. Nobody else's opinion counts in Envoy.
import { nodePlatform } from '../../host/node-platform.ts';
import { Process } from '../../host/process.ts';
import type { Resource } from '../../istio/load.ts';
import { clusterNameOf } from '../config/clusters.ts';
import { jwksUrisOf, pluginConfiguration } from '../../istio/plugin-configuration.ts';
import type { Workload } from './model.ts';
import { settingsOf } from './proxy-config.ts';

/** The verdict: lines of the module's log. */
export interface Verdict {
  errors: string[];
  warnings: string[];
  /** Whether clients may speak mutual TLS to the port. */
  mutual: boolean;
  /** Whether they may speak plaintext to it. */
  plaintext: boolean;
}

/** Judges policies on a port of a workload. */
export function judgeWorkload(
  module: WebAssembly.Module,
  workload: Workload,
  port: number,
  protocol: 'http' | 'tcp',
  policies: Resource[],
): Verdict {
  const process = new Process({
    platform: nodePlatform,
    node: { namespace: workload.namespace, labels: workload.labels },
    clusters: jwksUrisOf(policies).map(clusterNameOf),
  });
  const plugin = process.load(module, {
    name: 'portcullis',
    rootId: 'portcullis',
    configuration: pluginConfiguration(policies, settingsOf(workload, port, protocol)),
  });
  const lines = (level: string): string[] => [
    ...new Set(
      process.logLines.filter((line) => line.level === level).map(({ message }) => message),
    ),
  ];
  // Before its handshake is over, a TLS connection is refused under DISABLE alone.
  const connection = plugin.connect({ tls: true, destinationPort: port });
  const mutual = workload.injected && connection?.state === 'open';
  const plaintext = plugin.connect({ destinationPort: port })?.state === 'open';
  return { errors: lines('error'), warnings: lines('warn'), mutual, plaintext };
}
