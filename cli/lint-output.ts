// How `lint` writes what it found.
import { stringify } from 'yaml';
import { problemText } from './colour.ts';
import { CODES } from '../istio/lint/codes.ts';
import type { LintResult } from '../istio/lint/lint.ts';
import { type Level, type Problem, formatProblem, visible } from '../istio/problem.ts';

/** The forms of `-o`. */
export const FORMATS = ['table', 'json', 'yaml', 'github'] as const;
export type Format = (typeof FORMATS)[number];

/** The findings, ready to be written to a stream. */
export function findingsText(
  result: LintResult,
  files: number,
  format: Format,
  stream: { isTTY?: boolean },
): string {
  const { problems } = result;
  switch (format) {
    case 'table':
      return problems.map((problem) => `${problemText(formatProblem(problem), stream)}\n`).join('');
    case 'github':
      return problems.map((problem) => `${annotation(problem)}\n`).join('');
    case 'json':
      return `${JSON.stringify(documentOf(result, files), null, 2)}\n`;
    case 'yaml':
      return stringify(documentOf(result, files), { lineWidth: 0 });
  }
}

/** A line about all of them, for standard error. */
export function summaryText(result: LintResult, files: number): string {
  const { problems, resources, suppressed } = result;
  const parts = (['error', 'warning', 'info'] as const)
    .map((level) => [count(problems, level), level === 'info' ? 'note' : level] as const)
    .filter(([number]) => number > 0)
    .map(([number, word]) => plural(number, word));
  const fixable = problems.filter(({ fix }) => fix !== undefined).length;
  return [
    parts.length === 0 ? 'no findings' : parts.join(', '),
    ` in ${plural(files, 'file')} with ${plural(resources.length, 'resource')}`,
    suppressed > 0 ? `; ${suppressed} suppressed` : '',
    fixable > 0 ? `; --fix can mend ${fixable}` : '',
  ].join('');
}

/** Every code, with its level and title. */
export function checksText(format: Format): string {
  const list = Object.entries(CODES).map(([code, { level, title }]) => ({ code, level, title }));
  if (format === 'json') return `${JSON.stringify(list, null, 2)}\n`;
  if (format === 'yaml') return stringify(list);
  return list.map(({ code, level, title }) => `${code}  ${level.padEnd(7)}  ${title}\n`).join('');
}

/** The document of `-o json`: docs/lint.md. */
function documentOf({ problems, resources, suppressed }: LintResult, files: number): object {
  return {
    findings: problems.map(({ fix, ...problem }) => ({ ...problem, fixable: fix !== undefined })),
    summary: {
      errors: count(problems, 'error'),
      warnings: count(problems, 'warning'),
      infos: count(problems, 'info'),
      suppressed,
      files,
      resources: resources.length,
    },
  };
}

/** A line that GitHub Actions shows beside the line of the file. */
function annotation(problem: Problem): string {
  const { file, line, column, code, level, resource, path, message } = problem;
  const command = level === 'info' ? 'notice' : level;
  const subject = [resource, path].filter((part) => part !== undefined && part !== '').join(' ');
  const text = subject === '' ? message : `${subject}: ${message}`;
  const property = (value: string): string =>
    escaped(value).replaceAll(':', '%3A').replaceAll(',', '%2C');
  return `::${command} file=${property(file)},line=${line},col=${column},title=${code}::${escaped(text)}`;
}

function escaped(text: string): string {
  return visible(text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A'));
}

function count(problems: Problem[], level: Level): number {
  return problems.filter((problem) => problem.level === level).length;
}

function plural(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`;
}
