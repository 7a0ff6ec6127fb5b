// `portcullis mesh`: a small mesh of real Envoys on this machine.
import { Command } from 'commander';
import { replayCommand } from '../replay/command.ts';
import { captureCommand } from './capture.ts';
import { execCommand } from './exec.ts';
import { logsCommand, matrixCommand, reportCommand, statusCommand } from './look.ts';
import { istioctlCommand, kubectlCommand } from './kubectl.ts';
import { shellCommand } from './shell.ts';
import { applyCommand, createCommand, deleteCommand, getCommand } from './resources.ts';
import { downCommand, upCommand } from './up.ts';

export function meshCommand(): Command {
  return new Command('mesh')
    .summary('a small mesh of real Envoys')
    .description(
      'A small mesh of real Envoys on this machine, with the commands that a cluster has.',
    )
    .addCommand(upCommand())
    .addCommand(downCommand())
    .addCommand(statusCommand())
    .addCommand(applyCommand())
    .addCommand(getCommand())
    .addCommand(deleteCommand())
    .addCommand(createCommand())
    .addCommand(execCommand())
    .addCommand(matrixCommand())
    .addCommand(logsCommand())
    .addCommand(reportCommand())
    .addCommand(shellCommand())
    .addCommand(replayCommand())
    .addCommand(kubectlCommand(), { hidden: true })
    .addCommand(istioctlCommand(), { hidden: true })
    .addCommand(captureCommand());
}
