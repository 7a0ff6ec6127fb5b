// IP addresses and blocks of them, as text.
import { isIP } from 'node:net';
import { describe, expect, it } from 'vitest';
import { TestingModule } from './testing-module.ts';

const module = new TestingModule();

function versionOf(text: string): number {
  module.reset();
  return module.exports.ipVersion(...module.give(text));
}

/** Whether a client's address is in the block; undefined when the block is none. */
function isIn(block: string, client: string): boolean | undefined {
  module.reset();
  const answer = module.exports.isInBlock(...module.give(block), ...module.give(client));
  return answer < 0 ? undefined : answer === 1;
}

describe('an address', () => {
  it.each([
    ...['0.0.0.0', '1.2.3.4', '9.10.99.100', '255.255.255.255', '10.0.0.1', '192.0.2.1'],
    ...['', '1', '1.2.3', '1.2.3.', '1.2.3.4.', '1.2.3.4.5', '.1.2.3', '1..2.3', '1.2.3.4x'],
    ...['256.1.1.1', '1.1.1.256', '1.2.3.999', '01.2.3.4', '1.2.3.04', '1.2.3.00', '1.2.3.1000'],
    ...['4294967297.2.3.4', '1.2.3.4294967300', '1/2.3.4', '1.2.3.a', '1.2.3.:', '-1.2.3.4'],
    ...['1,2,3,4', ' 1.2.3.4', '1.2.3.4 ', '0x1.2.3.4', '1.2.3.4:80', '[1.2.3.4]', 'a.b.c.d'],
    ...['::', '::1', '1::', '1::8', '::2:3:4:5:6:7:8', '1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:8'],
    ...['1:2:3::5:6:7:8', 'fe80::a:B:c', '09af:AF90::', 'ffff:ffff::ffff', '0000::0000', '::0'],
    ...[
      '::0.0.0.0',
      '::1.2.3.4',
      '::ffff:1.2.3.4',
      '1:2:3:4:5:6:1.2.3.4',
      '1:2:3:4:5::1.2.3.4',
      '1::1.2.3.4',
    ],
    ...[':', ':1', '1:', ':::', '1:::2', '::1:', ':1::', '1::2::3', '::1::', '1', ':1:2:3:4:5:6:7'],
    ...['1:2:3:4:5:6:7', '1:2:3:4:5:6:7:', '1:2:3:4:5:6:7:8:', '1:2:3:4:5:6:7:8:9', '12345::'],
    ...[
      '1:2:3:4:5:6:7:8::',
      '::1:2:3:4:5:6:7:8',
      '1:2:3:4::5:6:7:8',
      '1::2:3:4:5:6:7:8',
      '00001::',
    ],
    ...['1:2:3:4:5:6:7:1.2.3.4', '1:2:3:4:5:6::1.2.3.4', '1:2:3:4:5:1.2.3.4', '1:2:1.2.3.4'],
    ...['::1.2.3', '::1.2.3.4.5', '::1.2.3.256', '::1.2.3.04', '::1.2.3.4:5', '::1.2.3.4::'],
    ...[
      '1.2.3.4::',
      '::g',
      '::G',
      '::@',
      '::`',
      '::/',
      '1:2;3::',
      '[::1]',
      ' ::1',
      '::1 ',
      '::1/128',
    ],
  ])('is what it is for Node, too: %j', (text) => {
    expect(versionOf(text)).toBe(isIP(text));
    if (!text.includes('/')) expect(isIn(text, '') === undefined).toBe(isIP(text) === 0);
  });
});

