import { describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();

describe('a path or claim pattern', () => {
  it.each([
    ['/a', '/a', true],
    ['/a', '/A', false],
    ['/a', '/a/', false],
    ['/a*', '/a', true],
    ['/a*', '/abc', true],
    ['/a*', '/', false],
    ['*z', '/xyz', true],
    ['*z', 'z', true],
    ['*z', '/xyzz/', false],
    ['*', '/', true],
    ['*', '', false],
    ['*', 'a\nb', false],
    ['*', '\nb', false],
    ['*', 'b\n', false],
    ['/', '/', true],
    ['/', '', false],
    ['/', 'x', false],
    ['', '', true],
    ['', '/', false],
    ['**', '/a*', true],
    ['**', '/a', false],
    ['*a*', 'xa*', true],
    ['*a*', 'xab', false],
    ['/A*', '/Ab', true],
    ['/A*', '/ab', false],
    ['*Z', '/Z', true],
    ['*Z', '/z', false],
    ['/a/*/b', '/a/x/b', false],
    ['/a/*/b', '/a/*/b', true],
  ])('%s on %j: %s', (pattern, value, matches) => {
    module.reset();
    const answer = module.exports.matchesPath(...module.give(pattern), ...module.give(value));
    expect(answer).toBe(Number(matches));
  });
});

describe('bytes that stand around a value are not of it:', () => {
  const { exports } = module;
  it.each<[string, string, string, string]>([
    ['/a?x', '', '/a', '?x'],
    ['/a?*', '', '/a', '?x'],
    ['*h/a', 'path', '/a', ''],
    ['*h/a', 'path', '/a', '*h/a'],
  ])('%s, on %j[%s]%j', (pattern, before, value, behind) => {
    for (const field of ['matchesPath', 'matchesHost'] as const) {
      module.reset();
      const given = module.give(pattern);
      const [address] = module.give(before + value + behind);
      expect(exports[field](...given, address + before.length, value.length), field).toBe(0);
    }
  });
});

describe('a host pattern', () => {
  it.each([
    ['Example.com', 'EXAMPLE.COM', true],
    ['example.com', 'example.com:80', false],
    ['example.com:*', 'example.com:80', true],
    ['*.COM', 'a.com', true],
    ['*', '', true],
    ['ex[mple', 'ex{mple', false],
    ['ex{mple', 'ex[mple', false],
    ['É.com', 'é.com', false],
    ['A.com', 'a.com', true],
    ['Z.com', 'z.com', true],
    ['@.com', '`.com', false],
    ['`.com', '@.com', false],
    ['@.com', '@.com', true],
    ['[.com', '[.com', true],
    ['a.com', '!.com', false],
    ['b.com', 'a.com', false],
    ['Ex*', 'eXample', true],
    ['Ex*', 'e', false],
    ['*', 'a\nb', true],
  ])('%s on %j: %s', (pattern, value, matches) => {
    module.reset();
    const answer = module.exports.matchesHost(...module.give(pattern), ...module.give(value));
    expect(answer).toBe(Number(matches));
  });
});

describe('a request principal', () => {
  it.each<[string, string, string | undefined, boolean]>([
    ['*', 'i', 's', true],
    ['*', 'i', '', false],
    ['*', 'i', undefined, false],
    ['i/s', 'i', 's', true],
    ['i/s', 'i', 't', false],
    ['https://i/s', 'https://i', 's', true],
    ['https://i/a/b', 'https://i', 'a/b', false],
    ['https://i/a/b', 'https://i/a', 'b', true],
    ['*/s', 'anything', 's', true],
    ['*/s', 'anything', 'xs', false],
    ['*y/s', 'xy', 's', true],
    ['*y/s', 'x', 's', false],
    ['*s', 'anything', 'xs', true],
    ['*s', '', 'xs', false],
    ['i/*', 'i', 'anything', true],
    ['i/*', 'i', '', false],
    ['i/x*', 'i', 'xyz', true],
    ['i/x*', 'i', 'y', false],
    ['i*', 'idp', 'anything', true],
    ['i*', 'idp', undefined, false],
    ['https://idp*', 'https://idp', 's', false],
    ['*/*', 'i', '*', true],
    ['*/*', 'i', 's', false],
    ['i/', 'i', '', true],
    ['i/', 'i', undefined, false],
    ['noslash', 'noslash', '', true],
    ['a*/b', 'a*', 'b', true],
    ['a*/b', 'ab', 'b', false],
    ['I/S', 'I', 'S', true],
    ['I/s', 'i', 's', false],
    ['i/S', 'i', 's', false],
    ['i/S*', 'i', 'St', true],
    ['i/S*', 'i', 'st', false],
    ['I*', 'Idp', 's', true],
    ['I*', 'idp', 's', false],
    ['*Y/s', 'xY', 's', true],
    ['*Y/s', 'xy', 's', false],
    ['*S', 'i', 'xS', true],
    ['*S', 'i', 'xs', false],
  ])('%s on iss %j, sub %j: %s', (pattern, issuer, subject, matches) => {
    module.reset();
    const sub: [number, number] = subject === undefined ? [0, -1] : module.give(subject);
    const answer = module.exports.matchesPrincipal(
      ...module.give(pattern),
      ...module.give(issuer),
      ...sub,
    );
    expect(answer).toBe(Number(matches));
  });
});
