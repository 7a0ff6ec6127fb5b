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
    ['/a/*/b', '/a/x/b', false],
    ['/a/*/b', '/a/*/b', true],
  ])('%s on %j: %s', (pattern, value, matches) => {
    module.reset();
    const answer = module.exports.matchesPath(...module.give(pattern), ...module.give(value));
    expect(answer).toBe(Number(matches));
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
