import { Argument, Command, type Option } from 'commander';
import { KINDS } from '../envoy/mesh/kinds.ts';
import { bashScript } from './completion-bash.ts';
import { fishScript } from './completion-fish.ts';
import type { Values } from './completion-values.ts';
import { zshScript } from './completion-zsh.ts';

/** A command as the shells need to know it. */
export interface Completed {
  /** Words that lead to it: `mesh apply`. */
  path: string[];
  /** Words that may follow, with a line about each. */
  commands: { name: string; summary: string }[];
  options: { flags: string[]; takesValue: boolean; values: Values; summary: string }[];
  /** What its first argument may be. */
  argument: Values;
}

/** What prints the values of options and arguments of these names, of a mesh that is running. */
const ASKED: Record<string, string> = {
  '--mesh': 'portcullis mesh names meshes',
  '--namespace': 'portcullis mesh names namespaces',
  workload: 'portcullis mesh names workloads',
};
/** Arguments by which kubectl's kinds are named. */
const OF_KINDS = ['kind', 'kinds'];

const EXAMPLES = `Examples:
  source <(portcullis completion bash)
  portcullis completion zsh > "\${fpath[1]}/_portcullis"
  portcullis completion fish > ~/.config/fish/completions/portcullis.fish
`;

/** `portcullis completion`; `root` gives the whole command line, of which this is a part. */
export function completionCommand(root: () => Promise<Command>): Command {
  return new Command('completion')
    .summary('completion for bash, zsh and fish')
    .description('Prints a script that completes commands, options and their values in a shell.')
    .addArgument(new Argument('<shell>', 'the shell').choices(['bash', 'zsh', 'fish']))
    .addHelpText('before', EXAMPLES)
    .action(async (shell: 'bash' | 'zsh' | 'fish') => {
      const script = { bash: bashScript, zsh: zshScript, fish: fishScript }[shell];
      process.stdout.write(script(completed(await root(), [])));
    });
}

/** The command and everything below it, hidden ones left out. */
function completed(command: Command, path: string[]): Completed[] {
  const help = command.createHelp();
  const children = help.visibleCommands(command);
  const own: Completed = {
    path,
    commands: children.flatMap((child) =>
      [child.name(), ...child.aliases()].map((name) => ({ name, summary: firstLine(child) })),
    ),
    options: help.visibleOptions(command).map((option) => optionOf(option, path)),
    argument: valuesOf(command.registeredArguments[0], path),
  };
  const below = command.commands.filter((child) => children.includes(child));
  return [
    own,
    ...below.flatMap((child) =>
      [child.name(), ...child.aliases()].flatMap((name) => completed(child, [...path, name])),
    ),
  ];
}

function optionOf(option: Option, path: string[]): Completed['options'][number] {
  return {
    flags: [option.short, option.long].filter((flag) => typeof flag === 'string'),
    takesValue: option.required || option.optional,
    values: valuesOf(option, path),
    summary: option.description,
  };
}

function valuesOf(of: Option | Argument | undefined, path: string[]): Values {
  const name = (of instanceof Argument ? of.name() : of?.long) ?? '';
  if (path[0] === 'mesh' && OF_KINDS.includes(name)) {
    return { words: ['pods', ...KINDS.map(({ plural }) => plural)] };
  }
  const command = path[0] === 'mesh' ? ASKED[name] : undefined;
  return { words: of?.argChoices ?? [], ...(command === undefined ? {} : { command }) };
}

function firstLine(command: Command): string {
  return (command.summary() || command.description()).split('\n')[0]!;
}
