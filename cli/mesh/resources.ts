// `portcullis mesh apply`, `get`, `delete` and `create`: kubectl's habits.
import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { callControl } from '../../envoy/mesh/control.ts';
import { KINDS, kindNamed, resourceName } from '../../envoy/mesh/kinds.ts';
import type { Outcome } from '../../envoy/mesh/plan.ts';
import type { MeshStatus } from '../../envoy/mesh/server.ts';
import type { StoredResource } from '../../envoy/mesh/store.ts';
import { loadResources } from '../../istio/load.ts';
import { formatProblem } from '../../istio/problem.ts';
import { ExitCode, Failure } from '../exit-codes.ts';
import { list } from '../policy-inputs.ts';
import { readManifests } from './manifests.ts';
import { jsonpath } from './jsonpath.ts';
import { parseSelector } from './label-selector.ts';
import { meshFolder, meshOption } from './place.ts';
import { type Listed, listTable } from './tables.ts';

interface Common {
  mesh: string;
  namespace?: string;
}

/** What kubectl calls pods. */
const POD = /^(pods?|po)$/i;

const NAMESPACE = [
  '-n, --namespace <namespace>',
  'the namespace; default, where none is told',
] as const;

export function applyCommand(): Command {
  return new Command('apply')
    .summary('puts resources into force')
    .description(
      'Applies resources, all of them or, where one is wrong, none. When it returns, every Envoy of the mesh enforces them.',
    )
    .requiredOption('-f, --filename <file…>', 'YAML or JSON; - is standard input', list)
    .option(...NAMESPACE)
    .addOption(meshOption())
    .addHelpText(
      'before',
      'Examples:\n  portcullis mesh apply -f samples/strict.yaml\n  portcullis mesh apply -n foo -f - < policy.yaml\n',
    )
    .action(async (options: Common & { filename: string[] }) => {
      const sources = await readManifests(options.filename);
      const namespace = options.namespace ?? 'default';
      const folder = meshFolder(options.mesh);
      const outcome = await callControl<Outcome>(folder, 'apply', { sources, namespace });
      finish(outcome);
      if (outcome.changes.length === 0) {
        throw new Failure(ExitCode.Findings, 'error: no objects passed to apply');
      }
    });
}

export function createCommand(): Command {
  return new Command('create')
    .summary('makes a namespace')
    .description('Makes a namespace: `create namespace NAME`.')
    .argument('<kind>', 'namespace, or ns')
    .argument('<name>')
    .addOption(meshOption())
    .addHelpText('before', 'Examples:\n  portcullis mesh create namespace foo\n')
    .action(async (kind: string, name: string, options: Common) => {
      if (kindNamed(kind)?.kind !== 'Namespace') {
        throw new Failure(
          ExitCode.Usage,
          `create ${kind}: only namespaces can be made without a file`,
        );
      }
      const folder = meshFolder(options.mesh);
      const all = await callControl<{ resource: StoredResource }[]>(folder, 'resources');
      if (
        all.some(({ resource }) => resource.kind === 'Namespace' && resource.metadata.name === name)
      ) {
        throw new Failure(
          ExitCode.Findings,
          `Error from server (AlreadyExists): namespaces "${name}" already exists`,
        );
      }
      const value = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } };
      const sources = [{ file: 'namespace', text: JSON.stringify(value) }];
      finish(await callControl<Outcome>(folder, 'apply', { sources, namespace: 'default' }));
    });
}

export function deleteCommand(): Command {
  return new Command('delete')
    .summary('takes resources out of force')
    .description('Deletes resources by kind and name, or those of files.')
    .argument('[kind]')
    .argument('[names...]')
    .option('-f, --filename <file…>', 'YAML or JSON; - is standard input', list)
    .option('--all', 'all of the kind in the namespace')
    .option('--ignore-not-found', 'what is not there is no error')
    .option(...NAMESPACE)
    .addOption(meshOption())
    .addHelpText(
      'before',
      'Examples:\n  portcullis mesh delete -f samples/strict.yaml\n  portcullis mesh delete authorizationpolicy deny-all -n foo\n  portcullis mesh delete peerauthentication --all -n foo\n',
    )
    .action(remove);
}

