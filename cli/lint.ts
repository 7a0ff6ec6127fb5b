import { Command, Option } from 'commander';
import { createTwoFilesPatch } from 'diff';
import { messageOf } from '../envoy/errors.ts';
import { type LintFile, fixAll } from '../istio/lint/fix-all.ts';
import { type LintOptions, type LintResult, lint } from '../istio/lint/lint.ts';
import { type Suppression, parseSuppression } from '../istio/lint/suppressions.ts';
import type { Source } from '../istio/load.ts';
import type { Level } from '../istio/problem.ts';
import { ExitCode, Failure } from './exit-codes.ts';
import { lintFiles, replaceFiles } from './lint-files.ts';
import { FORMATS, type Format, checksText, findingsText, summaryText } from './lint-output.ts';
import { moduleJudge } from './module-judge.ts';
import { list, meshConfigOf } from './policy-inputs.ts';

interface Options {
  recursive?: boolean;
  namespace: string;
  meshConfig?: string;
  fix?: boolean;
  dryRun?: boolean;
  output: Format;
  failOn: 'error' | 'warning' | 'info' | 'never';
  suppress?: string[];
  listChecks?: boolean;
}

const EXAMPLES = `Examples:
  portcullis lint policies.yaml
  portcullis lint -R manifests --mesh-config mesh.yaml --fail-on warning
  kubectl get authorizationpolicies,requestauthentications,peerauthentications -A -o yaml | portcullis lint -
  portcullis lint --fix --dry-run policies.yaml
  portcullis lint -S PC0306 -S "PC0301=AuthorizationPolicy deny-all.foo" policies.yaml
`;

const RANK: Record<Level, number> = { info: 0, warning: 1, error: 2 };

/** `portcullis lint`, alias `analyze`. */
export function lintCommand(): Command {
  return new Command('lint')
    .alias('analyze')
    .summary('finds what is wrong in policies, and what does not do what it says')
    .description(
      'Looks at policies, and at the manifests beside them, together: the text, the schemas of Istio’s CRDs, the verdict of the module, ' +
        'and what none of them can see. Each finding has a code (docs/lint). Folders are searched for YAML and JSON; in Markdown, fenced ' +
        'YAML and the here-documents of shell commands are read. Exits with 1 where there is a finding of the level of --fail-on.',
    )
    .argument('[files...]', 'files, folders, or - for standard input')
    .option('-R, --recursive', 'folders within folders, too')
    .option('-n, --namespace <namespace>', 'of resources that name none', 'default')
    .option('--mesh-config <file>', "Istio's MeshConfig")
    .option('--fix', 'mends what is clear, in the files; comments and layout stay')
    .option('--dry-run', 'with --fix: shows the changes as a diff, and makes none')
    .addOption(
      new Option('-o, --output <format>', 'how findings are written')
        .choices(FORMATS)
        .default('table'),
    )
    .addOption(
      new Option('--fail-on <level>', 'the mildest finding that makes the command fail')
        .choices(['error', 'warning', 'info', 'never'])
        .default('error'),
    )
    .option('-S, --suppress <CODE[=KIND NAME.NAMESPACE]>', 'leaves such findings out', list)
    .option('-L, --list-checks', 'prints every code, and ends')
    .addHelpText('before', EXAMPLES)
    .action(run);
}

async function run(names: string[], options: Options): Promise<void> {
  if (options.listChecks === true) {
    process.stdout.write(checksText(options.output));
    return;
  }
  if (names.length === 0) {
    throw new Failure(ExitCode.Usage, 'lint: which files? Folders and - are files, too');
  }
  if (options.dryRun === true && options.fix !== true) {
    throw new Failure(ExitCode.Usage, '--dry-run: only with --fix');
  }
  const lintOptions = await lintOptionsOf(options);
  const files = await lintFiles(names, options.recursive ?? false);
  const relint = (sources: Source[]): Promise<LintResult> => lint(sources, lintOptions);
  const result =
    options.fix === true
      ? await fix(files, relint, options.dryRun ?? false)
      : await relint(files.flatMap(({ text, sourcesOf }) => sourcesOf(text)));
  report(result, files, options);
  const worst = result.problems.reduce((most, { level }) => Math.max(most, RANK[level]), -1);
  if (options.failOn !== 'never' && worst >= RANK[options.failOn]) {
    throw new Failure(ExitCode.Findings);
  }
}

const PARTIAL =
  'warning: too much to compare everything with everything: what is found is so, and there may be more; lint less at a time';

/** Standard output belongs to the diff, or to the mended standard input, where there is one. */
function report(
  result: LintResult,
  files: LintFile[],
  { output, fix: mends, dryRun }: Options,
): void {
  const isTaken = mends === true && (dryRun === true || files.some(({ file }) => file === '-'));
  const stream = isTaken ? process.stderr : process.stdout;
  stream.write(findingsText(result, files.length, output, stream));
  if (output === 'table') process.stderr.write(`${summaryText(result, files.length)}\n`);
  if (result.isPartial) process.stderr.write(`${PARTIAL}\n`);
}

async function fix(
  files: LintFile[],
  relint: (sources: Source[]) => Promise<LintResult>,
  dryRun: boolean,
): Promise<LintResult> {
  const fixed = await fixAll(files, relint);
  const changed = fixed.files.filter(({ text }, i) => text !== files[i]!.text);
  if (dryRun) {
    for (const { file, text } of changed) {
      const before = files.find((other) => other.file === file)!.text;
      process.stdout.write(createTwoFilesPatch(file, file, before, text, '', 'mended'));
    }
    return fixed.result;
  }
  await replaceFiles(changed.filter(({ file }) => file !== '-'));
  const piped = fixed.files.find(({ file }) => file === '-');
  if (piped !== undefined) process.stdout.write(piped.text);
  for (const { file } of changed) process.stderr.write(`${file}: mended\n`);
  return fixed.result;
}

/** What lint is told by the command line. Throws Failure. */
export async function lintOptionsOf(
  options: Pick<Options, 'namespace' | 'meshConfig' | 'suppress'>,
): Promise<LintOptions> {
  const mesh = await meshConfigOf(options.meshConfig);
  const judge = moduleJudge(mesh, options.meshConfig !== undefined);
  const wrong = await judge([]);
  if (wrong.length > 0) {
    throw new Failure(
      ExitCode.Usage,
      ...wrong.map((line) => line.replace('config:', `${options.meshConfig}:`)),
    );
  }
  const { settings } = mesh;
  const trustDomains = [settings.trustDomain, ...(settings.trustDomainAliases ?? [])];
  const isGiven = options.meshConfig !== undefined;
  return {
    namespace: options.namespace,
    mesh: {
      rootNamespace: settings.rootNamespace ?? 'istio-system',
      pathNormalization: mesh.pathNormalization ?? 'BASE',
      ...(settings.trustDomain === undefined
        ? {}
        : { trustDomains: trustDomains.filter((name) => name !== undefined) }),
    },
    ...(isGiven
      ? { providers: (settings.extensionProviders ?? []).flatMap(({ name }) => name ?? []) }
      : {}),
    suppressions: (options.suppress ?? []).map(suppressionOf),
    judge,
  };
}

function suppressionOf(text: string): Suppression {
  try {
    return parseSuppression(text);
  } catch (error) {
    throw new Failure(ExitCode.Usage, `--suppress ${messageOf(error)}`);
  }
}
