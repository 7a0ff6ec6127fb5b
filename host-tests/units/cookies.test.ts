// Cookies as Envoy reads them (RFC 6265 §4.2.1): of several with a name, the first.
import { describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();

/** The value of a cookie in one or more Cookie headers. */
function cookie(headers: string[], name = 'a'): string | undefined {
  module.reset();
  const found = module.exports.cookie(...module.give(headers.join('\n')), ...module.give(name));
  return module.take(found)?.toString();
}

describe('a cookie', () => {
  it.each<[string, string | undefined]>([
    ['a=1', '1'],
    ['a=', ''],
    ['a=1;', '1'],
    ['a=1; b=2', '1'],
    ['b=2; a=1', '1'],
    ['b=2;a=1', '1'],
    ['b=2;   a=1', '1'],
    ['  a=1', '1'],
    [';a=1', '1'],
    [';;a=1', '1'],
    ['; ;a=1', '1'],
    ['b;a=1', '1'],
    ['a;a=1', '1'],
    ['a; a=1', '1'],
    ['=1; a=2', '2'],
    ['a=1; a=2', '1'],
    ['a=1=2', '1=2'],
    ['a==', '='],
    ['a=1 ', '1 '],
    ['a= 1', ' 1'],
    ['a="1"', '1'],
    ['a="1";b', '1'],
    ['a=""', ''],
    ['a="', '"'],
    ['a="1', '"1'],
    ['a=1"', '1"'],
    ['a=1"2"', '1"2"'],
    ['a="1" ', '"1" '],
    ['', undefined],
    [';', undefined],
    ['a', undefined],
    ['=a', undefined],
    ['b=a=1', undefined],
    ['A=1', undefined],
    ['a =1', undefined],
    ['\ta=1', undefined],
    ['aa=1', undefined],
    ['ba=1', undefined],
    ['b="; a=1"', '1"'],
  ])('in %j is %j', (header, value) => {
    expect(cookie([header])).toBe(value);
  });

  it.each<[string[], string | undefined]>([
    [['a=1', 'a=2'], '1'],
    [['b=1', 'a=2'], '2'],
    [['', 'b', 'a=3'], '3'],
    [['a=', 'a=2'], ''],
    [['b=1', 'c=2'], undefined],
  ])('in several headers, %j, is %j', (headers, value) => {
    expect(cookie(headers)).toBe(value);
  });

  it.each<[string, string, string | undefined]>([
    [';a', ';a=1', undefined],
    [';a', 'b=2;a=1', undefined],
    [' a', ' a=1', undefined],
    ['a=1', 'a=1=2', undefined],
    ['', '=1', '1'],
    ['', '1', undefined],
  ])('has no name that begins or ends where one cannot: %j in %j is %j', (name, header, value) => {
    expect(cookie([header], name)).toBe(value);
  });
});