async function remove(
  kindText: string | undefined,
  names: string[],
  options: Common & { filename?: string[]; all?: boolean; ignoreNotFound?: boolean },
): Promise<void> {
  const folder = meshFolder(options.mesh);
  const namespace = options.namespace ?? 'default';
  const wanted: { kind: string; namespace: string; names: string[] | 'all' }[] = [];
  if (options.filename !== undefined) {
    const kinds = KINDS.map(({ kind }) => kind);
    const sources = await readManifests(options.filename);
    const { resources, problems } = loadResources(sources, namespace, kinds);
    if (problems.length > 0) {
      throw new Failure(ExitCode.Findings, ...problems.map(formatProblem));
    }
    for (const { kind, namespace: own, name } of resources) {
      wanted.push({ kind, namespace: own, names: [name] });
    }
  } else {
    const [first, slashed] = (kindText ?? '').split('/');
    const all = slashed === undefined ? names : [slashed, ...names];
    if (POD.test(first ?? '')) return restart(folder, namespace, all);
    const kind = knownKind(first ?? '');
    if (all.length === 0 && options.all !== true) {
      throw new Failure(ExitCode.Usage, 'delete: give names, or --all');
    }
    wanted.push({ kind, namespace, names: options.all === true ? 'all' : all });
  }
  const outcomes: Outcome[] = [];
  for (const one of wanted) outcomes.push(await callControl<Outcome>(folder, 'delete', one));
  const problems = outcomes.flatMap((outcome) => outcome.problems);
  finish({
    changes: outcomes.flatMap(({ changes }) => changes),
    warnings: outcomes.flatMap(({ warnings }) => warnings),
    problems:
      options.ignoreNotFound === true
        ? problems.filter((line) => !line.includes('(NotFound)'))
        : problems,
  });
}

/** A pod that is deleted comes again: its Deployment wants it. */
async function restart(folder: string, namespace: string, names: string[]): Promise<void> {
  if (names.length === 0) throw new Failure(ExitCode.Usage, 'delete pod: which one?');
  for (const name of names) {
    const pod = await callControl<string>(folder, 'restart', { namespace, name });
    process.stdout.write(`pod "${pod}" deleted\n`);
  }
}

/** Prints what has changed, as kubectl does; throws Failure with what is wrong. */
function finish({ changes, problems, warnings }: Outcome): void {
  for (const { kind, name, action } of changes) {
    const what = resourceName(kind, name);
    process.stdout.write(
      action === 'deleted' ? `${what.replace('/', ' "')}" deleted\n` : `${what} ${action}\n`,
    );
  }
  for (const warning of warnings) process.stderr.write(`Warning: ${warning}\n`);
  if (problems.length > 0) throw new Failure(ExitCode.Findings, ...problems);
}

interface GetOptions extends Common {
  allNamespaces?: boolean;
  selector?: string;
  output?: string;
  headers: boolean;
}

export function getCommand(): Command {
  return new Command('get')
    .summary('shows resources and pods')
    .description(
      'Shows resources of a kind, or pods. `-o wide` tells which workloads a policy concerns.',
    )
    .argument('<kind>', 'pods, services, peerauthentications, …; several with commas')
    .argument('[name]')
    .option(...NAMESPACE)
    .option('-A, --all-namespaces', 'of all namespaces')
    .option('-l, --selector <labels>', 'those with these labels: k=v,k!=v,k')
    .addOption(
      new Option('-o, --output <format>', 'table, wide, yaml, json, name, or jsonpath=EXPRESSION'),
    )
    .option('--no-headers', 'a table without its first line')
    .addOption(meshOption())
    .addHelpText(
      'before',
      'Examples:\n  portcullis mesh get pods -A\n  portcullis mesh get authorizationpolicies -n foo -o yaml\n',
    )
    .action(get);
}

