// Paths with `{*}` and `{**}`: which of them are templates, which of those are refused, and what they match.
import { describe, expect, it } from 'vitest';
import { configuration, denyPolicy, errorLines, start, status, update } from './fixture.ts';

const AT =
  'config: resources[0] AuthorizationPolicy istio-system/deny: spec.rules[0].to[0].operation';

const deny = (paths: string[], field = 'paths'): object =>
  denyPolicy([{ to: [{ operation: { [field]: paths } }] }]);

/** The error lines for a DENY policy with these paths; empty when it is in force. */
function errors(paths: string[], field = 'paths'): string[] {
  const world = start([]);
  const taken = update(world, configuration([deny(paths, field)]));
  const lines = errorLines(world.process);
  expect(taken).toBe(lines.length === 0);
  return lines;
}

describe('a path template is taken', () => {
  it.each([
    '/{*}',
    '/{**}',
    '/{*}/',
    '/{**}/',
    '/a/{*}/',
    '/{*}/{*}',
    '/{*}/{**}',
    '/{*}/b/{*}/d',
    '/{**}/b/c',
    '/{*}/{**}/c/',
  ])('%s', (template) => {
    expect(errors([template])).toEqual([]);
  });
});

describe('a path template is refused', () => {
  const BRACE = "Contains '{' or '}' beyond a supported path template";
  const ORDER = '{**} is not the last operator';
  const SLASH = 'It does not begin with a slash';
  const literal = (text: string): string => `Contains segment ${text} with invalid string literal`;

  it.each([
    ['{*}', SLASH],
    ['{**}', SLASH],
    ['{', SLASH],
    ['}', SLASH],
    ['/a{', BRACE],
    ['/a}', BRACE],
    ['/{a}', BRACE],
    ['/{***}', BRACE],
    ['/{*}/a{', BRACE],
    ['/{*}/a}', BRACE],
    ['/a{*}', BRACE],
    ['/{*}a', BRACE],
    ['/{**}.jpg', BRACE],
    ['/{**}/{**}', ORDER],
    ['/{**}/a/{*}', ORDER],
    ['/{**}/{*}/{*}', ORDER],
    ['//{*}', literal('')],
    ['/{*}//a', literal('')],
    ['/{*}//', literal('')],
    ['/*/{*}', literal('*')],
    ['/{*}/*', literal('*')],
    ['/{*}/a*', literal('a*')],
    ['/a"/{*}', literal('a"')],
    ['/a"b/{*}/', literal('a"b')],
  ])('%s', (template, problem) => {
    for (const field of ['paths', 'notPaths']) {
      const name = field === 'paths' ? 'Paths' : 'NotPaths';
      expect(errors(['/fine', '/{*}', template], field)).toEqual([
        `${AT}.${field}[2]: invalid or unsupported path ${template}, found in ${name}. ${problem}`,
      ]);
    }
  });

  it('for a character in a literal that Istio does not let it have', () => {
    const printable = Array.from({ length: 0x5f }, (_, i) => String.fromCharCode(0x20 + i));
    // The last ones have a letter's lower byte, or its bytes in UTF-8 begin like one's.
    const all = [...printable, '\u0000', '\u007f', '\u0080', 'é', '\u0141', '\u0161', '文', '🙂'];
    // These end the segment, or have a meaning of their own.
    const literals = all.filter((c) => !'/{}'.includes(c));
    const lines = errors(literals.map((c) => `/${c}/{*}`));
    const taken = literals.filter((_, i) => !lines.some((line) => line.includes(`.paths[${i}]: `)));
    expect(taken).toEqual(literals.filter((c) => /^[a-zA-Z0-9\-._~%!$&'()+,;:@=]$/.test(c)));
  });

  it('and not for what is refused of a template alone: a text may have any character', () => {
    expect(errors(['/a*', '*b', '//', '/a"', '/é', 'c'])).toEqual([]);
  });
});

describe('a DENY rule with the template', () => {
  const refuses = (template: string, path: string): boolean =>
    status(start([deny([template])]).plugin, { path }) === 403;

  it.each([
    ['/a/{*}', '*', false],
    ['/{*}', 'xa', false],
    ['/a/{*}', '/axb', false],
    ['/{*}/b', '/a', false],
    ['/{*}/b/c', '/a/b', false],
    ['/{*}/b/c', '/a/b/', false],
    ['/{*}/b/c', '/a/b/c', true],
    ['/{*}/b/{*}/d', '/1/b/2/d', true],
    ['/{*}/b/{*}/d', '/1/b/2/e', false],
    ['/{*}/{*}', '/a/b', true],
    ['/{*}/{*}', '/a/"', false],
    ['/{*}/{*}', '/"/b', false],
    ['/{*}/{**}/c/d', '/a/c/d', false],
    ['/{*}/{**}/c/d', '/a//c/d', true],
    ['/{*}/{**}/c/d', '/a/b/b/c/d', true],
    ['/{*}/{**}/c/d', '/a/b/c/d/', false],
    ['/{**}/c', '/c', false],
    ['/{**}/c', '//c', true],
    ['/{**}/c', '/c/c', true],
    ['/{**}/', '/a/', true],
    ['/{**}/', '/', false],
    ['/{**}', '/a%2fb//c', true],
  ])('%s meets the path %s: %s', (template, path, refused) => {
    expect(refuses(template, path)).toBe(refused);
  });

  it('matches no byte beyond ASCII with a wildcard, be it one half of a character', () => {
    const { plugin } = start([deny(['/s/{*}', '/r/{**}'])]);
    const others = Array.from({ length: 0x80 }, (_, i) => String.fromCharCode(0x80 + i));
    for (const path of ['/s/', '/r/']) {
      expect(others.filter((c) => status(plugin, { path: `${path}a${c}` }) === 403)).toEqual([]);
    }
  });

  it('means it beside texts: any of them is enough', () => {
    const { plugin } = start([deny(['/a', '/b/{*}', '*.txt', '/c/{**}'])]);
    const seen = ['/a', '/b/x', '/x.txt', '/c/x/y', '/b', '/d'].map((path) =>
      status(plugin, { path }),
    );
    expect(seen).toEqual([403, 403, 403, 403, 200, 200]);
  });
});
