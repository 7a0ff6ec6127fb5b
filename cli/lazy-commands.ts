// Commands that are loaded when they are wanted: most of the time that a command takes to start is spent on those that nobody asked for.
import type { Command } from 'commander';

/** Commands by their names, in the order of the help. Each is loaded when it is called. */
export type LazyCommands = Record<string, () => Promise<Command>>;

/** The command that the first of `words` names; all of them where it names none, so that help and hints know all. */
function loadCommands(commands: LazyCommands, words: readonly string[]): Promise<Command[]> {
  const [name] = words;
  const named = name !== undefined && Object.hasOwn(commands, name) ? [commands[name]!] : null;
  return Promise.all((named ?? Object.values(commands)).map((load) => load()));
}

/** `group` with the commands that `words` name in it; those that are `hidden` stand in no help. */
export async function withCommands(
  group: Command,
  commands: LazyCommands,
  words: readonly string[],
  hidden: readonly string[] = [],
): Promise<Command> {
  for (const command of await loadCommands(commands, words)) {
    group.addCommand(command, { hidden: hidden.includes(command.name()) });
  }
  return group;
}
