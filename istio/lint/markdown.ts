// Policies within Markdown: fenced YAML, and here-documents of `kubectl apply` in fenced shell commands.
import type { Source } from '../load.ts';

const FENCE = /^(\s*(?:[-*+]\s+)?)(`{3,}|~{3,})\s*(\w*)/;
const HEREDOC = /<<-?\s*(['"]?)(\w+)\1/;
const NAMESPACE = /(?:\s-n|\s--namespace)[ =]([\w-]+)/;

/**
 * The resources of a Markdown file, one source a block. Everything else is blanked out, so that lines, columns and offsets
 * are those of the file. Each block is a step: what one brings, another may bring again.
 * Without any, there is one empty source: a file that was looked at.
 */
export function markdownSources(file: string, text: string): Source[] {
  const lines = text.split('\n');
  const sources: Source[] = [];
  for (let i = 0; i < lines.length; i++) {
    const [, , ticks, language = ''] = FENCE.exec(lines[i]!) ?? [];
    if (ticks === undefined) continue;
    const begin = i + 1;
    for (i = begin; i < lines.length && !lines[i]!.trimStart().startsWith(ticks); i++);
    const block = { begin, end: i };
    if (/^ya?ml$/.test(language)) sources.push(sourceOf(file, lines, block));
    else sources.push(...heredocs(file, lines, block));
  }
  const found = sources.filter(({ text: own }) => /^\s*"?apiVersion"?\s*:/m.test(own));
  return found.length > 0 ? found : [{ file, text: '' }];
}

interface Block {
  begin: number;
  end: number;
}

function heredocs(file: string, lines: string[], { begin, end }: Block): Source[] {
  const sources: Source[] = [];
  for (let i = begin; i < end; i++) {
    const word = HEREDOC.exec(lines[i]!)?.[2];
    if (word === undefined) continue;
    const [, namespace] = NAMESPACE.exec(lines[i]!) ?? [];
    const first = i + 1;
    for (i = first; i < end && lines[i]!.trim() !== word; i++);
    sources.push(sourceOf(file, lines, { begin: first, end: i }, namespace));
  }
  return sources;
}

function sourceOf(file: string, lines: string[], block: Block, namespace?: string): Source {
  const text = lines
    .map((line, i) => (i >= block.begin && i < block.end ? line : ' '.repeat(line.length)))
    .join('\n');
  return { file, text, isStep: true, ...(namespace === undefined ? {} : { namespace }) };
}
