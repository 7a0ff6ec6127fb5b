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
  const errors = process.logs('error');
  const warnings = process.logs('warn').filter((line) => !errors.includes(line));
  if (!plugin.inForce && errors.length === 0) throw new Error('refused without a reason');
  return { errors: [...new Set(errors)], warnings: [...new Set(warnings)] };
}
