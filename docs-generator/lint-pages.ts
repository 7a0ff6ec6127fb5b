// docs/lint: a page for every code, with golden cases as examples, and the index.
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { CODES, type Code } from '../istio/lint/codes.ts';
import { LINT_TEXTS } from './lint-texts.ts';

const CASES = 'host-tests/lint/cases';

/** Name and text of every file of docs/lint. */
export function lintPages(): Map<string, string> {
  const codes = Object.keys(CODES) as Code[];
  const pages = codes.map((code): [string, string] => [`docs/lint/${code}.md`, pageOf(code)]);
  return new Map([['docs/lint/README.md', indexOf(codes)], ...pages]);
}

function indexOf(codes: Code[]): string {
  const rows = codes.map((code) => {
    const { level, title } = CODES[code];
    return `| [${code}](${code}.md) | ${level} | ${title} |`;
  });
  return `# Findings of \`portcullis lint\`

How the command is used stands in [lint.md](../lint.md). Errors are what Istio or the module refuses; warnings and notes are let
through, and do something else than their author may think. A code is never given to another meaning.

| code | level | finding |
| ---- | ----- | ------- |
${rows.join('\n')}
`;
}

function pageOf(code: Code): string {
  const { level, title } = CODES[code];
  const { text, example, good } = LINT_TEXTS[code];
  const head = `# ${code}: ${title}\n\nLevel: ${level}\n\n${text}\n`;
  if (example === undefined) return head;
  const findings = readFileSync(join(CASES, `${example}.txt`), 'utf8').trimEnd();
  return `${head}
## Bad

${filesOf(example)}

    ${findings.split('\n').join('\n    ')}

## Good

${good ?? ''}

${filesOf(goodExampleOf(example))}
`;
}

/** The golden case that shows what is meant by the one named `example`: what comes close to a mistake may be no example to follow. */
export function goodExampleOf(example: string): string {
  const own = `${example}-good`;
  return entryOf(own) === undefined ? `${example}-near-miss` : own;
}

function entryOf(name: string): string | undefined {
  return readdirSync(CASES).find(
    (file) => file.replace(/\.[a-z]+$/, '') === name && !file.endsWith('.txt'),
  );
}

/** The file of a case, or each file of its folder, as fenced blocks. */
function filesOf(name: string): string {
  const path = join(CASES, entryOf(name)!);
  if (!statSync(path).isDirectory()) return fenced(path, '');
  return readdirSync(path)
    .toSorted()
    .map((file) => fenced(join(path, file), `\`${file}\`:\n\n`))
    .join('\n\n');
}

function fenced(path: string, title: string): string {
  const language = /\.ya?ml$/.test(path) ? 'yaml' : /\.json$/.test(path) ? 'json' : '';
  return `${title}\`\`\`${language}\n${readFileSync(path, 'utf8').trimEnd()}\n\`\`\``;
}
