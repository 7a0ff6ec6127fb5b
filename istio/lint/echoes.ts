// The schema and the module often see the same mistake: it is told once, by whoever says more of it.
import type { Problem } from '../problem.ts';
import type { Code } from './codes.ts';

/** Here the module's words are Istio's own, and its place is closer. */
const BETTER_BY_MODULE: Code[] = ['PC0105', 'PC0106', 'PC0107'];

/** Both lists as one, without what only repeats the other's. */
export function withoutEchoes(bySchema: Problem[], byModule: Problem[]): Problem[] {
  const module = new Map<string, Problem[]>();
  for (const problem of byModule) {
    const list = module.get(keyOf(problem)) ?? [];
    module.set(keyOf(problem), [...list, problem]);
  }
  const kept = bySchema.filter(
    (problem) =>
      !BETTER_BY_MODULE.includes(problem.code) ||
      !(module.get(keyOf(problem)) ?? []).some(({ path }) => touches(path, problem.path)),
  );
  const told = new Set(kept.map((problem) => `${keyOf(problem)} ${problem.path}`));
  return [...kept, ...byModule.filter((problem) => !told.has(`${keyOf(problem)} ${problem.path}`))];
}

function keyOf({ file, resource }: Problem): string {
  return `${file} ${resource}`;
}

/** Whether one path is the other, or leads to it. */
function touches(a = '', b = ''): boolean {
  const leads = (outer: string, inner: string): boolean =>
    outer === '' || (inner.startsWith(outer) && /^($|[.[])/.test(inner.slice(outer.length)));
  return leads(a, b) || leads(b, a);
}
