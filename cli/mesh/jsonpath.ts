// kubectl's JSONPath, as far as people use it: `{.items..metadata.name}`, `{.items[0].metadata.name}`, `{.a.b}`, `{.items[*].x}`,
// `{range .items[*]}…{end}`, texts in quotes.
import { ExitCode, Failure } from '../exit-codes.ts';

/** What a template gives for a document: several values are joined by blanks. Throws Failure for what it cannot read. */
export function jsonpath(template: string, document: unknown): string {
  const whole = template.includes('{') ? template : `{${template}}`;
  const [text, rest] = evaluate(whole, document);
  if (rest !== '') throw unreadable(template);
  return text;
}

/** Evaluates up to `{end}` or the end; what is left. */
function evaluate(template: string, document: unknown): [text: string, rest: string] {
  let text = '';
  let rest = template;
  while (rest !== '') {
    const open = rest.indexOf('{');
    if (open < 0) return [text + rest, ''];
    const close = closing(rest, open);
    text += rest.slice(0, open);
    const expression = rest.slice(open + 1, close).trim();
    rest = rest.slice(close + 1);
    if (expression === 'end') return [text, rest];
    const range = /^range\s+(.*)$/.exec(expression);
    if (range !== null) {
      let after = rest;
      const items = valuesAt(range[1]!, document).flat();
      // Even of nothing the body must be passed over.
      for (const item of items.length === 0 ? [undefined] : items) {
        const [part, left] = evaluate(rest, item);
        if (items.length > 0) text += part;
        after = left;
      }
      rest = after;
    } else if (/^(["']).*\1$/.test(expression)) {
      text += expression.slice(1, -1).replace(/\\n/g, '\n').replace(/\\t/g, '\t');
    } else {
      text += valuesAt(expression, document).map(printed).join(' ');
    }
  }
  return [text, ''];
}

function closing(text: string, open: number): number {
  let quote = '';
  for (let i = open + 1; i < text.length; i++) {
    const c = text[i]!;
    if (quote !== '') {
      if (c === quote) quote = '';
    } else if (c === '"' || c === "'") quote = c;
    else if (c === '}') return i;
  }
  throw unreadable(text);
}

/** The values that a path leads to. */
function valuesAt(path: string, document: unknown): unknown[] {
  let values: unknown[] = [document];
  let rest = path.replace(/^\$/, '');
  while (rest !== '') {
    const [whole, deep, name, index] = STEP.exec(rest) ?? [];
    if (whole === undefined) throw unreadable(path);
    rest = rest.slice(whole.length);
    if (deep !== undefined) values = values.flatMap((value) => descendants(value, deep));
    else if (name !== undefined) values = values.flatMap((value) => member(value, name));
    else if (index !== undefined) values = values.flatMap((value) => element(value, index));
  }
  return values;
}

/** `..name`, `.name`, `[0]`, `[*]`, `['name']`, or a dot with nothing or an index behind it. */
const STEP = /^(?:\.\.([\w-]+)|\.([\w-]+)|\[(\*|-?\d+|'[^']*'|"[^"]*")\]|\.(?=$|\[))/;

function member(value: unknown, name: string): unknown[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const found = (value as Record<string, unknown>)[name];
  return found === undefined ? [] : [found];
}

function element(value: unknown, index: string): unknown[] {
  if (/^['"]/.test(index)) return member(value, index.slice(1, -1));
  if (!Array.isArray(value)) return [];
  if (index === '*') return value as unknown[];
  const found: unknown = (value as unknown[]).at(Number(index));
  return found === undefined ? [] : [found];
}

/** Values of members with this name, however deep. */
function descendants(value: unknown, name: string): unknown[] {
  if (Array.isArray(value)) return value.flatMap((item) => descendants(item, name));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => [
    ...(key === name ? [item as unknown] : []),
    ...descendants(item, name),
  ]);
}

function printed(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function unreadable(path: string): Failure {
  return new Failure(ExitCode.Usage, `jsonpath: cannot read ${path}`);
}
