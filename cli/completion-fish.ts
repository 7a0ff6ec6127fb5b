// Completion for fish.
import type { Completed } from './completion.ts';
import { type Values, isTold } from './completion-values.ts';

/** The script for fish's folder of completions. */
export function fishScript(all: Completed[]): string {
  const lines = all.flatMap(({ path, commands, options, argument }) => {
    const condition = `-n ${quoted(`__portcullis_at ${path.join(' ')}`.trimEnd())}`;
    return [
      ...commands.map(
        ({ name, summary }) =>
          `complete -c portcullis ${condition} -f -a ${quoted(name)} -d ${quoted(summary)}`,
      ),
      ...(isTold(argument)
        ? [`complete -c portcullis ${condition} -f -a ${quoted(wordList(argument))}`]
        : []),
      ...options.map(({ flags, takesValue, values, summary }) => {
        const names = flags.map((flag) =>
          flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
        );
        const value = isTold(values)
          ? ` -x -a ${quoted(wordList(values))}`
          : takesValue
            ? ' -r'
            : '';
        return `complete -c portcullis ${condition} ${names.join(' ')}${value} -d ${quoted(summary)}`;
      }),
    ];
  });
  const paths = all.map(({ path }) => path.join(' ')).filter((path) => path !== '');
  return `# fish completion for portcullis
function __portcullis_at
    set -l path
    for word in (commandline -opc)[2..-1]
        if contains -- (string join -- ' ' $path $word) ${paths.map(quoted).join(' ')}
            set path $path $word
        end
    end
    test "$path" = "$argv"
end
${lines.join('\n')}
`;
}

/** Words as fish is given them; what stands in parentheses it runs when it comes to them. */
function wordList({ words, command }: Values): string {
  return [...words, ...(command === undefined ? [] : [`(${command} 2>/dev/null)`])].join(' ');
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
