// Commands of the design that are not built yet: named, so that nobody takes them for a typing error.
import { Command } from 'commander';
import { ExitCode, Failure } from './exit-codes.ts';

/** A command that only says that it is not there yet. */
export function planned(name: string, summary: string): Command {
  return new Command(name)
    .summary(`${summary} (not there yet)`)
    .description(`${summary}. Not there yet.`)
    .allowUnknownOption()
    .allowExcessArguments()
    .action((_options, command: Command) => {
      const names = [];
      for (let at: Command | null = command; at?.parent; at = at.parent) names.unshift(at.name());
      throw new Failure(ExitCode.Usage, `portcullis ${names.join(' ')} is not there yet`);
    });
}
