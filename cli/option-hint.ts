// Which option is meant by a word that is none.
import type { Command } from 'commander';

/**
 * Has a command answer an option that is the beginning of others with these: commander's own hint goes by likeness alone, and takes `--exp`
 * for `--help` where there is `--expire`.
 */
export function hintByBeginning(command: Command): void {
  command.configureOutput({
    outputError: (text, write) => {
      const given = /^error: unknown option '(--\w[\w-]*)'/.exec(text)?.[1];
      const meant = command
        .createHelp()
        .visibleOptions(command)
        .flatMap(({ long }) => (given !== undefined && long?.startsWith(given) ? [long] : []));
      if (meant.length === 0) return write(text);
      write(`${text.trimEnd().split('\n')[0]}\n(Did you mean ${meant.join(' or ')}?)\n`);
    },
  });
}
