import { loadResources, type Resource } from '../istio/load.ts';
import { formatProblem } from '../istio/problem.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { readInput } from './read-input.ts';

/** Loads the policies of `-f FILE…`. Throws Failure with every problem. */
export async function readPolicies(files: string[]): Promise<Resource[]> {
  const sources = [];
  for (const file of files) sources.push({ file, text: await readInput(file) });
  const { resources, problems } = loadResources(sources);
  if (problems.length > 0) throw new Failure(ExitCode.Findings, ...problems.map(formatProblem));
  return resources;
}
