// What stands in paths, cookies and addresses.
import { isIP } from 'node:net';
import { cookieOf, parameterOf } from '../oracles.ts';
import { agree, parserTarget } from './parser.ts';

const PARAMETER = 'access_token';
const COOKIE = 'session';

/** A token in the query. */
export const query = parserTarget({
  name: 'query',
  shape: 'lines',
  share: 12,
  seeds: [
    '/headers?access_token=a.b.c',
    '/get?a=1&access_token=%61.b.c&b=2',
    '/x?%61ccess_token=1&access_token=2',
    '/?access_token&&=&access_token=',
    '/no?Access_Token=1',
  ],
  dictionary: [
    '?',
    '&',
    '=',
    '%',
    '%61',
    '%2',
    '%zz',
    '%00',
    '%3d',
    '+',
    '#',
    ' ',
    '\xff',
    PARAMETER,
  ],
  check(parser, { bytes, length }, address) {
    const { module } = parser;
    const name = parser.word(PARAMETER);
    const path = bytes.toString('latin1', 0, length);
    const found = module.take(module.exports.parameter(address, length, name, PARAMETER.length));
    agree(found?.toString('latin1'), parameterOf(path, PARAMETER));
    const cut = module.take(module.exports.cut(address, length, name, PARAMETER.length, 0))!;
    const rest = cut.toString('latin1');
    agree(parameterOf(rest, PARAMETER), undefined);
    // Without what is cut out nothing is touched.
    if (found === undefined) agree(rest, path);
    return found === undefined ? -1 : Math.min(found.length, 64);
  },
});

/** A token in a cookie. */
export const cookie = parserTarget({
  name: 'cookie',
  shape: 'lines',
  share: 10,
  seeds: [
    'session=a.b.c',
    'a=b; session="x.y.z"; c=d',
    'a\nsession=1',
    'session = 1;session=2',
    ';;=;',
  ],
  dictionary: [';', '; ', '=', '"', '""', ' ', '\n', '\t', ',', COOKIE, `${COOKIE}=`, '\xff', '\0'],
  check(parser, { bytes, length }, address) {
    const { module } = parser;
    const name = parser.word(COOKIE);
    const value = module.take(module.exports.cookie(address, length, name, COOKIE.length));
    const values = bytes.toString('latin1', 0, length).split('\n');
    agree(value?.toString('latin1'), cookieOf(values, COOKIE));
    return value === undefined ? -1 : Math.min(value.length, 64);
  },
});

/** An address, as a proxy in front may claim one. */
export const address = parserTarget({
  name: 'address',
  shape: 'bytes',
  share: 8,
  seeds: [
    '127.0.0.1',
    '255.255.255.255',
    '::1',
    '2001:db8::1',
    '::ffff:1.2.3.4',
    '1:2:3:4:5:6:7:8',
    '::',
  ],
  dictionary: [
    '.',
    ':',
    '::',
    '0',
    '00',
    '255',
    '256',
    'ffff',
    '10000',
    '1.2.3.4',
    '%eth0',
    ' ',
    '[',
    ']',
    '/8',
  ],
  check({ module }, { bytes, length }, at) {
    const text = bytes.toString('latin1', 0, length);
    // No zones: what comes over the wire has none.
    agree(module.exports.ipVersion(at, length), text.includes('%') ? 0 : isIP(text));
    return Math.min(length, 64);
  },
});
