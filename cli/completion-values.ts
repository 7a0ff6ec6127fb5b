// What a shell may offer for an option or an argument.

/** Values that can be told: words, or those that a command prints, one a line. */
export interface Values {
  words: string[];
  command?: string;
}

/** Whether there are any to tell; else a shell offers files. */
export function isTold({ words, command }: Values): boolean {
  return words.length > 0 || command !== undefined;
}
