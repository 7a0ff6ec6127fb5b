// `portcullis help COMMAND…`: the help of any command, however deep.
import { Command } from 'commander';
import { ExitCode, Failure } from './exit-codes.ts';

const EXAMPLES = `Examples:
  portcullis help lint
  portcullis help render envoy
`;

/** `portcullis help`: commander's own knows the outermost commands alone. */
export function helpCommand(): Command {
  return new Command('help')
    .summary('shows the help of a command')
    .description('Shows what --help of a command shows.')
    .argument('[command...]', 'the command, with the commands that it is in')
    .addHelpText('before', EXAMPLES)
    .action(async (names: string[], _options, command: Command) => {
      let at = command.parent ?? command;
      for (const name of names) {
        const found = at.commands.find(
          (child) => child.name() === name || child.aliases().includes(name),
        );
        if (found !== undefined) {
          at = found;
          continue;
        }
        if (at.commands.length === 0) {
          throw new Failure(
            ExitCode.Usage,
            `help ${names.join(' ')}: ${at.name()} has no commands`,
          );
        }
        // It says itself that it does not know the word, and which one it takes to be meant.
        await at.parseAsync([name], { from: 'user' });
        return;
      }
      at.help();
    });
}
