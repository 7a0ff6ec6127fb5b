// How people type `mesh` commands, for commander: options before the command that they are of, and a command to run without dashes.

/** Options that take a word behind them, of all commands that are rearranged. */
const VALUED = new Set(['-n', '--namespace', '-c', '--container', '--mesh']);

/**
 * Arguments of `portcullis mesh`, with options behind the command that they stand in front of (`mesh --mesh two up`,
 * `kubectl -n foo get pods`), and with `--` where the command of `exec` begins.
 */
export function arrangeMeshArguments(argv: string[]): string[] {
  if (argv[0] !== 'mesh') return argv;
  const [verb, ...rest] = optionsBehind(argv.slice(1));
  if (verb === undefined) return argv;
  if (verb === 'exec') return ['mesh', verb, ...withDashes(rest)];
  if (verb !== 'kubectl') return ['mesh', verb, ...rest];
  const [inner, ...more] = optionsBehind(rest);
  if (inner === undefined) return ['mesh', verb, ...rest];
  return ['mesh', verb, inner, ...(inner === 'exec' ? withDashes(more) : more)];
}

/** The same words, those options that stand in front of the first other word behind it. */
function optionsBehind(words: string[]): string[] {
  let at = 0;
  while (at < words.length && isValued(words[at]!)) at += words[at]!.includes('=') ? 1 : 2;
  if (at === 0 || at >= words.length) return words;
  return [words[at]!, ...words.slice(0, at), ...words.slice(at + 1)];
}

/** `--` in front of the command that `exec` runs, where nobody has written it: kubectl takes it so, too, and warns. */
function withDashes(words: string[]): string[] {
  if (words.includes('--')) return words;
  let names = 0;
  for (let at = 0; at < words.length; at++) {
    const word = words[at]!;
    if (isValued(word)) at += word.includes('=') ? 0 : 1;
    else if (!word.startsWith('-') && ++names === 2) {
      return [...words.slice(0, at), '--', ...words.slice(at)];
    }
  }
  return words;
}

function isValued(word: string): boolean {
  return VALUED.has(word.split('=')[0]!);
}
