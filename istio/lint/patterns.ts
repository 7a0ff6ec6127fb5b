// Istio's patterns: `*` alone, at the beginning, or at the end; everywhere else it stands for itself.

/** Whether whatever `inner` matches is matched by `outer`, as far as that can be told. */
export function patternCovers(outer: string, inner: string): boolean {
  if (outer === inner || outer === '*') return true;
  if (outer.startsWith('*')) {
    return !inner.endsWith('*') && inner.replace(/^\*/, '').endsWith(outer.slice(1));
  }
  if (outer.endsWith('*')) {
    return !inner.startsWith('*') && inner.replace(/\*$/, '').startsWith(outer.slice(0, -1));
  }
  return false;
}

/** A pattern without the `*` that is one. */
export function literalPart(pattern: string): string {
  return pattern.startsWith('*') ? pattern.slice(1) : pattern.replace(/\*$/, '');
}
