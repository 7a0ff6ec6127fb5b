// Is a plugin configuration right? The module itself is asked, in the Node host: nobody else's opinion counts in Envoy.
import { nodePlatform } from '../host/node-platform.ts';
import type { Node } from '../host/node-properties.ts';
import { Process } from '../host/process.ts';
import type { Resource } from '../istio/load.ts';
import { locateErrors } from '../istio/module-errors.ts';
import { formatProblem } from '../istio/problem.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { shippedModule } from './package-files.ts';

/** The verdict: the module's own lines, without their level. */
export interface Verdict {
  errors: string[];
  warnings: string[];
}

/** Has the module try `configuration` on a node. */
export async function judgeConfiguration(configuration: string, node: Node): Promise<Verdict> {
  const process = new Process({ platform: nodePlatform, node });
  const isTaken = process.tries(await shippedModule(), {
    name: 'portcullis',
    rootId: 'portcullis',
    configuration,
  });
  // A first configuration that is wrong is accepted and refuses everything: its errors are what tells.
  const lines = (level: string): string[] => {
    const own = process.logLines.filter((line) => line.level === level);
    return [...new Set(own.map(({ message }) => message))];
  };
  if (!isTaken) throw new Error(process.logs('error').join('\n'));
  return { errors: lines('error'), warnings: lines('warn') };
}

/**
 * The configuration of `resources`, if the module takes it. Warnings go to standard error; throws Failure with a line for
 * everything that it refuses.
 */
export async function judgedConfiguration(
  configuration: string,
  node: Node,
  resources: Resource[],
): Promise<string> {
  const { errors, warnings } = await judgeConfiguration(configuration, node);
  for (const warning of warnings) process.stderr.write(`${warning}\n`);
  if (errors.length > 0) {
    throw new Failure(ExitCode.Findings, ...locateErrors(errors, resources).map(formatProblem));
  }
  return configuration;
}
