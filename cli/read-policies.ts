import { loadResources, type Resource } from '../istio/load.ts';
import { formatProblem } from '../istio/problem.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { readInputs } from './read-input.ts';

/** Loads the policies of `-f FILE…`. Throws Failure with every problem. */
export async function readPolicies(files: string[]): Promise<Resource[]> {
  const { resources, problems } = loadResources(await readInputs(files));
  if (problems.length > 0) throw new Failure(ExitCode.Findings, ...problems.map(formatProblem));
  return resources;
}