async function get(kinds: string, name: string | undefined, options: GetOptions): Promise<void> {
  const folder = meshFolder(options.mesh);
  const listed: Listed[] = [];
  for (const text of kinds.split(',')) {
    const [first, slashed] = text.split('/');
    const kind = POD.test(first!) ? 'Pod' : knownKind(first!);
    const all = kind === 'Pod' ? await pods(folder) : await stored(folder, kind);
    const wanted = slashed ?? name;
    const chosen = all
      .filter(
        ({ namespace }) =>
          options.allNamespaces === true ||
          namespace === '' ||
          namespace === (options.namespace ?? 'default'),
      )
      .filter(({ value }) => wanted === undefined || value.metadata.name === wanted)
      .filter(({ value }) => parseSelector(options.selector ?? '')(value.metadata.labels ?? {}));
    if (wanted !== undefined && chosen.length === 0) {
      throw new Failure(
        ExitCode.Findings,
        `Error from server (NotFound): ${text} "${wanted}" not found`,
      );
    }
    listed.push(...chosen);
  }
  print(listed, name !== undefined, options);
}

function print(listed: Listed[], isOne: boolean, options: GetOptions): void {
  const { output = 'table' } = options;
  const everything = {
    apiVersion: 'v1',
    kind: 'List',
    metadata: { resourceVersion: '' },
    items: listed.map(({ value }) => value),
  };
  const document = isOne && listed.length === 1 ? listed[0]!.value : everything;
  const out = (text: string): void => void process.stdout.write(text);
  if (output === 'json') return out(`${JSON.stringify(document, null, 4)}\n`);
  if (output === 'yaml') return out(stringify(document));
  if (output === 'name') {
    return out(
      listed
        .map(({ kind, value }) =>
          kind === 'Pod'
            ? `pod/${value.metadata.name}\n`
            : `${resourceName(kind, value.metadata.name)}\n`,
        )
        .join(''),
    );
  }
  if (output.startsWith('jsonpath=')) {
    return out(jsonpath(output.slice('jsonpath='.length), document));
  }
  if (output !== 'table' && output !== 'wide') {
    throw new Failure(
      ExitCode.Usage,
      `-o ${output}: expected table, wide, yaml, json, name or jsonpath=…`,
    );
  }
  if (listed.length === 0) {
    const where =
      options.allNamespaces === true ? '' : ` in ${options.namespace ?? 'default'} namespace.`;
    process.stderr.write(`No resources found${where}\n`);
    return;
  }
  out(
    listTable(listed, {
      wide: output === 'wide',
      all: options.allNamespaces === true,
      headers: options.headers,
    }),
  );
}

async function stored(folder: string, kind: string): Promise<Listed[]> {
  const all = await callControl<{ resource: StoredResource; appliesTo: string[] }[]>(
    folder,
    'resources',
  );
  return all
    .filter(({ resource }) => resource.kind === kind)
    .map(({ resource, appliesTo }) => ({
      kind,
      namespace: resource.metadata.namespace ?? '',
      value: resource,
      appliesTo,
    }));
}

/** Pods, in the form in which kubectl gives them. */
async function pods(folder: string): Promise<Listed[]> {
  const { pods: all } = await callControl<MeshStatus>(folder, 'status');
  return all.map((pod) => ({
    kind: 'Pod',
    namespace: pod.namespace,
    appliesTo: [],
    value: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: pod.pod,
        namespace: pod.namespace,
        labels: pod.labels,
        creationTimestamp: pod.created,
        resourceVersion: '0',
      },
      spec: {
        containers: [...pod.containers, ...(pod.sidecar ? ['istio-proxy'] : [])].map((name) => ({
          name,
        })),
      },
      status: { phase: pod.running ? 'Running' : 'Failed', podIP: pod.address },
    },
  }));
}

function knownKind(text: string): string {
  const kind = kindNamed(text);
  if (kind !== undefined) return kind.kind;
  throw new Failure(
    ExitCode.Findings,
    `error: the server doesn't have a resource type "${text.split('.')[0]}"`,
  );
}
