// The command line of Istio's gen-jwt.py, for commander.

/** Separates the words of an option that takes several; no argument of a command can hold it. */
export const SEPARATOR = '\0';
const GROUPED = ['--listclaim', '--nestedclaim'];
/** Words that begin with a dash, and are no options all the same, as Python's argparse has it. */
const PLAIN_WORD = /^-$|^-\d+$|^-\d*\.\d+$|\s/;
const LONG = ['iss', 'sub', 'aud', 'expire', 'claims', 'jwks', 'listclaim', 'nestedclaim'];

/**
 * Arguments as gen-jwt.py takes them, for commander: long options with one dash, and options that take all the words up to
 * the next option, as often as they come.
 */
export function gatherArguments(argv: string[]): string[] {
  const gathered: string[] = [];
  let open = false;
  for (const word of argv) {
    const option = LONG.some((name) => word === `-${name}` || word.startsWith(`-${name}=`))
      ? `-${word}`
      : word;
    if (open && !(option.startsWith('-') && !PLAIN_WORD.test(option))) {
      gathered[gathered.length - 1] += SEPARATOR + option;
      continue;
    }
    open = GROUPED.includes(option);
    gathered.push(open ? `${option}=` : option);
  }
  return gathered;
}
