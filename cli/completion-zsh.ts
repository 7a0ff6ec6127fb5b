// Completion for zsh.
import type { Completed } from './completion.ts';
import type { Values } from './completion-values.ts';

/** The script for a folder of `$fpath`. */
export function zshScript(all: Completed[]): string {
  const cases = all.map(({ path, commands, options, argument }) => {
    const words = commands.map(({ name, summary }) => quoted(`${name}:${summary}`));
    const specs = options.flatMap(specsOf);
    return `    ${quoted(path.join(' '))})
      commands=(${words.join(' ')})
      options=(${[...specs, ...argumentSpecs(argument)].join(' ')})
      ;;`;
  });
  const paths = all.map(({ path }) => path.join(' ')).filter((path) => path !== '');
  return `#compdef portcullis
_portcullis() {
  local path="" next word
  local -a commands options
  for word in "\${(@)words[2,CURRENT-1]}"; do
    next="\${path:+$path }$word"
    case "$next" in
      ${paths.map((path) => quoted(path)).join('|')}) path="$next" ;;
    esac
  done
  case "$path" in
${cases.join('\n')}
  esac
  if (( $#commands )) && [[ "$words[CURRENT]" != -* ]]; then
    _describe command commands
  else
    _arguments -S $options '*:file:_files'
  fi
}
if [ "$funcstack[1]" = "_portcullis" ]; then _portcullis "$@"; else compdef _portcullis portcullis; fi
`;
}

function specsOf({ flags, takesValue, values, summary }: Completed['options'][number]): string[] {
  const text = summary.replace(/[[\]\\:]/g, '\\$&');
  const value = takesValue ? `:value:${actionOf(values)}` : '';
  return flags.map((flag) => quoted(`*${flag}[${text}]${value}`));
}

function argumentSpecs(argument: Values): string[] {
  const action = actionOf(argument);
  return action === '_files' ? [] : [quoted(`1:value:${action}`)];
}

/** What zsh does to find values; a list in parentheses is evaluated when it is wanted. */
function actionOf({ words, command }: Values): string {
  if (command !== undefined) return `(${words.join(' ')} $(${command} 2>/dev/null))`;
  return words.length > 0 ? `(${words.join(' ')})` : '_files';
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
