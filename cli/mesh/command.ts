// `portcullis mesh`: a small mesh of real Envoys on this machine.
import { Command } from 'commander';
import { type LazyCommands, withCommands } from '../lazy-commands.ts';

const COMMANDS: LazyCommands = {
  up: async () => (await import('./up.ts')).upCommand(),
  down: async () => (await import('./up.ts')).downCommand(),
  status: async () => (await import('./look.ts')).statusCommand(),
  apply: async () => (await import('./resources.ts')).applyCommand(),
  get: async () => (await import('./resources.ts')).getCommand(),
  delete: async () => (await import('./resources.ts')).deleteCommand(),
  create: async () => (await import('./resources.ts')).createCommand(),
  exec: async () => (await import('./exec.ts')).execCommand(),
  matrix: async () => (await import('./look.ts')).matrixCommand(),
  logs: async () => (await import('./logs.ts')).logsCommand(),
  report: async () => (await import('./report.ts')).reportCommand(),
  shell: async () => (await import('./shell.ts')).shellCommand(),
  replay: async () => (await import('../replay/command.ts')).replayCommand(),
  kubectl: async () => (await import('./kubectl.ts')).kubectlCommand(),
  istioctl: async () => (await import('./istioctl.ts')).istioctlCommand(),
  names: async () => (await import('./names.ts')).namesCommand(),
  capture: async () => (await import('./capture.ts')).captureCommand(),
};

/** What a mesh's shell and completion call, and nobody types. */
const HIDDEN = ['kubectl', 'istioctl', 'names'];

/** `portcullis mesh`, with the command in it that the first of `words` names; with all of them where it names none. */
export function meshCommand(words: readonly string[]): Promise<Command> {
  return withCommands(
    new Command('mesh')
      .summary('a small mesh of real Envoys')
      .description(
        'A small mesh of real Envoys on this machine, with the commands that a cluster has.',
      ),
    COMMANDS,
    words,
    HIDDEN,
  );
}
