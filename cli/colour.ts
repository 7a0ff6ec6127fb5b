// Colours, where somebody sees them: on a terminal, or by wish. https://no-color.org, and FORCE_COLOR as Node has it.
import pc from 'picocolors';
import type { Level } from '../istio/problem.ts';

type Stream = { isTTY?: boolean };

/** Whether what is written to a stream may have colours. */
export function hasColours(stream: Stream, env = process.env, argv = process.argv): boolean {
  if (argv.includes('--no-color')) return false;
  if (argv.includes('--color')) return true;
  if ((env.NO_COLOR ?? '') !== '') return false;
  if ((env.FORCE_COLOR ?? '') !== '') return env.FORCE_COLOR !== '0';
  return stream.isTTY === true && env.TERM !== 'dumb';
}

/** Lines about problems (`FILE:LINE:COL: Error [CODE] …`) as a stream shows them. */
export function problemText(line: string, stream: Stream): string {
  if (!hasColours(stream)) return line;
  const colours = pc.createColors(true);
  const paint: Record<string, (text: string) => string> = {
    Error: colours.red,
    Warning: colours.yellow,
    Info: colours.cyan,
  } satisfies Record<Capitalize<Level>, (text: string) => string>;
  return line.replace(
    /^(\S.*?:\d+:\d+: )(Error|Warning|Info) \[/,
    (_, place: string, word: string) =>
      `${colours.dim(place)}${paint[word]!(colours.bold(word))} [`,
  );
}

/** A verdict: green for what is let through, red for what is not. */
export function verdictText(text: string, isGood: boolean, stream: Stream): string {
  if (!hasColours(stream)) return text;
  const colours = pc.createColors(true);
  return isGood ? colours.green(text) : colours.red(text);
}
