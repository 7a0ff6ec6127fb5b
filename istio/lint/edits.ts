// Changes of a text.

/** Puts `text` in the place of what stands from `start` to `end`, in UTF-16 units. */
export interface Edit {
  start: number;
  end: number;
  text: string;
}

/** The text with the edits made. They must not overlap. */
export function withEdits(text: string, edits: Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start || a.end - b.end)) {
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** Whether any of `a` touches any of `b`. */
export function collide(a: Edit[], b: Edit[]): boolean {
  return a.some((one) => b.some((other) => one.start <= other.end && other.start <= one.end));
}

/** Offset of the beginning of the line that `offset` stands in. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1;
}

/** Offset behind the line that `offset` stands in, its line feed included. */
export function lineEnd(text: string, offset: number): number {
  const feed = text.indexOf('\n', offset);
  return feed < 0 ? text.length : feed + 1;
}

/** Offset within its line: blanks alone, where YAML indents a block by it. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

/** Offset of the beginning of the comments right above the line that `offset` stands in, at its own column; of that line where there are none. */
export function commentStart(text: string, offset: number): number {
  let at = lineStart(text, offset);
  const column = text.slice(at).search(/[^ ]/);
  while (at > 0) {
    const above = lineStart(text, at - 1);
    const line = text.slice(above, at);
    if (line.search(/[^ ]/) !== column || line[column] !== '#') break;
    at = above;
  }
  return at;
}

/**
 * Moves lines to the right by `by` columns, or to the left where that is negative: those that begin after `start` and before
 * `end`. What stands further left than that, as a comment may, goes to the margin.
 */
export function shiftLines(text: string, start: number, end: number, by: number): Edit[] {
  const edits: Edit[] = [];
  for (let at = lineStart(text, start); at < end; at = lineEnd(text, at)) {
    if (at < start) continue;
    const line = text.slice(at, lineEnd(text, at));
    if (line.trim() === '') continue;
    if (by > 0) edits.push({ start: at, end: at, text: ' '.repeat(by) });
    else edits.push({ start: at, end: at + Math.min(-by, line.search(/[^ ]/)), text: '' });
  }
  return edits;
}