describe('the same address', () => {
  it.each([
    ['2001:db8::1', '2001:0DB8:0:0:0:0:0:1'],
    ['::', '0:0:0:0:0:0:0:0'],
    ['::1', '0:0:0:0:0:0:0:1'],
    ['1::', '1:0:0:0:0:0:0:0'],
    ['1:2:3:4::8', '1:2:3:4:0:0:0:8'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['1:2:3::6:7:8', '1:2:3:0:0:6:7:8'],
    ['abcd::ABCD', 'ABCD::abcd'],
    ['9a0f::', '9A0F::'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['1:2:3:4:5:6:255.254.253.252', '1:2:3:4:5:6:fffe:fdfc'],
  ])('is written as %s and as %s, and is not its neighbour', (one, other) => {
    expect(isIn(one, `[${other}]:80`)).toBe(true);
    expect(isIn(other, `[${one}]:80`)).toBe(true);
    for (const neighbour of ['1:2:3:4:5:6:7:8', '::2', '2::', '::1:0:0:0', '0:0:0:1::'])
      expect(isIn(one, `[${neighbour}]:80`)).toBe(false);
  });

  it.each(['1.2.3.4', '0.0.0.0', '255.255.255.255', '10.200.30.4'])('%s', (address) => {
    expect(isIn(address, `${address}:80`)).toBe(true);
    const bytes = address.split('.').map(Number);
    for (const i of [0, 1, 2, 3]) {
      const other = bytes.map((byte, j) => (i === j ? byte ^ 1 : byte)).join('.');
      expect(isIn(address, `${other}:80`)).toBe(false);
    }
  });
});

describe('a block', () => {
  const V6 = '2001:db8:1234:5678:9abc:def0:1234:5678';
  const groupsOf = (bits: bigint): string =>
    Array.from({ length: 8 }, (_, i) =>
      ((bits >> BigInt(112 - 16 * i)) & 0xffffn).toString(16),
    ).join(':');
  const whole = BigInt(
    `0x${V6.split(':')
      .map((group) => group.padStart(4, '0'))
      .join('')}`,
  );

  it('of IPv6 holds what has its first bits, whatever comes behind, for each number of bits', () => {
    for (let bits = 0; bits <= 128; bits++) {
      const block = `${V6}/${bits}`;
      expect(isIn(block, `[${V6}]:1`), block).toBe(true);
      const behind = whole ^ ((1n << BigInt(128 - bits)) - 1n);
      expect(isIn(block, `[${groupsOf(behind)}]:1`), block).toBe(true);
      if (bits === 0) continue;
      const last = whole ^ (1n << BigInt(128 - bits));
      expect(isIn(block, `[${groupsOf(last)}]:1`), block).toBe(false);
    }
  });

  it('and so of IPv4', () => {
    const text = (value: number): string =>
      [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
    const address = 0xc0a8_5a7b;
    for (let bits = 0; bits <= 32; bits++) {
      const block = `${text(address)}/${bits}`;
      expect(isIn(block, `${text(address)}:1`), block).toBe(true);
      const behind = address ^ (2 ** (32 - bits) - 1);
      expect(isIn(block, `${text(behind)}:1`), block).toBe(true);
      if (bits === 0) continue;
      expect(isIn(block, `${text(address ^ (2 ** (32 - bits)))}:1`), block).toBe(false);
    }
  });

  it.each([
    ...['/8', '1.2.3/8', '1.2.3.4/', '1.2.3.4/33', '1.2.3.4/128', '1.2.3.4/-1', '1.2.3.4/+8'],
    ...['1.2.3.4/08', '1.2.3.4/00', '1.2.3.4/008', '1.2.3.4/8 ', '1.2.3.4/ 8', '1.2.3.4/8/8'],
    ...['1.2.3.4/a', '1.2.3.4/1a', '1.2.3.4//8', '1.2.3.4/:', '1.2.3.4/1:', '1.2.3.4/1/'],
    ...['1.2.3.4/4294967304', '1.2.3.4/0008', '1.2.3.4/255.0.0.0', '::/129', '::/200', '::/0128'],
    ...['::/999', '::/1000', '::1/', '::g/8', '[::1]/128', '', '/', 'a', '1.2.3.4:80', '[::1]:80'],
  ])('is refused that is none: %j', (block) => {
    expect(isIn(block, '1.2.3.4:80')).toBeUndefined();
  });
});

describe('the address of a client', () => {
  it.each(['0.0.0.0/0', '::/0', '1.2.3.4', '::1', '0.0.0.0', '::'])(
    'is in no block when it is none: not in %s, and neither is that of the request before',
    (block) => {
      for (const client of [
        '',
        ':',
        ':80',
        '[',
        '[]',
        '[]:80',
        '[::1',
        '::1',
        'pipe',
        '/a:b',
        '1.2.3.4',
      ])
        for (const before of ['1.2.3.4:80', '[::1]:80', '0.0.0.0:80', '[::]:80']) {
          isIn(block, before);
          expect(isIn(block, client), client).toBe(false);
        }
      for (const client of ['[1:2:1.2.3.4]:80', '1.2.3:80', '[1.2.3]:80', '[::1:]:80'])
        expect(isIn(block, client), client).toBe(false);
    },
  );

  it('is of IPv4 or of IPv6, and never of both', () => {
    expect(isIn('0.0.0.0/0', '[::]:80')).toBe(false);
    expect(isIn('::/0', '0.0.0.0:80')).toBe(false);
    expect(isIn('::ffff:1.2.3.4', '1.2.3.4:80')).toBe(false);
    expect(isIn('1.2.3.4', '[::ffff:1.2.3.4]:80')).toBe(false);
  });
});
