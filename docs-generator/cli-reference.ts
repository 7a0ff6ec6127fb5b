// docs/reference/cli.md: the help of every command, as the command prints it.
import type { Command } from 'commander';
import { program } from '../cli/program.ts';

/** Characters of a line of help. */
const WIDTH = 110;

/** The page. */
export async function cliReference(): Promise<string> {
  return `# The command line

Data goes to standard output, messages go to standard error. Exit codes: 0 fine; 1 findings: a policy is wrong, an expectation failed, a
request is refused that was expected to pass; 2 wrong usage, or input that cannot be read; 3 something that the machine lacks: no Envoy, no
Docker.

${commandsOf(await program(), []).join('\n')}`;
}

/** A section a command, outermost first; hidden ones are left out, and so is \`help\`. */
function commandsOf(command: Command, path: string[]): string[] {
  const name = ['portcullis', ...path].join(' ');
  const below = command.createHelp().visibleCommands(command);
  const children = command.commands.filter((child) => below.includes(child));
  return [
    `## ${name}\n\n\`\`\`text\n${helpOf(command).trimEnd()}\n\`\`\`\n`,
    ...children.flatMap((child) => commandsOf(child, [...path, child.name()])),
  ];
}

function helpOf(command: Command): string {
  let text = '';
  command.configureOutput({
    writeOut: (part) => (text += part),
    getOutHelpWidth: () => WIDTH,
    getOutHasColors: () => false,
  });
  command.outputHelp();
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
