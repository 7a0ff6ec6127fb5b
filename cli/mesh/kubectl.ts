// What `mesh shell` calls kubectl: the subset that the task pages use, in the place of the real one.
import { Command } from 'commander';
import { execCommand } from './exec.ts';
import { logsCommand } from './logs.ts';
import { applyCommand, createCommand, deleteCommand, getCommand } from './resources.ts';

/** `mesh kubectl …`: not for people to type. */
export function kubectlCommand(): Command {
  return new Command('kubectl')
    .summary('what `mesh shell` calls kubectl')
    .description('The subset of kubectl that the task pages use, on the mesh.')
    .addCommand(applyCommand())
    .addCommand(getCommand())
    .addCommand(deleteCommand())
    .addCommand(createCommand())
    .addCommand(execCommand())
    .addCommand(logsCommand('json'));
}
