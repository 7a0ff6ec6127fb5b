// Lint: the text, the schema, the module's own verdict, and what none of them can see.
import { type Resource, type Source, POLICY_KINDS, loadResources } from '../load.ts';
import { locateErrors } from '../module-errors.ts';
import type { Problem } from '../problem.ts';
import { crdOf } from '../schema/resource-schema.ts';
import { schemaFindings } from '../schema/validate.ts';
import { attributeHint } from './attributes.ts';
import type { Check, Finding } from './check.ts';
import { addresses } from './checks/addresses.ts';
import { breadth } from './checks/breadth.ts';
import { emptyLists } from './checks/empty-lists.ts';
import { identity } from './checks/identity.ts';
import { keySets } from './checks/key-sets.ts';
import { paths } from './checks/paths.ts';
import { ports } from './checks/ports.ts';
import { scopes } from './checks/scopes.ts';
import { shadowed } from './checks/shadowed.ts';
import { tokens } from './checks/tokens.ts';
import { values } from './checks/values.ts';
import { CODES, type Code } from './codes.ts';
import { fixOf } from './fix.ts';
import { lintKinds } from './kinds.ts';
import { withoutEchoes } from './echoes.ts';
import { type ModuleJudge, judgeInPieces } from './module-verdict.ts';
import { type Suppression, annotated, isSuppressed, vainAnnotations } from './suppressions.ts';
import { type Mesh, worldOf } from './world.ts';

/** What lint needs to know beside the text. */
export interface LintOptions {
  /** Where a resource without namespace goes. */
  namespace: string;
  mesh: Mesh;
  /** Names of MeshConfig's extensionProviders; undefined where there is no MeshConfig. */
  providers?: string[];
  suppressions: Suppression[];
  /** The module, which has the last word on policies. */
  judge: ModuleJudge;
}

/** What lint found, in the order of the text. */
export interface LintResult {
  problems: Problem[];
  /** Those that were linted. */
  resources: Resource[];
  /** How many findings were suppressed. */
  suppressed: number;
  /** Whether there was too much to compare each with each: there may be more findings. */
  isPartial: boolean;
}

const CHECKS: Check[] = [
  ...[breadth, tokens, keySets, scopes, ports],
  ...[values, paths, addresses, shadowed, identity, emptyLists],
];

/** Codes that say that something is missing elsewhere: where something could not be read, it may be just that. */
const OF_ABSENCE: Code[] = ['PC0305', 'PC0306', 'PC0307', 'PC0331', 'PC0333'];

/** Lints sources together: a policy in one may need what stands in another. */
export async function lint(sources: Source[], options: LintOptions): Promise<LintResult> {
  const loaded = loadResources(sources, options.namespace, lintKinds);
  const resources = loaded.resources.filter(({ kind }) => crdOf(kind) !== undefined);
  const context = loaded.resources.filter(({ kind }) => crdOf(kind) === undefined);
  const errors = [
    ...loaded.problems,
    ...(await withModule(resources, options.judge)),
    ...repeated(resources),
  ];
  if (resources.length === 0 && errors.length === 0) errors.push(...nothingIn(sources));
  const bad = new Set(errors.map(({ resource }) => resource));
  const sound = resources.filter((resource) => !bad.has(titleOf(resource)));
  const isWhole = sound.length === resources.length && loaded.problems.length === 0;
  const world = worldOf(sound, context, options.mesh);
  const findings = [
    ...CHECKS.flatMap((check) => check(world)),
    ...unknownProviders(sound, options.providers),
  ].filter(({ code }) => isWhole || !OF_ABSENCE.includes(code));
  const kept = findings.filter(({ code, resource }) => !annotated(resource).includes(code));
  const vain = resources.flatMap(vainAnnotations);
  const all = [...errors, ...[...kept, ...vain].map(problemOf)];
  const problems = all.filter((problem) => !isSuppressed(problem, options.suppressions));
  return {
    problems: inOrder(problems, sources),
    resources,
    suppressed: findings.length - kept.length + all.length - problems.length,
    isPartial: world.effort.isSpent,
  };
}

/** What the schema and the module say: each thing once. */
async function withModule(resources: Resource[], judge: ModuleJudge): Promise<Problem[]> {
  const bySchema = resources.flatMap((resource) =>
    schemaFindings(resource.kind, resource.value).map((finding) =>
      problemOf({ ...finding, resource }),
    ),
  );
  const policies = resources.filter(({ kind }) => POLICY_KINDS.includes(kind));
  const verdicts = await judgeInPieces(policies, judge);
  const byModule = verdicts.flatMap(({ lines, judged }) => locateErrors(lines, judged));
  // Whether a resource stands there twice is found here, over all pieces and kinds.
  return withoutEchoes(
    bySchema,
    byModule
      .filter(({ code }) => code !== 'PC0011')
      .map((problem) => ({
        ...problem,
        message: problem.message + attributeHint(problem.message),
      })),
  );
}

/** Resources of the same name. Steps of a page may each bring another version of one. */
function repeated(resources: Resource[]): Problem[] {
  const seen = new Map<string, Resource>();
  return resources.flatMap((resource): Problem[] => {
    const title = titleOf(resource);
    const first = seen.get(title);
    seen.set(title, first ?? resource);
    if (first === undefined || resource.name === '') return [];
    if (first.source.isStep === true && first.source !== resource.source) return [];
    const { line } = first.locate('metadata.name');
    const message = `stands there twice: first at ${first.file}:${line}`;
    return [problemOf({ code: 'PC0011', resource, path: 'metadata.name', message })];
  });
}

function nothingIn(sources: Source[]): Problem[] {
  const message = 'there is no resource of Istio’s in here';
  return sources
    .slice(0, 1)
    .map(({ file }) => ({ file, line: 1, column: 1, code: 'PC0008', level: 'warning', message }));
}

function unknownProviders(resources: Resource[], providers: string[] | undefined): Finding[] {
  if (providers !== undefined) return [];
  return resources.flatMap((resource): Finding[] => {
    const { provider } = (resource.value.spec ?? {}) as { provider?: { name?: string } | null };
    if (provider?.name === undefined) return [];
    const message = `whether there is a provider "${provider.name}" is not known: give --mesh-config`;
    return [{ code: 'PC0334', resource, path: 'spec.provider.name', message }];
  });
}

function problemOf({ code, resource, path, message, intent }: Finding): Problem {
  const fix = intent === undefined ? undefined : fixOf(resource, path, intent);
  return {
    file: resource.file,
    ...resource.locate(path),
    code,
    level: CODES[code].level,
    resource: titleOf(resource),
    path,
    message,
    ...(fix === undefined ? {} : { fix }),
  };
}

function titleOf({ kind, namespace, name }: Resource): string {
  return `${kind} ${namespace}/${name}`;
}

function inOrder(problems: Problem[], sources: Source[]): Problem[] {
  const files = [...new Set(sources.map(({ file }) => file))];
  const rank = new Map(files.map((file, i) => [file, i]));
  const at = ({ file }: Problem): number => rank.get(file) ?? 0;
  return problems.toSorted(
    (a, b) => at(a) - at(b) || a.line - b.line || a.column - b.column || (a.code < b.code ? -1 : 1),
  );
}
