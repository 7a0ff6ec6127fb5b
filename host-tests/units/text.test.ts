import { describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();

describe('durations', () => {
  it.each([
    ['60s', 60_000_000_000n],
    ['0s', 0n],
    ['0', 0n],
    ['1m30s', 90_000_000_000n],
    ['0.5s', 500_000_000n],
    ['.5s', 500_000_000n],
    ['250ms', 250_000_000n],
    ['1h', 3_600_000_000_000n],
    ['5us', 5000n],
    ['7ns', 7n],
    ['2m', 120_000_000_000n],
    ['9s', 9_000_000_000n],
    ['190ms', 190_000_000n],
    ['1h2m3s4ms5us6ns', 3_723_004_005_006n],
    ['1ms1m', 60_001_000_000n],
    ['1.s', 1_000_000_000n],
    ['0.25m0.5ms', 15_000_500_000n],
    ['00s', 0n],
    ['1.6ns', 2n],
    ['87600h', 315_360_000_000_000_000n],
  ])('%s is %d ns', (text, nanoseconds) => {
    module.reset();
    expect(module.exports.duration(...module.give(text))).toBe(nanoseconds);
  });

  it.each([
    '',
    '60',
    's',
    '-1s',
    '1x',
    '1.2.3s',
    '1s ',
    ' 1s',
    '1 s',
    '.s',
    '1e3s',
    '99999999999h',
    '87600h1s',
    ...[
      '00',
      '5',
      '1u',
      '1n',
      '1ss',
      '1sm',
      '1mss',
      '1m5',
      '5m5',
      'm5',
      '1s.',
      '1..5s',
      '1/s',
      '1:s',
    ],
    ...['1xs', '1ts', '1vs', '1ls', '1os', '1S', '1M', '0x', '.', '1.', 'h'],
  ])('%j is none', (text) => {
    module.reset();
    expect(module.exports.duration(...module.give(text))).toBe(-1n);
  });
});

describe('a jwksUri', () => {
  const parse = (text: string): string => {
    module.reset();
    return module.take(module.exports.uri(...module.give(text)))!.toString();
  };

  it.each([
    ['https://example.com/jwks.json', '|example.com|443|example.com|/jwks.json'],
    ['http://example.com', '|example.com|80|example.com|/'],
    ['HTTPS://Example.COM:8443/a?b=c#d', '|example.com|8443|example.com:8443|/a?b=c'],
    ['https://example.com?x', '|example.com|443|example.com|/?x'],
    ['http://[::1]:8080/k', '|::1|8080|[::1]:8080|/k'],
    ['https://[2001:db8::1]/k', '|2001:db8::1|443|[2001:db8::1]|/k'],
    ['https://[FE80::A]:443', '|fe80::a|443|[fe80::a]|/'],
    ['http://example.com:80/', '|example.com|80|example.com|/'],
    ['http://example.com:443/', '|example.com|443|example.com:443|/'],
    ['https://example.com:80/', '|example.com|80|example.com:80|/'],
    ['https://example.com:1/', '|example.com|1|example.com:1|/'],
    ['https://example.com:65535/', '|example.com|65535|example.com:65535|/'],
    ['https://example.com#a/b?c', '|example.com|443|example.com|/'],
    ['https://example.com/!a~?b=@c:d#e#f', '|example.com|443|example.com|/!a~?b=@c:d'],
    ['https://example.com?a/b#c', '|example.com|443|example.com|/?a/b'],
  ])('%s is taken apart', (text, parts) => {
    expect(parse(text)).toBe(parts);
  });

  it.each([
    'ftp://example.com/',
    'example.com/jwks',
    'https:/example.com/',
    'https://',
    'https:///path',
    'https://example.com:0/',
    'https://example.com:65536/',
    'https://example.com:x/',
    'https://user:secret@example.com/',
    'https://exa mple.com/',
    'https://example.com/\r\nx: y',
    'https://[::1/',
    '',
  ])('%j is refused', (text) => {
    expect(parse(text).split('|')[0]).not.toBe('');
  });

  it.each([
    [
      'url must have scheme http:// or https://',
      [
        'https',
        'https:',
        'https:/a/',
        'https:a//',
        'https:/',
        '://a',
        '//a',
        'https//a:b',
        ' https://a',
      ],
    ],
    [
      'url must not contain blanks, control characters or anything beyond ASCII',
      ['https://a/ b', 'https://a/\x1f', 'https://a/\x7f', 'https://ä/'],
    ],
    [
      'url must not contain credentials',
      ['https://@a/', 'https://a@', 'https://a:b@c:80/', 'https://[::1]@a/'],
    ],
    [
      'url has no host',
      [
        'https://',
        'https://:8080/',
        'https://[]/',
        'https://[]:80/',
        'https://[::1',
        'https://[::1]a/',
        'https://[::1]a:80/',
        'https://[::1]]/',
      ],
    ],
    [
      'url has an invalid port',
      [
        'https://a:/',
        'https://a:0/',
        'https://a:65536/',
        'https://a:b:80/',
        'https://[::1]:/',
        'https://[::1]:x/',
        'https://a:4294967376/',
      ],
    ],
  ])('is refused, since it: %s', (error, texts) => {
    const errors = texts.map((text) => [text, parse(text).split('|')[0]]);
    expect(errors).toEqual(texts.map((text) => [text, error]));
  });
});

describe('the query', () => {
  const value = (path: string, name = 'access_token'): string | undefined => {
    module.reset();
    const found = module.exports.parameter(...module.give(path), ...module.give(name));
    return module.take(found)?.toString();
  };
  const without = (path: string, keepName = 0, name = 'access_token'): string => {
    module.reset();
    const rest = module.exports.cut(...module.give(path), ...module.give(name), keepName);
    return module.take(rest)!.toString();
  };

  it.each([
    ['/ip', undefined],
    ['/ip?', undefined],
    ['/ip?x=access_token', undefined],
    ['/ip?access_token', ''],
    ['/ip?access_token=', ''],
    ['/ip?access_token=a.b.c', 'a.b.c'],
    ['/ip?x=1&access_token=a&access_token=b', 'a'],
    ['/ip?%61ccess_token=a', 'a'],
    ['/ip?access_token=a%2Eb%2ec', 'a.b.c'],
    ['/ip?access_token=a=b', 'a=b'],
    ['/ip?access_token=%zz%4', '%zz%4'],
    ['/ip?Access_Token=a', undefined],
    ['?access_token=a', 'a'],
    ['/ip?&access_token=a', 'a'],
    ['/ip?&&=&access_token=a&', 'a'],
    ['/ip?%access_token=a', undefined],
    ['/ip?access_token=a?access_token=b', 'a?access_token=b'],
    ['/ip?access_token=%61%', 'a%'],
    ['/ip?access_token=%61%6', 'a%6'],
    ['/ip?access_token=%%61', '%a'],
    ['/ip?access_token=%25252E', '%252E'],
    ['/ip?access_token=a+b', 'a+b'],
    ['/ip?access_token=a%26b%3Dc', 'a&b=c'],
  ])('of %s has the token %j', (path, token) => {
    expect(value(path)).toBe(token);
  });

  it.each([
    ['00', '\0'],
    ['09', '\t'],
    ['0a', '\n'],
    ['0F', '\x0f'],
    ['30', '0'],
    ['39', '9'],
    ['4a', 'J'],
    ['4A', 'J'],
    ['4f', 'O'],
    ['4F', 'O'],
    ['7e', '~'],
    ['a0', '\xa0'],
    ['FF', '\xff'],
  ])('has %%%s decoded', (code, byte) => {
    module.reset();
    const path = `/ip?access_token=${`%${code}`.repeat(2)}`;
    const found = module.exports.parameter(...module.give(path), ...module.give('access_token'));
    expect(module.take(found)!.toString('latin1')).toBe(byte.repeat(2));
  });

  it.each(['/', ':', '@', 'G', '`', 'g', ' ', '%'])('is left where %j is no digit', (other) => {
    for (const text of [`%${other}1`, `%1${other}`, `%a${other}`, `%${other}F`])
      expect(value(`/ip?access_token=${text}`)).toBe(text);
  });

  it.each([
    ['/ip?=x', '', 'x'],
    ['/ip?x', '', undefined],
    ['/ip?=a', '=a', undefined],
    ['/ip?=access_token', 'access_token', undefined],
    ['/ip', '', undefined],
    ['/ip?', '', ''],
  ])('may have a parameter without a name: of %s, that of name %j is %j', (path, name, found) => {
    expect(value(path, name)).toBe(found);
  });

  it.each([
    ['/ip?access_token=a', '/ip'],
    ['/ip?a=1&access_token=a&b=%20x+y', '/ip?a=1&b=%20x+y'],
    ['/ip?access_token=a&x', '/ip?x'],
    ['/ip?x=1&&y&%61ccess_token=a', '/ip?x=1&&y'],
    ['/ip?access_token=a&access_token=b', '/ip'],
    ['/ip?x=access_token', '/ip?x=access_token'],
    ['/ip', '/ip'],
    ['/ip?', '/ip?'],
    ['/ip?&', '/ip?&'],
    ['/ip?x&access_token', '/ip?x'],
    ['/ip?access_token=a?b&x?y', '/ip?x?y'],
    ['?access_token=a&x', '?x'],
    ['?access_token=a', ''],
    ['', ''],
  ])('loses the token and nothing else: %s becomes %s', (path, rest) => {
    expect(without(path)).toBe(rest);
  });

  it('keeps no token in a message', () => {
    expect(without('/ip?a=1&access_token=secret&%61ccess_token=secret', 1)).toBe(
      '/ip?a=1&access_token=&%61ccess_token=',
    );
    expect(without('/ip?access_token&access_token=&x', 1)).toBe('/ip?access_token&access_token=&x');
    expect(without('/ip?=secret&x', 1, '')).toBe('/ip?=&x');
  });
});
