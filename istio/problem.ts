// What is wrong with somebody's file, in the form of istioctl's messages with the place in front.
import type { Code } from './lint/codes.ts';
import type { Edit } from './lint/edits.ts';

/** How bad: an error is refused by Istio or by the module; the others are let through, and should not be. */
export type Level = 'error' | 'warning' | 'info';

/** A finding in a file. Lines and columns count from 1. */
export interface Problem {
  file: string;
  line: number;
  column: number;
  code: Code;
  level: Level;
  /** `AuthorizationPolicy foo/bar`, where one is known. */
  resource?: string;
  /** `spec.rules[0].from[0].source`, where one is known. */
  path?: string;
  message: string;
  /** The change of the file that mends it, where it is clear what was meant. */
  fix?: Edit[];
}

const WORDS: Record<Level, string> = { error: 'Error', warning: 'Warning', info: 'Info' };

/** `FILE:LINE:COL: Error [CODE] (KIND NS/NAME) PATH: MESSAGE`, one line, whatever is quoted in it. */
export function formatProblem(problem: Problem): string {
  const { file, line, column, code, level, resource, path, message } = problem;
  const subject = resource === undefined ? '' : ` (${resource})`;
  const field = path === undefined || path === '' ? '' : ` ${path}:`;
  const text = `${file}:${line}:${column}: ${WORDS[level]} [${code}]${subject}${field} ${message}`;
  return visible(text);
}

/** Text on one line whose control characters can be seen: a terminal would obey them. */
export function visible(text: string): string {
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, escaped);
}

/** As JSON would write it. */
function escaped(character: string): string {
  const short = JSON.stringify(character).slice(1, -1);
  const code = character.charCodeAt(0).toString(16).padStart(4, '0');
  return short === character ? `\\u${code}` : short;
}
