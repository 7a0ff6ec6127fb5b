// Completion for bash: words by the commands that stand before the cursor; files where nothing else is known.
import type { Completed } from './completion.ts';
import { type Values, isTold } from './completion-values.ts';

/** The script for `source`. */
export function bashScript(all: Completed[]): string {
  const cases = all.map(({ path, commands, options, argument }) => {
    const flags = options.flatMap((option) => option.flags);
    const words = [...commands.map(({ name }) => name), ...argument.words, ...flags];
    return `    ${quoted(path.join(' '))}) words=${wordList({ ...argument, words })} ;;`;
  });
  const values = all.flatMap(({ path, options }) =>
    options
      .filter(({ values }) => isTold(values))
      .flatMap(({ flags, values }) =>
        flags.map(
          (flag) => `    ${quoted([...path, flag].join(' '))}) words=${wordList(values)} ;;`,
        ),
      ),
  );
  const files = all.flatMap(({ path, options }) =>
    options
      .filter(({ takesValue, values }) => takesValue && !isTold(values))
      .flatMap(({ flags }) => flags.map((flag) => [...path, flag].join(' '))),
  );
  const paths = all.map(({ path }) => path.join(' ')).filter((path) => path !== '');
  return `# bash completion for portcullis
_portcullis() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}"
  local path="" next words="" i
  for ((i = 1; i < COMP_CWORD; i++)); do
    next="\${path:+$path }\${COMP_WORDS[i]}"
    case "$next" in
      ${paths.map(quoted).join('|')}) path="$next" ;;
    esac
  done
  case "\${path:+$path }$previous" in
${values.join('\n')}
    ${files.map(quoted).join('|')}) COMPREPLY=($(compgen -f -- "$current")); return ;;
  esac
  if [ -z "$words" ]; then
    case "$path" in
${cases.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "$current"))
  if [ \${#COMPREPLY[@]} -eq 0 ]; then COMPREPLY=($(compgen -f -- "$current")); fi
}
complete -o filenames -F _portcullis portcullis
`;
}

/** Words as bash is given them; those that a command prints it asks for when it comes to them. */
function wordList({ words, command }: Values): string {
  const list = quoted(words.join(' '));
  return command === undefined ? list : `${list}" $(${command} 2>/dev/null)"`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
