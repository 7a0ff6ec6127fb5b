import { ExitCode, Failure } from '../exit-codes.ts';

/** Reads kubectl's `-l`: `k=v`, `k==v`, `k!=v`, `k`, `!k`, joined by commas. */
export function parseSelector(text: string): (labels: Record<string, string>) => boolean {
  const terms = text
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const [, absent, key, operator, value] =
        /^(!?)([\w./-]+)(?:(==?|!=)([\w.-]*))?$/.exec(term.trim()) ?? [];
      if (key === undefined) throw new Failure(ExitCode.Usage, `-l ${text}: cannot read "${term}"`);
      return (labels: Record<string, string>): boolean => {
        if (operator === '!=') return labels[key] !== value;
        if (operator !== undefined) return labels[key] === value;
        return key in labels !== (absent === '!');
      };
    });
  return (labels) => terms.every((term) => term(labels));
}
