// What a page prints, against what was seen.
import { VARYING } from './exceptions.ts';

/**
 * Whether all that was seen is what the page prints. There, a line "…" stands for any lines, and "…" within a line for any text. Blank
 * lines and blanks at the end of a line do not count.
 */
export function isAsPrinted(printed: string[], seen: string[]): boolean {
  const pattern = normal(printed).map((line) =>
    line === '…' ? '(.*\n)*' : `${line.split(/ *… */).map(escaped).join('.*')}\n`,
  );
  return new RegExp(`^${pattern.join('')}$`).test(
    normal(seen)
      .map((line) => `${line}\n`)
      .join(''),
  );
}

function normal(lines: string[]): string[] {
  return lines
    .map((line) => VARYING.reduce((text, what) => text.replace(what, '~'), line.trimEnd()))
    .filter((line) => line !== '');
}

/** As a part of a regular expression that stands for itself. */
const escaped = (text: string): string => text.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&');
