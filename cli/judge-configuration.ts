// Is a plugin configuration right? The module itself is asked, in the Node host: nobody else's opinion counts in Envoy.
import { nodePlatform } from '../host/node-platform.ts';
import type { Node } from '../host/node-properties.ts';
import { Process } from '../host/process.ts';
import { shippedModule } from './package-files.ts';

/** The verdict: the module's own lines, without their level. */
export interface Verdict {
  errors: string[];
  warnings: string[];
}

/** Configures the module with `configuration` on a node. */
export async function judgeConfiguration(configuration: string, node: Node): Promise<Verdict> {
  const process = new Process({ platform: nodePlatform, node });
  const plugin = process.load(await shippedModule(), {
    name: 'portcullis',
    rootId: 'portcullis',
    configuration,
  });
  // A first configuration that is wrong is accepted and refuses everything: its errors are what tells.
  const lines = (level: string): string[] => {
    const own = process.logLines.filter((line) => line.level === level);
    return [...new Set(own.map(({ message }) => message))];
  };
  if (!plugin.inForce) throw new Error(process.logs('error').join('\n'));
  return { errors: lines('error'), warnings: lines('warn') };
}
