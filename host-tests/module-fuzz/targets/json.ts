import { Difference } from '../target.ts';
import { isSameValue, strictBase64Url, strictJson } from '../oracles.ts';
import { agree, parserTarget } from './parser.ts';

export const JSON_WORDS = [
  ...[
    'null',
    'true',
    'false',
    '0',
    '-1',
    '1e400',
    '1E-7',
    '0.5',
    '18446744073709551616',
    '""',
    '{}',
    '[]',
  ],
  ...[
    '"\\u0000"',
    '"\\ud800"',
    '"\\udc00"',
    '"\\ud83d\\ude00"',
    '\\',
    '"',
    ',',
    ':',
    '[',
    ']',
    '{',
    '}',
  ],
  ...[
    '\xef\xbb\xbf',
    '\xc0\xaf',
    '\xed\xa0\x80',
    '\xf4\x90\x80\x80',
    '\xe2\x82\xac',
    '/**/',
    '\t',
    '\n',
  ],
  ...['"a":1', '"__proto__":1', ',"a":1', '"\\u0061"', '[[[[[[[[[[[[[[[['],
];

/** Documents of JSON against JSON.parse. */
export const json = parserTarget({
  name: 'json',
  shape: 'json',
  share: 30,
  seeds: [
    '{"a":[1,-2.5e3,true,false,null,"x\\u0041\\n"],"b":{"c":"\u00e9","d":[]},"e":""}',
    '{"iss":"i","sub":"s","aud":["a","b"],"exp":4102444800,"a":{"b":{"c":"x"}}}',
    '[[],{},"",0,[[[["\ud83d\ude00"]]]]]',
    `{${Array.from({ length: 20 }, (_, i) => `"k${i}":${i}`).join(',')}}`,
    `${'['.repeat(100)}${']'.repeat(100)}`,
    ' "\\"\\\\\\/\\b\\f\\n\\r\\t" ',
    '123456789012345678901234567890.5e-10',
  ],
  dictionary: JSON_WORDS,
  check({ module }, { bytes, length }, address) {
    const { exports } = module;
    const written = module.take(exports.rewritten(address, length));
    const offset = exports.jsonOffset();
    const oracle = strictJson(bytes.subarray(0, length));
    agree(written !== undefined, oracle !== undefined);
    if (written !== undefined && !isSameValue(JSON.parse(written.toString()), oracle!.value)) {
      throw new Difference(`the module has read ${written.toString()}`);
    }
    // How far it came, and at what.
    return written !== undefined ? -1 : offset * 256 + (offset < length ? bytes[offset]! : 0);
  },
});

/** base64url against Node's. */
export const base64url = parserTarget({
  name: 'base64url',
  shape: 'bytes',
  share: 10,
  seeds: ['', 'AA', 'AAA', 'AAAA', 'eyJhbGciOiJSUzI1NiJ9', '-_-_', 'Zg', 'Zm8', 'Zm9v'],
  dictionary: ['=', '==', '+', '/', '-', '_', ' ', '\n', '.', 'A', 'B', '\xff', '\0'],
  check({ module }, { bytes, length }, address) {
    const decoded = module.take(module.exports.base64url(address, length));
    const oracle = strictBase64Url(bytes.toString('latin1', 0, length));
    agree(decoded?.toString('hex'), oracle?.toString('hex'));
    return (length & 3) + (decoded === undefined ? 0 : 4);
  },
});
