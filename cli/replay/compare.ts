// What a page prints, against what was seen.

/**
 * Whether the lines agree. Blanks at the ends of a line do not count, nor does a comma that ends a line of JSON: where a header stands
 * among others depends on which others there are. A line `...` leaves lines out: what stands before the first one begins what was seen,
 * and every part after one is somewhere in it.
 */
export function agrees(expected: string[], seen: string[]): boolean {
  const lines = normal(seen);
  const [first = [], ...others] = partsOf(normal(expected));
  if (others.length === 0) return first.join('\n') === lines.join('\n');
  return (
    isAt(first, lines, 0) && others.every((part) => lines.some((_, i) => isAt(part, lines, i)))
  );
}

function isAt(part: string[], lines: string[], at: number): boolean {
  return part.every((line, i) => lines[at + i] === line);
}

function partsOf(lines: string[]): string[][] {
  const parts: string[][] = [[]];
  for (const line of lines) {
    if (line === '...') parts.push([]);
    else parts.at(-1)!.push(line);
  }
  return parts;
}

function normal(lines: string[]): string[] {
  return lines.map((line) => line.trim().replace(/(^".*"),$/, '$1')).filter((line) => line !== '');
}
