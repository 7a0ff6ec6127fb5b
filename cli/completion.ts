import { Argument, Command, type Option } from 'commander';
import { bashScript } from './completion-bash.ts';
import { fishScript } from './completion-fish.ts';
import { zshScript } from './completion-zsh.ts';

/** A command as the shells need to know it. */
export interface Completed {
  /** Words that lead to it: `mesh apply`. */
  path: string[];
  /** Words that may follow, with a line about each. */
  commands: { name: string; summary: string }[];
  options: { flags: string[]; takesValue: boolean; choices: string[]; summary: string }[];
}

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
    options: help.visibleOptions(command).map(optionOf),
  };
  const below = command.commands.filter((child) => children.includes(child));
  return [
    own,
    ...below.flatMap((child) =>
      [child.name(), ...child.aliases()].flatMap((name) => completed(child, [...path, name])),
    ),
  ];
}

function optionOf(option: Option): Completed['options'][number] {
  return {
    flags: [option.short, option.long].filter((flag) => typeof flag === 'string'),
    takesValue: option.required || option.optional,
    choices: option.argChoices ?? [],
    summary: option.description,
  };
}

function firstLine(command: Command): string {
  return (command.summary() || command.description()).split('\n')[0]!;
}
