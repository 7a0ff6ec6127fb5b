// What Envoy makes of a request's path before any filter sees it: MeshConfig.pathNormalization.

/** MeshConfig.pathNormalization.normalization, DEFAULT aside. */
export type PathNormalization = 'NONE' | 'BASE' | 'MERGE_SLASHES' | 'DECODE_AND_MERGE_SLASHES';

/** The path as filters see it, query included; undefined where Envoy answers 400 instead. */
export function normalizedPath(path: string, how: PathNormalization): string | undefined {
  // Envoy refuses a fragment, which no client has any business sending.
  if (path.includes('#')) return undefined;
  if (how === 'NONE' || !path.startsWith('/')) return path;
  const query = path.indexOf('?');
  let text = query < 0 ? path : path.slice(0, query);
  if (how === 'DECODE_AND_MERGE_SLASHES') {
    text = text.replace(/%2f/gi, '/').replace(/%5c/gi, '\\');
  }
  const canonical = canonicalPath(text);
  if (canonical === undefined) return undefined;
  const merged = how === 'BASE' ? canonical : mergeSlashes(canonical);
  return query < 0 ? merged : merged + path.slice(query);
}

/** Slashes in a row become one; a path of slashes alone keeps two, its first and its last. */
function mergeSlashes(path: string): string {
  if (!path.includes('//')) return path;
  const segments = path.split('/').filter((segment) => segment !== '');
  return `/${segments.join('/')}${path.endsWith('/') ? '/' : ''}`;
}

/** RFC 3986 §6.2.2, as Envoy's URL library does it: dots resolved, unreserved characters decoded, other bytes encoded. */
function canonicalPath(path: string): string | undefined {
  // Dots that are written as such take their parameters with them, up to the next slash.
  const bare = path.replace(/\/(\.{1,2});[^/]*/g, '/$1');
  if (bare.includes('%00')) return undefined;
  const decoded = decodeUnreserved(bare.replaceAll('\\', '/')).replace(
    /[\x00-\x20"<>`{}|^\x7f-\xff]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
  const output: string[] = [];
  const segments = decoded.split('/').slice(1);
  segments.forEach((segment, i) => {
    const isLast = i === segments.length - 1;
    if (segment === '..') output.pop();
    else if (segment !== '.') return output.push(segment);
    // What a dot stands for is a folder.
    return isLast ? output.push('') : 0;
  });
  return `/${output.join('/')}`;
}

/** Decodes unreserved characters. A stray `%` that this would make an escape of is encoded itself. */
function decodeUnreserved(path: string): string {
  let output = '';
  /** Where the last decoded character stands in the output. */
  let decoded = -1;
  for (let at = 0; at < path.length; at++) {
    const [escape, digits] = /^%([0-9a-f]{2})/i.exec(path.slice(at, at + 3)) ?? [];
    const character = digits === undefined ? '' : String.fromCharCode(parseInt(digits, 16));
    if (escape === undefined) {
      output += path[at];
    } else {
      at += 2;
      if (!/[\w~.-]/.test(character)) {
        output += escape;
        continue;
      }
      output += character;
      decoded = output.length - 1;
    }
    if (decoded >= output.length - 2 && /%[0-9a-f]{2}$/i.test(output)) {
      output = `${output.slice(0, -3)}%25${output.slice(-2)}`;
    }
  }
  return output;
}
